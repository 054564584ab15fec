"""The admin: directories to generate, proposals to decide, and a history of runs to steer."""

from __future__ import annotations

from directories.admin.directories import DirectoryAdmin
from directories.admin.proposals import ProposalAdmin
from directories.admin.runs import GenerationRunAdmin
from directories.admin.tokens import TokenAdmin

__all__ = ["DirectoryAdmin", "GenerationRunAdmin", "ProposalAdmin", "TokenAdmin"]
