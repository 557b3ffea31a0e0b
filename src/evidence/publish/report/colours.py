"""Colours of figures on a dark page: of the same hue, and as far from the paper as they were on white."""

from __future__ import annotations

import colorsys

__all__ = ["DARK_PAPER", "contrast", "on_dark"]

DARK_PAPER = "#15191e"
"""What white becomes."""

_WHITE = "#ffffff"
_STEPS = 24  # halvings: far below one step of a colour channel


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    """Return the relative luminance as WCAG 2.2 defines it."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21, as WCAG 2.2 defines it.

    Examples
    --------
    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def on_dark(colour: str) -> str:
    """Return a colour that stands off dark paper as much as the given one stands off white.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.

    Returns
    -------
    str
        Of the same hue and saturation. Contrasts are kept, so that what can be told apart on white can be
        told apart on dark paper, and a text that was legible stays so. What is darker than any light
        colour can match becomes white.

    Examples
    --------
    >>> on_dark("#ffffff")
    '#15191e'
    """
    if contrast(colour, _WHITE) < 1.001:
        return DARK_PAPER
    wanted = contrast(colour, _WHITE)
    hue, _, saturation = colorsys.rgb_to_hls(*_channels(colour))
    paper = colorsys.rgb_to_hls(*_channels(DARK_PAPER))[1]
    low, high = paper * 0.5, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if contrast(_hex(hue, middle, saturation), DARK_PAPER) < wanted or middle < paper:
            low = middle
        else:
            high = middle
    return _hex(hue, high, saturation)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    parts = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)
