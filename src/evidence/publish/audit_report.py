"""The command ``evidence audit``: the findings of every studies file of a recipe, as text or JSON."""

from __future__ import annotations

import json
import os
import textwrap
from typing import TYPE_CHECKING

from evidence.auditing.record import SEVERITIES
from evidence.publish.recipe import read_recipe

if TYPE_CHECKING:
    from evidence.auditing.run import Audit

__all__ = ["audit_json", "audit_recipe", "audit_text"]

_WIDTH = 100


def audit_recipe(
    recipe: str | os.PathLike[str] = "evidence.toml", *, accepted: str | None = None
) -> dict[str, Audit]:
    """Audit every studies file that a recipe names.

    Parameters
    ----------
    recipe : path
        The recipe.
    accepted : path, optional
        File of accepted findings; ``audit.toml`` beside each studies file by default.

    Returns
    -------
    dict
        Audit by file, as the recipe names it.

    Raises
    ------
    RecipeError, StudyDataError
        Where the recipe, the studies or the accepted findings are wrong.
    """
    from evidence.auditing.run import audit
    from evidence.publish.sources import read_source

    plan = read_recipe(recipe)
    return {file: audit(read_source(plan, file), accepted=accepted) for file in plan.sources}


def audit_json(audits: dict[str, Audit]) -> str:
    """Return the findings as JSON: one object a file, with findings, accepted ones and stale lines."""
    out = {
        file: {
            "sentence": found.sentence(),
            "findings": json.loads(found.table.to_json(orient="records")),
            "accepted": [
                {"row_id": finding.row_id, "check": finding.check, "reason": reason}
                for finding, reason in found.accepted
            ],
            "stale": [str(line) for line in found.stale],
            "notes": list(found.notes),
        }
        for file, found in audits.items()
    }
    return json.dumps(out, indent=2, ensure_ascii=False)


def audit_text(audits: dict[str, Audit]) -> str:
    """Return the findings as plain text, grouped by severity."""
    parts: list[str] = []
    for file, found in audits.items():
        parts.append(f"{file}: {found.sentence()}")
        for severity in SEVERITIES:
            rows = found.table[found.table["severity"] == severity]
            if not len(rows):
                continue
            parts.append(f"{severity.upper()} ({len(rows)})")
            parts += [_entry(record) for record in rows.to_dict("records")]
        if found.accepted:
            parts.append(f"{len(found.accepted)} accepted (audit.toml)")
        parts += [f"stale in audit.toml: {line} finds nothing any more" for line in found.stale]
        parts += list(found.notes)
    return "\n".join(parts)


def _entry(record: dict[object, object]) -> str:
    where = str(record["row_id"]) + (f", {record['column']}" if record["column"] else "")
    lines = [f"  {where} [{record['check']}]"]
    lines += textwrap.wrap(
        str(record["message"]), _WIDTH, initial_indent="      ", subsequent_indent="      "
    )
    if record["repair"]:
        lines.append(f"      repair: {record['repair']}{_pooled(record)}")
    return "\n".join(lines)


def _pooled(record: dict[object, object]) -> str:
    before, after = record["pooled_before"], record["pooled_after"]
    if not isinstance(before, float) or not isinstance(after, float) or before != before or after != after:
        return ""
    return f" (pooled effect {before:.2f}, then {after:.2f})".replace("-", "\N{MINUS SIGN}")
