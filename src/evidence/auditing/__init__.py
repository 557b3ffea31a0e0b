"""The field's known errors, found before they reach a slide.

The package is not called ``audit``: loading it would replace the verb `evidence.audit` by the package.
"""

from evidence.auditing.run import Audit, audit

__all__ = ["Audit", "audit"]
