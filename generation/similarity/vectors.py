"""One vector a text: what its words mean beside which words they are.

Meaning comes from word vectors, the words themselves from a hashed and weighted count. The
product of two vectors is the sum of both likenesses: 0 for nothing in common, 2 for the same.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from generation.similarity.embeddings import Matrix, load_embeddings, normalised

# Room for the words. Larger is a little better and costs memory with every item.
BUCKETS = 1_024
STEM = 5
_WORD = re.compile(r"[^\W_]+")


class Space:
    """A space of vectors. What many of its texts say weighs little in it."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Weigh words and tokens by the number of these texts that hold them."""
        self._embeddings = load_embeddings()
        words: Counter[str] = Counter()
        tokens: Counter[int] = Counter()
        for text in texts:
            words.update(set(words_of(text)))
            if self._embeddings:
                tokens.update(set(self._embeddings.tokens(text)))
        total = len(texts) + 1
        self._weights = {word: math.log(total / n) for word, n in words.items()}
        if self._embeddings:
            size = len(self._embeddings.weights)
            self._importance = np.full(size, math.log(total) ** 0.5, np.float32)
            for token, count in tokens.items():
                self._importance[token] = math.log(total / count) ** 0.5

    @property
    def knows_meanings(self) -> bool:
        return self._embeddings is not None

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Place texts in this space: one row each."""
        parts = [self._words(texts)]
        if self._embeddings:
            tokens = [self._embeddings.tokens(text) for text in texts]
            parts.append(self._embeddings.embed(tokens, self._importance))
        return np.concatenate(parts, axis=1)

    def likeness(self, one: str, other: str) -> float:
        """Compare two texts: 0 for nothing in common, 1 for the same."""
        first, second = self.vectors([one, other])
        most = 2 if self.knows_meanings else 1
        return float(max(0.0, round(float(first @ second), 5) / most))

    def _words(self, texts: Sequence[str]) -> Matrix:
        rows = np.zeros((len(texts), BUCKETS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word, count in Counter(words_of(text)).items():
                if weight := self._weights.get(word):
                    place, sign = _bucket(word)
                    row[place] += sign * (1 + math.log(count)) * weight
        return normalised(rows)


def words_of(text: str) -> list[str]:
    """List the words of a text and the beginnings of the long ones, as their stems."""
    words = _WORD.findall(text.casefold())
    return [*words, *(f"{word[:STEM]}~" for word in words if len(word) >= STEM)]


@lru_cache(maxsize=100_000)
def _bucket(word: str) -> tuple[int, float]:
    """Give a word its place, in every process the same, and a sign against clashes."""
    digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    return number // 2 % BUCKETS, 1.0 if number % 2 else -1.0
