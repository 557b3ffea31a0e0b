"""Names of studies as readers know them."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import evidence as ev
from evidence.effects.labels import study_labels


@pytest.mark.parametrize(
    ("authors", "year", "label"),
    [
        ("DiStefano LJ; DiStefano MJ", 2013.0, "DiStefano 2013"),
        ("Scattone Silva R; Baldon RM", "2015", "Scattone Silva 2015"),
        ("De Blaiser C", 2019, "De Blaiser 2019"),
        ("Dolak KL et al. (first author from the document title)", 2011, "Dolak 2011"),
        ("Imai A", math.nan, "Imai n.d."),
        ("", 2020, "key"),
    ],
)
def test_first_author_and_year(authors: str, year: object, label: str) -> None:
    info = pd.DataFrame([{"study": "key", "authors": authors, "year": year}])
    assert study_labels(info)["key"] == label


def test_same_author_and_year_are_told_apart() -> None:
    info = pd.DataFrame([{"study": key, "authors": "Xiao W", "year": 2023} for key in ("one", "two")])
    assert study_labels(info) == {"one": "Xiao 2023a", "two": "Xiao 2023b"}


def test_shipped_labels_are_distinct_and_hold_no_gap() -> None:
    labels = study_labels(ev.example_studies().info)
    assert len(set(labels.values())) == 88
    assert not any("nan" in label.split() for label in labels.values())
