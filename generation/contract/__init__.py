"""What a run is asked, what it is told, and what it may say.

The messages live with the generation, because a run decides what it needs to know; the web
side answers. Commands forbid unknown fields, the context ignores them, so the web side may
be deployed first.
"""
