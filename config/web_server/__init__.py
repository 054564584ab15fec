"""The web server's way to take requests in and to send answers out.

docs/adr/0012-requests-are-complete-before-they-get-a-thread.md explains why we have one.
"""
