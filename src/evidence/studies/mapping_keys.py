"""From a TOML file or a dict to the record of a mapping; a wrong key is named with the keys there are."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from evidence.errors import StudyDataError
from evidence.studies.columns import COLUMNS, INFO_COLUMNS, OPTIONAL_COLUMNS
from evidence.studies.mapping import (
    Cells,
    Condition,
    EffectRules,
    FileRules,
    NumberRules,
    PairRules,
    TableMapping,
    TimeRules,
    parts_of,
)
from evidence.studies.mapping_values import Values

__all__ = ["ARM_NAMES", "ROW_NAMES", "STAGED", "read_mapping"]

ROW_NAMES = tuple(column.name for column in (*COLUMNS, *OPTIONAL_COLUMNS))
"""Columns that a row of the studies may have."""

_OF_AN_ARM = tuple(name[:-2] for name in ROW_NAMES if name.endswith("_e") and f"{name[:-2]}_c" in ROW_NAMES)

ARM_NAMES = ("name", *(name for name in _OF_AN_ARM if name != "arm"))
"""What is said of one arm: the columns that end in ``_e`` and ``_c``, without that ending."""

STAGED = tuple(name.removeprefix("post_") for name in _OF_AN_ARM if name.startswith("post_"))
"""What is said of an arm at one time: ``mean`` becomes ``pre_mean``, ``post_mean`` or ``change_mean``."""

_SECTIONS = (
    *("layout", "file", "numbers", "rows", "columns", "arm", "pairs", "time", "spread", "words"),
    *("constants", "effect", "info", "moderators"),
)
_CELL_KEYS = ("from", "join", "words", "where", "part", "times", "default", "missing", "unreadable")
_FILE_KEYS = (
    *("encoding", "delimiter", "sheet", "header", "below_header", "comment", "skip_lines", "fill_down"),
)
_EFFECT_CELLS = ("estimate", "variance", "std_error", "low", "high")
_OTHERWISE = ("leave_out", "last", "first", "all")
_METRICS = next(column.words for column in COLUMNS if column.name == "effect_metric")


def read_mapping(mapping: object) -> TableMapping:
    """Read a mapping from a TOML file, or from a dict with the same sections.

    Raises
    ------
    StudyDataError
        Where the file cannot be read, or a key or value is not one that the language has; it names the key.
    """
    if isinstance(mapping, Mapping):
        return _Reader("mapping").read(mapping)
    if isinstance(text := getattr(mapping, "toml", None), str):  # a proposal, used as it is
        return _Reader("the proposed mapping").read(tomllib.loads(text))
    if not isinstance(mapping, str | PathLike):
        fix = 'write mapping="mapping.toml"; `evidence map FILE` proposes one'
        raise StudyDataError("mapping takes the path of a TOML file, or a dict", value=repr(mapping), fix=fix)
    source = str(mapping)
    try:
        content = Path(mapping).read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        sections = tomllib.loads(content)
    except FileNotFoundError:
        fix = "check the path; `evidence map FILE --save mapping.toml` proposes a first one"
        raise StudyDataError("the mapping does not exist", source=source, fix=fix) from None
    except OSError as error:
        raise StudyDataError(f"the mapping cannot be read: {error.strerror}", source=source) from None
    except UnicodeDecodeError:
        raise StudyDataError("a mapping is UTF-8 text", source=source, fix="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        fix = 'text stands in quotes, and so does a key with a space: "mean age" = 1'
        raise StudyDataError(f"a mapping is TOML: {error}", source=source, fix=fix) from None
    return _Reader(source).read(sections)


class _Reader(Values):
    """Check one mapping, section by section."""

    def read(self, sections: Mapping[str, Any]) -> TableMapping:
        """Return the record of the whole mapping."""
        self.known("", sections, _SECTIONS)
        spread = self._spread(self.table(sections, "spread"))
        words = {
            name: self.words(f"words.{name}", value) for name, value in self.table(sections, "words").items()
        }
        arm_section = self.table(sections, "arm")
        time = self._time(self.table(sections, "time"), spread)
        self._layout(sections.get("layout"), bool(arm_section))
        numbers = self._numbers(self.table(sections, "numbers"))
        rows = self.table(sections, "rows")
        self.known("rows", rows, ("keep", "drop"))
        row_names = (*ROW_NAMES, *(f"{name}_{arm}" for name in STAGED if time for arm in "ec"))
        columns = self._cells("columns", self.table(sections, "columns"), row_names, words)
        arm = self._cells("arm", arm_section, (*ARM_NAMES, *(STAGED if time else ())), words)
        mapping = TableMapping(
            source=self.source,
            columns=columns,
            arm=arm,
            constants=self._constants(self.table(sections, "constants"), columns),
            info=self._cells("info", self.table(sections, "info"), _INFO_NAMES, words),
            moderators=self._cells("moderators", self.table(sections, "moderators"), None, words),
            file=self._file(self.table(sections, "file")),
            numbers=numbers,
            keep=self.condition("rows.keep", rows.get("keep", {})),
            drop=self.condition("rows.drop", rows.get("drop", {})),
            spread=spread,
            time=time,
            pairs=self._pairs(self.table(sections, "pairs")),
            effect=self._effect(self.table(sections, "effect"), words),
        )
        unused = [name for name in words if name not in {*columns, *arm, *mapping.info, *mapping.moderators}]
        if unused:
            fix = "map the column of that name too"
            self.wrong(f"words.{unused[0]}", "words translate the cells of a mapped column", unused[0], fix)
        self._whole(mapping)
        return mapping

    def _layout(self, layout: object, has_arms: bool) -> None:
        if layout is None:
            return
        if layout not in ("wide", "long"):
            self.wrong("layout", 'layout is "wide" (both arms in a row) or "long" (a row per arm)', layout)
        if layout == "long" and not has_arms:
            self.wrong(
                "layout", "a long layout has a section [arm]", layout, "say there where an arm's cells are"
            )
        if layout == "wide" and has_arms:
            fix = "leave the section [arm] out and name columns with _e and _c, or leave layout out"
            self.wrong("layout", "a wide layout has both arms in [columns]", layout, fix)

    def _whole(self, mapping: TableMapping) -> None:
        """Check what several sections must say together."""
        named = {*mapping.columns, *mapping.constants}
        spread_outcome = "outcome" in mapping.spread
        for name in ("study", "outcome"):
            if name not in named and not (name == "outcome" and spread_outcome):
                fix = f'write {name} = "its column" in [columns], or {name} = "a word" in [constants]'
                self.wrong(f"columns.{name}", "each row belongs to a study and has an outcome", None, fix)
        if mapping.is_long:
            if "name" not in mapping.arm and "arm" not in mapping.spread:
                fix = 'write name = "the column with the group\'s name"'
                self.wrong("arm.name", "an arm has a name", None, fix)
            double = [
                name for name in named if name[-2:] in ("_e", "_c") and name[:-2] in (*_OF_AN_ARM, *STAGED)
            ]
            if double:
                fix = f"in a long layout, write {double[0][:-2].replace('arm', 'name')} in [arm]"
                self.wrong(f"columns.{double[0]}", "cells of an arm are mapped in [arm]", None, fix)
        elif "arm" in mapping.spread:
            self.wrong("spread.arm", "arms in the names of columns need a section [arm]", None, "add it")
        for key, name in mapping.named():
            unknown = [part for part in _braces(name) if part not in mapping.spread]
            if unknown and not parts_of(name, mapping.spread):
                fix = f"add {unknown[0]} to [spread], with the parts of the names that it stands for"
                self.wrong(key, "braces in a column's name are explained in [spread]", name, fix)

    def _cells(
        self,
        section: str,
        given: Mapping[str, Any],
        names: Iterable[str] | None,
        words: Mapping[str, Mapping[str, str]],
    ) -> dict[str, Cells]:
        if names is not None:
            self.known(section, given, tuple(names))
        return {
            name: self.cells(f"{section}.{name}", value, words.get(name, {})) for name, value in given.items()
        }

    def cells(self, key: str, value: object, words: Mapping[str, str]) -> Cells:
        """Read where the cells of one column come from."""
        if isinstance(value, str | list):
            return Cells(key, self.texts(key, value), words=words)
        if not isinstance(value, Mapping):
            self.wrong(key, "a column is named as text, several as a list, more is said in a table", value)
        self.known(key, value, _CELL_KEYS)
        if "from" not in value:
            self.wrong(f"{key}.from", "the column of the file is named", None, 'write from = "its column"')
        if value.get("unreadable", "error") not in ("error", "blank"):
            self.wrong(f"{key}.unreadable", 'unreadable is "error" or "blank"', value["unreadable"])
        part = self.whole(f"{key}.part", value.get("part", 0), low=0)
        return Cells(
            key,
            self.texts(f"{key}.from", value["from"]),
            join=self.text(f"{key}.join", value.get("join", ", ")),
            words={**words, **self.words(f"{key}.words", value.get("words", {}))},
            where=self.condition(f"{key}.where", value.get("where", {})),
            part=part,
            times=self.factor(f"{key}.times", value["times"]) if "times" in value else "",
            default=self.plain(f"{key}.default", value.get("default", "")),
            missing=self.texts(f"{key}.missing", value.get("missing", []), empty=True),
            blank_broken=value.get("unreadable") == "blank",
        )

    def _constants(self, given: Mapping[str, Any], columns: Mapping[str, Cells]) -> dict[str, str]:
        self.known("constants", given, ROW_NAMES)
        for name in given:
            if name in columns:
                fix = 'leave one out; for blank cells write default = "..." beside the column'
                self.wrong(f"constants.{name}", "a column is mapped or constant, not both", given[name], fix)
        return {name: self.plain(f"constants.{name}", value) for name, value in given.items()}

    def _file(self, given: Mapping[str, Any]) -> FileRules:
        self.known("file", given, _FILE_KEYS)
        delimiter = self.text("file.delimiter", given.get("delimiter", ""))
        if len(delimiter) > 1:
            self.wrong("file.delimiter", "a delimiter is one character", delimiter, 'a tab is "\\t"')
        header = given.get("header", [])
        lines = header if isinstance(header, list) else [header]
        skipped = given.get("skip_lines", [])
        if not isinstance(skipped, list):
            self.wrong("file.skip_lines", "lines to skip are a list of numbers", skipped, "write [3, 7]")
        return FileRules(
            encoding=self.text("file.encoding", given.get("encoding", "")),
            delimiter=delimiter,
            sheet=self.text("file.sheet", given.get("sheet", "")),
            header=tuple(sorted(self.whole("file.header", line, low=1) for line in lines)),
            below_header=self.whole("file.below_header", given.get("below_header", 0), low=0),
            comment=self.text("file.comment", given.get("comment", "")),
            skip_lines=tuple(self.whole("file.skip_lines", line, low=1) for line in skipped),
            fill_down=self.texts("file.fill_down", given.get("fill_down", []), empty=True),
        )

    def _numbers(self, given: Mapping[str, Any]) -> NumberRules:
        self.known("numbers", given, ("decimal", "thousands", "missing", "remove", "unreadable"))
        decimal, thousands = (self.text(f"numbers.{k}", given.get(k, "")) for k in ("decimal", "thousands"))
        if decimal not in ("", ".", ","):
            self.wrong("numbers.decimal", 'the decimal mark is "." or ","', decimal)
        if (
            len(thousands) > 1
            or (thousands and thousands in (decimal or ".", "-", "+"))
            or thousands.isalnum()
        ):
            self.wrong("numbers.thousands", "the mark of thousands is one other character", thousands)
        if given.get("unreadable", "error") not in ("error", "blank"):
            self.wrong("numbers.unreadable", 'unreadable is "error" or "blank"', given["unreadable"])
        return NumberRules(
            decimal,
            thousands,
            self.texts("numbers.missing", given.get("missing", []), empty=True),
            self.texts("numbers.remove", given.get("remove", []), empty=True),
            given.get("unreadable") == "blank",
        )

    def _spread(self, given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        spread = {}
        for name, parts in given.items():
            key = f"spread.{name}"
            if isinstance(parts, list):
                spread[name] = {part: part for part in self.texts(key, parts)}
            elif isinstance(parts, Mapping) and parts:
                spread[name] = {str(part): self.plain(key, label) for part, label in parts.items()}
            else:
                fix = f'write {name} = ["1", "2"], or {name} = {{ 1 = "low load", 2 = "high load" }}'
                self.wrong(key, "the parts of the columns' names are listed", parts, fix)
        return spread

    def _time(self, given: Mapping[str, Any], spread: Mapping[str, object]) -> TimeRules | None:
        if not given:
            if "time" in spread:
                fix = 'add [time] with pre = "..." and post = "..."'
                self.wrong("spread.time", "a section [time] says which times are before and after", None, fix)
            return None
        self.known("time", given, ("column", "pre", "post", "change"))
        column = self.text("time.column", given.get("column", "{time}" if "time" in spread else ""))
        if not column:
            self.wrong("time.column", "the column with the time points is named", None)
        after = given.get("post", [])
        if isinstance(after, Mapping):
            post = {str(word): self.plain("time.post", weeks) for word, weeks in after.items()}
        else:
            post = dict.fromkeys(self.texts("time.post", after, empty=True), "")
        change = self.texts("time.change", given.get("change", []), empty=True)
        if not post and not change:
            fix = 'write post = "after", or post = { "8 weeks" = 8, "12 weeks" = 12 }'
            self.wrong("time.post", "the time points after training are listed", None, fix)
        return TimeRules(column, self.texts("time.pre", given.get("pre", []), empty=True), post, change)

    def _pairs(self, given: Mapping[str, Any]) -> PairRules:
        self.known("pairs", given, ("by", "control", "reference", "otherwise"))
        otherwise = given.get("otherwise", "leave_out")
        if otherwise not in _OTHERWISE:
            fix = f"it is one of {', '.join(_OTHERWISE)}"
            self.wrong("pairs.otherwise", "what is done with arms without a control", otherwise, fix)
        control = given.get("control", {})
        condition: Condition = {}
        names: tuple[str, ...] = ()
        if isinstance(control, Mapping):
            condition = self.condition("pairs.control", control)
        else:
            names = self.texts("pairs.control", control)
        return PairRules(
            by=self.texts("pairs.by", given.get("by", []), empty=True),
            control=condition,
            control_names=names,
            reference=self.texts("pairs.reference", given.get("reference", []), empty=True),
            otherwise=str(otherwise),
        )

    def _effect(self, given: Mapping[str, Any], words: Mapping[str, Mapping[str, str]]) -> EffectRules | None:
        if not given:
            return None
        self.known("effect", given, (*_EFFECT_CELLS, "metric", "log", "favours", "level"))
        cells = {
            name: self.cells(f"effect.{name}", given[name], {}) for name in _EFFECT_CELLS if name in given
        }
        spreads = [name for name in ("variance", "std_error") if name in cells]
        if (
            "estimate" not in cells
            or len(spreads) + ("low" in cells) != 1
            or ("low" in cells) != ("high" in cells)
        ):
            fix = "name estimate, and one of variance, std_error, or low with high"
            self.wrong("effect.estimate", "a ready-made effect has an estimate and its precision", None, fix)
        metric = given.get("metric", "SMD")
        if metric not in _METRICS:
            fix = f"the metrics are {', '.join(_METRICS)}"
            self.wrong("effect.metric", "the metric is one of effect_metric", metric, fix)
        favours = given.get("favours", "e")
        if favours not in ("e", "c"):
            fix = 'write favours = "e" (the first arm) or "c"'
            self.wrong("effect.favours", "the arm that a larger value favours", favours, fix)
        level = given.get("level", 0.95)
        if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
            self.wrong("effect.level", "a confidence level lies between 0 and 1", level)
        log = given.get("log", False)
        if not isinstance(log, bool):
            self.wrong("effect.log", "log is true or false", log)
        return EffectRules(cells, str(metric), log, str(favours), float(level))


_INFO_NAMES = tuple(column.name for column in INFO_COLUMNS if column.name != "study")


def _braces(name: str) -> list[str]:
    """Return the words in braces of a column's name."""
    return [part.split("}")[0] for part in name.split("{")[1:] if "}" in part]
