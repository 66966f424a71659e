"""Sentences: `latebloom trees`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import Progress
from rich.table import Table

from latebloom.cli.app import Flag, Json, app, err, out
from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.trees.record import Agreement, ProjectionConfig, TreeRecord


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
    device: str = "cpu",
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Measure how tree-like a run reads sentences, at every checkpoint, or parse one sentence.

    Results are kept in RUN/trees: the same command again continues where it was stopped. Figures
    are drawn and report.html is written anew.

    Parameters
    ----------
    run
        The run folder, of a run on sentences.
    sentence
        A sentence to parse; without one, all checkpoints are measured.
    step
        Measure only this checkpoint. With a sentence, use it instead of the latest.
    sentences
        How many sentences are measured, at most.
    split
        The split that they are drawn from.
    seed
        Seed of the random choice of sentences.
    max_words
        Leave out sentences of more words: the work grows with the cube of their length.
    exact
        Find the best of all binary trees of a sentence, not only a greedy one as published.
    device
        Where to compute: cpu, cuda, mps or auto.
    quiet
        Show no progress.
    json_
        Print as JSON, one line per checkpoint.
    """
    if sentence:
        show_tree(run, " ".join(sentence), step, exact, device, json_)
        return
    if exact:
        raise LatebloomError("--exact has no effect without a sentence: both trees are measured")
    from latebloom.trees.record import ProjectionConfig

    config = ProjectionConfig(sentences=sentences, split=split, seed=seed, max_words=max_words)
    records = measure_run(run, config, step, device, quiet, json_)
    drawn: list[Path] = []
    if step is None:
        from latebloom.reports.page import write_report
        from latebloom.reports.projected import write_tree_figures

        drawn = [*write_tree_figures(run, records), write_report(run)]
    if not json_:
        show_scores(records, max_words)
        for path in drawn:
            out.print(str(path), markup=False)


def measure_run(
    run: Path, config: "ProjectionConfig", step: int | None, device: str, quiet: bool, as_json: bool
) -> "list[TreeRecord]":
    """The records of a run, with a progress bar; printed as they come if they are wanted as JSON.

    Raises: LatebloomError if there is no checkpoint.
    """
    from latebloom.studies.checkpoints import walk
    from latebloom.training.run_folder import RunFolder
    from latebloom.trees.examination import TreeInstrument

    folder = RunFolder.open(run)
    n = 1 if step is not None else len(folder.checkpoints())
    records: list[TreeRecord] = []
    with Progress(console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("sentences", total=None)

        def progress(at_step: int, done: int, total: int) -> None:
            before = len(records) * total
            bar.update(task, description=f"step {at_step}", completed=before + done)

        instrument = TreeInstrument.of_corpus(folder.corpus(), config, progress=progress)
        total = len(instrument.lines)
        bar.update(task, total=n * total)
        for record in walk(
            folder,
            instrument,
            step=step,
            device=device,
            on_step=lambda at_step, _: progress(at_step, total, total),
        ):
            records.append(record)
            if as_json:
                print(json.dumps(record.as_dict()), flush=True)
    if not records:
        raise LatebloomError(f"{run} holds no checkpoint yet")
    return records


def show_tree(
    run: Path, sentence: str, step: int | None, exact: bool, device: str, as_json: bool
) -> None:
    """The tree of one sentence, as brackets."""
    from latebloom.run import load
    from latebloom.trees.scores import brackets, predicted_tree

    loaded = load(run, step=step, device=device)
    ids = loaded.corpus.encode(sentence)
    spans = predicted_tree(loaded.model, ids, exact=exact)
    text = brackets(sentence.split(), spans)
    if as_json:
        print(json.dumps({"step": loaded.step, "tree": text, "spans": spans}))
        return
    out.print(text, markup=False)


def show_scores(records: "Sequence[TreeRecord]", max_words: int) -> None:
    """A line for each checkpoint, and what the columns mean."""
    newest = records[-1]
    table = Table(box=None)
    for column in ("step", *newest.accuracy, "t_score", "paper's", "F1 greedy", "F1 chart"):
        table.add_column(column, justify="right")
    for record in records:
        table.add_row(
            str(record.step),
            *(f"{record.accuracy[split]:.3f}" for split in newest.accuracy),
            f"{record.t_score_published:.3f}",
            f"{record.t_score_paper:.3f}",
            *(f1(record.t_parseval, name) for name in ("greedy", "chart")),
        )
    out.print(table)
    out.print(f"\nmeasured on {newest.n} sentences of at most {max_words} words")
    out.print(
        "t_score: how little a phrase's states depend on what comes before it, compared with random"
        " splits (paper's: with all trees)"
    )
    if newest.t_parseval:
        names = ("right_branching", "left_branching", "random")
        told = ", ".join(
            f"{name.replace('_', ' ')} {f1(newest.t_parseval, name)}" for name in names
        )
        out.print(
            "F1: how many brackets the tree found in the model shares with the correct one, taken"
            f" step by step (greedy) or the best of all (chart); without a model: {told}"
        )


def f1(overlaps: "Mapping[str, Agreement]", name: str) -> str:
    """An F1 of a record, a dash without gold trees."""
    return f"{overlaps[name].f1:.3f}" if name in overlaps else "-"
