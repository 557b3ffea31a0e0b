"""Tests that need a browser or LibreOffice run where they are asked for, not in every run."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests marked ``full``, unless ``-m`` names them: other choices of ``-m`` keep working."""
    if "full" in (config.option.markexpr or ""):
        return
    heavy = [item for item in items if item.get_closest_marker("full") is not None]
    if heavy:
        items[:] = [item for item in items if item not in heavy]
        config.hook.pytest_deselected(items=heavy)
