"""What Django-Q2 calls, one module a task. docs/adding-a-task.md says how to add one."""
