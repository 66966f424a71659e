"""The command: thin words around the library, a module for each kind of work."""

from latebloom.cli import ask, grok, look, share
from latebloom.cli.app import main

__all__ = ["ask", "grok", "look", "main", "share"]
