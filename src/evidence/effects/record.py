"""The Effects record: one row per printed comparison, what it says as an effect, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from evidence.effects.codes import measure_word

if TYPE_CHECKING:
    from evidence.effects.account import Account
    from evidence.studies.record import Studies

__all__ = ["CONTRACT_COLUMNS", "KINDS", "Effects", "Origin", "correlation_words"]

KINDS = ("exact", "interval", "sign", "unusable")
"""What a printed result determines: a value; bounds of it; its side of zero; nothing between arms."""

CONTRACT_COLUMNS = (
    "row_id",
    "study",
    "label",
    "estimate",
    "variance",
    "std_error",
    "low",
    "high",
    "kind",
    "derived_from",
    "formula",
    "assumptions",
    "alternatives",
    "reason",
)
"""The columns every Effects table begins with; columns of the studies follow them."""


def correlation_words(correlation: float | Mapping[str, float]) -> str:
    """Return a correlation, or those of several outcomes, in a few words: ``"0.7"``, ``"0.6 or 0.8"``."""
    if isinstance(correlation, Mapping):
        return " or ".join(f"{r:.4g}" for r in sorted(set(correlation.values())))
    return f"{correlation:.4g}"


@dataclass(frozen=True)
class Origin:
    """The studies and the options that effects were made from, so that they can be made anew.

    Attributes
    ----------
    studies : Studies
        The selected rows.
    correlation : float, mapping, str or None
        As given.
    continuity : float
        As given.
    """

    studies: Studies
    correlation: float | Mapping[str, float] | str | None
    continuity: float


@dataclass(frozen=True, repr=False)
class Effects:
    """Effects on the model scale, each with its derivation.

    Attributes
    ----------
    table : DataFrame
        One row per selected row of the studies, in their order; columns as in
        `CONTRACT_COLUMNS`, then the columns carried over from the studies. ``estimate`` is on the
        model scale (standardised mean difference, log ratio); positive favours the first arm.
        ``low`` and ``high`` are the bounds within which the print places the *observed* effect:
        equal to ``estimate`` for exact rows, critical values (possibly infinite) for interval
        rows, zero and infinity for sign rows. A cell that the print does not determine is empty
        (NaN), and ``reason`` says why. ``metric_scale`` says whose scores the printed numbers speak of
        (``raw``, ``change``, ``ancova``); ``rounding_low`` and ``rounding_high`` are the least and the
        largest effect that the printed digits of an exact row allow.
    measure : str
        Code of the measure (``"SMD"``, ``"RR"``, ``"OR"`` ...).
    correlation : float, mapping or None
        The assumed pre-post correlation (the pooled one, where it was pooled), or those of the outcomes;
        None where it plays no part.
    scale : str
        ``"identity"`` or ``"log"``: how `display` is obtained.
    display_sign : int
        The printed scale of a ratio is ``exp(display_sign * estimate)``: -1 where positive
        estimates favour the first arm by *fewer* events, so that the display keeps the printed
        orientation (a risk ratio below 1). The table's column of the same name has it for each row.
    notes : tuple of str
        What a reader of the whole set should know.
    overlaps : tuple of pairs of str
        Studies of the set that report the same people under two keys.
    """

    table: pd.DataFrame
    measure: str
    correlation: float | Mapping[str, float] | None = None
    scale: str = "identity"
    display_sign: int = 1
    notes: tuple[str, ...] = field(default=())
    overlaps: tuple[tuple[str, str], ...] = field(default=())
    _origin: Origin | None = field(default=None, repr=False, compare=False)

    @property
    def derivations(self) -> pd.DataFrame:
        """Return what every derivation gives that the printed numbers allow, the one taken first.

        Returns
        -------
        DataFrame
            Columns ``row_id, code, taken, derived_from, kind, estimate, variance, low, high, rounding_low,
            rounding_high, metric_scale, formula, assumptions``; one line for each derivation of each row.
            ``code`` is that of ``evidence.effects.smd_derivations`` and its twins.

        Raises
        ------
        ModelError
            Where the effects were not made from studies.

        Examples
        --------
        >>> import evidence as ev
        >>> trials = ev.example_studies().where(study="resendeneto2019")
        >>> lines = ev.effect_sizes(trials, measure="SMD").derivations
        >>> lines.loc[lines["row_id"] == "resendeneto2019_01", "code"].tolist()
        ['pre_post', 'post', 'band']
        """
        from evidence.effects.rederive import derivations

        return derivations(self)

    def explain(self, row_id: str) -> Account:
        """Account for one effect: as printed, its formula with the numbers in it, assumptions, source.

        Parameters
        ----------
        row_id : str
            The row.

        Returns
        -------
        Account
            Shows itself in a notebook; ``print`` gives the text.

        Raises
        ------
        ModelError
            Where there is no such row.

        Examples
        --------
        >>> import evidence as ev
        >>> trials = ev.example_studies().where(study="resendeneto2019")
        >>> account = ev.effect_sizes(trials, measure="SMD").explain("resendeneto2019_03")
        >>> "5.04" in str(account)
        True
        """
        from evidence.effects.account import account_of

        return account_of(self, row_id)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.table)

    def _summary(self) -> str:
        counts = self.table["kind"].value_counts()
        return ", ".join(f"{int(counts.get(kind, 0))} {kind}" for kind in KINDS)

    def __repr__(self) -> str:
        """Return the kinds in one line."""
        return f"<Effects: {len(self)} rows ({measure_word(self.measure)}): {self._summary()}>"

    def _repr_html_(self) -> str:
        """Return the kinds in one line and the table."""
        return (
            f"<p><b>{len(self)} effects ({measure_word(self.measure)})</b>: {self._summary()}</p>"
            + self.table.to_html(
                index=False, max_rows=20, na_rep="", float_format=lambda x: f"{x:.3g}", escape=True
            )
        )
