"""HTML pages: whatever repeats on them and leads somewhere is read.

A page becomes a tree of what is visible (`tree`), in which flat runs of headings or lines
become lists (`flat`). Boxes of one shape are found (`cards`), taken apart (`parts`) and
read like the rows of a table (`slots`, `links`); lists and tables are read as in any
other document (`blocks`, `tables`, `inline`). `choice` decides which of it is the list.
What a page says about itself for machines is read by `structured` and `embedded`.
"""

from __future__ import annotations

from generation.sources.pages.page import is_page, read_html

__all__ = ["is_page", "read_html"]
