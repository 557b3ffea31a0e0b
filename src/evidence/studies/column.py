"""What a column is: the record that validator, codebook and documents read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evidence.errors import StudyDataError

__all__ = ["P_RULE", "Column", "count", "key", "label", "number", "parse_p", "text", "word"]

INF = float("inf")

P_RULE = "a p value is a number in [0, 1], with <, <=, > or >= before it where so printed"


@dataclass(frozen=True, slots=True)
class Column:
    """What one column holds and what a cell of it must be.

    Attributes
    ----------
    name, group : str
        The column, and the group that it is listed under.
    kind : str
        ``text`` (anything), ``word`` (one of `words`), ``label`` (a word of one's own, but not a misspelling
        of one of `words`), ``number``, ``count`` (whole number) or ``p`` (see `parse_p`).
    rule : str
        What must hold, in words; the validator prints it as it is.
    help : str
        What the column is for, in one or two sentences.
    unit : str
        Unit or scale.
    words : tuple of str
        The vocabulary of a ``word``, the known words of a ``label``.
    low, high : float
        Limits of a number.
    open_ends : bool
        Whether the limits themselves are outside.
    required : bool
        Whether each row needs a value (and each file the column).
    file : str
        ``studies``, ``study_info`` or ``claims``: the last two are sidecars.
    """

    name: str
    group: str
    kind: str
    rule: str
    help: str
    unit: str = ""
    words: tuple[str, ...] = ()
    low: float = -INF
    high: float = INF
    open_ends: bool = False
    required: bool = False
    file: str = "studies"

    @property
    def numeric(self) -> bool:
        """Whether the column becomes a column of float64."""
        return self.kind in ("number", "count")

    @property
    def sidecar(self) -> bool:
        """Whether the column stands in a file beside ``studies.csv``."""
        return self.file != "studies"


_WRITE = "write 0.03, <0.05, <=0.01 or >0.05"

_RELATIONS = {"": "=", "=": "=", "<": "<", "<=": "<=", "≤": "<=", ">": ">", ">=": ">", "≥": ">"}
# ASCII digits only: \d would let other scripts' digits through, which float() reads and people do not expect.
_P = re.compile(r"(?:[pP] ?(?=[≤≥<>=]))?(<=|>=|[≤≥<>=]|) ?((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)")
_NOT_SIGNIFICANT = re.compile(
    r"(?:[pP] ?[=>]? ?)?(?:n\.? ?s\.?|not significant|non-?significant)", re.IGNORECASE
)


def parse_p(text: str) -> tuple[str, float]:
    """Split a printed p value into its relation and its number.

    Parameters
    ----------
    text : str
        ``"0.03"``, ``"<0.05"``, ``"<=0.01"``, ``">0.05"`` or ``">=0.05"``. A space on either side of
        the sign is allowed, so are ``≤`` and ``≥`` and a ``p`` before the sign (``"P = 0.03"``).

    Returns
    -------
    tuple of (str, float)
        The relation (``=``, ``<``, ``<=`` or ``>``, which stands for ``>=`` too: the bounds on the effect
        are the same) and a number in [0, 1].

    Raises
    ------
    StudyDataError
        Where the text is not a p value, or one that cannot be: below 0, above 1.

    Examples
    --------
    >>> parse_p("<0.05")
    ('<', 0.05)
    >>> parse_p("P = 0.03")
    ('=', 0.03)
    """
    found = _P.fullmatch(text.strip())
    if found is None or not 0.0 <= float(found[2]) <= 1.0:
        fix = (
            "leave p blank and set signif_between = no"
            if _NOT_SIGNIFICANT.fullmatch(text.strip())
            else _WRITE
        )
        raise StudyDataError(P_RULE, value=text, fix=fix)
    relation, p = _RELATIONS[found[1]], float(found[2])
    if (relation == "<" and p == 0.0) or (relation == ">" and p == 1.0):
        raise StudyDataError(P_RULE, value=text, fix="no p lies below 0 or above 1: " + _WRITE)
    return relation, p


def text(group: str, name: str, help: str, *, unit: str = "", file: str = "studies") -> Column:
    """Make a column of free text."""
    return Column(name, group, "text", "free text", help, unit=unit, file=file)


def key(group: str, name: str, rule: str, help: str, *, file: str = "studies") -> Column:
    """Make a column of text that each row needs."""
    return Column(name, group, "text", rule, help, required=True, file=file)


def word(group: str, name: str, words: tuple[str, ...], help: str, *, file: str = "studies") -> Column:
    """Make a column with a closed vocabulary."""
    rule = "one of the words of the vocabulary, or blank"
    return Column(name, group, "word", rule, help, words=words, file=file)


def label(group: str, name: str, words: tuple[str, ...], help: str, *, file: str = "studies") -> Column:
    """Make a column with known words and room for others."""
    rule = "a known word, or one of your own that is not a misspelling of a known one"
    return Column(name, group, "label", rule, help, words=words, file=file)


def number(
    group: str, name: str, rule: str, help: str, *, unit: str, low: float = -INF, high: float = INF,
    open_ends: bool = False, file: str = "studies",
) -> Column:  # fmt: skip
    """Make a column of numbers."""
    return Column(
        name, group, "number", rule, help, unit=unit, low=low, high=high, open_ends=open_ends, file=file
    )


def count(
    group: str, name: str, rule: str, help: str, *, unit: str, low: int, file: str = "studies"
) -> Column:
    """Make a column of whole numbers."""
    rule = f"{rule}, {low} or more"
    return Column(name, group, "count", rule, help, unit=unit, low=low, file=file)
