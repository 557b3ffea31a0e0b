"""One table and one chart of what a result of partial reports rests on."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from helpers_effects import INF, effects_of, exact, interval

import evidence as ev
from evidence.charts.partial_sensitivity import sensitivity_alt, sensitivity_rows

mpl.use("Agg")


def _effects() -> ev.Effects:
    return effects_of(
        exact(0.3, 0.09, study="a"),
        interval(0.6, INF, 0.09, study="a"),
        interval(-0.6, 0.6, 0.1, study="b", inferred="yes"),
        interval(0.5, INF, 0.08, study="c"),
        exact(0.5, 0.08, study="d"),
    )


def test_every_line_is_the_fit_that_it_names() -> None:
    effects = _effects()
    found = ev.partial_sensitivity(effects, rhos=(0.0, 0.9))
    table = found.table.set_index("assumption")
    main = ev.pool_partial(effects)
    assert table["estimate"].iloc[0] == main.estimate
    assert table["about"].unique().tolist() == ["main", "rows", "silence", "sampling errors"]
    beside = dict(main.alongside)
    for name in ("exact rows only", "direction only", "without inferred rows"):
        assert table.loc[name, "k"] == beside[name].k
        assert table.loc[name, "sentence"] == beside[name].sentence()
    assert table.loc["sampling errors rho = 0.9", "estimate"] == ev.pool_partial(effects, rho=0.9).estimate
    assert table["p_positive"].iloc[0] == main.posterior.p_positive  # type: ignore[union-attr]


def test_silence_adds_a_report_of_no_difference_to_each_study() -> None:
    effects = _effects()
    found = ev.partial_sensitivity(effects, rhos=())
    silent = found.fits["one more outcome a study, no difference"]
    main = found.fits["all rows, as assumed"]
    assert silent.k == main.k + main.n_studies
    assert silent.n_studies == main.n_studies
    assert silent.estimate < main.estimate
    added = silent.rows.iloc[-1]
    assert (added["study"], added["kind"]) == ("d", "interval")
    assert added["high"] == pytest.approx(1.959963985 * 0.08**0.5)
    assert len(effects.table) == 5


def test_studies_have_the_grid_of_pre_post_correlations() -> None:
    studies = ev.example_studies().where(
        question="integrated_vs_isolated", level="study", domain=["flexibility"]
    )
    found = ev.partial_sensitivity(studies, rhos=(0.6,), correlations=(0.5, 0.9))
    table = found.table.set_index("assumption")
    again = ev.pool_partial(ev.effect_sizes(studies, measure="SMD", correlation=0.9))
    assert table.loc["pre-post correlation r = 0.9", "estimate"] == again.estimate
    assert table.loc["pre-post correlation r = 0.5", "estimate"] > again.estimate


def test_what_cannot_be_had_says_why() -> None:
    effects = effects_of(*[interval(-0.6, 0.6, 0.1) for _ in range(3)])
    found = ev.partial_sensitivity(effects)
    table = found.table.set_index("assumption")
    assert table.loc["exact rows only", "k"] == 0
    assert "No row in use is exact" in table.loc["exact rows only", "sentence"]
    assert any("plays no part" in note for note in found.notes)
    assert "No row in use is exact" in found._repr_html_()


@pytest.mark.parametrize("rhos", [(1.0,), (-0.1,), ("0.5",), 0.5])
def test_a_grid_of_impossible_correlations_is_refused(rhos: object) -> None:
    with pytest.raises(ev.ModelError, match="rhos"):
        ev.partial_sensitivity(_effects(), rhos=rhos)  # type: ignore[arg-type]


def test_other_data_are_refused() -> None:
    with pytest.raises(ev.ModelError, match="takes Studies or Effects; got list"):
        ev.partial_sensitivity([0.1])  # type: ignore[arg-type]


def test_the_chart_draws_one_line_an_assumption_and_says_where_there_is_none() -> None:
    found = ev.partial_sensitivity(_effects(), rhos=(0.0, 0.6))
    rows = sensitivity_rows(found)
    assert rows["assumption"].tolist() == found.table["assumption"].tolist()
    assert rows["mark"].iloc[0] == "dot"
    # A few directions that agree set no limit that the picture shows: the sign test does not allow it.
    assert rows.loc[rows["assumption"] == "direction only", "mark"].item() == "none"
    ax = ev.sensitivity_chart(found, favours=("usual care", "training"))
    texts = " ".join(text.get_text() for text in ax.texts)
    assert "exact rows only" in texts
    assert "all rows, as assumed: " in sensitivity_alt(found)
    with pytest.raises(ev.ModelError, match="PartialSensitivity"):
        ev.sensitivity_chart(None)  # type: ignore[arg-type]


def test_the_title_says_whether_an_assumption_changes_the_verdict() -> None:
    firm = effects_of(*[exact(0.8, 0.01 + 0.001 * j) for j in range(6)])
    ax = ev.sensitivity_chart(ev.partial_sensitivity(firm), favours=("a", "b"))
    texts = " ".join(text.get_text() for text in ax.texts)
    assert "favours b" in texts
    assert "otherwise" in texts or "whatever is assumed" in texts
