"""Claims: the rules of verdict, the rows that bear, and the eleven claims that ship."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evidence as ev
from evidence.synthesis.claims import CLAIM_TABLE, FINDING_COLUMNS
from evidence.synthesis.claims_rules import VERDICTS, Finding, decide, state_of

ROOT = Path(__file__).parents[1]
ENDS = st.floats(-3, 3)
NAN = math.nan


def finding(low: float, high: float, used: int = 3, tested: int = 3) -> Finding:
    return Finding("strength", (low + high) / 2, low, high, used, tested, ("a_01",))


@pytest.mark.parametrize(
    ("low", "high", "expects", "margin", "state"),
    [
        (0.1, 0.9, "favours_e", NAN, "yes"),
        (-0.1, 0.9, "favours_e", NAN, "open"),
        (-0.9, -0.1, "favours_e", NAN, "no"),
        (0.1, 0.9, "favours_e", 0.5, "open"),  # more, but not "far more"
        (0.6, 0.9, "favours_e", 0.5, "yes"),
        (0.1, 0.4, "favours_e", 0.5, "no"),  # more, and certainly not far more
        (-0.1, 0.1, "no_association", 0.2, "yes"),
        (0.01, 0.1, "no_association", 0.2, "yes"),  # clear and negligible
        (-0.5, 0.5, "no_association", 0.2, "open"),  # not significant: shows nothing
        (0.3, 0.9, "no_association", 0.2, "no"),
        (-0.9, -0.3, "no_change", 0.2, "no"),
        (-math.inf, math.inf, "favours_e", NAN, "blank"),
        (0.3, math.inf, "favours_e", NAN, "yes"),
    ],
)
def test_state_of_a_domain(low: float, high: float, expects: str, margin: float, state: str) -> None:
    assert state_of(finding(low, high), expects, margin) == state


def test_one_study_and_a_minority_of_studies_decide_nothing() -> None:
    assert state_of(finding(0.1, 0.9, used=1, tested=1), "favours_e", NAN) == "few"
    assert state_of(finding(0.1, 0.9, used=2, tested=5), "favours_e", NAN) == "few"
    assert state_of(finding(0.1, 0.9, used=3, tested=6), "favours_e", NAN) == "yes"
    assert state_of(finding(0.1, 0.9, used=0, tested=0), "favours_e", NAN) == "untested"


@given(a=ENDS, b=ENDS, margin=st.one_of(st.just(NAN), st.floats(0.05, 1)))
def test_turning_the_effect_round_turns_yes_into_no(a: float, b: float, margin: float) -> None:
    low, high = sorted((a, b))
    one = state_of(finding(low, high), "favours_e", NAN)
    other = state_of(finding(-high, -low), "favours_e", NAN)
    assert {one, other} in ({"yes", "no"}, {"open"})
    if not math.isnan(margin):  # a claim of none does not know sides
        none = [state_of(finding(*ends), "no_association", margin) for ends in ((low, high), (-high, -low))]
        assert none[0] == none[1]


@given(a=ENDS, b=ENDS, margin=st.floats(0.05, 1))
def test_a_wide_interval_never_shows_that_there_is_nothing(a: float, b: float, margin: float) -> None:
    low, high = sorted((a, b))
    if high - low >= 2 * margin:
        assert state_of(finding(low, high), "no_association", margin) != "yes"


STATES = st.lists(st.sampled_from(["yes", "no", "open", "few", "blank", "untested"]), min_size=1, max_size=6)


@given(states=STATES, expects=st.sampled_from(["favours_e", "no_change", "improves"]))
def test_verdict_does_not_depend_on_the_order(states: list[str], expects: str) -> None:
    verdict, code = decide(states, expects, 0.2)
    assert verdict in VERDICTS
    assert (verdict, code) == decide(sorted(states), expects, 0.2)
    assert (verdict == "supported") == (set(states) == {"yes"})
    assert (verdict == "not tested") == (set(states) == {"untested"})
    if verdict == "contradicted":
        assert "no" in states
        assert expects == "no_change" or "yes" not in states


@pytest.mark.parametrize(
    ("states", "expects", "margin", "want"),
    [
        (["yes", "untested"], "favours_e", NAN, ("mixed", "partly_tested")),
        (["no", "no"], "favours_e", NAN, ("contradicted", "none_above")),
        (["yes", "no"], "favours_e", NAN, ("mixed", "both_ways")),
        (["yes", "open"], "favours_e", NAN, ("mixed", "some")),
        (["no", "open"], "favours_e", NAN, ("mixed", "some_against")),
        (["open", "few"], "favours_e", NAN, ("mixed", "undecided")),
        (["few"], "association", NAN, ("mixed", "few_studies")),
        (["blank"], "association", NAN, ("mixed", "no_interval")),
        (["yes", "no"], "no_change", 0.2, ("contradicted", "counterexample")),
        (["open"], "no_association", NAN, ("not testable as stated", "no_margin")),
        (["untested"], "larger", 0.5, ("not tested", "no_rows")),
    ],
)
def test_verdicts(states: list[str], expects: str, margin: float, want: tuple[str, str]) -> None:
    assert decide(states, expects, margin) == want


@pytest.fixture(scope="module")
def shipped() -> ev.Claims:
    return ev.claims(ev.example_studies())


def test_each_shipped_claim_has_a_verdict_with_reason_and_rows(shipped: ev.Claims) -> None:
    table = shipped.table
    assert list(table.columns) == list(CLAIM_TABLE)
    assert list(shipped.findings.columns) == list(FINDING_COLUMNS)
    assert len(shipped) == 11
    assert set(table["verdict"]) <= set(VERDICTS)
    assert table["reason"].str.len().min() > 40
    assert not table["reason"].str.contains("nan").any()
    known = set(ev.example_studies().table["row_id"])
    for rows in table["rows"]:
        assert set(filter(None, rows.split(", "))) <= known
    assert "<script" not in shipped._repr_html_()


def test_every_row_behind_a_claim_names_its_source(shipped: ev.Claims) -> None:
    listed = sum(len(rows.split(", ")) for rows in shipped.table["rows"] if rows)
    assert len(shipped.rows) == listed
    named = shipped.rows["source_url"].ne("") | shipped.rows["source_locator"].ne("")
    assert named.all()
    assert "Contradicted." in shipped.sentence("iso_within")


def test_within_claims_print_the_difference_between_the_arms(shipped: ev.Claims) -> None:
    within = shipped.table[shipped.table["kind"].eq("within")]
    assert within["reason"].str.contains("says nothing about the other arm; between the arms:").all()


def test_isolated_training_improved_more_than_the_article_says(shipped: ev.Claims) -> None:
    """DiStefano 2013 and others printed gains of the isolated arm in strength and endurance."""
    line = shipped.table.set_index("claim_id").loc["iso_within"]
    assert (line["verdict"], line["reason_code"]) == ("contradicted", "counterexample")


def test_what_was_never_compared_is_not_tested(shipped: ev.Claims) -> None:
    table = shipped.table.set_index("claim_id")
    assert table.loc["int_lowers_risk", "verdict"] == "not tested"
    assert "usual activity" in table.loc["int_lowers_risk", "reason"]
    assert table.loc["core_beats_strength", "reason_code"] == "no_head_to_head"


def test_margins_have_reasons(shipped: ev.Claims) -> None:
    with_margin = shipped.table[shipped.table["margin"].notna()]
    assert len(with_margin) >= 3
    assert with_margin["margin_reason"].str.len().min() > 40
    overlap = 2 * 0.5 * math.erfc(0.1 / math.sqrt(2))  # of two normal curves 0.2 SD apart
    assert round(100 * overlap) == 92
    assert with_margin["margin_reason"].str.contains("overlap by 92 %").any()


def test_the_terms_of_the_claims_come_from_the_script() -> None:
    """scripts/normalise_extraction.py adds them to the extraction; no cell is edited by hand."""
    spec = importlib.util.spec_from_file_location(
        "normalise_claims", ROOT / "scripts" / "normalise_extraction.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    table = script.read(ROOT / "data" / "claims.csv")
    assert list(table[0]) == script.CLAIM_COLUMNS
    for line in table:
        terms = script.CLAIM_TERMS[line["claim_id"]]
        assert {name: line[name] for name in terms} == terms


def own_claims(**cells: object) -> ev.Studies:
    """The shipped studies with one claim of one's own."""
    line = {
        "claim_id": "mine",
        "claim": "A claim",
        "kind": "between",
        "question": "prevention",
        "domains": "injury_acl",
        "margin": NAN,
        **cells,
    }
    return replace(ev.example_studies(), claims=pd.DataFrame([line]))


def test_a_claim_that_the_data_support() -> None:
    """Prevention against usual activity, anterior cruciate ligament: every interval in favour."""
    found = ev.claims(own_claims(measure="RR", comparator_class="usual_activity")).table.iloc[0]
    alone = ev.pool_partial(
        ev.effect_sizes(
            ev.example_studies().where(
                question="prevention", level="study", domain="injury_acl", comparator_class="usual_activity"
            ),
            measure="RR",
        ),
        prior=None,
    )
    assert found["estimate"] == pytest.approx(alone.estimate)
    assert found["conf_low"] == pytest.approx(alone.conf_low)
    assert found["verdict"] == "supported"
    low, high = (f"{alone.display[end]:.2f}" for end in ("conf_low", "conf_high"))
    assert f"({low} to {high})" in found["reason"]  # the ratio as printed, not its logarithm


def test_a_between_claim_on_changes_within_arms_is_refused() -> None:
    studies = ev.example_studies()
    table = studies.table
    domain = table["study"].eq("baldon2014") & table["basis"].eq("within_group_only")
    keep = studies.where(row_id=table.loc[domain, "row_id"].tolist())
    claims = own_claims(
        question="hip_knee_vs_knee", domains=";".join(dict.fromkeys(keep.table["domain"]))
    ).claims
    found = ev.claims(replace(keep, claims=claims)).table.iloc[0]
    assert (found["verdict"], found["reason_code"]) == ("not testable as stated", "within_arms_only")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"expects": "improves"}, "claim mine: expects must be one of favours_e"),
        ({"domains": ""}, "names at least one domain"),
        ({"kind": ""}, "its kind is one of"),
        ({"kind": "magnitude"}, "name these in its column than"),
    ],
)
def test_claims_that_contradict_themselves(cells: dict[str, str], words: str) -> None:
    with pytest.raises(ev.ModelError, match=words):
        ev.claims(own_claims(**cells))


def test_no_claims() -> None:
    with pytest.raises(ev.ModelError, match="there are no claims"):
        ev.claims(replace(ev.example_studies(), claims=None))
    with pytest.raises(ev.ModelError, match="takes Studies"):
        ev.claims([1])  # type: ignore[arg-type]


LEAST = {"notebook": 8.0, "slide": 18.0, "journal": 7.0}


@pytest.mark.parametrize("medium", LEAST)
def test_claim_charts_are_clean(shipped: ev.Claims, medium: str) -> None:
    from helpers_charts import assert_clean

    for claim_id in shipped.table["claim_id"]:
        assert_clean(ev.claim_chart(shipped, claim_id, medium=medium), LEAST[medium])


def test_claim_chart_shows_the_findings(shipped: ev.Claims) -> None:
    from evidence.charts.claim import claim_chart_alt, claim_chart_caption, claim_chart_rows

    for line in shipped.table.to_dict("records"):
        rows = claim_chart_rows(shipped, line["claim_id"])
        found = shipped.findings[shipped.findings["claim_id"].eq(line["claim_id"])]
        assert len(rows) == len(found)
        assert (rows["mark"].eq("") == found["state"].isin(["untested", "blank"]).to_numpy()).all()
        alt = claim_chart_alt(shipped, line["claim_id"])
        assert f"Verdict: {line['verdict']}." in alt
        assert ", 1 studies" not in alt
        if not math.isnan(line["margin"]):
            assert line["margin_reason"] in claim_chart_caption(shipped, line["claim_id"])
    with pytest.raises(ev.ModelError, match="claim_id must be one of"):
        ev.claim_chart(shipped, "int_beat_iso")
    with pytest.raises(ev.ModelError, match="takes Claims"):
        ev.claim_chart(3, "int_beats_iso")  # type: ignore[arg-type]
