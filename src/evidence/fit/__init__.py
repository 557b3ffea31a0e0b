"""The result of a model: one frozen record, its sentence, its tables."""

from evidence.fit.record import MetaFit
from evidence.fit.units import UnitsEstimate

__all__ = ["MetaFit", "UnitsEstimate"]
