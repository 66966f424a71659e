"""The command's frame: where words go, what a mistake looks like.

Results go to standard output, progress and complaints to standard error. A user's mistake is one
line and exit code 2; `latebloom.cli.examples` lists all exit codes. SIGTERM counts as Ctrl-C.
"""

import os
import signal
import sys
import threading
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from rich.markup import escape

from latebloom import launched
from latebloom.errors import LatebloomError, is_out_of_memory
from latebloom.reports.terminal import SafeConsole

app = App(
    name="latebloom",
    help="Grow transformers until they reason over facts"
    " never shown combined, and look inside while it happens.",
    help_epilogue="`latebloom recipes` lists what can be grown, `latebloom settings RECIPE` every"
    " setting of it. `latebloom --install-completion` sets up the Tab key in bash, zsh, fish or"
    " PowerShell. NO_COLOR=1 leaves out colours.",
    version_flags=["--version"],
)
app.register_install_completion_command(
    help="Complete commands and options with the Tab key, from the next shell on."
)
out = SafeConsole(soft_wrap=True, highlight=False)
err = SafeConsole(stderr=True, soft_wrap=True, highlight=False)

Fields = Annotated[dict[str, str] | None, Parameter(negative=())]
Flag = Annotated[bool, Parameter(negative=())]
Json = Annotated[bool, Parameter(name="--json", negative=())]


SMALLER = "try a smaller --train.batch-size, --model.d-model or world"
"""What to try where the memory does not suffice."""


def complain(error: Exception | str) -> None:
    """One line on standard error; of several processes, the first one's."""
    if launched.number() == 0:
        err.print(f"[bold red]error:[/bold red] {escape(in_one_line(str(error)))}")


def in_one_line(text: str) -> str:
    """A message without ends of lines, and without words that fill a screen."""
    words = (word if len(word) <= 400 else f"{word[:100]}...{word[-20:]}" for word in text.split())
    return " ".join(words)


def on_terminate(_signal: int, _frame: object) -> None:
    """SIGTERM ends a command as Ctrl-C does."""
    raise KeyboardInterrupt


def main() -> None:
    """The entry point; turns a user's mistake into one line and exit code 2."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_terminate)
    try:
        if launched.how_many() > 1 and sys.argv[1:2] != ["grok"]:
            raise LatebloomError("torchrun trains one run: torchrun ... -m latebloom grok RECIPE")
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
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        complain(f"the memory is not enough ({str(error).strip() or 'out of memory'}); {SMALLER}")
        sys.exit(2)
    except OSError as error:
        # A full disk, a folder that may not be written: the machine's trouble, not a bug of ours.
        complain(f"{error.filename or 'the disk'}: {error.strerror or error}")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
