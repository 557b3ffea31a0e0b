"""Media and themes: sizes as stated, contrast as WCAG asks, colours apart in grey and for every eye."""

from __future__ import annotations

import threading
from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.colors import to_hex

import evidence as ev
from evidence.charts.style import MEDIA, THEMES, Palette, chart_style, medium_for, style_for
from evidence.errors import ModelError

EFFECTS = ([0.2, 0.5, 0.1], [0.2, 0.3, 0.25])

SIMULATED = {
    # Machado GM, Oliveira MM, Fernandes LAF (2009). IEEE Trans Vis Comput Graph 15:1291-1298, doi:10.1109/
    # TVCG.2009.113: the matrices of severity 1, for linear RGB.
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "usual": np.eye(3).tolist(),
}

TOGETHER = {
    "marks": ("exact", "interval", "sign", "pooled"),
    "sides": ("first", "second", "quiet"),
    "judgements": ("low", "some", "high"),
}
"""Roles that stand in one picture."""

themes = pytest.mark.parametrize("palette", THEMES.values(), ids=list(THEMES))


def linear(colour: str) -> np.ndarray:
    """Return linear RGB of sRGB (IEC 61966-2-1)."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    """Contrast as WCAG 2.1 defines it."""
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, two))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIELAB of linear RGB (CIE 15, white D65)."""
    xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    ) @ np.clip(rgb, 0, 1)
    xyz = xyz / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@themes
def test_texts_have_the_contrast_that_wcag_asks_for(palette: Palette) -> None:
    for colour in (palette.ink, palette.quiet):
        for ground in (palette.paper, palette.faint):
            assert contrast(colour, ground) >= 4.5
    assert all(contrast(palette.ink, shade) >= 4.5 for shade in palette.shades)


@themes
def test_marks_have_the_contrast_that_wcag_asks_of_graphics(palette: Palette) -> None:
    """WCAG 2.1, 1.4.11: 3:1. The middle judgement is a filled disc with an edge and a dark symbol."""
    roles = [name for group in TOGETHER.values() for name in group if name != "some"]
    assert all(contrast(getattr(palette, name), palette.paper) >= 3 for name in roles)
    assert all(contrast(colour, palette.paper) >= 2.9 for colour in palette.series)


@themes
def test_roles_differ_in_grey(palette: Palette) -> None:
    for group in TOGETHER.values():
        for one, two in combinations(group, 2):
            apart = lab(linear(getattr(palette, one)))[0] - lab(linear(getattr(palette, two)))[0]
            assert abs(apart) >= 8, (one, two)
    for one, two in combinations(palette.series, 2):
        assert abs(lab(linear(one))[0] - lab(linear(two))[0]) >= 5, (one, two)
    greys = [lab(linear(c))[0] for c in (palette.paper, *palette.shades)]
    assert min(abs(a - b) for a, b in pairwise(greys)) >= 4
    for name in ("first", "second"):
        full, tint = (lab(linear(getattr(palette, part)))[0] for part in (name, f"{name}_tint"))
        assert abs(full - tint) >= 15


@themes
@pytest.mark.parametrize("eye", SIMULATED)
def test_roles_differ_for_every_eye(palette: Palette, eye: str) -> None:
    matrix = np.array(SIMULATED[eye])
    groups = [[getattr(palette, name) for name in group] for group in TOGETHER.values()]
    for group in [*groups, list(palette.series)]:
        for one, two in combinations(group, 2):
            seen = [lab(matrix @ linear(colour)) for colour in (one, two)]
            assert float(np.linalg.norm(seen[0] - seen[1])) >= 15, (one, two)


def test_sizes_are_as_stated() -> None:
    for name in MEDIA:
        style = style_for(name)
        assert min(style.text, style.small, style.title) >= style.least
        assert style.least == (18.0 if name == "slide" else 7.0)
    assert MEDIA["slide"].width / MEDIA["slide"].least_height == pytest.approx(16 / 9, abs=1e-3)
    for name, millimetres in (("journal", 183), ("journal-single", 89)):
        style = style_for(name)
        assert style.width * 25.4 == pytest.approx(millimetres, abs=0.5)
        assert 7 <= min(style.text, style.small) <= max(style.text, style.small, style.title) <= 9


def test_context_gives_medium_and_theme_and_takes_them_back() -> None:
    before = dict(rcParams)
    assert (style_for().name, style_for().colours) == ("notebook", THEMES["light"])
    with chart_style(medium="Slide", theme="DARK"):
        assert (style_for().name, style_for().colours) == ("slide", THEMES["dark"])
        assert style_for("journal").name == medium_for("journal") == "journal"  # the chart's own comes first
        with ev.chart_style(medium="journal"):
            assert (style_for().name, style_for().colours) == ("journal", THEMES["dark"])
        with pytest.raises(ZeroDivisionError), chart_style(theme="light"):
            raise ZeroDivisionError
        assert style_for().colours == THEMES["dark"]
        seen = []
        other = threading.Thread(target=lambda: seen.append(style_for()))
        other.start()
        other.join()
        assert (seen[0].name, seen[0].colours) == ("notebook", THEMES["light"])
    assert style_for() == MEDIA["notebook"]
    assert dict(rcParams) == before


def test_wrong_media_and_themes_are_refused() -> None:
    with pytest.raises(ModelError, match="notebook, slide, journal, journal-single; got 'poster'"):
        style_for("poster")
    with pytest.raises(ModelError, match="did you mean slide"), chart_style(medium="slides"):
        pass
    with pytest.raises(ModelError, match="theme must be one of light, dark"), chart_style(theme="night"):
        pass
    assert style_for() == MEDIA["notebook"]


def test_a_chart_is_drawn_as_the_context_says() -> None:
    fit = ev.random_effects(ev.effects_from(EFFECTS[0], std_error=EFFECTS[1], study=["a", "b", "c"]))
    with ev.chart_style(theme="dark", medium="slide"):
        ax = ev.forest(fit)
        small = ev.forest(fit, medium="journal-single")
    figure = ax.get_figure(root=True)
    assert figure is not None
    assert to_hex(figure.get_facecolor()) == to_hex(ax.get_facecolor()) == THEMES["dark"].paper
    assert figure.get_size_inches()[0] == pytest.approx(13.333)
    assert small.get_figure(root=True).get_size_inches()[0] == pytest.approx(3.5)  # type: ignore[union-attr]
    colours = {to_hex(text.get_color()) for text in ax.texts}
    assert colours <= {THEMES["dark"].ink, THEMES["dark"].quiet}
