"""All colours of a website out of one, readable whatever that one is.

The accent is moved towards black or white, in its own hue, until text in it reaches the
contrast of WCAG 2 level AA (4.5 to 1) on every ground that it stands on.
"""

from __future__ import annotations

import colorsys
from typing import NamedTuple

# The grounds that text stands on, as `style.css` has them.
PAPER, CARD = "#faf9f6", "#ffffff"
DARK_PAPER, DARK_CARD = "#121514", "#1a1e1d"
READABLE = 4.6
STRONG = 7.2
STEP = 0.01


class Palette(NamedTuple):
    """The accent in one scheme: text, stronger text, a wash behind text, text upon it."""

    accent: str
    strong: str
    wash: str
    on_accent: str


def palettes(accent: str) -> tuple[Palette, Palette]:
    """Derive the colours of the light and of the dark scheme from `#rrggbb`."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(accent))
    light_wash = _hex(hue, 0.93, min(saturation, 0.45))
    dark_wash = _hex(hue, 0.15, min(saturation, 0.4))
    light_grounds = (PAPER, CARD, light_wash)
    dark_grounds = (DARK_PAPER, DARK_CARD, dark_wash)
    calm = min(saturation, 0.6)
    return (
        _palette(hue, lightness, saturation, light_grounds, light_wash, -STEP),
        _palette(hue, max(lightness, 0.62), calm, dark_grounds, dark_wash, STEP),
    )


def contrast(one: str, other: str) -> float:
    """Measure the contrast of two colours as WCAG 2 does: 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _palette(
    hue: float,
    lightness: float,
    saturation: float,
    grounds: tuple[str, ...],
    wash: str,
    step: float,
) -> Palette:
    accent = _until(hue, lightness, saturation, grounds, READABLE, step)
    strong = _until(hue, lightness, saturation, grounds, STRONG, step)
    on_accent = max(("#ffffff", "#0c1210"), key=lambda ink: contrast(ink, accent))
    return Palette(accent, strong, wash, on_accent)


def _until(
    hue: float,
    lightness: float,
    saturation: float,
    grounds: tuple[str, ...],
    wanted: float,
    step: float,
) -> str:
    colour = _hex(hue, lightness, saturation)
    while any(contrast(colour, ground) < wanted for ground in grounds):
        lightness += step
        if not 0 <= lightness <= 1:
            break
        colour = _hex(hue, lightness, saturation)
    return colour


def _hex(hue: float, lightness: float, saturation: float) -> str:
    channels = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
