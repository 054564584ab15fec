"""Reading costs in proportion to a text's length, whatever shape it was given.

What is measured is CPU time of this process, never the clock: how much more a text four times
as long costs, or twice as long in the complete form (`-m exhaustive`). Each figure is the least
of several, and no failure counts before it has been repeated.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

import pytest

from generation.exceptions import GenerationError
from tests.generation.sources.hostile_shapes import READING, SHAPES, stages

# Twice the text costs at most so much more: sorting, hashing and memory are not quite linear.
MOST_GROWTH = 2.5
# CPU seconds. What costs less tells nothing about how it grows.
FLOOR = 0.15
ATTEMPTS = 5
# These are about what a run makes of what was read.
OF_ITEMS = frozenset(
    {
        *("one address", "one item", "one name", "one name on many hosts"),
        *("long names with one beginning", "names of one slug", "one owner"),
        *("names of common words", "one description", "tags of many items"),
        *("headings and items", "groups in groups", "categories of JSON"),
    }
)


def cost(name: str, size: int) -> float:
    """Return the CPU seconds that a shape of this size takes."""
    spent = 0.0
    gc.disable()
    try:
        for stage, work in stages(name, size):
            if stage not in READING and name not in OF_ITEMS:
                continue
            begun = time.process_time()
            # A limit is a bound as well.
            with suppress(GenerationError):
                work()
            spent += time.process_time() - begun
    finally:
        gc.enable()
    return spent


def growth(name: str, sizes: Sequence[int]) -> float:
    """Return by how much the costliest step is beyond what it may cost; 1 is just allowed."""
    least = dict.fromkeys(sizes, float("inf"))
    beyond = float("inf")
    for _ in range(ATTEMPTS):
        for size in reversed(sizes):
            least[size] = min(least[size], cost(name, size))
            if least[size] <= FLOOR:
                # What is shorter costs less still.
                break
        beyond = max(
            least[large] / (max(least[small], FLOOR / 4) * MOST_GROWTH**doublings)
            if FLOOR < least[large] < float("inf")
            else 0.0
            for small, large in pairwise(sizes)
            for doublings in ((large // small).bit_length() - 1,)
        )
        if beyond <= 1:
            break
    return beyond


@pytest.mark.parametrize("name", SHAPES)
def test_a_longer_text_costs_in_proportion(name: str) -> None:
    assert growth(name, (5_000, 20_000)) <= 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SHAPES)
def test_a_text_of_twice_the_length_costs_in_proportion(name: str) -> None:
    assert growth(name, (50_000, 100_000, 200_000, 400_000)) <= 1


def test_there_are_shapes_of_every_format() -> None:
    endings = {shape.file.partition(".")[2] for shape in SHAPES.values()}

    assert endings >= {
        *("html", "md", "rst", "adoc", "org", "wiki", "textile", "txt", "csv", "tsv"),
        *("json", "jsonl", "ipynb", "yml", "toml", "xml", "opml", "xbel", ""),
    }
    assert len(SHAPES) >= 80
