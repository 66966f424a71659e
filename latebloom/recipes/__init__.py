"""Recipes: named, complete configs of runs, and what each of them costs."""
