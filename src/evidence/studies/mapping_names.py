"""What the name of a column says: ``FULL_sd_pre`` is the SD before training of an arm called FULL."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["CONTROL", "NameParts", "control_words", "is_time_word", "name_parts", "tokens"]

_STAT = {
    "mean": "m mean means avg average mn mu xbar mittelwert mw moyenne media",
    "sd": "sd sds stdev std stddev standardabweichung",
    "se": "se sem stderr",
    "n": "n ni nobs participants subjects size anzahl",
    "median": "median med mdn",
    "q1": "q1 p25 lq",
    "q3": "q3 p75 uq",
    "min": "min minimum",
    "max": "max maximum",
    "ci_low": "lower ll lcl cil lb low",
    "ci_high": "upper ul ucl ciu ub high",
    "t": "t tval tvalue",
    "p": "p pval pvalue",
    "r": "r ri cor corr correlation",
    "events": "events event cases",
    "total": "total",
    "percent": "percent pct perc percentage",
}
_STAGE = {
    "pre": "pre baseline base bl before initial pretest pretraining t0 prä vor vorher",
    "post": "post after final end posttest posttraining followup follow fu endpoint t1 nach nachher",
    "change": "change changes delta diff difference chg gain",
}
_FIRST = frozenset(
    "e exp experimental int intervention treat treated treatment tx trt training trained"  # noqa: SIM905
    " ig eg tg active 1 a".split()
)
CONTROL = frozenset(
    "c con cont ctrl control controls ctl cg comparator comparison comp placebo plac sham"  # noqa: SIM905
    " reference ref usual 2 b waitlist waiting wait nonexercise inactive sedentary none kontrolle kg".split()
)
_NOISE = frozenset("i value values val score scores of the ci 95 90 test within group arm sample up".split())  # noqa: SIM905

_LOOKUP = {word: kind for kind, words in _STAT.items() for word in words.split()}
_WHEN = {word: stage for stage, words in _STAGE.items() for word in words.split()}


@dataclass(frozen=True)
class NameParts:
    """The parts of a column's name.

    Attributes
    ----------
    stat : str
        ``mean``, ``sd``, ``n`` ...; an empty string where the name is none of an arm's number.
    stage : str
        ``pre``, ``post``, ``change`` or an empty string.
    arm : str
        What remains: the arm, as it stands in the name.
    beside : str
        A second number of the same cell: ``sd`` of "mean (SD)".
    """

    stat: str
    stage: str
    arm: str
    beside: str = ""

    @property
    def side(self) -> str:
        """The side that the arm's name speaks of: ``e``, ``c`` or an empty string."""
        words = set(tokens(self.arm))
        return "c" if words & CONTROL else "e" if words & _FIRST else ""


def tokens(name: str) -> list[str]:
    """Cut a name into lower-case words; digits stand alone unless a known word holds them.

    Examples
    --------
    >>> tokens("FULL_m_pre"), tokens("meanPost1"), tokens("n1i"), tokens("SD (baseline)")
    (['full', 'm', 'pre'], ['mean', 'post', '1'], ['n', '1', 'i'], ['sd', 'baseline'])
    """
    return [text.casefold() for text in _pieces(name)]


def _pieces(name: str) -> list[str]:
    out: list[str] = []
    name = re.sub(r"^(sd|se|mean|m|n)([ec])$", r"\1 \2", name.strip(), flags=re.IGNORECASE)
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    for piece in re.split(r"[^0-9A-Za-z\u00c0-\uffff%]+", spaced):
        if piece.casefold() in _LOOKUP or piece.casefold() in _WHEN:
            out.append(piece)
        else:
            out += [part for part in re.findall(r"[0-9]+|[^0-9]+", piece) if part]
    return out


def name_parts(name: str) -> NameParts:
    """Read a column's name as a number of an arm, as far as its words allow.

    Examples
    --------
    >>> name_parts("FULL_sd_pre")
    NameParts(stat='sd', stage='pre', arm='FULL', beside='')
    >>> name_parts("m1i")
    NameParts(stat='mean', stage='', arm='1', beside='')
    """
    stat = stage = beside = ""
    rest: list[str] = []
    for piece in _pieces(name):
        word = piece.casefold()
        if word in _WHEN and not stage:
            stage = _WHEN[word]
        elif word in _LOOKUP and not stat:
            stat = _LOOKUP[word]
        elif stat in ("mean", "median") and _LOOKUP.get(word) in ("sd", "se") and not beside:
            beside = _LOOKUP[word]
        elif word not in _NOISE:
            rest.append(piece)
    return NameParts(stat, stage, "_".join(rest), beside)


def control_words(word: str) -> bool:
    """Say whether the name of a group is that of a control: "Control Group", "CON", "usual care"."""
    return bool((CONTROL - {"2", "b", "c"}) & set(tokens(word))) or word.strip().casefold() in ("c", "cg")


def is_time_word(word: str) -> str:
    """Return the stage that the value of a time column names, or an empty string."""
    return next((_WHEN[piece] for piece in tokens(word) if piece in _WHEN), "")
