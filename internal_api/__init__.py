"""The door the workers knock on. Empty while all runs are made in the web process."""
