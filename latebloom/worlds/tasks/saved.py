"""Tasks out of `vocabulary.json`, where they stand by name and fields.

The tasks that latebloom has are known by their names. A task of one's own is code, and no code is
loaded because a file names it: whoever opens such a run hands the task in.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from latebloom.errors import RunFolderError
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.comparison import ComparisonTask, HiddenValuesTask
from latebloom.worlds.tasks.graph import GraphTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.tasks.logic import LogicTask
from latebloom.worlds.tasks.mixed import MixedTask
from latebloom.worlds.tasks.modular import ModularTask
from latebloom.worlds.tasks.parity import ParityTask
from latebloom.worlds.tasks.permutations import PermutationsTask
from latebloom.worlds.tasks.queries import QueryTask
from latebloom.worlds.tasks.rule import RuleTask
from latebloom.worlds.tasks.spelled import SpelledTask
from latebloom.worlds.tasks.table import TableTask
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.vocabulary import Vocabulary

RULES: Mapping[str, type[RuleTask]] = {
    task.name: task for task in (ModularTask, PermutationsTask, ParityTask, LogicTask)
}
"""The tasks whose questions a rule answers, by their names."""


def task_of(
    written: str | Mapping[str, Any], vocabulary: Vocabulary, own: Sequence[Task] = ()
) -> Task:
    """The task that was written; a bare name is how run folders of format 1 have it.

    own: tasks of one's own, found by their names.
    Raises: RunFolderError if the name is neither one of latebloom's nor one of `own`.
    """
    table = {"name": written} if isinstance(written, str) else dict(written)
    name = table.pop("name")
    for task in own:
        if task.name == name:
            return task
    match name:
        case ChainTask.name:
            return ChainTask(Layout.of_fields(table))
        case GraphTask.name:
            entities = int(table.pop("entities"))
            return GraphTask(Layout.of_fields(table), entities)
        case QueryTask.name:
            return QueryTask.of_fields(table)
        case TableTask.name:
            return TableTask.of_fields(table)
        case SpelledTask.name:
            return SpelledTask.of_fields(table)
        case MixedTask.name:
            sizes = {key: int(table.pop(key)) for key in ("entities", "first_label")}
            return MixedTask(Layout.of_fields(table), **sizes)
        case ComparisonTask.name | HiddenValuesTask.name:
            kind = HiddenValuesTask if name == HiddenValuesTask.name else ComparisonTask
            return kind(int(table["first_label"])) if table else kind.of(vocabulary)
        case _ if name in RULES:
            return RULES[name].of_fields(table)
        case _:
            raise RunFolderError(
                f"its questions are of the task {name!r}, which is not one of latebloom's; hand"
                " the task in, as in latebloom.load(RUN, own=latebloom.Own(task=MyTask()))"
            )
