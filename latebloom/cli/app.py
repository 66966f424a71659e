"""The command's frame: where words go, what a mistake looks like.

Results go to standard output, progress and complaints to standard error. A user's mistake is one
line and exit code 2; `latebloom.cli.examples` lists all exit codes.
"""

import os
import sys
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.markup import escape

from latebloom.errors import LatebloomError

app = App(
    name="latebloom",
    help="Grow transformers that grok: train far past overfitting until they reason over facts"
    " never shown combined, and look inside while it happens.",
    help_epilogue="`latebloom recipes` lists what can be grown, `latebloom settings RECIPE` every"
    " setting of it. `latebloom --install-completion` sets up the Tab key in bash, zsh, fish or"
    " PowerShell. NO_COLOR=1 leaves out colours.",
    version_flags=["--version"],
)
app.register_install_completion_command(
    help="Complete commands and options with the Tab key, from the next shell on."
)
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

Fields = Annotated[dict[str, str] | None, Parameter(negative=())]
Flag = Annotated[bool, Parameter(negative=())]
Json = Annotated[bool, Parameter(name="--json", negative=())]


def complain(error: Exception | str) -> None:
    """One line on standard error."""
    err.print(f"[bold red]error:[/bold red] {escape(' '.join(str(error).split()))}")


def main() -> None:
    """The entry point; turns a user's mistake into one line and exit code 2."""
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        from latebloom.cli.mistakes import in_words

        complain(in_words(error, sys.argv[1:]))
        sys.exit(2)
    except LatebloomError as error:
        complain(error)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has gone (`latebloom ... | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        # A full disk, a folder that may not be written: the machine's trouble, not a bug of ours.
        complain(f"{error.filename or 'the disk'}: {error.strerror or error}")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
