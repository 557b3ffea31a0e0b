"""The PRISMA flow diagram: the words of the template, counts that add up, its layout."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from helpers_charts import assert_clean
from helpers_pictures import LEAST
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import evidence as ev
from evidence.charts.prisma import prisma, prisma_alt, prisma_caption, prisma_rows
from evidence.charts.prisma_counts import BOXES, prisma_counts

SMALL: dict[str, object] = {
    "databases": 812,
    "registers": 40,
    "duplicates": 230,
    "excluded": 540,
    "not_retrieved": 3,
    "reports_excluded": {"No control group": 31, "Not a trial": 20},
    "studies": 25,
}
OTHER: dict[str, object] = {
    **SMALL,
    "databases": {"MEDLINE": 500, "Embase": 312},
    "automation": 12,
    "other_removed": 5,
    "excluded": {"by a human": 400, "by automation tools": 123},
    "other_sources": {"Websites": 12, "Organisations": 3, "Citation searching": 44},
    "other_not_retrieved": 2,
    "other_excluded": {
        "No control group": 20,
        "Not randomised, or randomised without any washout at all": 30,
    },
}
UPDATE = {**OTHER, "previous_studies": 31, "previous_reports": 36}
CASES = {"small": SMALL, "other": OTHER, "update": UPDATE}


def test_boxes_have_the_words_of_the_template() -> None:
    """Page et al. 2021, BMJ 372:n71: templates for new reviews (v1, v2) and for updated ones."""
    lines = prisma_rows(UPDATE)["line"].tolist()  # type: ignore[arg-type]
    for words in (
        "Studies included in previous version of review",
        "Reports of studies included in previous version of review",
        "Records identified from:",
        "Records removed before screening:",
        "Duplicate records removed",
        "Records marked as ineligible by automation tools",
        "Records removed for other reasons",
        "Records screened",
        "Records excluded:",
        "Reports sought for retrieval",
        "Reports not retrieved",
        "Reports assessed for eligibility",
        "Reports excluded:",
        "Websites",
        "Citation searching",
        "New studies included in review",
        "Reports of new included studies",
        "Total studies included in review",
        "Reports of total included studies",
    ):
        assert words in lines
    plain = prisma_rows(SMALL)["line"].tolist()  # type: ignore[arg-type]
    assert "Studies included in review" in plain
    assert "Reports of included studies" in plain


def test_what_follows_is_computed() -> None:
    """852 records less 230 are 622; less 540 are 82; less 3 are 79; less 51 are 28 reports."""
    of = prisma_counts(SMALL)  # type: ignore[arg-type]
    assert (of.screened, of.sought, of.assessed, of.reports) == (622, 82, 79, 28)
    update = prisma_counts(UPDATE)  # type: ignore[arg-type]
    assert (update.total_studies, update.total_reports) == (56, 36 + (update.reports or 0))
    assert update.other_assessed == 57
    assert prisma_counts(of) == of


def test_of_a_step_what_goes_out_may_be_missing() -> None:
    of = prisma_counts(
        {
            "databases": 100,
            "duplicates": 20,
            "screened": 80,
            "sought": 20,
            "assessed": 18,
            "reports": 8,
            "studies": 7,
        }
    )
    assert (of.excluded, of.not_retrieved, of.reports_excluded) == (60, 2, 10)


@settings(deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.sampled_from(["screened", "sought", "assessed", "reports"]),
    st.sampled_from([-1, 1, 17]),
)
def test_a_wrong_box_is_named_and_a_right_flow_is_not_refused(
    start: int, shares: list[float], box: str, wrong: int
) -> None:
    left, out = start, []
    stages = []
    for share in shares:
        out.append(int(left * share))
        left -= out[-1]
        stages.append(left)
    names = ("duplicates", "excluded", "not_retrieved", "reports_excluded")
    counts: dict[str, object] = {
        "databases": start,
        **dict(zip(names, out, strict=True)),
        "studies": stages[-1],
    }
    of = prisma_counts(counts)  # type: ignore[arg-type]
    reached = {"screened": of.screened, "sought": of.sought, "assessed": of.assessed, "reports": of.reports}
    assert list(reached.values()) == stages
    told = (reached[box] or 0) + wrong
    if told >= 0:
        with pytest.raises(ev.ModelError) as caught:
            prisma_counts({**counts, box: told})  # type: ignore[dict-item]
        assert BOXES[box] in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"screened": 600},
            "box 'Records screened': records identified are 852, less 230 .* makes 622, got 600",
        ),
        ({"excluded": 900}, "box 'Records excluded': 900 are taken from 622"),
        ({"excluded": None}, "box 'Reports sought for retrieval' does not follow: give sought or excluded"),
        ({"duplicates": None}, "box 'Records screened' does not follow"),
        ({"duplicates": None, "screened": 622}, "nothing says how the other 230 went"),
        ({"reports_excluded": None}, "box 'Reports excluded': give reports_excluded"),
        ({"reports": 30}, "box 'Reports of included studies': .* makes 28, got 30"),
        ({"studies": 29}, "box 'Studies included in review': 29 studies cannot come from 28 reports"),
        ({"studies": None}, "box 'Studies included in review' is needed"),
        ({"databases": "many"}, "box 'Records identified from databases': a count is a whole number"),
        ({"databases": 1.5}, "a count is a whole number of at least 0, got 1.5"),
        ({"databases": -1}, "got -1"),
        ({"databases": True}, "got True"),
        ({"reports_excluded": {"No control": 2.5}}, "box 'Reports excluded: No control'"),
        ({"duplicate": 3}, "did you mean duplicates"),
        ({"other_sought": 3}, "box 'Records identified from other methods' is needed"),
        ({"total_studies": 3}, "box 'Studies included in previous version of review' is needed"),
        ({"previous_studies": 3, "total_studies": 30}, "box 'Total studies included in review': .* got 30"),
        ({"other_sources": {"Websites": 4}, "other_sought": 5}, "5 sought of 4 records identified"),
    ],
)
def test_counts_that_do_not_add_up_name_the_box(change: Mapping[str, object], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        prisma({**SMALL, **change})  # type: ignore[dict-item]


def test_no_mapping_is_refused() -> None:
    with pytest.raises(ev.ModelError, match="takes a mapping of counts"):
        prisma([812, 40])  # type: ignore[arg-type]


def test_words_have_every_count() -> None:
    told = prisma_alt(UPDATE)  # type: ignore[arg-type]
    rows = prisma_rows(UPDATE)  # type: ignore[arg-type]
    for text in rows.loc[rows["n"].notna(), "text"]:
        assert text.replace("\u00a0", " ").removeprefix("\u2013 ") in told
    assert "911 records led to 25 new studies, 56 in all" in prisma_caption(UPDATE)  # type: ignore[arg-type]
    ax = prisma(ev.PrismaCounts(**SMALL))  # type: ignore[arg-type]
    assert ev.caption(ax) == prisma_caption(SMALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize("case", CASES)
def test_layout(case: str, medium: str) -> None:
    ax = prisma(CASES[case], medium=medium)  # type: ignore[arg-type]
    assert_clean(ax, LEAST[medium])
    if medium == "slide" and case == "small":
        figure = ax.get_figure(root=True)
        assert figure is not None
        assert figure.bbox.height <= 750.0  # 7.5 in: it is a slide


@pytest.mark.parametrize("reasons", [3, 12, 40])
def test_many_reasons_of_sixty_letters_are_clean(reasons: int) -> None:
    long = {
        f"{i} Not randomised, or randomised within persons, no washout, {i}"[:60]: i for i in range(reasons)
    }
    counts = {**SMALL, "databases": 2000, "excluded": 600, "reports_excluded": long}
    for medium in LEAST:
        assert_clean(prisma({**counts, "studies": 1}, medium=medium), LEAST[medium])  # type: ignore[dict-item]


def test_a_given_axes_is_filled() -> None:
    figure = Figure(figsize=(6.0, 4.0))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    assert prisma(UPDATE, ax=axes) is axes  # type: ignore[arg-type]
    assert_clean(axes)


def test_a_caption_does_not_list_a_total_beside_its_parts() -> None:
    counts = {
        "databases": {"MEDLINE": 60, "Embase": 40},
        "registers": 5,
        "duplicates": 20,
        "excluded": 60,
        "not_retrieved": 2,
        "reports_excluded": {"No control": 10},
        "studies": 7,
        "other_sources": {"Websites": 4, "Citations": 6},
        "other_not_retrieved": 0,
        "other_excluded": {"No control": 4},
    }
    said = prisma_caption(counts)
    assert (
        "Records from: Databases (100), of which MEDLINE (60) and Embase (40); Registers (5); "
        "by other methods: Websites (4) and Citations (6)." in said
    )
    assert "Reports excluded: No control (10); by other methods: No control (4)." in said
    assert "Databases (n = 100), of which MEDLINE (n = 60) and Embase (n = 40); Registers" in prisma_alt(
        counts
    )
