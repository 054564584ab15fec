"""A repository as it would be with some changes, for those who read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from generation.git import Reader, blob_id


class Overlay:
    """Reads like the repository below it, with files set and paths removed."""

    def __init__(
        self,
        below: Reader,
        tree: Mapping[str, str],
        files: Mapping[str, bytes],
        removals: Iterable[str],
    ) -> None:
        self._below = below
        self._contents = {blob_id(content): content for content in files.values()}
        gone = {*removals}
        kept = {path: blob for path, blob in tree.items() if path not in gone}
        new = {path: blob_id(content) for path, content in files.items()}
        self._tree = dict(sorted({**kept, **new}.items()))

    def head(self, ref: str = "") -> str | None:
        return "overlay"

    def tree(self, commit: str) -> dict[str, str]:
        return dict(self._tree)

    def read(self, blobs: Iterable[str]) -> Iterator[bytes]:
        for content in self.find(blobs):
            assert content is not None, "what the tree names is there"
            yield content

    def find(self, blobs: Iterable[str]) -> Iterator[bytes | None]:
        wanted = [blob.partition(" ")[0] for blob in blobs]
        below = self._below.find(b for b in wanted if b not in self._contents)
        for blob in wanted:
            yield self._contents[blob] if blob in self._contents else next(below)
