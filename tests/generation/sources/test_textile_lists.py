"""Lists in Textile."""

from __future__ import annotations

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document

TEXTILE = """\
h1. Awesome Clocks

h2. Sundials

* "Shadow Clock":https://shadow.example.org/ - Made of _stone_. @Egypt@
** *"Small Analemma":https://small.example.org*: smaller

h2(#water). Water clocks

# "Clepsydra":https://clepsydra.example.org. Runs out

|_. Name |_. Description |_. License |
| "Hydria":https://hydria.example.org | Fills up. | MIT |
"""


@pytest.mark.parametrize("name", ["README.textile", "README"])
def test_textile(name: str) -> None:
    reading = read_document(Document(source=name, text=TEXTILE))

    found = {c.name: c for c in reading.candidates}
    assert reading.kind == "textile"
    assert list(found) == ["Shadow Clock", "Small Analemma", "Clepsydra", "Hydria"]
    assert found["Shadow Clock"].url == "https://shadow.example.org/"
    assert found["Shadow Clock"].description == "Made of stone."
    assert found["Shadow Clock"].labels == ("Egypt",)
    assert found["Small Analemma"].path == ("Sundials",)
    assert found["Clepsydra"].url == "https://clepsydra.example.org"
    assert found["Clepsydra"].path == ("Water clocks",)
    assert found["Hydria"].description == "Fills up."
    assert found["Hydria"].facts == {"license": "MIT"}
