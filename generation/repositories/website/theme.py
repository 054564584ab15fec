"""The templates, and the walls around those of a stranger.

A directory may override single templates. Theirs run in Jinja's sandbox, see only the
plain values of what they are given (no method of ours, so no way to a file or a process),
and a page that grows or runs without end is stopped.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from pydantic import BaseModel

from generation.exceptions import RepositoryError
from generation.repositories.site import TEMPLATES
from generation.repositories.website.assets import FOLDER

MOST_CHARACTERS = 4 * 1024 * 1024
MOST_SECONDS = 20.0
MOST_REPEATS = 100_000
EXCERPT = 160

_OPTIONS: dict[str, Any] = {
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
    "auto_reload": False,
}

Render = Callable[..., str]


class Theme:
    """The templates of one website."""

    def __init__(self, own: Mapping[str, str]) -> None:
        self._own = own
        self._environment = _sandbox(own) if own else _built_in()

    def render(self, name: str, facts: Mapping[str, Any]) -> str:
        """Fill a template. Raises RepositoryError for a mistake in an owner's one."""
        if not self._own:
            return self._template(name).render(facts)
        try:
            return _bounded(self._template(name).generate(facts))
        except (TemplateError, SecurityError, _Endless) as exc:
            raise RepositoryError(self._explain(name, exc)) from exc
        except (TypeError, ValueError, ArithmeticError, LookupError) as exc:
            raise RepositoryError(
                f"a template below {TEMPLATES} fails in {name}: {exc}. Mend it and run "
                "again"
            ) from exc
        except RecursionError as exc:
            raise RepositoryError(
                f"a template below {TEMPLATES} includes itself without end ({name}). "
                "Mend it and run again"
            ) from exc

    def macros(self, name: str, facts: Mapping[str, Any]) -> Any:
        """The macros of a template, as attributes."""
        try:
            return self._template(name).make_module(dict(facts))
        except TemplateError as exc:
            raise RepositoryError(self._explain(name, exc)) from exc

    def _template(self, name: str) -> Template:
        return self._environment.get_template(name)

    def _explain(self, name: str, exc: Exception) -> str:
        where = name
        if isinstance(exc, TemplateSyntaxError):
            where = f"{exc.name or name}, line {exc.lineno}"
        reason = str(exc).partition("\n")[0].rstrip(".")
        return (
            f"a template below {TEMPLATES} of the data repository cannot be used "
            f"({where}): {reason}. Mend it and run again"
        )


class _Endless(Exception):
    pass


def _bounded(pieces: Iterable[str]) -> str:
    """Join what a template says, as long as it comes to an end."""
    ends = time.monotonic() + MOST_SECONDS
    text: list[str] = []
    length = 0
    for piece in pieces:
        text.append(piece)
        length += len(piece)
        if length > MOST_CHARACTERS:
            raise _Endless(f"a page has more than {MOST_CHARACTERS:,} characters")
        if time.monotonic() > ends:
            raise _Endless(f"a page takes more than {MOST_SECONDS:.0f} seconds")
    return "".join(text)


# What a template may ask of a text. None of it makes a long text of a short one.
_OF_TEXT = frozenset(
    {
        "capitalize", "count", "endswith", "find", "isdigit", "lower", "lstrip",
        "removeprefix", "removesuffix", "rstrip", "split", "startswith", "strip", "title",
        "upper",
    }
)  # fmt: skip


def _plain_names(kind: type[Any]) -> frozenset[str]:
    """Name the values of a class of ours, and the methods it means for templates."""
    if issubclass(kind, BaseModel):
        names: Iterable[str] = kind.model_fields
    elif is_dataclass(kind):
        names = (field.name for field in fields(kind))
    else:
        names = getattr(kind, "_fields", ())
    computed = (n for n in dir(kind) if isinstance(getattr(kind, n, None), property))
    return frozenset({*names, *computed, *getattr(kind, "for_templates", ())})


class _Sandbox(ImmutableSandboxedEnvironment):
    """Plain values only: a model's own methods can read files and unpickle."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._names: dict[type[Any], frozenset[str]] = {}

    def _names_of(self, kind: type[Any]) -> frozenset[str]:
        if kind not in self._names:
            self._names[kind] = _plain_names(kind)
        return self._names[kind]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if not super().is_safe_attribute(obj, attr, value):
            return False
        if isinstance(obj, str):
            return attr in _OF_TEXT
        kind = type(obj)
        if not kind.__module__.startswith(("generation.", "pydantic.")):
            return True
        return attr in self._names_of(kind)

    def is_safe_callable(self, obj: Any) -> bool:
        return super().is_safe_callable(obj) and not isinstance(obj, type)

    def wrap_str_format(self, value: Any) -> None:
        """Leave `format` of a text unsafe: a width in it makes any length of text."""

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse what makes much of little: long repetitions, large powers, padding."""
        if operator == "*" and isinstance(left, int) and not isinstance(right, int):
            left, right = right, left
        repeats = operator == "*" and hasattr(left, "__len__")
        if repeats and isinstance(right, int) and len(left) * right > MOST_REPEATS:
            raise SecurityError("a text is repeated too often")
        if operator == "**" and (abs(right) > 64 or abs(left) > 1_000_000):
            raise SecurityError("a power is too large")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("use format with names instead of %")
        return super().call_binop(context, operator, left, right)


@functools.cache
def _built_in() -> Environment:
    loader = FileSystemLoader(FOLDER)
    return _furnished(Environment(loader=loader, autoescape=True, **_OPTIONS))


def _sandbox(own: Mapping[str, str]) -> Environment:
    loader: BaseLoader = ChoiceLoader([DictLoader(own), FileSystemLoader(FOLDER)])
    environment = _furnished(_Sandbox(loader=loader, autoescape=True, **_OPTIONS))
    # Each of these makes a long text, or a long wait, of a short template.
    for name in ("center", "indent", "wordwrap", "format", "xmlattr", "pprint"):
        del environment.filters[name]
    for name in ("range", "lipsum", "cycler", "joiner", "namespace"):
        environment.globals.pop(name, None)
    return environment


def _furnished(environment: Environment) -> Environment:
    environment.filters |= {
        "excerpt": excerpt,
        "number": "{:,}".format,
        "raw_json": _json,
    }
    return environment


def _json(text: str) -> Markup:
    """Put JSON into a data block: nothing in it may end the block."""
    # No tag is left in it. Escaped as HTML, it would be no JSON any more.
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704  # nosec B704


def excerpt(text: str) -> str:
    """Shorten a text to what fits under a link, at the end of a word if there is one."""
    line = " ".join(text.split())
    if len(line) <= EXCERPT:
        return line
    return line[:EXCERPT].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
