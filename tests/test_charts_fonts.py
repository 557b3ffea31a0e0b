"""Letters beyond the charts' own font: from an installed font, else a box that the caption names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers_boxes import assert_clean, visible_texts
from matplotlib.font_manager import FontProperties, get_font

import evidence as ev
from evidence.charts import canvas, fonts
from evidence.charts.style import FONT
from evidence.charts.texts import text_width, wrap

CHINESE = "\u4e2d\u6587\u4f5c\u8005"
PRIVATE = "".join(map(chr, sorted(fonts._letters_of("STIXNonUnicode") - fonts._letters_of(FONT))[:2]))
"""Letters for private use: of the fonts that come with matplotlib, DejaVu Sans does not have these."""


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    for kept in (fonts._found, canvas.text_width):
        kept.cache_clear()
    yield
    for kept in (fonts._found, canvas.text_width):
        kept.cache_clear()


def fit_of(*names: str) -> ev.MetaFit:
    effects = ev.effects_from([0.2, 0.5, 0.1][: len(names)], std_error=0.2, study=list(names))
    return ev.random_effects(effects)


def drawn(fit: ev.MetaFit) -> tuple[str, str, set[str]]:
    """Caption, texts and font families of a forest plot; drawing it must not warn."""
    ax = ev.forest(fit)
    assert_clean(ax)
    families = {family for text in ax.texts for family in text.get_fontfamily()}
    return ev.caption(ax), " ".join(words for words, _ in visible_texts(ax)), families


def test_plain_names_use_the_charts_font_alone() -> None:
    caption, _, families = drawn(fit_of("Müller 2019", "Łukasz 2020", "Straße 2021"))
    assert families == {FONT}
    assert "No installed font" not in caption


def test_letters_are_taken_from_an_installed_font_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda: ["STIXNonUnicode"])
    caption, texts, families = drawn(fit_of(f"{PRIVATE} 2019", "b", "c"))
    assert families == {FONT, "STIXNonUnicode"}
    assert PRIVATE in texts
    assert fonts.BOX not in texts
    assert "No installed font" not in caption


def test_letters_that_no_font_has_are_boxes_and_the_caption_names_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fonts, "_installed", list)
    caption, texts, families = drawn(fit_of(f"{CHINESE} 2019", "b", "c"))
    assert families == {FONT}
    assert f"{fonts.BOX * 4} 2019" in texts
    told = "\u4e2d (U+4E2D), \u4f5c (U+4F5C), \u6587 (U+6587), \u8005 (U+8005): \u25a1 stands for them."
    assert caption.endswith(f"No installed font has {told}")


def test_chinese_is_drawn_as_this_machine_allows() -> None:
    """With a font for it the letters, without one the boxes: never a warning, never nothing."""
    caption, texts, _ = drawn(
        fit_of(f"{CHINESE * 8} 2019", "\ud55c\uad6d\uc5b4 2020", "\u65e5\u672c\u8a9e 2021")
    )
    shown = texts.replace(" ", "")
    if fonts.lost_letters(CHINESE):
        assert fonts.BOX * 4 in shown
        assert "U+4E2D" in caption
    else:
        assert CHINESE in shown
        assert "U+4E2D" not in caption


def test_many_lost_letters_are_counted() -> None:
    note = fonts.lost_note("".join(chr(0x4E00 + i) for i in range(30)))
    assert "and 18 more letters" in note
    assert len(note) < 250


def test_the_placeholder_font_is_not_taken_for_a_font() -> None:
    assert not [name for name in fonts._installed() if name.startswith("Last Resort")]


def test_names_without_spaces_are_broken_between_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", list)
    lines = wrap(CHINESE * 6, 60.0, 10.0).split("\n")
    assert len(lines) > 1
    assert "".join(lines) == CHINESE * 6
    assert all(text_width(line, 10.0) <= 60.0 for line in lines)


def test_every_family_that_is_named_can_be_loaded() -> None:
    for text in ("plain", CHINESE, PRIVATE, "\U0001f600"):
        for family in fonts.families_for(text):
            from matplotlib.font_manager import findfont

            assert get_font(findfont(FontProperties(family=[family]), fallback_to_default=False))
