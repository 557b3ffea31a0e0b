"""What an import loads: a subprocess is asked, for this process has loaded everything."""

from __future__ import annotations

import subprocess
import sys

# NumPy, SciPy and pandas with what these load themselves; pandas uses the others where they are installed.
LIGHT = {"numpy", "scipy", "pandas", "dateutil", "pytz", "six", "cython_runtime", "evidence"}
OPTIONAL = {"pyarrow", "numexpr", "bottleneck"}

EFFECTS = "e = ev.effects_from([0.1, 0.5, 0.9], variance=[0.02, 0.03, 0.04], dose=[1.0, 2.0, 4.0]);"


def loaded(code: str) -> set[str]:
    """Return the names of the packages that a fresh Python has loaded after some code."""
    code = f"import sys; import evidence as ev; {code} print(*{{n.split('.')[0] for n in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name for name in done.stdout.split() if not name.startswith("_")} - set(sys.stdlib_module_names)


def test_the_import_itself_loads_nothing_heavy() -> None:
    assert loaded("") <= LIGHT


def test_fits_of_arrays_load_numpy_scipy_and_pandas_alone() -> None:
    verbs = "ev.common_effect(e); ev.multilevel(e); ev.pool_partial(e); ev.batch(e, by='study');"
    shown = "f = ev.random_effects(e); f.tidy(); f.glance(); f.augment(); f.sentence(); f._repr_html_();"
    found = loaded(EFFECTS + verbs + shown)
    assert found - OPTIONAL <= LIGHT
    assert {"numpy", "scipy", "pandas"} <= found


def test_formulaic_is_loaded_where_a_formula_is_read() -> None:
    found = loaded(f"{EFFECTS} ev.meta_regression(e, '~ dose');")
    assert "formulaic" in found
    assert not {"matplotlib", "statsmodels", "pybtex"} & found
