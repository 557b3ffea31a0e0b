"""Codes of the measures that `effect_sizes` reads from printed rows: a list that costs nothing to import."""

from __future__ import annotations

__all__ = ["ROW_CODES"]

ROW_CODES = ("SMD", "RR", "IRR", "HR", "OR", "MD", "ROM", "RD", "SMDH", "SMD1", "DPPC1", "DPPC2")
"""In the order in which messages list them; a test holds them against the readers."""
