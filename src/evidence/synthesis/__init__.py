"""Syntheses over groups of effects."""
