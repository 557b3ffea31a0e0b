"""The report: a recipe's questions, figures, tables, claims and sources in one HTML file."""

from evidence.publish.report.page import write_report

__all__ = ["write_report"]
