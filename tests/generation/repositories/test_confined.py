"""A template of the owner ends, whatever it does, and takes nobody with it."""

from __future__ import annotations

import pytest

from generation.exceptions import RepositoryError
from generation.repositories.shown import Shown
from generation.repositories.site import Owner
from generation.repositories.website import plan_website
from generation.repositories.website.confined import Limits, make_confined
from tests.generation.repositories.test_website import (
    MASTHEAD,
    make_catalogue,
    make_item,
)

# By the clock it may take long: other tests run meanwhile.
LIMITS = Limits(page=0.5, website=2, patience=30, memory_mib=200)
WIDE = "{% set w = 'abcdefghij' * 9999 %}"


def shown(template: str) -> Shown:
    catalogue = make_catalogue(make_item("alarm", tags=("cli",)))
    return Shown(catalogue, MASTHEAD, Owner(templates={"404.html": template}), {})


def make(template: str, *, limits: Limits = LIMITS) -> str:
    [page] = make_confined(shown(template), ["404.html"], limits=limits)
    return page.content.decode()


def loops(depth: int, body: str, over: str = "w") -> str:
    return f"{{% for _ in {over} %}}" * depth + body + "{% endfor %}" * depth


def test_a_template_makes_what_it_makes_elsewhere() -> None:
    directory = shown("Lost in {{ masthead.name }}")
    planned = plan_website(*directory[:3], sources=directory.sources)

    made = list(make_confined(directory, [page.path for page in planned]))

    assert [(f.path, f.content) for f in made] == [(p.path, p.make()) for p in planned]
    assert dict(made)["404.html"] == f"Lost in {MASTHEAD.name}".encode()


def test_nothing_is_started_for_nothing() -> None:
    assert list(make_confined(shown("{% if %}"), [])) == []


def test_a_broken_template_is_named_as_ever() -> None:
    with pytest.raises(RepositoryError, match=r"404\.html, line 1.*Mend it"):
        make("{% if %}")


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(WIDE + loops(4, ""), id="loops that yield nothing"),
        pytest.param(
            WIDE + "{% set x %}" + loops(2, "{{ w }}") + "{% endset %}", id="a capture"
        ),
        pytest.param(
            "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
            id="a macro that calls itself",
        ),
        pytest.param(
            "{% set a0 = 'abcdefghij' * 9999 %}"
            + "".join(f"{{% set a{n + 1} = a{n} ~ a{n} %}}" for n in range(20)),
            id="texts put together",
        ),
        pytest.param(
            "{% set a0 = [1] * 9999 %}"
            + "".join(f"{{% set a{n + 1} = a{n} + a{n} %}}" for n in range(20)),
            id="lists put together",
        ),
        pytest.param(
            WIDE + "{% set x = w | list | batch(1, 1) | list %}" * 99, id="batch"
        ),
        pytest.param(
            WIDE + "{% set x = w | replace('a', w) | replace('b', w) %}", id="replace"
        ),
        pytest.param(
            "{% set a0 = 99999 %}"
            + "".join(f"{{% set a{n + 1} = a{n} * a{n} %}}" for n in range(30)),
            id="squares",
        ),
        pytest.param(WIDE + loops(1, "{% set x = w | sort %}"), id="sort"),
    ],
)
def test_a_template_that_would_not_end_is_ended(attack: str) -> None:
    with pytest.raises(RepositoryError, match=r"website/templates/(?s:.*)[Mm]end"):
        make(attack)


def test_a_page_that_takes_too_long_is_named() -> None:
    with pytest.raises(RepositoryError, match=r"more than 0.5 seconds for 404\.html"):
        make(WIDE + loops(4, ""))


def test_a_website_that_takes_too_long_is_ended() -> None:
    limits = LIMITS._replace(page=3600, website=1)

    with pytest.raises(RepositoryError, match="cannot be made with the templates"):
        make(WIDE + loops(4, ""), limits=limits)
