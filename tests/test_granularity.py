"""GRIM, GRIMMER, DEBIT and the limits of a scale: published examples, then data that exist."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.numerics.granularity import debit, grim, grim_applies, grimmer, largest_sd, smallest_sd


def half(decimals: int) -> float:
    return 0.5 * 10.0**-decimals


@pytest.mark.parametrize(
    ("mean", "n", "possible"),
    [
        # Brown & Heathers 2017, p. 364: 5.19 from 28 whole numbers is impossible, 5.18 is not.
        ("5.19", 28, False),
        ("5.18", 28, True),
        ("5.21", 28, True),
    ],
)
def test_grim_agrees_with_published_examples(mean: str, n: int, possible: bool) -> None:
    assert bool(grim(float(mean), half(2), n)) is possible


PIGS = (
    *(("7.22", "5.30", 38, False), ("4.74", "6.55", 31, True), ("5.23", "2.55", 35, False)),
    *(("2.57", "2.57", 30, True), ("6.77", "2.18", 33, False), ("2.68", "2.59", 34, True)),
    *(("7.01", "6.68", 35, False), ("7.38", "3.65", 32, True), ("3.14", "5.32", 33, False)),
    *(("6.89", "4.18", 37, True), ("5.00", "2.18", 31, True), ("0.24", "6.43", 34, True)),
)
"""Mean, standard deviation, people and verdict: fictional data of the R package scrutiny 0.6.1 (`pigs5`)."""


@pytest.mark.parametrize(("mean", "sd", "n", "possible"), PIGS)
def test_grimmer_agrees_with_another_implementation(mean: str, sd: str, n: int, possible: bool) -> None:
    whole = bool(grim(float(mean), half(2), n)) and bool(grimmer(float(mean), half(2), float(sd), half(2), n))
    assert whole is possible


def test_grimmer_agrees_with_the_published_example() -> None:
    # scrutiny 0.6.1, grimmer(x = "7.3", sd = "2.51", n = 12): FALSE, though the mean is possible.
    assert bool(grim(7.3, 0.05, 12))
    assert not bool(grimmer(7.3, 0.05, 2.51, 0.005, 12))


def test_debit_agrees_with_the_published_example() -> None:
    # scrutiny 0.6.1, debit(x = "0.35", sd = "0.18", n = 20): FALSE.
    assert not bool(debit(0.35, 0.005, 0.18, 0.005, 20))
    assert bool(debit(0.35, 0.005, 0.49, 0.005, 20))


scores = st.lists(st.integers(-20, 60), min_size=2, max_size=30)


@given(scores, st.integers(1, 4), st.integers(0, 3))
def test_data_that_exist_are_possible(values: list[int], items: int, decimals: int) -> None:
    x = np.array(values) / items
    mean, sd = round(float(x.mean()), decimals), round(float(x.std(ddof=1)), decimals)
    assert bool(grim(mean, half(decimals), x.size, items))
    assert bool(grimmer(mean, half(decimals), sd, half(decimals), x.size, items))


@given(st.integers(2, 9), st.integers(0, 60), st.integers(0, 400))
def test_grimmer_finds_no_data_where_it_says_so(n: int, total: int, spread: int) -> None:
    """Try every multiset of small whole numbers: what is called impossible must not exist among them."""
    from itertools import combinations_with_replacement

    if n > 5:
        n = 5
    mean, sd = round(total / 10, 1), round(spread / 100, 2)
    if bool(grimmer(mean, 0.05, sd, 0.005, n)):
        return
    for values in combinations_with_replacement(range(7), n):
        x = np.array(values)
        fits_mean = abs(x.mean() - mean) < 0.05 - 1e-9
        assert not (fits_mean and abs(x.std(ddof=1) - sd) < 0.005 - 1e-9)


@given(st.integers(2, 60), st.integers(1, 59), st.integers(1, 3))
def test_answers_that_exist_pass_debit(n: int, ones: int, decimals: int) -> None:
    x = (np.arange(n) < min(ones, n)).astype(float)
    mean, sd = round(float(x.mean()), decimals), round(float(x.std(ddof=1)), decimals)
    assert bool(debit(mean, half(decimals), sd, half(decimals), n))


@given(st.lists(st.integers(0, 10), min_size=2, max_size=20))
def test_standard_deviations_lie_between_their_limits(values: list[int]) -> None:
    x = np.array(values, dtype=float)
    sd, n = x.std(ddof=1), x.size
    assert float(smallest_sd(x.mean(), n)) <= sd + 1e-9
    assert sd <= float(largest_sd(x.mean(), n, 0, 10)) + 1e-9


def test_the_largest_spread_is_reached_at_the_ends() -> None:
    x = np.array([0.0] * 6 + [10.0] * 4)
    assert float(largest_sd(x.mean(), 10, 0, 10)) == pytest.approx(x.std(ddof=1), rel=1e-12)


def test_grim_applies_only_where_digits_outnumber_totals() -> None:
    assert grim_applies([28, 120, 28], 1, [2, 2, 1]).tolist() == [True, False, False]
    assert grim_applies(28, 4, 2).tolist() is False


def test_what_is_not_printed_is_never_impossible() -> None:
    nan = float("nan")
    assert bool(grim(nan, nan, 10))
    assert bool(grimmer(3.1, 0.05, nan, nan, 10))
    assert bool(debit(nan, nan, 0.3, 0.05, 10))
