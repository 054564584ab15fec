from __future__ import annotations

import json
import subprocess
import sys

import pytest

from generation.similarity.embeddings import DIMENSIONS, load_embeddings
from generation.similarity.guessing import CHOICES, TOGETHER, Guesser
from generation.similarity.vectors import Space

CATEGORIES = {"a": "Astronomy", "m": "Music", "k": "Cooking"}
EXAMPLES = [("m", "Flutes, violins and other instruments"), ("k", "Recipes for soup")]
TEXTS = ["A telescope for looking at stars", "A pan for soups", "A violin"]


def guess(texts: list[str]) -> list[str]:
    guesser = Guesser(CATEGORIES, EXAMPLES, texts)
    return [choices[0].category for choices in guesser.choose(texts)]


def test_a_text_goes_to_what_it_is_about() -> None:
    assert guess(TEXTS) == ["a", "k", "m"]


def test_choices_are_categories_best_first_and_no_more_than_asked() -> None:
    guesser = Guesser(CATEGORIES, EXAMPLES, TEXTS)

    for choices in guesser.choose(TEXTS):
        assert len(choices) == min(CHOICES, len(CATEGORIES))
        assert {choice.category for choice in choices} <= CATEGORIES.keys()
        assert all(0 <= choice.likeness <= 1 for choice in choices)


def test_examples_of_unknown_categories_and_empty_texts_do_no_harm() -> None:
    guesser = Guesser({"a": ""}, [("b", "x"), ("a", "")], ["", "數"])

    assert [c[0].category for c in guesser.choose(["", "數"])] == ["a", "a"]


def test_more_texts_than_are_sorted_together_keep_their_order() -> None:
    texts = TEXTS * (TOGETHER // 3 + 2)

    assert guess(texts)[:3] == guess(texts)[-3:] == ["a", "k", "m"]


def test_another_process_guesses_the_same() -> None:
    script = f"""
import json
from generation.similarity.guessing import Guesser
g = Guesser({CATEGORIES!r}, {EXAMPLES!r}, {TEXTS!r})
print(json.dumps(list(g.choose({TEXTS!r}))))
"""
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    ]

    assert told[0] == told[1]
    assert [choices[0][0] for choices in json.loads(told[0])] == ["a", "k", "m"]


def test_the_vectors_come_with_the_package() -> None:
    embeddings = load_embeddings()

    assert embeddings is not None
    assert embeddings.weights.shape[1] == DIMENSIONS


def test_meaning_counts_where_no_word_is_shared() -> None:
    space = Space(["car", "automobile", "banana"])

    assert space.likeness("car", "automobile") > space.likeness("car", "banana")


def test_without_vectors_words_alone_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generation.similarity.vectors.load_embeddings", lambda: None)

    guesser = Guesser(CATEGORIES, EXAMPLES, ["A soup of recipes"])

    assert not guesser.knows_meanings
    [choices] = guesser.choose(["A soup of recipes"])
    assert choices[0].category == "k"
