"""`python -m latebloom` is the command `latebloom`, where its script is not on the path."""

from latebloom.cli import main

if __name__ == "__main__":
    main()
