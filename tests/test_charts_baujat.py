"""The Baujat plot: its numbers against metafor, its words, its layout."""

from __future__ import annotations

import numpy as np
import pytest
from helpers_charts import assert_clean
from helpers_pictures import LEAST, SIZES, seeded

import evidence as ev
from evidence.charts.baujat import baujat, baujat_alt, baujat_caption, baujat_rows

Y, V = [0.1, 0.25, 0.3, 0.05, 0.9, 0.4], [0.02, 0.05, 0.04, 0.03, 0.06, 0.05]

# metafor 3.8-1: baujat(rma(Y, V, method = ..., control = list(threshold = 1e-14, maxiter = 1000)))
METAFOR = {
    "EE": (
        [
            1.209876543209878,
            0.000617283950617304,
            0.04938271604938249,
            1.408436213991771,
            6.921810699588476,
            0.4172839506172835,
        ],
        [
            0.5260332796564652,
            8.5142613878245e-05,
            0.008818342151676047,
            0.3565661301244964,
            0.7777315392796068,
            0.057556406981694425,
        ],
    ),
    "REML": (
        [
            0.6547069518330884,
            0.02231814553810651,
            0.000430409461386386,
            0.8820938135683122,
            3.759321643332954,
            0.12770954678855623,
        ],
        [
            0.18703104185488345,
            0.016172687291659,
            0.00455894869895348,
            0.209881718031569,
            1.8300556049295162,
            0.00627064851320305,
        ],
    ),
}


@pytest.mark.parametrize("model", METAFOR)
def test_numbers_agree_with_metafor(model: str) -> None:
    effects = ev.effects_from(Y, variance=V)
    fit = ev.common_effect(effects) if model == "EE" else ev.random_effects(effects, inference="z")
    rows = baujat_rows(fit)
    right, up = METAFOR[model]
    tolerance = 1e-9 if model == "EE" else 1e-6
    np.testing.assert_allclose(rows["contribution"], right, rtol=tolerance, atol=1e-9)
    np.testing.assert_allclose(rows["pull"], up, rtol=tolerance, atol=1e-9)


def test_contributions_of_a_common_effect_add_up_to_q() -> None:
    """Baujat et al. 2002, section 2: the x axis splits Cochran's Q; here 10.0074074 (metafor 3.8)."""
    fit = ev.common_effect(ev.effects_from(Y, variance=V))
    rows = baujat_rows(fit)
    assert rows["contribution"].sum() == pytest.approx(10.0074074074074, rel=1e-12) == fit.q
    assert rows["share"].sum() == pytest.approx(100.0)


def test_the_result_without_a_study_is_that_of_the_others() -> None:
    rows = baujat_rows(ev.common_effect(ev.effects_from(Y, variance=V)))
    rest = ev.common_effect(ev.effects_from(Y[:4] + Y[5:], variance=V[:4] + V[5:]))
    assert rows["estimate_without"].iloc[4] == pytest.approx(rest.estimate)
    assert rows.loc[rows["rank"].eq(1), "row_id"].tolist() == ["row 5"]


def test_words_name_the_study_that_moves_the_result() -> None:
    fit = ev.random_effects(ev.effects_from(Y, variance=V, study=list("abcdef")))
    ax = baujat(fit)
    assert ev.caption(ax) == baujat_caption(fit) == baujat_caption(ev.influence(fit))
    assert "e makes" in baujat_alt(fit)
    few = ev.random_effects(ev.effects_from(Y[:4], variance=V[:4]))
    assert "fewer than 5 studies" in baujat_caption(few)


def test_equal_effects_have_a_title_too() -> None:
    ax = baujat(ev.common_effect(ev.effects_from([0.2] * 4, variance=0.04)))
    assert any("All effects are equal" in text.get_text() for text in ax.texts)


def test_another_model_is_refused() -> None:
    with pytest.raises(ev.ModelError, match="influence"):
        baujat(ev.pool_partial(seeded(12, partial=True)))


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize(("k", "long"), [*((k, False) for k in SIZES), (12, True), (120, True)])
def test_layout(k: int, long: bool, medium: str) -> None:
    assert_clean(baujat(ev.random_effects(seeded(k, long=long)), medium=medium), LEAST[medium])


def test_without_heterogeneity_nobody_makes_any() -> None:
    effects = ev.effects_from([0.30, 0.32, 0.29, 0.35], std_error=0.2, study=list("abcd"))
    fit = ev.random_effects(effects)
    assert fit.tau2 == 0.0
    assert "of Q (no heterogeneity is seen: τ² 0)" in ev.alt_text(ev.baujat(fit))
