"""What holds for all tests: no clock, and a browser or LibreOffice only where they are asked for."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# Tests never time anything: not how long an example takes, and not how fast examples are made.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests marked ``full``, unless ``-m`` names them: other choices of ``-m`` keep working."""
    if "full" in (config.option.markexpr or ""):
        return
    heavy = [item for item in items if item.get_closest_marker("full") is not None]
    if heavy:
        items[:] = [item for item in items if item not in heavy]
        config.hook.pytest_deselected(items=heavy)
