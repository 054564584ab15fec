"""Signs that nobody sees, and those that a script or an emoji needs."""

from __future__ import annotations

import pytest

from generation.contract.request import Company, GenerationRequest
from generation.editing.operations import AddItem
from generation.markup import one_line
from generation.sources import read_document
from generation.sources.candidates import Document
from generation.sources.names import squeeze
from generation.unseen import visible

UNSEEN = (
    *("\u00ad", "\u061c", "\u200b", "\u200e", "\u200f", "\u202a", "\u202e", "\u2060"),
    *("\u2066", "\u2069", "\ufeff", "\ufff9", "\u3164", "\U000e0001", "\U000e0041"),
)


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_a_sign_that_nobody_sees_is_dropped(sign: str) -> None:
    assert visible(f"pay{sign}pal") == "paypal"


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "ക\u0d4d\u200dഷ",
        "ന\u0d4d\u200d ",
        "क्\u200dष",
        "\U0001f469\u200d\U0001f4bb",
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "naïve café",
    ],
    ids=ascii,
)
def test_what_a_script_or_an_emoji_needs_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("text", ["pay\u200dpal", "\u200cpaypal", "paypal\u200d"])
def test_a_joiner_between_latin_letters_is_dropped(text: str) -> None:
    assert visible(text) == "paypal"


def test_every_door_drops_them() -> None:
    turned = "photo\u202egnp.exe"
    read = read_document(
        Document(source="a.md", text=f"- [{turned}](https://a.example.org)\n")
    )

    doors = {
        "reader": read.candidates[0].name,
        "operation": AddItem(
            name=turned, source_url="https://a.example.org", category="c"
        ).name,
        "category of an operation": AddItem(
            name="a", source_url="https://a.example.org", category=turned
        ).category,
        "request": GenerationRequest(name=turned, prompt="x").name,
        "category of a request": GenerationRequest(
            name="x", prompt="x", initial_categories=(turned,)
        ).initial_categories[0],
        "company": Company(name=turned).name,
        "list": one_line(turned),
        "any line": squeeze(turned),
    }

    assert set(doors.values()) == {"photognp.exe"}


def test_a_text_keeps_what_joins_its_letters() -> None:
    item = AddItem(
        name="a",
        source_url="https://a.example.org",
        category="c",
        markdown="می\u200cخواهم \u202eturned\u202c \U0001f469\u200d\U0001f4bb",
    )

    assert item.markdown == "می\u200cخواهم turned \U0001f469\u200d\U0001f4bb"


def test_a_name_of_signs_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 character"):
        GenerationRequest(name="\u202e\u200b", prompt="x")
