"""The risk-of-bias table: judgements as signs, what nobody confirmed told apart, counts that add up."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from helpers_charts import LONG, assert_clean, visible_texts
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

import evidence as ev
from evidence.auditing.appraisal import schemes
from evidence.charts.risk_of_bias import (
    SHOWN,
    risk_of_bias_table,
    risk_of_bias_table_alt,
    risk_of_bias_table_caption,
    risk_of_bias_table_rows,
    risk_of_bias_table_title,
)
from evidence.charts.risk_of_bias_rows import JUDGEMENTS, RISK_COLUMNS, appraised_from
from evidence.charts.style import MEDIA, Palette
from evidence.charts.symbols import contrast
from evidence.errors import ModelError, StudyDataError

LEAST = {"notebook": 8.0, "slide": 18.0, "journal": 7.0, "journal-single": 7.0}
WORDS = ("low", "some concerns", "high", "")


def form(k: int, scheme: str = "RoB 2") -> pd.DataFrame:
    """Every judgement in turn; each fourth is empty, and each eighth is only suggested."""
    chosen = schemes()[scheme]
    words = [level.word for level in chosen.levels] + [""]
    lines = []
    for s in range(k):
        for i, item in enumerate(chosen.items):
            word = words[(s + i) % len(words)]
            hint = words[0] if not word and s % 2 else ""
            lines.append((f"s{s}", item.id, item.words, hint, "", word))
    return pd.DataFrame(lines, columns=["study", "item", "words", "suggested", "because", "confirmed"])


def test_rows_have_the_signs_of_cochrane() -> None:
    """Cochrane Handbook 8.6: plus for low, question mark for unclear, minus for high risk."""
    table = pd.DataFrame(
        {
            "study": ["a", "a", "b", "b"],
            "item": ["D1", "D2"] * 2,
            "confirmed": ["low", "Some concerns", "high", ""],
        }
    )
    rows = risk_of_bias_table_rows(table, {"a": "Adams 2001"})
    assert tuple(rows.columns) == RISK_COLUMNS
    assert rows["sign"].tolist() == ["+", "?", "\u2212", ""]
    assert rows["judgement"].tolist() == ["low", "some concerns", "high", "not judged"]
    assert rows["confirmed"].tolist() == [True, True, True, False]
    assert rows["label"].tolist() == ["Adams 2001"] * 2 + ["b"] * 2


def test_every_level_of_every_scheme_has_its_sign() -> None:
    for scheme in schemes().values():
        for level in scheme.levels:
            sign, _ = JUDGEMENTS[level.word]
            assert sign.replace("\u2212", "-") == level.symbol


def test_a_suggestion_is_not_a_judgement() -> None:
    studies = ev.example_studies().where(study=["resendeneto2019", "distefano2013"])
    rows = risk_of_bias_table_rows(ev.appraisal(studies))
    suggested = rows[rows["sign"] != ""]
    assert len(suggested) == 3  # PEDro items 10 and 11 of two studies; one was not seen, which is no "no"
    assert not suggested["confirmed"].any()
    assert risk_of_bias_table_title(ev.appraisal(studies)) == "None of 2 studies is judged yet"
    caption = risk_of_bias_table_caption(ev.appraisal(studies))
    assert "3 of 22 judgements are suggestions that nobody confirmed. 19 of 22 are not judged." in caption


def test_title_names_the_weakest_domain_by_count() -> None:
    table = pd.DataFrame(
        {
            "study": ["a", "b", "c"] * 2,
            "item": ["D1"] * 3 + ["D2"] * 3,
            "words": ["randomisation"] * 3 + ["missing outcome data"] * 3,
            "confirmed": ["high", "low", "low", "high", "high", "some concerns"],
        }
    )
    assert risk_of_bias_table_title(table) == "Weakest: D2 (missing outcome data), high in 2 of 3 studies"
    table["confirmed"] = "low"
    assert risk_of_bias_table_title(table) == "Nothing is judged high or failed in 3 studies"


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=3, max_size=3), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_counts_of_a_domain_add_up_to_the_studies(judgements: list[list[str]]) -> None:
    table = pd.DataFrame(
        [(f"s{s}", f"D{i}", word) for s, line in enumerate(judgements) for i, word in enumerate(line)],
        columns=["study", "item", "confirmed"],
    )
    judged = appraised_from(table)
    for i, item in enumerate(judged.items):
        expected = Counter(line[i] or "not confirmed" for line in judgements)
        assert {
            level.words: judged.count(item, level) for level in judged.levels if judged.count(item, level)
        } == expected
        assert all(str(n) in risk_of_bias_table_alt(table) for n in expected.values())


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize(("k", "scheme"), [(3, "RoB 2"), (12, "TESTEX"), (40, "PEDro")])
def test_the_table_is_clean(k: int, scheme: str, show: str, medium: str) -> None:
    labels = {f"s{i}": f"{LONG} {1990 + i % 35}" for i in range(k)}
    ax = risk_of_bias_table(form(k, scheme), medium=medium, show=show, labels=labels)
    assert_clean(ax, LEAST[medium])
    assert ev.alt_text(ax).startswith(f"Risk of bias of {k} studies.")


def signs(ax: Axes) -> Counter[str]:
    return Counter(text for text, _ in visible_texts(ax) if text in ("+", "?", "\u2212"))


def test_every_judgement_is_drawn_with_its_sign() -> None:
    table = form(12)
    rows = risk_of_bias_table_rows(table)
    expected = Counter(rows.loc[rows["sign"] != "", "sign"]) + Counter(
        {"+": 1, "?": 1, "\u2212": 1}
    )  # the key
    assert signs(risk_of_bias_table(table)) == expected


def test_bars_are_as_long_as_the_counts() -> None:
    table = form(12)
    judged = appraised_from(table)
    ax = risk_of_bias_table(table, show="summary")
    bars = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    rooms, filled = bars[::2], bars[1::2]
    expected = [judged.count(item, level) / 12 for item in judged.items for level in judged.levels]
    shares = [bar.get_width() / room.get_width() for room, bar in zip(rooms, filled, strict=True)]
    assert shares == pytest.approx(expected)
    assert {to_hex(bar.get_facecolor()) for bar in filled} == {
        Palette().low,
        Palette().some,
        Palette().high,
        Palette().rule,
    }


def test_signs_can_be_read_on_their_discs() -> None:
    """WCAG 2.1, 1.4.11: 3:1 for what a graphic needs to be understood, the sign and the rim."""
    palette = Palette()
    for colour in (palette.low, palette.some, palette.high):
        assert max(contrast(palette.ink, colour), contrast(palette.paper, colour)) >= 3.0
    assert contrast(palette.ink, palette.paper) >= 3.0


def test_what_is_no_appraisal_is_refused() -> None:
    with pytest.raises(ModelError, match="study, item and confirmed"):
        risk_of_bias_table(pd.DataFrame({"a": [1]}))
    with pytest.raises(ModelError, match="the appraisal has no lines"):
        risk_of_bias_table(form(2).iloc[:0])
    with pytest.raises(ModelError, match="show must be one of studies, summary, both"):
        risk_of_bias_table(form(2), show="all")
    wrong = form(2)
    wrong.loc[3, "confirmed"] = "lowish"
    with pytest.raises(StudyDataError, match="a judgement is one of low, yes, some concerns"):
        risk_of_bias_table(wrong)
    with pytest.raises(StudyDataError, match="judged once"):
        risk_of_bias_table(pd.concat([form(2), form(1)]))


def _judged(*words: str) -> pd.DataFrame:
    """Two studies; the words of the first, study by study and domain by domain."""
    items = [f"D{i + 1}" for i in range(len(words) // 2)]
    lines = [(study, item) for study in "ab" for item in items]
    return pd.DataFrame(lines, columns=["study", "item"]).assign(confirmed=list(words), words="")


def test_the_title_names_all_domains_that_are_equally_weak() -> None:
    two = _judged("high", "low", "high", "low", "low", "low")
    assert risk_of_bias_table_title(two) == "Weakest: D1 and D3, each high in 1 of 2 studies"
    every = _judged("high", "high", "high", "low", "low", "low")
    assert risk_of_bias_table_title(every) == "No domain stands out: each is high in 1 of 2 studies"
    one = _judged("low", "high", "low", "low", "high", "low")
    assert risk_of_bias_table_title(one) == "Weakest: D2, high in 2 of 2 studies"


def test_the_overall_judgement_is_no_domain() -> None:
    table = _judged("low", "high", "high", "low", "low", "high")
    table["item"] = table["item"].replace("D3", "Overall")
    assert risk_of_bias_table_title(table) == "Weakest: D2, high in 1 of 2 studies"


@pytest.mark.parametrize(
    ("medium", "show"), [("slide", "studies"), ("slide", "both"), ("journal", "studies")]
)
def test_many_studies_become_pages_that_hold_each_once(medium: str, show: str) -> None:
    studies = [f"Author {1900 + i}" for i in range(80)]
    lines = [(study, item) for study in studies for item in ("D1", "D2", "D3")]
    table = pd.DataFrame(lines, columns=["study", "item"]).assign(words="", confirmed="low")
    table.loc[::7, "confirmed"] = "high"
    pages = ev.risk_of_bias_pages(table, medium=medium, show=show)
    assert len(pages) > 1
    told = []
    for i, ax in enumerate(pages, start=1):
        figure = ax.get_figure(root=True)
        assert figure is not None
        assert figure.get_size_inches()[1] <= MEDIA[medium].most_height + 1e-6
        assert_clean(ax)
        assert ev.caption(ax).startswith(f"Page {i} of {len(pages)}. ")
        told.append([text.get_text() for text in ax.texts])
    assert [sum(study in one for one in told) for study in studies] == [1] * 80
    counted = [any(text.startswith("Bars:") for text in one) for one in told]
    assert counted == [False] * (len(pages) - 1) + [show == "both"]
    assert len(ev.risk_of_bias_pages(table, medium="notebook")) == 1
    assert len(ev.risk_of_bias_pages(table, medium=medium, show="summary")) == 1
