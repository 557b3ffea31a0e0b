"""The page: one file, no request, nothing run but its own script."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence._files import write_atomically
from evidence._version import __version__
from evidence.charts.words import plural
from evidence.publish.numbers import Made, of_fits
from evidence.publish.report.accounts import StudyAccount, accounts
from evidence.publish.report.findings import audit_parts, claim_parts, methods, questions_grid
from evidence.publish.report.names import Ids
from evidence.publish.report.sections import Section, Sections
from evidence.publish.report.svg import Paints
from evidence.publish.report.texts import is_web_address, linked, plain, reads_from_right
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["content_policy", "write_report"]

_TEMPLATES = resources.files("evidence.publish.report") / "templates"


def write_report(workshop: Workshop, path: Path) -> Made:
    """Write the report of a recipe: one HTML file that opens from the disk and asks nothing of the network.

    Parameters
    ----------
    workshop : Workshop
        Computes what the report shows, once a build.
    path : Path
        The file; it is replaced in one step.

    Returns
    -------
    Made
        Every study and row that a question asks for; which rows no pooled result of the report uses; the
        pooled results by question and group.

    Raises
    ------
    EvidenceError
        Where a figure, table or result cannot be made.
    """
    ids, paints = Ids(), Paints()
    studies = accounts(workshop, ids)
    sections = Sections(workshop, ids, paints)
    questions, tables = tuple(sections.questions()), tuple(sections.tables())
    fits = sections.pooled()
    content = {
        "title": plain(workshop.recipe.project.title),
        "version": __version__,
        "amount": _amount(studies, len(questions)),
        "questions": questions,
        "numbers": _numbered(questions),
        "tables": tables,
        "claims": tuple(claim_parts(workshop, ids)),
        "audits": tuple(audit_parts(workshop, ids)),
        "studies": studies,
        "methods": methods(workshop),
        "how": questions_grid(workshop, fits, ids),
        "references": [(entry.number, linked(entry.text)) for entry in workshop.listed.entries],
    }
    write_atomically(path, _page(content, paints))
    return _made(workshop, fits)


def _amount(studies: tuple[StudyAccount, ...], questions: int) -> str:
    rows = sum(len(study.rows) for study in studies)
    return (
        f"{plural(questions, 'question')}, {plural(len(studies), 'study', 'studies')}, {plural(rows, 'row')}"
    )


def _numbered(questions: tuple[Section, ...]) -> dict[str, int]:
    """Return the number of each figure by its anchor."""
    names = (figure.id for question in questions for figure in question.figures)
    return {name: number for number, name in enumerate(names, start=1)}


def _made(workshop: Workshop, fits: dict[str, Any]) -> Made:
    shown = [workshop.selected(question).table for question in workshop.recipe.questions]
    studies = dict.fromkeys(str(name) for table in shown for name in table["study"])
    rows = dict.fromkeys(str(name) for table in shown for name in table["row_id"])
    pooled = of_fits(fits)
    used = set(pooled.rows) - set(pooled.left_out)
    return Made(tuple(studies), tuple(rows), tuple(row for row in rows if row not in used), pooled.numbers)


def _page(content: dict[str, Any], paints: Paints) -> str:
    environment = _environment()
    # The three texts that are not escaped are ours: style, script, and the drawings, whose texts the XML
    # writer escaped.
    style = environment.from_string(_template("report.css")).render(
        rules=paints.rules, light=paints.colours(dark=False), dark=paints.colours(dark=True)
    )
    script = _template("report.js")
    return environment.get_template("report.html").render(
        **content, style=style, script=script, policy=content_policy(style, script)
    )


def content_policy(style: str, script: str) -> str:
    """Return the content security policy of a page: its own style and script, and nothing from anywhere.

    Parameters
    ----------
    style, script : str
        What stands between their tags, to the letter.

    References
    ----------
    Content Security Policy Level 3, W3C, section 2.3.1 (hashes of inline elements).
    """
    allowed = {"style-src": style, "script-src": script}
    parts = ["default-src 'none'", "img-src data:", "base-uri 'none'", "form-action 'none'"]
    parts += [f"{name} 'sha256-{_digest(text)}'" for name, text in allowed.items()]
    return "; ".join(parts)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests.update(from_right=reads_from_right, web_address=is_web_address)
    return environment
