"""A run asked inside a notebook's cell: the explorer's question and answer, without a server.

Enters: a run. Leaves: a widget (anywidget, which Jupyter, VS Code, Colab and marimo show) whose
page is the explorer's own; what it asks goes to the model in this Python process instead of over
HTTP. So it works for models that are too large to travel inside a page (`latebloom.Run.show`), as
long as the notebook is connected to its Python.

Covers: what `/api/ask`, `/api/lens` and `/api/steps` answer. Does not cover: lists of runs, curves.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from latebloom.files import import_extra
from latebloom.run import Run

if TYPE_CHECKING:
    from anywidget import AnyWidget


def explore(run: Run | Path | str, *, device: str = "cpu") -> "AnyWidget":
    """A cell in which a run is asked, at any of its checkpoints, and looked into.

    >>> latebloom.explore("runs/bloom")        # the last line of a cell

    run: a run, or its folder. device: where its models run. For a model that fits into a page
    `run.show()` has the whole laboratory, and needs no Python once it is shown.
    Raises: MissingExtraError without the extra `notebook`; LatebloomError if there is no such run.
    """
    import_extra("anywidget", "notebook", "asking a run inside a notebook")
    from latebloom.explorer.widget import AskingWidget

    folder = run.folder.path if isinstance(run, Run) else Path(run)
    return AskingWidget(folder, device=device)
