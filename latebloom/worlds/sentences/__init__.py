"""Worlds of sentences: seeded grammars, bracket languages and treebanks, with gold trees."""
