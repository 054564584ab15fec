"""The pictures that other sites show beside a link: one for the site, one a category.

They are drawn with the font that Pillow brings along, so that they are the same on every
machine. What the font has no letters for is left out rather than drawn as boxes.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, __version__

from generation.repositories.website.page import Page
from generation.repositories.website.shelves import mark_of

if TYPE_CHECKING:
    from generation.repositories.website.colour import Palette
    from generation.repositories.website.frame import Site

SIZE = (1200, 630)
MARGIN = 90
PAPER, INK, SOFT = "#faf9f6", "#1c2321", "#57625e"
LINES = 3


def picture_pages(site: Site) -> Iterator[Page]:
    """Name the pictures. Without an address nobody could be told where they are."""
    if not site.settings.url:
        return
    name = site.masthead.name
    yield _page(site, "picture.png", name, site.masthead.company_name, site.tile.letter)
    for group in site.shelves.categories:
        yield _page(
            site, f"{group.folder}picture.png", group.name, name, group.tile.letter
        )


def _page(site: Site, path: str, title: str, below: str, letter: str) -> Page:
    mark = mark_of("picture 1", __version__, title, below, letter, *site.light)
    return Page(path, mark, functools.partial(draw, title, below, letter, site.light))


def draw(title: str, below: str, letter: str, colours: Palette) -> bytes:
    """Draw a title, what it belongs to, and a letter on the accent."""
    picture = _ground(colours).copy()
    pen = ImageDraw.Draw(picture)
    height = SIZE[1]
    if mark := _writable(letter):
        pen.text(
            (MARGIN + 54, 134),
            mark,
            fill=colours.on_accent,
            font=_font(66),
            anchor="mm",
        )
    lines, size = _fitted(_writable(title))
    for number, line in enumerate(lines):
        place = (MARGIN, 240 + number * size * 1.16)
        pen.text(place, line, fill=INK, font=_font(size))
    pen.text((MARGIN, height - 96), _cut(_writable(below)), fill=SOFT, font=_font(34))
    # So few colours that a palette holds them all: a tenth of the bytes.
    small = picture.quantize(
        colors=32, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    file = io.BytesIO()
    small.save(file, "PNG", compress_level=6)
    return file.getvalue()


@functools.lru_cache(maxsize=4)
def _ground(colours: Palette) -> Image.Image:
    """Draw what all pictures of a site have: contour lines, as on the front page."""
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    width, height = SIZE
    for ring in range(9):
        reach = 130 + 62 * ring
        box = (width - 240 - reach, 300 - reach * 0.8, width - 240 + reach, 300 + reach)
        pen.ellipse(box, outline=colours.wash, width=3)
    pen.rectangle((0, height - 14, width, height), fill=colours.accent)
    pen.rounded_rectangle((MARGIN, 80, MARGIN + 108, 188), 26, fill=colours.accent)
    return picture


def _fitted(text: str) -> tuple[list[str], int]:
    """Break a title into lines, as large as three of them can be."""
    for size in (84, 70, 58, 48):
        lines = _broken(text, size)
        if len(lines) <= LINES:
            return lines, size
    return [*lines[: LINES - 1], _cut(" ".join(lines[LINES - 1 :]), 48)], 48


def _broken(text: str, size: int) -> list[str]:
    most = SIZE[0] - 2 * MARGIN
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _font(size).getlength(longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(text: str, size: int = 34) -> str:
    most = SIZE[0] - 2 * MARGIN
    if _font(size).getlength(text) <= most:
        return text
    while text and _font(size).getlength(f"{text}…") > most:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _writable(text: str) -> str:
    """Keep a text only if the font has every letter of it."""
    line = " ".join(text.split())[:200]
    return line if all(sign == " " or _is_known(sign) for sign in set(line)) else ""


@functools.cache
def _is_known(sign: str) -> bool:
    font = _font(40)
    shape = font.getmask(sign)
    unknown = font.getmask("\U0010fffd")
    return (shape.size, bytes(shape)) != (unknown.size, bytes(unknown))


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
