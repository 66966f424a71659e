"""latebloom grows transformers that grok."""
