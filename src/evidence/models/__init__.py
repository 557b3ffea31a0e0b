"""Models as verbs: effects in, one `MetaFit` out."""

from evidence.models.exact import common_effect, random_effects
from evidence.models.partial import pool_partial

__all__ = ["common_effect", "pool_partial", "random_effects"]
