"""What the website says by itself, in the language of its directory.

A language is one file of `templates/website/words/`; the owner may bring further words, or
a whole language, in `website/words.yml` of the data repository.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from functools import cache

from generation.exceptions import RepositoryError
from generation.repositories.site import WORDS
from generation.repositories.website.assets import FOLDER

# The texts that the script of the pages says.
IN_SCRIPT = (
    "found_one", "found_other", "search_none", "search_failed", "search_all", "more",
    "featured", "tags",
)  # fmt: skip


class Words:
    """The texts of one language, by name."""

    for_templates = ("say", "count")

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: str) -> str:
        return self._texts[key]

    def say(self, key: str, **values: object) -> str:
        """Give a text with its gaps filled."""
        return self._texts[key].format_map({k: str(v) for k, v in values.items()})

    def count(self, number: int, things: str) -> str:
        """Say how many of a thing there are."""
        ending = "one" if number == 1 else "other"
        return self._texts[f"{things}_{ending}"].format_map({"number": f"{number:,}"})

    def for_script(self) -> dict[str, str]:
        return {key: self._texts[key] for key in IN_SCRIPT}

    def items(self) -> list[tuple[str, str]]:
        return sorted(self._texts.items())


def words_of(language: str, own: Mapping[str, str]) -> Words:
    """Put together the words of a language. Raises RepositoryError for a bad own one."""
    texts = _catalogue("en") | _catalogue(language.split("-")[0])
    for key, text in own.items():
        if key not in texts:
            raise RepositoryError(
                f"{WORDS}: {key} is no text of the website. The names are those of "
                "templates/website/words/en.toml"
            )
        if not _gaps(text) <= _gaps(texts[key]):
            raise RepositoryError(
                f"{WORDS}: {key} may hold {_list(_gaps(texts[key]))} and no other braces"
            )
    return Words({**texts, **own})


def _gaps(text: str) -> set[str]:
    try:
        return {
            f"{name}{'!' if spec or conversion else ''}"
            for _, name, spec, conversion in string.Formatter().parse(text)
            if name is not None
        }
    except ValueError:
        return {"an unclosed brace"}


def _list(gaps: set[str]) -> str:
    return " and ".join(f"{{{gap}}}" for gap in sorted(gaps)) or "no gap"


@cache
def _catalogue(language: str) -> dict[str, str]:
    path = FOLDER / "words" / f"{language}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
