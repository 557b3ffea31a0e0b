"""What a mapping says: how a table that others made becomes rows of ``studies.csv``.

`mapping_keys.read_mapping` makes these records from a TOML file or a dict; ``docs/mapping.md`` is the manual.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

__all__ = [
    "Cells",
    "Condition",
    "EffectRules",
    "FileRules",
    "NumberRules",
    "PairRules",
    "TableMapping",
    "TimeRules",
    "parts_of",
]

Condition = Mapping[str, tuple[str, ...]]
"""Columns of the file and the values that a row may have there; all must hold."""


def parts_of(name: str, spread: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the spread parts that a column's name stands for: ``m_{arm}_pre`` has ``arm``."""
    return [part for part in spread if f"{{{part}}}" in name]


@dataclass(frozen=True)
class Cells:
    """Where the cells of one column come from.

    Attributes
    ----------
    key : str
        Key of the mapping, for messages: ``columns.pre_mean_e``.
    names : tuple of str
        Columns of the file; the texts of several are joined.
    join : str
        What stands between them.
    words : mapping
        Translation of cells, compared without regard to case; ``"*"`` stands for all others.
    where : Condition
        Rows whose cell is taken; it is blank in the others.
    part : int
        Which number of a cell that holds several (``12.3 (4.5)``) is taken, from 1; 0 takes the cell.
    times : str
        Factor of the numbers; an empty string leaves them as they are.
    default : str
        What a blank cell becomes.
    missing : tuple of str
        Words that mean "not known" here, beside those of the whole table.
    blank_broken : bool
        Whether a cell that breaks the rule of its column becomes blank, with a warning.
    """

    key: str
    names: tuple[str, ...]
    join: str = ", "
    words: Mapping[str, str] = field(default_factory=dict)
    where: Condition = field(default_factory=dict)
    part: int = 0
    times: str = ""
    default: str = ""
    missing: tuple[str, ...] = ()
    blank_broken: bool = False


@dataclass(frozen=True)
class FileRules:
    """How the file is read: the section ``[file]``; see ``docs/mapping.md`` for each key."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header: tuple[int, ...] = ()
    below_header: int = 0
    comment: str = ""
    skip_lines: tuple[int, ...] = ()
    fill_down: tuple[str, ...] = ()


@dataclass(frozen=True)
class NumberRules:
    """How numbers are written: the section ``[numbers]``. A blank `decimal` is decided by the file."""

    decimal: str = ""
    thousands: str = ""
    missing: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    blank_broken: bool = False


@dataclass(frozen=True)
class TimeRules:
    """Time points in rows (or in ``{time}`` of the columns' names): the section ``[time]``.

    Attributes
    ----------
    column : str
        Column that names the time point.
    pre, change : tuple of str
        Its values before training, and for changes.
    post : mapping
        Its values after training, with the weeks since baseline (an empty string where not stated).
    """

    column: str
    pre: tuple[str, ...]
    post: Mapping[str, str]
    change: tuple[str, ...] = ()


@dataclass(frozen=True)
class PairRules:
    """Which arms are compared: the section ``[pairs]``.

    Attributes
    ----------
    by : tuple of str
        Columns, beside study and outcome, that arms of one comparison share.
    control : Condition
        Rows that are the second arm, against which every other arm of the group is held.
    control_names : tuple of str
        The same by the arm's name.
    reference : tuple of str
        Names of arms that are the second arm where there is no control; the first that is there.
    otherwise : str
        What is done where there is neither: ``leave_out``, ``last``, ``first`` or ``all``.
    """

    by: tuple[str, ...] = ()
    control: Condition = field(default_factory=dict)
    control_names: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    otherwise: str = "leave_out"


@dataclass(frozen=True)
class EffectRules:
    """An effect that the file has ready-made: the section ``[effect]``.

    Attributes
    ----------
    cells : mapping
        Where ``estimate`` and ``variance``, ``std_error`` or ``low`` and ``high`` come from.
    metric : str
        What it is, as in ``effect_metric``.
    log : bool
        Whether it is the logarithm of a ratio.
    favours : str
        Arm that a larger value favours: ``e`` or ``c``.
    level : float
        Level of the interval.
    """

    cells: Mapping[str, Cells]
    metric: str
    log: bool
    favours: str
    level: float


@dataclass(frozen=True)
class TableMapping:
    """A whole mapping; each attribute is the section of its name in the file."""

    source: str
    columns: Mapping[str, Cells]
    arm: Mapping[str, Cells] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    info: Mapping[str, Cells] = field(default_factory=dict)
    moderators: Mapping[str, Cells] = field(default_factory=dict)
    file: FileRules = field(default_factory=FileRules)
    numbers: NumberRules = field(default_factory=NumberRules)
    keep: Condition = field(default_factory=dict)
    drop: Condition = field(default_factory=dict)
    spread: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    time: TimeRules | None = None
    pairs: PairRules = field(default_factory=PairRules)
    effect: EffectRules | None = None

    @property
    def is_long(self) -> bool:
        """Whether an arm has a row (or a part of a column's name) of its own, so that arms are paired."""
        return bool(self.arm)

    def cells(self) -> Iterator[Cells]:
        """Go through every place where columns of the file are named as the source of cells."""
        effect = self.effect.cells if self.effect else {}
        for section in (self.columns, self.arm, self.info, self.moderators, effect):
            yield from section.values()

    def named(self) -> Iterator[tuple[str, str]]:
        """Go through every column of the file that the mapping names, with the key that names it."""
        for cells in self.cells():
            yield from ((cells.key, name) for name in cells.names)
            yield from ((f"{cells.key}.where", name) for name in cells.where)
        for key, condition in (("rows.keep", self.keep), ("rows.drop", self.drop)):
            yield from ((key, name) for name in condition)
        yield from (("pairs.by", name) for name in self.pairs.by)
        yield from (("pairs.control", name) for name in self.pairs.control)
        yield from (("file.fill_down", name) for name in self.file.fill_down)
        if self.time is not None:
            yield "time.column", self.time.column

    def combinations(self) -> list[dict[str, tuple[str, str]]]:
        """Return each combination of the spread parts: for each the part in the name and its label."""
        return [
            dict(zip(self.spread, chosen, strict=True))
            for chosen in product(*(list(parts.items()) for parts in self.spread.values()))
        ]
