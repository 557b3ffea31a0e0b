"""Tests as papers print them, read into statistics and degrees of freedom."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from evidence._check import several
from evidence.errors import ModelError
from evidence.numerics.p_curve import Statistics

__all__ = ["read_tests"]

_NUMBER = r"([-+−]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
_LINE = re.compile(
    r"^\s*(t|z|f|r|chi2|chi²|χ2|χ²|x2)\s*(?:\(\s*([\d.]+)\s*(?:,\s*([\d.]+)\s*)?\))?\s*=\s*"
    + _NUMBER
    + r"\s*$",
    re.IGNORECASE,
)
_FORMS = "'t(88) = 2.1', 'F(1, 100) = 9.1', 'z = 3.4', 'r(147) = .246' or 'chi2(1) = 9.1'"


def read_tests(lines: Sequence[str]) -> tuple[Statistics, list[str]]:
    """Read printed tests.

    Parameters
    ----------
    lines : sequence of str
        One test each.

    Returns
    -------
    tuple
        The tests, and the lines as given.

    Raises
    ------
    ModelError
        Where a line is not of a known form; the line is named.
    """
    given = [] if isinstance(lines, str) else several(lines)
    if not given:
        raise ModelError(f"tests are a list of lines such as {_FORMS}, or Effects; got {lines!r}")
    read = [_read(number, line) for number, line in enumerate(given, start=1)]
    value, df1, df2, root = (np.array(column) for column in zip(*read, strict=True))
    return Statistics(value, df1, df2, root.astype(bool)), [str(line).strip() for line in given]


def _read(number: int, line: object) -> tuple[float, float, float, bool]:
    """Return value, both degrees of freedom, and whether the value is a root.

    Raises
    ------
    ModelError
        Where the line is not of a known form.
    """
    found = _LINE.match(line) if isinstance(line, str) else None
    if found is None:
        raise ModelError(f"line {number} of the tests is {line!r}, not of the form {_FORMS}")
    kind, first, second = found[1].casefold(), found[2], found[3]
    value = float(found[4].replace("−", "-"))
    df = [float(one) for one in (first, second) if one is not None]
    wanted = {"z": 0, "f": 2}.get(kind, 1)
    if len(df) != wanted or any(one <= 0.0 for one in df):
        raise ModelError(
            f"line {number} of the tests, {line!r}, needs {wanted} positive degrees of freedom"
            f" for {found[1]}; got {len(df)}"
        )
    if kind == "z":
        return abs(value), 1.0, math.inf, True
    if kind == "t":
        return abs(value), 1.0, df[0], True
    if kind == "r":
        if not abs(value) < 1.0:
            raise ModelError(f"line {number} of the tests, {line!r}: a correlation lies between -1 and 1")
        return abs(value) * math.sqrt(df[0] / (1.0 - value * value)), 1.0, df[0], True
    if value < 0.0:
        raise ModelError(f"line {number} of the tests, {line!r}: {found[1]} is not negative")
    return (value, df[0], df[1], False) if kind == "f" else (value, df[0], math.inf, False)
