"""Writes docs/command.md, the reference of the command, from the command itself.

`python docs/command_reference.py`; a test says when it is to be run again.
"""

import re
from pathlib import Path

import latebloom.cli
from latebloom.cli.app import app
from latebloom.cli.examples import EXAMPLES, EXIT_CODES, block

PAGE = Path(__file__).with_name("command.md")


def page() -> str:
    """The page as it should be."""
    assert latebloom.cli.main
    text = app.generate_docs(output_format="markdown", heading_level=1).replace(" -m pytest", "")
    # Its table of contents repeats the list of commands that follows.
    text = re.sub(r"## Table of Contents\n.*?(?=\*\*Commands\*\*)", "", text, flags=re.DOTALL)
    # That usage names the program that asks for it, which is this one, or a test.
    text = re.sub(r"\n## latebloom --install-completion\n.*?(?=\n## )", "", text, flags=re.DOTALL)
    text = text.replace(
        "[`--install-completion`](#latebloom-install-completion)", "`--install-completion`"
    )
    codes = "\n".join(f"| {code} | {means} |" for code, means in EXIT_CODES.items())
    for name in EXAMPLES:
        title = re.search(rf"^#+ {' '.join(('latebloom', name)).strip()}$", text, re.MULTILINE)
        assert title, name
        after = re.search(r"^#+ ", text[title.end() :], re.MULTILINE)
        end = title.end() + after.start() if after else len(text)
        text = f"{text[:end].rstrip()}\n\n**Examples**\n\n{block(name)}\n\n{text[end:]}"
    made = "Made by `python docs/command_reference.py` from the command itself."
    end = f"## Exit codes\n\n| code | means |\n|---|---|\n{codes}\n"
    body = "\n".join(line.rstrip() for line in text.rstrip().splitlines())
    return f"{body}\n\n{end}\n{made}\n".replace("# latebloom\n", "# The command\n", 1)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
