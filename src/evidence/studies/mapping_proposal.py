"""Propose a first mapping from the names of the columns, for the user to correct."""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from evidence._files import write_atomically
from evidence.errors import StudyDataError
from evidence.studies.layout_sheet import Sheet
from evidence.studies.mapping import FileRules
from evidence.studies.mapping_arms import ArmColumns, find_arms, find_time
from evidence.studies.mapping_guess import guess_file, looks_numeric, number_like
from evidence.studies.mapping_names import control_words, name_parts, tokens
from evidence.studies.mapping_numbers import ABSENT, is_plain
from evidence.studies.mapping_roles import BETTER_WORDS, DESIGN_WORDS, Roles, find_roles

__all__ = ["ProposedMapping", "propose_mapping"]

_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_SHOWN = 12
_RATIOS = ("irr", "rr", "or", "hr")
_ESTIMATES = tuple(
    "yi hedges g cohen d smd lnrr lnor lnirr lnhr logrr logor"  # noqa: SIM905
    " md rr or irr hr effect estimate es".split()
)
"""Words of a ready-made effect, the surest first."""
_NUMBERING = frozenset("id ids no nr number index row code".split())  # noqa: SIM905
"""Words of a column that numbers its rows: ``es_id`` is no effect."""


@dataclass(frozen=True)
class ProposedMapping:
    """A first mapping of a table, to be corrected.

    Attributes
    ----------
    toml : str
        The mapping as commented TOML.
    unmapped : tuple of str
        Columns that it does not take: they stay available as moderators.
    source : str
        The table.
    """

    toml: str
    unmapped: tuple[str, ...]
    source: str

    @property
    def sections(self) -> Mapping[str, object]:
        """The mapping as a dict, as `read_studies` takes it."""
        return tomllib.loads(self.toml)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the TOML to a file and return its path.

        Raises
        ------
        StudyDataError
            Where the file cannot be written, or exists: a mapping that was corrected is not overwritten.
        """
        if Path(path).exists():
            fix = "name another file, or remove this one"
            raise StudyDataError("a mapping is not overwritten", source=str(path), fix=fix)
        try:
            return write_atomically(path, self.toml)
        except OSError as error:
            raise StudyDataError(f"the file cannot be written: {error.strerror}", source=str(path)) from None

    def __str__(self) -> str:
        """Return the TOML."""
        return self.toml


def propose_mapping(path: str | PathLike[str], *, sheet: str = "") -> ProposedMapping:
    r"""Propose a first mapping of a table that others made, from the names of its columns.

    Parameters
    ----------
    path : str or path-like
        The table: CSV in any usual encoding, or .xlsx.
    sheet : str, optional
        Sheet of a workbook; the first one by default.

    Returns
    -------
    ProposedMapping
        Its ``.toml`` is meant to be read and corrected: ``proposal.save("mapping.toml")``, then
        ``read_studies(path, mapping="mapping.toml")``.

    Raises
    ------
    StudyDataError
        Where `path` is no path, or the file cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import evidence as ev
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "theirs.csv")
    ...     _ = file.write_text("author,outcome,m1,sd1,n1,m2,sd2,n2\nLee 2020,squat,9,2,11,8,2,12\n")
    ...     proposal = ev.propose_mapping(file)
    >>> proposal.sections["columns"]["post_sd_c"]
    'sd2'
    """
    if not isinstance(path, str | PathLike):
        raise StudyDataError(
            "propose_mapping() takes path as the path of a file",
            value=repr(path),
            fix='write propose_mapping("theirs.csv")',
        )
    source = str(path)
    rules, read = guess_file(Path(path), source, sheet=sheet)
    frame = read.frame
    time, before, after = find_time(frame)
    arms = find_arms(frame, timed=bool(time))
    roles = find_roles(frame, {*arms.columns, time})
    writer = _Writer(read, rules, roles, arms, (time, before, after))
    text = writer.text(Path(path).name)
    return ProposedMapping(text, tuple(writer.unmapped), source)


class _Writer:
    """Write the sections of a proposal."""

    def __init__(
        self,
        sheet: Sheet,
        rules: FileRules,
        roles: Roles,
        arms: ArmColumns,
        time: tuple[str, list[str], list[str]],
    ) -> None:
        self.frame, self.rules, self.roles, self.arms, self.time = sheet.frame, rules, roles, arms, time
        self.used: set[str] = {*arms.columns, time[0]}
        self.unmapped: list[str] = []

    def text(self, name: str) -> str:
        """Return the whole TOML."""
        layout = "long" if self.arms.arm else "wide"
        lines = [
            f"# Proposed from the column names of {name}: read every line before you trust it.",
            "# docs/mapping.md explains the keys. Lines with ? are guesses that need your eye.",
            *([f'layout = "{layout}"'] if not self.arms.parts else []),
            *self._file(),
            *self._numbers(),
            *self._columns(),
        ]
        lines += self._arm() if self.arms.arm else []
        lines += self._effect()
        lines += self._constants()
        lines += self._words()
        lines += self._info()
        self.unmapped = [str(column) for column in self.frame if column not in self.used]
        if self.unmapped:
            lines += ["", "# Not mapped; these stay available as moderators under their own names:"]
            shown = ", ".join(self.unmapped)
            wrapped = textwrap.wrap(shown, 100, break_on_hyphens=False)
            lines += [f"#   {line}" for line in wrapped]
        return "\n".join(lines) + "\n"

    def _file(self) -> list[str]:
        out = []
        if self.rules.sheet:
            out.append(f"sheet = {_quoted(self.rules.sheet)}")
        if self.rules.header:
            shown = list(self.rules.header) if len(self.rules.header) > 1 else self.rules.header[0]
            out.append(f"header = {shown} # line of the column names")
        if self.rules.below_header:
            out.append(f"below_header = {self.rules.below_header} # units stand there ?")
        if self.rules.comment:
            out.append(f"comment = {_quoted(self.rules.comment)}")
        blanks = [
            name
            for name in (*self.roles.study, *self.roles.outcome[:1])
            if (self.frame[name] == "").any() and len(self.frame) and self.frame[name].iloc[0] != ""
        ]
        if blanks and self.roles.study and self.roles.study[0] in blanks:
            out.append(f"fill_down = {_list(blanks)} # blank cells mean the one above ?")
        return ["", "[file]", *out] if out else []

    def _numbers(self) -> list[str]:
        """List words that stand where numbers should."""
        found: dict[str, None] = {}
        double = {theirs for ours, theirs in self.arms.arm.items() if ours in self.arms.part}
        double |= {theirs for ours, theirs in self.arms.wide.items() if ours[:-2] in self.arms.part}
        for name in sorted((self.arms.columns & set(self.frame.columns)) - double):
            words = [str(word) for word in self.frame[name].unique() if word and not number_like(str(word))]
            found |= dict.fromkeys(
                word for word in words if len(word) <= _SHOWN and word.casefold() not in ABSENT
            )
        absent = [word for word in found if not any(letter.isdigit() for letter in word)]
        odd = [word for word in found if word not in absent]
        out = [f"missing = {_list(absent)} # not numbers: what do they mean ?"] if absent else []
        if odd:  # never called missing: "±4.5" is a number that `remove` lays bare
            out.append(
                f"# remove = [...] # or part, or unreadable: no plain numbers are {_list(odd[:_SHOWN])}"
            )
        return ["", "[numbers]", *out] if out else []

    def _columns(self) -> list[str]:
        roles = self.roles
        out = ["", "[columns]"]
        for ours, names in (("study", roles.study), ("outcome", roles.outcome)):
            if names:
                out.append(self._line(ours, names))
            elif ours == "study":
                out.append('study = "?" # which column names the study ?')
        for ours in ("domain", "better", "unit", "instrument", "notes"):
            if name := getattr(roles, ours):
                out.append(self._line(ours, [name]))
        if roles.design:
            out.append(self._line("arm_design", [roles.design]))
        if roles.weeks:
            out.append(self._line("timepoint_weeks", [roles.weeks]))
        if not roles.better and (self.arms.arm or self.arms.wide):
            out.append(
                '# better = "..." # the column that says whether higher or lower is good; or see [constants]'
            )
        if self.arms.wide:
            if not self.arms.sure:
                out.append(
                    "# _e is the first arm, which positive effects favour: exchange _e and _c if not ?"
                )
            if self.roles.arm_e:
                out += [self._line("arm_e", [self.roles.arm_e]), self._line("arm_c", [self.roles.arm_c])]
            for ours, theirs in self.arms.wide.items():
                out.append(f"{ours} = {self._arm_cells(ours[:-2], theirs)}")
        return out

    def _line(self, ours: str, names: Sequence[str]) -> str:
        self.used.update(names)
        return f"{ours} = {_quoted(names[0]) if len(names) == 1 else _list(names)}"

    def _arm(self) -> list[str]:
        roles, out = self.roles, ["", "[arm]"]
        if self.arms.parts:
            out = [
                "",
                "[spread]",
                f"arm = {{ {', '.join(f'{_key(p)} = {_quoted(p)}' for p in self.arms.parts)} }}",
                *out,
            ]
        elif roles.group:
            out.append(self._line("name", [roles.group]))
        else:
            out.append('name = "?" # which column names the group ?')
        for ours, theirs in self.arms.arm.items():
            out.append(f"{ours} = {self._arm_cells(ours, theirs)}")
        column, before, after = self.time
        if column:
            out += ["", "[time]", f"column = {_quoted(column)}", f"pre = {_list(before)}"]
            if set(tokens(column)) & {"week", "weeks"} and all(map(is_plain, after)):
                out.append(f"post = {{ {', '.join(f'{_key(weeks)} = {weeks}' for weeks in after)} }}")
            else:
                out.append(f"post = {_list(after)} # or with weeks: {{ {_key(after[0])} = 8 }}")
        out += ["", "[pairs]"]
        if self.arms.parts:
            controls = [part for part in self.arms.parts if control_words(part)] or [self.arms.parts[-1]]
            out.append(f"control = {_list(controls)} # the second arm of every comparison ?")
        elif roles.control and roles.control != roles.group:
            out.append(f"control = {{ {_key(roles.control)} = {_list(roles.control_words)} }}")
        elif roles.control_words:
            out.append(f"control = {_list(roles.control_words)}")
        out.append('# reference = ["..."] # where there is no control: the arms that are the second one')
        out.append(
            'otherwise = "leave_out" # neither: leave_out, last, first (row is the second arm) or all (pairs)'
        )
        return out

    def _arm_cells(self, ours: str, theirs: str) -> str:
        if ours in self.arms.part:
            return f"{{ from = {_quoted(theirs)}, part = {self.arms.part[ours]} }}"
        if theirs in self.frame:
            odd = [
                w
                for w in self.frame[theirs].unique()
                if w and not number_like(str(w)) and len(str(w)) > _SHOWN
            ]
            if odd:
                return f'{{ from = {_quoted(theirs)}, unreadable = "blank" }} # some cells hold a remark'
        return _quoted(theirs)

    def _effect(self) -> list[str]:
        """Propose a ready-made effect, where the arms have no numbers."""
        if self.arms.arm or self.arms.wide:
            return []
        names = [str(name) for name in self.frame if looks_numeric(self.frame[name])]
        fit = {name: _rank(name) for name in names if not _precision(name)}
        estimate = min((name for name in fit if fit[name] is not None), key=lambda n: fit[n] or 0, default="")
        found = {way: name for name in reversed(names) if (way := _precision(name))}
        known = [way for way in (("variance",), ("std_error",), ("low", "high")) if set(way) <= set(found)]
        if not estimate or not known:
            return []
        self.used |= {estimate, *(found[way] for way in known[0])}
        words = set(tokens(estimate))
        ratio = next((code for code in _RATIOS if any(word.endswith(code) for word in words)), "")
        log = any(word.startswith(("ln", "log")) for word in words)
        out = ["", "[effect]", f"estimate = {_quoted(estimate)}"]
        out += [f"{way} = {_quoted(found[way])}" for way in known[0]]
        metric = ratio.upper() or ("MD" if "md" in words else "SMD")
        out.append(f"metric = {_quoted(metric)} # SMD, MD; OR, RR, IRR, HR ?")
        out += [f"log = {str(log).lower()} # true where the ratios are logarithms ?"] if ratio else []
        return [*out, 'favours = "e" # the arm that a larger value favours ?']

    def _constants(self) -> list[str]:
        out = []
        if not self.roles.outcome:
            out.append('outcome = "outcome" # no column names it: what was measured ?')
        if not self.roles.better:
            out.append('better = "higher" # which end of the outcome is good ?')
        if self.arms.labels and not self.roles.arm_e:
            first, second = self.arms.labels
            out += [f"arm_e = {_quoted(first)}", f"arm_c = {_quoted(second)}"]
        return ["", "[constants]", *out] if out else []

    def _words(self) -> list[str]:
        out = []
        for ours, name, known in (
            ("better", self.roles.better, BETTER_WORDS),
            ("arm_design", self.roles.design, DESIGN_WORDS),
        ):
            if name:
                words = [str(word) for word in self.frame[name].unique() if word]
                if any(known[word.casefold()] != word for word in words):
                    shown = ", ".join(f"{_key(word)} = {_quoted(known[word.casefold()])}" for word in words)
                    out.append(f"{ours} = {{ {shown} }}")
        return ["", "[words]", *out] if out else []

    def _info(self) -> list[str]:
        pairs = {ours: name for ours, name in self.roles.info.items() if name not in self.roles.study}
        self.used.update(pairs.values())
        return ["", "[info]", *(f"{ours} = {_quoted(name)}" for ours, name in pairs.items())] if pairs else []


def _rank(name: str) -> int | None:
    """Return how surely a name is that of an effect, 0 the surest; None where it is not."""
    words = set(tokens(name))
    if words & _NUMBERING:
        return None
    if words & {"log", "ln"} and words & set(_RATIOS):  # "log OR", of which variances and errors speak
        return _ESTIMATES.index("lnor")
    return next((at for at, word in enumerate(_ESTIMATES) if word in words), None)


def _precision(name: str) -> str:
    """Return which precision of an effect a column holds: variance, standard error or a limit."""
    words = set(tokens(name))
    if words & {"vi", "variance", "var", "v"}:
        return "variance"
    if words & {"se", "sei", "sem", "stderr"} or {"standard", "error"} <= words:
        return "std_error"
    return {"ci_low": "low", "ci_high": "high"}.get(name_parts(name).stat, "")


def _quoted(text: str) -> str:
    # JSON strings are TOML strings, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _key(text: str) -> str:
    return text if text and set(text) <= _BARE else _quoted(text)
