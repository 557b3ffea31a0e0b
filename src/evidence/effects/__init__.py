"""From printed numbers to effects, each with its derivation."""
