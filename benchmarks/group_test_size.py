"""How often the joint test of `compare` calls equal groups different, where they share studies.

``python benchmarks/group_test_size.py [--runs 400]`` prints one line a world: the share of p values below .05
and .10, for the chi-squared test that `compare` prints and for the F calibration that it does not use.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from evidence.numerics.partial_general import (
    likelihood_ratio,
    maximum_loglik,
    unbounded,
    within_is_bounded,
)

SEED = 2
RHO, TAU, WITHIN, PRESENT = 0.6, 0.2, 0.1, 0.7
WORLDS = ((6, 3, 0.5), (12, 3, 0.5), (12, 3, 0.0), (20, 4, 0.3))
"""Studies, groups, share of exact rows; each study reports on each group with probability `PRESENT`."""


def draw(rng: np.random.Generator, studies: int, groups: int, share: float) -> tuple[np.ndarray, ...]:
    """Return limits, standard errors, studies and groups of the rows of one data set; all means are 0.3."""
    people = rng.integers(8, 25, studies)
    pairs = [(j, g) for j in range(studies) for g in range(groups) if rng.random() < PRESENT]
    study, group = np.array(pairs).T
    study = np.unique(study, return_inverse=True)[1]
    error = np.sqrt(2.0 / people)[study]
    shared, own = rng.normal(size=studies)[study], rng.normal(size=study.size)
    effect = 0.3 + rng.normal(0.0, TAU, studies)[study] + rng.normal(0.0, WITHIN, study.size)
    y = effect + error * (math.sqrt(RHO) * shared + math.sqrt(1.0 - RHO) * own)
    exact, limit = rng.random(study.size) < share, 1.959964 * error
    low = np.where(exact, y, np.where(y > limit, limit, np.where(y < -limit, -np.inf, -limit)))
    high = np.where(exact, y, np.where(y > limit, np.inf, np.where(y < -limit, -limit, limit)))
    return low, high, error, study, group


def p_values(rng: np.random.Generator, studies: int, groups: int, share: float) -> tuple[float, float] | None:
    """Return both p values of one data set, None where a group has no finite mean."""
    low, high, error, study, group = draw(rng, studies, groups, share)
    x = np.eye(groups)[group]
    x = x[:, x.any(axis=0)]
    if unbounded(low, high, x).size:
        return None
    within, n, p = within_is_bounded(low, high, study), int(study.max()) + 1, x.shape[1]
    full = maximum_loglik(low, high, error, study, x, RHO, within=within)
    plain = maximum_loglik(low, high, error, study, np.ones((study.size, 1)), RHO, within=within)
    chi, f = (likelihood_ratio(full, plain, p - 1, n, p, calibrated=how) for how in (False, True))
    return chi.p_value, f.p_value


def main() -> None:
    """Print one line a world."""
    parser = argparse.ArgumentParser(description="Size of the joint test of groups that share studies.")
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    rng = np.random.default_rng(SEED)
    for studies, groups, share in WORLDS:
        found = [p_values(rng, studies, groups, share) for _ in range(runs)]
        chi, f = np.array([pair for pair in found if pair is not None]).T
        sizes = " ".join(f"{(p < level).mean():.3f}" for p in (chi, f) for level in (0.05, 0.10))
        world = f"{studies} studies, {groups} groups, exact {share:.0%}"
        print(f"{world}: chi², F at .05, .10: {sizes} ({chi.size} runs)")


if __name__ == "__main__":
    main()
