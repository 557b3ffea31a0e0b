"""Charts: decide the rows (a DataFrame that a test reads), then draw them into an `Axes`.

Each chart has a module with ``<name>_rows``, ``<name>``, ``<name>_caption`` and ``<name>_alt``. No global
setting of matplotlib is read or written, and its backend is left as it is.
"""
