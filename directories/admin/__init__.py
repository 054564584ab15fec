"""The admin: directories to generate, and a history of runs to read and to steer."""

from __future__ import annotations

from directories.admin.directories import DirectoryAdmin
from directories.admin.runs import GenerationRunAdmin

__all__ = ["DirectoryAdmin", "GenerationRunAdmin"]
