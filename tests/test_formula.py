"""Formulas: names and factors only, nothing evaluated, nothing dropped."""

from __future__ import annotations

import builtins
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.errors import ModelError
from evidence.models.formula import new_rows, read_formula

ROWS = [f"r{i}" for i in range(10)]


def _table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "weeks": [1.0, 2, 3, 4, 5, 6, 7, 9, 11, 12],
            "set.ting": list("abcabcabca"),
            "sex": [True, False] * 5,
            "two words": range(10),
            "m0_": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3],
        }
    )


def _names(formula: str) -> tuple[str, ...]:
    return read_formula(formula, _table(), ROWS)[0].names


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("~ 1", ("Intercept",)),
        ("weeks", ("Intercept", "weeks")),
        ("~ weeks + set.ting", ("Intercept", "weeks", "set.ting[T.b]", "set.ting[T.c]")),
        ("~ 0 + sex", ("sex[False]", "sex[True]")),
        ("~ weeks - 1", ("weeks",)),
        ("~ weeks * sex", ("Intercept", "weeks", "sex[T.True]", "weeks:sex[T.True]")),
        ("~ `two words` + m0_", ("Intercept", "two words", "m0_")),
        (
            "~ (weeks + sex + m0_)**2 - weeks:m0_",
            ("Intercept", "weeks", "sex[T.True]", "m0_", "weeks:sex[T.True]", "sex[T.True]:m0_"),
        ),
        ("~ sex / weeks", ("Intercept", "sex[T.True]", "sex[False]:weeks", "sex[True]:weeks")),
    ],
)
def test_columns(formula: str, names: tuple[str, ...]) -> None:
    assert set(_names(formula)) == set(names)


def test_the_columns_hold_what_they_say() -> None:
    table = _table()
    terms, x = read_formula("~ weeks * set.ting", table, ROWS)
    at = {name: x[:, j] for j, name in enumerate(terms.names)}
    home = (table["set.ting"] == "b").to_numpy(dtype=float)
    assert (at["Intercept"] == 1.0).all()
    assert (at["weeks"] == table.weeks).all()
    assert (at["set.ting[T.b]"] == home).all()
    assert (at["weeks:set.ting[T.b]"] == home * table.weeks).all()
    assert [label for label, _, _ in terms.spans] == ["Intercept", "weeks", "set.ting", "weeks:set.ting"]


HOSTILE = [
    "__import__('os').system('touch /tmp/evidence_was_here')",
    "~ C(weeks)",
    "~ I(weeks ** 2)",
    "~ np.log(weeks)",
    "~ log(weeks)",
    "~ weeks.__class__",
    "~ weeks.values",
    "~ `weeks`.__class__",
    "~ eval(weeks)",
    "~ weeks + exec(`two words`)",
    "~ [weeks for weeks in weeks]",
    "~ {weeks}",
    "~ weeks[0]",
    "~ lambda: weeks",
    "~ weeks if sex else weeks",
    "~ weeks; import os",
    "~ weeks == 1",
    "~ weeks := 1",
    "~ @weeks",
    "~ 'weeks'",
    '~ "weeks"',
    "~ weeks | sex",
    "~ weeks, sex",
    "~ .",
    "~ weeks + 2",
    "~ weeks:2",
    "y ~ weeks",
    "~ weeks ~ sex",
    "~ weeks %in% sex",
    "~ poly(weeks, 2)",
    "~ bs(weeks)",
    "~ weeks\\n",
    "~ f'{weeks}'",
    "~ weeks + \x00",
    "~ `__import__('os')`",
    "~ `weeks + sex`",
    "~ _",
    "~ __name__",
    "~ os",
    "~ weeks()",
    "~ (weeks)()",
    "~ weeks +",
    "~ + ",
    "~ (weeks",
    "~ weeks)",
    "~ weeks sex",
    "~ **",
    "~ weeks ** sex",
    "~ weeks ** 2",
    "~ (weeks + sex) ** 99",
    "~ ``",
    "~ `weeks",
    "",
    "~",
    "   ",
    "~ 0",
    "~ -1",
    "~ weeks ** -1",
    "~ " + "(" * 60 + "weeks" + ")" * 60,
    "~ " + "weeks + " * 200 + "weeks",
    "~ NaN",
    "~ m1_",
    "~ None",
    "~ 1e3",
]


@pytest.mark.parametrize("formula", HOSTILE)
def test_hostile_formulas_are_refused_unevaluated(formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("evaluated")

    monkeypatch.setattr(os, "system", forbidden)
    with pytest.raises(ModelError):
        read_formula(formula, _table(), ROWS)


def test_no_text_of_the_user_reaches_an_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    import formulaic  # so that its own imports are over

    assert formulaic.__version__
    seen: list[str] = []
    plain = builtins.eval

    def watched(code: object, *rest: object) -> object:
        seen.append(str(code))
        return plain(code, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "eval", watched)
    table = _table().rename(columns={"weeks": "__import__('os')", "sex": "exit"})
    terms, _ = read_formula("~ `__import__('os')` * exit", table, ROWS)
    assert terms.names[1] == "__import__('os')"
    assert not any("import" in code or "exit" in code for code in seen)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="weks0129 +-*/:^()~`.,[]{}'\"=|@%\\\n_", max_size=30))
def test_any_text_is_a_formula_or_a_model_error(text: str) -> None:
    try:
        terms, x = read_formula(text, _table(), ROWS)
    except ModelError:
        return
    assert x.shape == (10, len(terms.names))
    assert np.isfinite(x).all()


def test_expansion_is_bounded() -> None:
    table = pd.DataFrame({f"x{i}": np.random.default_rng(i).normal(size=40) for i in range(30)})
    rows = [str(i) for i in range(40)]
    with pytest.raises(ModelError, match="more than 500 terms"):
        read_formula("*".join(table.columns), table, rows)
    with pytest.raises(ModelError, match="more than 500 terms"):
        read_formula("(" + "+".join(table.columns) + ")**4", table, rows)
    wide = pd.DataFrame({name: [f"{name}{i}" for i in range(400)] for name in "ab"})
    with pytest.raises(ModelError, match="columns or more out of 400 rows"):
        read_formula("~ a:b", wide, [str(i) for i in range(400)])


def test_mistyped_names_get_a_hint() -> None:
    with pytest.raises(ModelError, match=r"'wekks' in the formula is not a column.*did you mean weeks"):
        _names("~ wekks")


@pytest.mark.parametrize("blank", [None, np.nan, "", "  ", pd.NA])
def test_blank_moderators_name_their_rows(blank: object) -> None:
    table = _table()
    table["where"] = [blank if i in (2, 7) else "ab"[i % 2] for i in range(10)]
    with pytest.raises(ModelError, match="where is blank in rows r2, r7"):
        read_formula("~ where", table, ROWS)


def test_numbers_have_to_be_finite_and_words_have_to_differ() -> None:
    table = _table()
    table["odd"] = [np.inf, *range(9)]
    table["same"] = "x"
    table["when"] = pd.Timestamp("2020-01-01")
    with pytest.raises(ModelError, match="odd is infinite in row r0"):
        read_formula("~ odd", table, ROWS)
    with pytest.raises(ModelError, match="same is 'x' in every row"):
        read_formula("~ same", table, ROWS)
    with pytest.raises(ModelError, match="when is neither number nor word"):
        read_formula("~ when", table, ROWS)


def test_a_categorical_keeps_its_order_and_loses_levels_that_do_not_occur() -> None:
    table = _table()
    table["dose"] = pd.Categorical(["low", "high"] * 5, categories=["low", "medium", "high"])
    assert read_formula("~ dose", table, ROWS)[0].names == ("Intercept", "dose[T.high]")


def test_new_rows_make_the_same_columns() -> None:
    table = _table()
    terms, x = read_formula("~ weeks * set.ting + sex", table, ROWS)
    assert (terms.matrix(table, ROWS) == x).all()
    assert (terms.matrix(table.iloc[3:4], ["r3"]) == x[3:4]).all()
    shown = new_rows([{"weeks": 4, "set.ting": "a", "sex": False}])
    one = terms.matrix(shown, ["0"])
    assert len(shown) == 1
    assert (one == x[3:4]).all()


def test_levels_that_look_like_code_stay_names() -> None:
    table = _table()
    table["arm"] = ["m0_[T.L1]", "__import__('os')", "a:b", "c + d", "e"] * 2
    assert _set(read_formula("~ arm", table, ROWS)[0].names) == {
        "Intercept", "arm[T.a:b]", "arm[T.c + d]", "arm[T.e]", "arm[T.m0_[T.L1]]",
    }  # fmt: skip


def _set(names: tuple[str, ...]) -> set[str]:
    return set(names)


def test_blanks_in_rows_that_the_model_does_not_use_do_not_matter() -> None:
    effects = ev.effects_from(
        [0.1, 0.4, 0.3, 0.8, None],
        variance=[0.1] * 5,
        low=[None] * 4 + [0.0],
        weeks=[4, 6, 8, 9, None],
    )
    fit = ev.meta_regression(effects, "~ weeks")
    assert fit.k == 4
    assert fit.rows.why_not[4] != ""
