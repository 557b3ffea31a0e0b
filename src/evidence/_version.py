"""The version, in one place: hatch, CITATION.cff's test and `evidence.__version__` read it here."""

__version__ = "0.1.0"
