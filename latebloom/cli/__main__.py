"""`python -m latebloom.cli` is the command `latebloom`."""

from latebloom.cli import main

main()
