"""Models as verbs: effects in, one `MetaFit` out."""

from evidence.models.exact import common_effect, random_effects

__all__ = ["common_effect", "random_effects"]
