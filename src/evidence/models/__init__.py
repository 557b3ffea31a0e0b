"""Models as verbs: effects in, one `MetaFit` out."""

from evidence.models.exact import common_effect, random_effects
from evidence.models.multilevel import multilevel
from evidence.models.multivariate import multivariate
from evidence.models.partial import pool_partial
from evidence.models.regression import meta_regression
from evidence.models.rows import check_effects

__all__ = [
    "check_effects",
    "common_effect",
    "meta_regression",
    "multilevel",
    "multivariate",
    "pool_partial",
    "random_effects",
]
