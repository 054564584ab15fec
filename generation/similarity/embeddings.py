"""Word vectors of WordLlama, read from its wheel: no network, no model server.

Only the two data files of that package are used, never its code, which would ask a hub for
what it misses. They are the same in all of its releases, so that a vector does not change
with the version of a library.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

Matrix = NDArray[np.float32]

TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
WEIGHTS = "weights/l2_supercat_256.safetensors"
DIMENSIONS = 256
# What a text is about is said at its beginning.
LONGEST = 1_000


class Embeddings(NamedTuple):
    tokenizer: Tokenizer
    weights: NDArray[np.float16]

    def tokens(self, text: str) -> list[int]:
        """Divide a text into the tokens of the model. One by one: it starts no thread."""
        encoded = self.tokenizer.encode(text[:LONGEST], add_special_tokens=False)
        return list(encoded.ids)

    def embed(self, texts: Sequence[Sequence[int]], importance: Matrix) -> Matrix:
        """Average the vectors of each text's tokens, by how much each token says."""
        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, tokens in zip(rows, texts, strict=True):
            if tokens:
                weights = importance[tokens][:, None]
                row += (self.weights[tokens].astype(np.float32) * weights).sum(0)
        return normalised(rows)


@lru_cache(maxsize=1)
def load_embeddings() -> Embeddings | None:
    """Load the vectors once, or nothing where the package is not installed whole."""
    folder = _package("wordllama")
    if folder is None:
        return None
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    [weights] = load_file(folder / WEIGHTS).values()
    return Embeddings(tokenizer, weights)


def normalised(rows: Matrix) -> Matrix:
    """Give every row the length 1, so that a product of two is their likeness."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Matrix = rows / np.maximum(lengths, 1e-9)
    return unit


def _package(name: str) -> Path | None:
    """Find where a package lies, without importing it."""
    folders = (Path(entry) / name for entry in sys.path)
    return next(
        (f for f in folders if (f / WEIGHTS).is_file() and (f / TOKENIZER).is_file()),
        None,
    )
