"""The door the workers knock on: signed requests in, services behind."""
