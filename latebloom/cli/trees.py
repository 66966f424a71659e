"""Sentences: `latebloom trees`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from latebloom.cli.app import Flag, Json, app, err, out
from latebloom.errors import LatebloomError


@app.command
def trees(
    run: Path,
    *sentence: str,
    step: int | None = None,
    sentences: int = 1000,
    split: str = "train",
    seed: int = 0,
    max_words: int = 64,
    exact: Flag = False,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Measure how tree-like a run reads sentences, over all its checkpoints, or parse one sentence.

    Parameters
    ----------
    run
        The run folder, of a run on sentences.
    sentence
        A sentence whose tree is wanted; without it, all checkpoints are measured.
    step
        Measure only this checkpoint. With a sentence, use it instead of the latest.
    sentences
        How many sentences are projected, at most.
    split
        The split that they are drawn from.
    seed
        Draws the sentences.
    max_words
        Sentences of more words are left out: the work grows with the cube of their length.
    exact
        The best of all binary trees of a sentence instead of the published greedy one.
    quiet
        Show no progress.
    json_
        Print as JSON, a line a checkpoint.
    """
    if sentence:
        show_tree(run, " ".join(sentence), step, exact, json_)
        return
    if exact:
        raise LatebloomError("--exact has no effect without a sentence: both trees are measured")
    from latebloom.training.run_folder import RunFolder
    from latebloom.trees.examination import ProjectionConfig, project_run

    folder = RunFolder.open(run)
    config = ProjectionConfig(sentences=sentences, split=split, seed=seed, max_words=max_words)
    n = 1 if step is not None else len(folder.checkpoints())
    with Progress(console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("sentences", total=None)
        records: list[dict[str, Any]] = []

        def progress(at_step: int, done: int, total: int) -> None:
            bar.update(
                task,
                description=f"step {at_step}",
                total=n * total,
                completed=len(records) * total + done,
            )

        for record in project_run(folder, config, step=step, progress=progress):
            records.append(record)
            if json_:
                print(json.dumps(record), flush=True)
    if not records:
        raise LatebloomError(f"{run} holds no checkpoint yet")
    drawn: list[Path] = []
    if step is None:
        from latebloom.reports.page import write_report
        from latebloom.reports.projected import write_tree_figures

        drawn = [*write_tree_figures(run, records), write_report(run)]
    if not json_:
        show_scores(records, max_words)
        for path in drawn:
            out.print(str(path))


def show_tree(run: Path, sentence: str, step: int | None, exact: bool, as_json: bool) -> None:
    """The tree of one sentence, as brackets."""
    from latebloom.evaluation.loaded import load
    from latebloom.trees.scores import brackets, predicted_tree

    loaded = load(run, step=step)
    ids = loaded.corpus.encode(sentence)
    spans = predicted_tree(loaded.model, ids, exact=exact)
    text = brackets(sentence.split(), spans)
    if as_json:
        print(json.dumps({"step": loaded.step, "tree": text, "spans": spans}))
        return
    out.print(text, markup=False)


def show_scores(records: list[dict[str, Any]], max_words: int) -> None:
    """A line a checkpoint; the F1 of trees that owe nothing to the model below."""
    splits = list(records[-1]["accuracy"])
    table = Table(box=None)
    for column in ("step", *splits, "t_score", "paper's", "F1 greedy", "F1 chart"):
        table.add_column(column, justify="right")
    for record in records:
        table.add_row(
            str(record["step"]),
            *(f"{record['accuracy'][split]:.3f}" for split in splits),
            f"{record['t_score_published']:.3f}",
            f"{record['t_score_paper']:.3f}",
            *(f1(record["t_parseval"], name) for name in ("greedy", "chart")),
        )
    out.print(table)
    gold = records[-1]["t_parseval"]
    if gold:
        names = ("right_branching", "left_branching", "random")
        told = ", ".join(f"{name.replace('_', ' ')} {f1(gold, name)}" for name in names)
        out.print(
            f"{records[-1]['n']} sentences of at most {max_words} words;"
            f" F1 of trees without a model: {told}"
        )


def f1(overlaps: Mapping[str, Mapping[str, float]], name: str) -> str:
    """An F1 of a record, a dash without gold trees."""
    return f"{overlaps[name]['f1']:.3f}" if name in overlaps else "-"
