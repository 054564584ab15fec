"""Which category a text belongs to, from the names of categories and from examples.

Each category is a point: its name and its examples together. A text goes to the near ones;
its nearest examples vote; and texts that are sorted together and look alike agree with each
other, which helps most where examples are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from generation.similarity.embeddings import Matrix, normalised
from generation.similarity.vectors import BUCKETS, Space

CHOICES = 3
# The name of a category says as much as one example and a half.
NAME_WEIGHT = np.float32(1.5)
# So many examples of a category are compared; more cost time and say nothing new.
MOST_EXAMPLES = 100
# So many texts are sorted together: their likenesses are a table of this size squared.
TOGETHER = 1_000
VOTERS = 8
PEERS = 10
ROUNDS = 2
# From likeness to confidence: a lead of 0.1 is a factor of 3.
SHARPNESS = 12.0
# With so many examples a category, the vote of the nearest ones has its full weight.
ENOUGH_EXAMPLES = 8
LARGEST_VOTE = 0.5


class Choice(NamedTuple):
    """One category for a text. `likeness` is 0 to 1; `has_voters`: examples are near."""

    category: str
    likeness: float
    has_voters: bool


class Guesser:
    def __init__(
        self,
        categories: dict[str, str],
        examples: Sequence[tuple[str, str]],
        unsorted: Sequence[str],
    ) -> None:
        """Learn from categories (id to text) and examples (category id, text).

        Sorted first, so that neither the order of files nor that of sources counts.
        """
        self._ids = sorted(categories)
        numbers = {key: number for number, key in enumerate(self._ids)}
        chosen = [(numbers[k], t) for k, t in _spread(examples) if k in numbers]
        names = [categories[key] for key in self._ids]
        texts = [text for _, text in chosen]
        self._space = Space([*sorted(unsorted), *texts, *names])
        self._labels = np.array([number for number, _ in chosen], dtype=np.intp)
        self._examples = self._space.vectors(texts)
        self._points = self._centres(self._space.vectors(names))
        each = len(chosen) / max(1, len(self._ids))
        self._vote = LARGEST_VOTE * min(1.0, each / ENOUGH_EXAMPLES)

    @property
    def knows_meanings(self) -> bool:
        return self._space.knows_meanings

    def choose(self, texts: Sequence[str]) -> Iterator[tuple[Choice, ...]]:
        """Give the best categories of each text, the best one first."""
        for start in range(0, len(texts), TOGETHER):
            yield from self._choose(texts[start : start + TOGETHER])

    def _choose(self, texts: Sequence[str]) -> Iterator[tuple[Choice, ...]]:
        vectors = self._space.vectors(texts)
        likeness = vectors @ self._points.T
        votes = self._votes(vectors)
        confidence = _agreed(vectors, _confidence(likeness) + self._vote * votes)
        # Rounded, because the last digits are the processor's; equal ones go by id.
        ranked = np.argsort(-confidence.round(5), axis=1, kind="stable")
        for row, order in enumerate(ranked[:, :CHOICES]):
            yield tuple(
                Choice(
                    category=self._ids[number],
                    likeness=round(float(np.clip(likeness[row, number] / 2, 0, 1)), 2),
                    has_voters=bool(votes[row, number] > 0),
                )
                for number in order
            )

    def _centres(self, names: Matrix) -> Matrix:
        """Add up name and examples; both halves of a vector stay of equal weight."""
        sums = names * NAME_WEIGHT
        np.add.at(sums, self._labels, self._examples)
        return _balanced(sums)

    def _votes(self, vectors: Matrix) -> Matrix:
        """Let the nearest examples of each text vote for their category."""
        votes = np.zeros((len(vectors), len(self._ids)), np.float32)
        if not len(self._examples):
            return votes
        near = (vectors @ self._examples.T).round(5)
        voters = np.argsort(-near, axis=1, kind="stable")[:, :VOTERS]
        weights = np.maximum(np.take_along_axis(near, voters, axis=1), 0) ** 2
        rows = np.arange(len(vectors))
        for rank in range(voters.shape[1]):
            np.add.at(votes, (rows, self._labels[voters[:, rank]]), weights[:, rank])
        total = votes.sum(axis=1, keepdims=True)
        shares: Matrix = votes / np.maximum(total, 1e-9)
        return shares


def _spread(examples: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Take at most so many examples of a category, from all over the alphabet."""
    of_category: dict[str, list[str]] = {}
    for category, text in sorted(set(examples)):
        of_category.setdefault(category, []).append(text)
    for category, texts in of_category.items():
        step = -(-len(texts) // MOST_EXAMPLES)
        yield from ((category, text) for text in texts[::step])


def _balanced(rows: Matrix) -> Matrix:
    """Normalise the words and the meanings of each row on their own."""
    return np.concatenate(
        [normalised(rows[:, :BUCKETS]), normalised(rows[:, BUCKETS:])], axis=1
    )


def _confidence(likeness: Matrix) -> Matrix:
    lead = (likeness - likeness.mean(axis=1, keepdims=True)) * SHARPNESS
    power: Matrix = np.exp(lead.clip(-50, 50))
    shares: Matrix = power / power.sum(axis=1, keepdims=True)
    return shares


def _agreed(vectors: Matrix, confidence: Matrix) -> Matrix:
    """Move every text a little towards those that are sorted with it and look alike."""
    if len(vectors) < 2:
        return confidence
    near = (vectors @ vectors.T).round(5)
    np.fill_diagonal(near, -9)
    peers = np.argsort(-near, axis=1, kind="stable")[:, : min(PEERS, len(vectors) - 1)]
    weights = np.maximum(np.take_along_axis(near, peers, axis=1), 1e-6)
    shares = weights / weights.sum(axis=1, keepdims=True)
    own = confidence
    for _ in range(ROUNDS):
        confidence = 0.5 * own + 0.5 * np.einsum(
            "ij,ijk->ik", shares, confidence[peers]
        )
    return confidence
