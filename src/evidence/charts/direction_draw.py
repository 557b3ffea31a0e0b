"""The symbols of an effect-direction plot, and the counts below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.grid_parts import GridPlan
from evidence.charts.words import count

if TYPE_CHECKING:
    from evidence.charts.canvas import Sheet

__all__ = ["draw_cell", "draw_symbol", "draw_totals"]


def draw_cell(sheet: Sheet, plan: GridPlan, row: Any, x: float, y: float) -> None:  # noqa: ANN401
    """Draw the symbol of one cell and the number of its outcomes."""
    em = min(sheet.style.text, plan.cell * 0.42)
    size = em * (0.72, 0.95, 1.2)[int(row.size) - 1]
    draw_symbol(sheet, x, y, row.symbol, size, bool(row.clear))
    if row.outcomes > 1:
        sheet.text(
            x + size * 0.5 + em * 0.42,
            y + em * 0.3,
            str(row.outcomes),
            size=sheet.style.small,
            colour=sheet.style.colours.quiet,
        )


def draw_symbol(sheet: Sheet, x: float, y: float, symbol: str, size: float, filled: bool) -> None:
    """Draw one symbol at a point."""
    colours, line = sheet.style.colours, sheet.style.line
    half = size * 0.42
    if symbol == "within":
        sheet.text(x, y, "w", size=sheet.style.small, colour=colours.quiet, align="center")
        return
    if symbol == "unknown":
        sheet.text(x, y, "?", size=sheet.style.small, colour=colours.quiet, align="center")
        return
    parts: dict[str, list[tuple[str, float, float, float, str, bool]]] = {
        "up": [("^", 0.0, 0.0, size, colours.first, filled)],
        "down": [("v", 0.0, 0.0, size, colours.second, filled)],
        "level": [
            ("<", -half, 0.0, size * 0.55, colours.quiet, True),
            (">", half, 0.0, size * 0.55, colours.quiet, True),
        ],
        "mixed": [
            ("^", -half, 0.0, size * 0.62, colours.ink, False),
            ("v", half, 0.0, size * 0.62, colours.ink, False),
        ],
        "unusable": [("o", 0.0, 0.0, size * 0.22, colours.quiet, True)],
    }
    for marker, dx, dy, side, colour, solid in parts[symbol]:
        sheet.ax.plot(
            [x + dx],
            [y + dy],
            marker=marker,
            markersize=side,
            linestyle="",
            color=colour,
            markerfacecolor=colour if solid else colours.paper,
            markeredgecolor=colour,
            markeredgewidth=line * 0.9,
            zorder=2.5,
        )


def draw_totals(
    sheet: Sheet,
    plan: GridPlan,
    rows: pd.DataFrame,
    domains: list[str],
    totals: list[str],
    middles: list[float],
) -> None:
    """Write how many studies point each way, below each domain."""
    for way, y in zip(totals, middles, strict=True):
        for domain, x in zip(domains, plan.centres, strict=True):
            n = int(((rows["domain"] == domain) & (rows["symbol"] == way)).sum())
            sheet.text(
                x,
                y,
                count(n),
                align="center",
                colour=sheet.style.colours.ink if n else sheet.style.colours.quiet,
            )
