"""MetaFit: tables, sentences, units, citations; what is pasted is no stronger than the interval."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from helpers_effects import INF, effects_of, exact, interval

import evidence as ev
from evidence.fit.methods import BOOKS, METHODS
from evidence.fit.numbers import decimals, number, p_value
from evidence.fit.record import TIDY_COLUMNS


def _fit(*estimates: float, measure: str = "SMD", **more: object) -> ev.MetaFit:
    rows = [exact(y, 0.01, n_e=10.0, n_c=11.0) for y in estimates]
    return ev.random_effects(effects_of(*rows, measure=measure, **more))  # type: ignore[arg-type]


def test_tidy_has_always_the_same_columns() -> None:
    table = _fit(0.4, 0.5, 0.45).tidy()
    assert tuple(table.columns) == TIDY_COLUMNS
    assert len(table) == 1
    bound = ev.pool_partial(effects_of(*[interval(0.6, INF, 0.12) for _ in range(3)]))
    assert tuple(bound.tidy().columns) == TIDY_COLUMNS


def test_glance_is_one_row_with_counts_by_kind() -> None:
    table = _fit(0.4, 0.5, 0.45).glance()
    assert len(table) == 1
    assert table["rows_exact"].iloc[0] == 3
    assert table["n_people"].iloc[0] == 63.0


def test_augment_has_a_line_for_every_row() -> None:
    effects = effects_of(exact(0.4, 0.01), exact(0.5, 0.02), interval(0.6, INF, 0.1))
    table = ev.random_effects(effects).augment()
    assert len(table) == 3
    fit = ev.random_effects(effects)
    assert table["residual"].iloc[0] == pytest.approx(0.4 - fit.estimate)
    assert math.isnan(table["fitted"].iloc[2])
    assert {"fitted", "residual", "weight", "contribution"} <= set(table.columns)


def test_no_attribute_is_ever_nan() -> None:
    fits = [
        _fit(0.4, 0.5, 0.45),
        _fit(0.4),
        ev.pool_partial(effects_of(*[interval(0.6, INF, 0.12) for _ in range(3)])),
        ev.pool_partial(effects_of(interval(0.6, INF, 0.12))),
    ]
    for fit in fits:
        for field in dataclasses.fields(fit):
            value = getattr(fit, field.name)
            assert not (isinstance(value, float) and math.isnan(value)), field.name


def test_the_sentence_favours_an_arm_only_where_the_interval_does() -> None:
    assert re.fullmatch(
        r"Favours the first arm by 0\.45 SMD \(95 % interval 0\.\d\d to 0\.\d\d;"
        r" 3 studies, 3 rows, 63 people\)\.",
        _fit(0.4, 0.5, 0.45).sentence(),
    )
    assert (
        _fit(-0.4, -0.5, -0.45).sentence().startswith("Favours the second arm by 0.45 SMD (95 % interval −0.")
    )
    assert _fit(-0.4, 0.6, 0.1).sentence().startswith("No clear difference: SMD 0.10 (95 % interval −")


def test_a_ratio_prints_the_ratio() -> None:
    rows = [exact(y, 0.01) for y in (0.36, 0.46, 0.41)]
    up = ev.random_effects(effects_of(*rows, measure="RR", scale="log"))
    assert up.sentence().startswith("Favours the first arm: RR 1.51 (95 % interval ")
    turned = ev.random_effects(effects_of(*rows, measure="RR", scale="log", display_sign=-1))
    assert turned.sentence().startswith("Favours the first arm: RR 0.66 (95 % interval 0.")
    shown = turned.display
    assert shown["conf_low"] < shown["estimate"] < shown["conf_high"]
    assert shown["estimate"] == pytest.approx(math.exp(-turned.estimate))


def test_a_limit_on_a_turned_ratio_stays_on_its_side() -> None:
    rows = [interval(0.3, INF, 0.05) for _ in range(3)]
    fit = ev.pool_partial(effects_of(*rows, measure="RR", scale="log", display_sign=-1))
    assert fit.bound == "lower"
    assert "Favours the first arm: RR below 0." in fit.sentence()
    assert fit.display["conf_low"] == 0.0


def test_a_limit_that_leaves_zero_in_is_no_clear_difference() -> None:
    fit = ev.pool_partial(effects_of(*[interval(-0.9, INF, 0.12) for _ in range(3)]))
    assert fit.sentence().startswith("No clear difference: SMD above −")


def test_ratios_without_bound_on_one_side_print_no_infinity_sign_in_words() -> None:
    up = [{"kind": "sign", "low": 0.0, "high": INF, "variance": 0.1} for _ in range(9)]
    down = [{"kind": "sign", "low": -INF, "high": 0.0, "variance": 0.1}]
    fit = ev.pool_partial(effects_of(*up, *down))
    assert "no upper limit" in fit.sentence()
    assert "inf" not in fit.sentence()


def test_true_minus_signs_and_enough_digits() -> None:
    assert number(-0.414) == "−0.41"
    assert number(-0.001) == "0.00"
    assert number(None, missing="?") == "?"
    assert number(-INF) == "−∞"
    assert number(3.2e9, 0) == "3.2e+09"
    assert decimals([0.0123, 0.0101, 0.0145]) == 4
    assert decimals([12.3, -40.0, 180.0]) == 0
    assert decimals([0.41, 0.1, 0.72]) == 2
    assert decimals([None, INF]) == 2
    assert p_value(0.03125) == "0.031"
    assert p_value(0.00412) == "0.0041"
    assert p_value(1e-9) == "< 0.0001"


def test_in_units_multiplies_and_names_the_source() -> None:
    fit = _fit(0.4, 0.5, 0.45)
    units = fit.in_units(sd=1.2, unit="s", source="Smith 2010, Table 2")
    assert units.estimate == pytest.approx(1.2 * fit.estimate)
    assert units.conf_high == pytest.approx(1.2 * fit.conf_high)
    assert "Smith 2010, Table 2" in str(units)
    assert "source not named" in str(fit.in_units(sd=1.2, unit="s"))
    assert "<b>" not in fit.in_units(sd=1.0, unit="<b>")._repr_html_().replace("&lt;b&gt;", "")


def test_in_units_of_a_limit_says_that_there_is_no_estimate() -> None:
    bound = ev.pool_partial(effects_of(*[interval(0.6, INF, 0.12) for _ in range(3)]))
    limit = 2.0 * bound.conf_low
    assert str(bound.in_units(sd=2.0, unit="kg", source="x")) == (
        f"No estimate; at least {limit:.2f} kg, limit of the 95 % interval (SD 2 kg: x);"
        " positive favours the first arm."
    )
    two = ev.pool_partial(effects_of(*[interval(-INF, -0.6, 0.12) for _ in range(2)]))
    assert str(two.in_units(sd=1.0, unit="kg")).startswith(
        f"No estimate; at most {number(two.conf_high)} kg, one-sided 95 % limit (SD 1 kg"
    )
    one = ev.pool_partial(effects_of(interval(0.56, INF, 0.12)))
    assert "one study, whose report places the effect above 1.12 kg" in str(one.in_units(sd=2, unit="kg"))


def test_in_units_says_of_an_open_end_that_there_is_no_limit() -> None:
    up = [{"kind": "sign", "low": 0.0, "high": INF, "variance": 0.1} for _ in range(9)]
    down = [{"kind": "sign", "low": -INF, "high": 0.0, "variance": 0.1} for _ in range(1)]
    text = str(ev.pool_partial(effects_of(*up, *down)).in_units(sd=2.0, unit="kg"))
    assert "∞" not in text
    assert re.search(r"95 % interval from −?[\d.]+ kg, no upper limit \(SD", text)


@pytest.mark.parametrize(
    ("low", "high", "more", "words"),
    [
        (0.56, INF, {}, "its report places the effect above 0.56 SMD (1 study, 1 row, 30 people)."),
        (-INF, -0.4, {}, "its report places the effect below −0.40 SMD (1 study, 1 row, 30 people)."),
        (-0.56, 0.56, {}, "its report places the effect between −0.56 and 0.56 SMD (1 study, 1 row,"),
        (0.0, INF, {}, "its report places the effect above 0 SMD (1 study"),
        (0.3, INF, {"measure": "RR", "scale": "log"}, "its report places the RR above 1.35 (1 study"),
        (
            0.3,
            INF,
            {"measure": "RR", "scale": "log", "display_sign": -1},
            "its report places the RR below 0.74 (",
        ),
        (
            -0.5,
            0.2,
            {"measure": "RR", "scale": "log", "display_sign": -1},
            "its report places the RR between 0.82 and 1.65 (",
        ),
        (0.56, INF, {"measure": "GEN"}, "its report places the effect above 0.56 (1 study"),
    ],
)
def test_a_single_study_without_a_value_says_what_its_row_says(
    low: float, high: float, more: dict[str, object], words: str
) -> None:
    fit = ev.pool_partial(effects_of(interval(low, high, 0.1, n_e=15.0, n_c=15.0), **more))  # type: ignore[arg-type]
    assert fit.sentence().startswith(f"One study, not pooled: {words}")


def test_a_single_study_of_several_rows_says_how_many_bound_the_effect() -> None:
    fit = ev.pool_partial(effects_of(interval(0.6, INF, 0.12, study="a"), interval(0.5, INF, 0.1, study="a")))
    assert fit.sentence() == ("One study, not pooled: its 2 reports only bound the effect (1 study, 2 rows).")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sd": "1", "unit": "s"}, "sd must be a positive number"),
        ({"sd": None, "unit": "s"}, "sd must be a positive number"),
        ({"sd": 1.0, "unit": None}, "unit takes the unit as text"),
        ({"sd": 1.0, "unit": "s", "source": 3}, "source takes text"),
        ({"sd": 1.0, "unit": "s", "source": [1, 2]}, "source takes text"),
    ],
)
def test_in_units_names_an_argument_of_the_wrong_type(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        _fit(0.4, 0.5).in_units(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("sd", [0.0, -1.0, INF])
def test_in_units_needs_a_positive_sd(sd: float) -> None:
    with pytest.raises(ev.ModelError, match="sd must be a positive number"):
        _fit(0.4, 0.5).in_units(sd=sd, unit="s")


def test_in_units_is_for_standardised_measures() -> None:
    with pytest.raises(ev.ModelError, match="standardised"):
        _fit(0.4, 0.5, measure="MD").in_units(sd=1.0, unit="s")


def test_cite_is_bibtex_of_what_was_used() -> None:
    text = _fit(0.4, 0.5, 0.45).cite()
    for key in (
        "viechtbauer2005",
        "hartung2001",
        "sidik2002",
        "viechtbauer2007",
        "higgins2009",
        "cochran1954",
    ):
        assert f"@article{{{key}," in text
    assert "@misc{evidence," in text
    assert text.count("{") == text.count("}")
    assert "bushman1996" in ev.pool_partial(effects_of(exact(0.1, 0.1), interval(0.0, INF, 0.1))).cite()


def test_every_entry_is_complete() -> None:
    for fields in METHODS.values():
        assert {"author", "title", "journal", "year", "volume", "pages", "doi"} <= set(fields)
        assert re.fullmatch(r"10\.\d{4,}/\S+", fields["doi"])
    for fields in BOOKS.values():
        assert {"author", "title", "publisher", "year"} <= set(fields)


def test_a_bibtex_reader_reads_the_citations() -> None:
    from pybtex.database import parse_string

    text = ev.pool_partial(effects_of(exact(0.1, 0.1), interval(0.0, INF, 0.1))).cite()
    entries = parse_string(text, "bibtex").entries
    assert "hardy1996" in entries
    assert entries["hardy1996"].persons["author"][0].last_names == ["Hardy"]


def test_explain_tells_what_was_left_out() -> None:
    effects = effects_of(exact(0.4, 0.01), exact(0.5, 0.02), {"kind": "unusable", "reason": "no n"})
    text = ev.random_effects(effects).explain()
    assert "Model: REML, HKSJ" in text
    assert "no n: r3" in text
    assert "predicted within" in text


@pytest.mark.parametrize(
    ("studies", "kind"), [(2, "one-sided 95 % limit"), (3, "limit of the 95 % interval")]
)
def test_html_of_a_limit_has_no_interval_and_no_infinity(studies: int, kind: str) -> None:
    rows = [interval(0.6, INF, 0.12) for _ in range(studies)]
    fit = ev.pool_partial(effects_of(*rows))
    page = fit._repr_html_()
    assert f"<tr><th>{kind}</th><td>≥ {number(fit.conf_low)}</td></tr>" in page
    assert "∞" not in page
    turned = ev.pool_partial(effects_of(*rows, measure="RR", scale="log", display_sign=-1))
    assert f"<td>≤ {number(turned.display['conf_high'])}</td>" in turned._repr_html_()
    alone = ev.pool_partial(effects_of(*rows[:1]))._repr_html_()
    assert "interval</th>" not in alone


def test_html_leads_with_the_sentence_and_escapes_the_users_text() -> None:
    effects = effects_of(exact(0.4, 0.01), exact(0.5, 0.02), measure="<script>")
    page = ev.random_effects(effects)._repr_html_()
    assert "<script>" not in page
    assert page.index("&lt;script&gt;") < page.index("<table>")


def test_small_effects_keep_their_digits_in_the_sentence() -> None:
    rows = [exact(y * 1e-4, 1e-10) for y in (4.0, 4.2, 4.1)]
    assert "0.00041" in ev.random_effects(effects_of(*rows)).sentence()
