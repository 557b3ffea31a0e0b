"""From a recipe to figures, tables, bibliography and manifest: files replaced whole or not at all."""
