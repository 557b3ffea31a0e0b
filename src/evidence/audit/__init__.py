"""The field's known errors, found before they reach a slide."""

from evidence.audit.run import Audit, audit

__all__ = ["Audit", "audit"]
