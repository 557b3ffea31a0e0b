"""Names of studies as a reader knows them: first author and year."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

__all__ = ["study_labels"]


def _surname(authors: str) -> str:
    """Return the first author's surname: "Scattone Silva R; ..." gives "Scattone Silva"."""
    first = authors.split(";")[0].strip()
    first = re.sub(r"\s+et al\..*$", "", first)
    return re.sub(r"\s+[A-ZÀ-Þ](?:[A-ZÀ-Þ.\-]*)$", "", first).strip()


def study_labels(info: pd.DataFrame | None) -> Mapping[str, str]:
    """Return a label for each study of the study table; same author and year get a, b, ...

    Parameters
    ----------
    info : DataFrame or None
        The study table, with columns ``study``, ``authors`` and ``year``.

    Returns
    -------
    mapping
        Study key to label ("DiStefano 2013"); a study without an author keeps its key.
    """
    if info is None:
        return {}
    labels: dict[str, str] = {}
    for record in info.to_dict("records"):
        key = str(record["study"])
        name = _surname(str(record.get("authors") or ""))
        year = record.get("year")
        # No date, as bibliographies write it: a year that nobody has read is not made up.
        when = str(year).removesuffix(".0") if year and year == year else "n.d."
        labels[key] = f"{name} {when}" if name else key
    counts = pd.Series(labels).value_counts()
    seen: dict[str, int] = {}
    for key, label in labels.items():
        if counts[label] > 1:
            seen[label] = seen.get(label, 0) + 1
            labels[key] = f"{label}{chr(96 + seen[label])}"
    return labels
