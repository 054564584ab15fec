"""What web side and workers have to agree on, for a doctor to compare."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class About(BaseModel):
    """One side, as it is set. `queue_key` names a key without telling it.

    `git_root_inode` is the same for all who see the same folder of a file system, and empty
    where there is no such folder yet; `git_root_uid` is then -1.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    now: datetime
    dispatches: bool
    queue: str
    queue_key: str
    lease_seconds: int
    git_root_inode: str
    git_root_uid: int
