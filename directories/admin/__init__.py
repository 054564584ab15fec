"""The admin: directories to generate, proposals to decide, and a history of runs to steer."""

from __future__ import annotations

from directories.admin.directories import DirectoryAdmin
from directories.admin.proposals import ProposalAdmin
from directories.admin.runs import GenerationRunAdmin

__all__ = ["DirectoryAdmin", "GenerationRunAdmin", "ProposalAdmin"]
