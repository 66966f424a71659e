"""The command: thin words around the library.

Results go to standard output, progress and complaints to standard error. A user's mistake is one
line and exit code 2.
"""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.evaluation.ask import Answer

app = App(
    name="latebloom",
    help="Grow transformers that grok: train far past overfitting until they reason over facts"
    " never shown combined, and look inside while it happens.",
    version_flags=["--version"],
)
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

Fields = Annotated[dict[str, str] | None, Parameter(negative=())]
Flag = Annotated[bool, Parameter(negative=())]
Json = Annotated[bool, Parameter(name="--json", negative=())]


@app.command
def recipes(*, json_: Json = False) -> None:
    """List what can be grown.

    Parameters
    ----------
    json_
        Print the list as JSON.
    """
    from latebloom.studies.recipes import RECIPES

    about = {name: (make.__doc__ or "").splitlines()[0] for name, make in RECIPES.items()}
    if json_:
        print(json.dumps(about, indent=2))
        return
    table = Table(box=None, show_header=False)
    for name, line in about.items():
        table.add_row(f"[bold]{name}[/bold]", line)
    out.print(table)


@app.command
def grok(
    recipe: str = "",
    *,
    seed: int | None = None,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    resume: Path | None = None,
    overwrite: Flag = False,
    facts: Path | None = None,
    many_valued: str = "",
    until: str | None = None,
    keep: int | None = None,
    device: str = "auto",
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
    world: Fields = None,
    model: Fields = None,
    train: Fields = None,
) -> None:
    """Train a model until it groks, and leave a run folder.

    Parameters
    ----------
    recipe
        What to grow; `latebloom recipes` lists them.
    seed
        Seed of the world, the weights and the batches.
    out_
        The run folder; without it, a new one under runs/.
    resume
        Go on with this run instead of starting one.
    overwrite
        Replace the run folder if it exists.
    facts
        A file of facts: CSV, TSV, JSONL or N-Triples (recipe `facts`).
    many_valued
        What to do with a subject and relation that have several objects: drop, first or error.
    until
        Stop when this holds at three evaluations in a row, like "test_ood>=0.99"; "" never stops.
    keep
        Checkpoints to keep, the newest; 0 keeps all.
    device
        auto, cpu, cuda or mps.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    json_
        Print the summary as JSON.
    world
        Fields of the world, as in --world.phi 9.
    model
        Fields of the model, as in --model.d-model 64.
    train
        Fields of the training, as in --train.steps 1000.
    """
    from latebloom.reports.progress import make_progress

    with make_progress(quiet) as listener:
        if resume is not None:
            asked = {"RECIPE": recipe, "--out": out_, "--seed": seed, "--until": until}
            asked |= {"--facts": facts, "--keep": keep, "--overwrite": overwrite}
            asked |= {"--world": world, "--model": model, "--train": train}
            for name, value in asked.items():
                if value not in (None, "", False):
                    raise LatebloomError(f"{name} has no effect with --resume: the run has its own")
            from latebloom.studies.grow import resume as go_on

            summary = go_on(resume, listener=listener, device=device, threads=threads)
            folder = resume
        else:
            from latebloom.studies.grow import grow
            from latebloom.studies.recipes import make_recipe

            config = make_recipe(recipe or "composition")
            world = dict(world or {})
            if facts is not None:
                world["facts"] = str(facts)
            if many_valued:
                world["many-valued"] = many_valued
            train = dict(train or {})
            if until is not None:
                train["until"] = until
            if keep is not None:
                train["keep"] = str(keep)
            for section, values in (("world", world), ("model", model), ("train", train)):
                config = config.with_overrides(section, values or {})
            if seed is not None:
                config = config.with_seed(seed)
            folder = out_ or unused_folder(f"{config.recipe}-seed{config.seed}")
            summary = grow(
                config,
                folder,
                listener=listener,
                device=device,
                threads=threads,
                overwrite=overwrite,
            )
    from latebloom.reports.curves import write_curves
    from latebloom.reports.page import write_report

    write_curves(folder)
    write_report(folder)
    if json_:
        print(json.dumps(summary, indent=2))
    elif not quiet:
        show_summary(summary, folder)
    if summary["stopped_by"] == "interrupt":
        err.print(f"stopped at step {summary['steps']}; go on: latebloom grok --resume {folder}")
        sys.exit(130)


def unused_folder(name: str) -> Path:
    """`runs/NAME`, or the first of `runs/NAME-2`, ... that does not exist."""
    folder, n = Path("runs") / name, 1
    while folder.exists():
        n += 1
        folder = Path("runs") / f"{name}-{n}"
    return folder


def show_summary(summary: Mapping[str, Any], folder: Path) -> None:
    """The outcome as a table, and what to do next."""
    table = Table(box=None)
    for column in ("split", "right", "of", "accuracy", "95 % interval", "first", "sustained"):
        table.add_column(column, justify="left" if column == "split" else "right")
    for split, row in summary["splits"].items():
        low, high = row["ci95"]
        steps = ("-" if row[k] is None else str(row[k]) for k in ("first_step", "sustained_step"))
        table.add_row(
            split,
            str(row["correct"]),
            str(row["n"]),
            f"{row['accuracy']:.3f}",
            f"{low:.3f} - {high:.3f}",
            *steps,
        )
    out.print(table)
    out.print(
        f"{summary['steps']} steps in {summary['seconds']:.1f} s on {summary['device']},"
        f" {summary['parameters']:,} parameters, phi {summary['phi']:g};"
        f" stopped by {summary['stopped_by']}; first and sustained: the step of 99 %"
    )
    out.print(f"the run is in {folder}; ask it: latebloom ask {folder}")


@app.command
def ask(
    run: Path,
    *question: str,
    step: int | None = None,
    top: int = 5,
    json_: Json = False,
) -> None:
    """Ask a run: `latebloom ask RUN JFK country capital`. Without a question: a prompt.

    Parameters
    ----------
    run
        The run folder.
    question
        A subject and its relations.
    step
        Ask the checkpoint of this step instead of the newest.
    top
        How many answers to show.
    json_
        Print the answer as JSON.
    """
    from latebloom.evaluation.loaded import load

    loaded = load(run, step=step)
    if question:
        show_answer(loaded.ask(*question, top=top), as_json=json_)
        return
    if json_:
        raise LatebloomError("--json needs a question")
    import readline

    history = run / ".ask_history"
    if history.exists():
        readline.read_history_file(history)
    err.print(f"{len(loaded.world.vocabulary)} names; an empty line or Ctrl-D ends")
    try:
        while line := input("? ").strip():
            try:
                show_answer(loaded.ask(*shlex.split(line), top=top), as_json=False)
            except ValueError as error:
                complain(error)
    except (EOFError, KeyboardInterrupt):
        err.print()
    readline.write_history_file(history)


def show_answer(answer: "Answer", *, as_json: bool) -> None:
    """An answer for people, or for scripts."""
    if as_json:
        print(json.dumps(answer.as_dict(), ensure_ascii=False))
        return
    for rank, guess in enumerate(answer.answers):
        style = "bold" if rank == 0 else "dim"
        out.print(f"[{style}]{guess.probability:7.1%}  {escape(guess.name)}[/{style}]")
    trail = [answer.question[0]]
    for relation, bridge in zip(answer.question[1:], answer.bridges, strict=False):
        trail += [f"-{relation}->", f"{bridge.name} ({bridge.probability:.1%})"]
    if answer.bridges:
        trail += [f"-{answer.question[-1]}->", answer.answers[0].name]
        out.print(f"went   {escape(' '.join(trail))}")
    if answer.truth is not None:
        right = "right" if answer.answers[0].name == answer.truth else "wrong"
        bridges = f" through {', '.join(answer.true_bridges)}" if answer.true_bridges else ""
        out.print(escape(f"{right}: the facts say {answer.truth}{bridges}"))
    if answer.hops:
        shown = "trained on" if answer.shown else "never trained on"
        out.print(f"this question was {shown}; its hops: {', '.join(answer.hops)}")
    for note in answer.notes:
        out.print(f"note: {escape(note)}")


@app.command(name="eval")
def evaluate(
    run: Path,
    *,
    step: int | None = None,
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False,
    json_: Json = False,
) -> None:
    """Measure every split of a run, every example counted.

    Parameters
    ----------
    run
        The run folder.
    step
        The checkpoint of this step instead of the newest.
    all_
        Every checkpoint, a line each.
    json_
        Print as JSON, a line a checkpoint.
    """
    from latebloom.evaluation.loaded import load
    from latebloom.training.run_folder import RunFolder

    steps = [c.step for c in RunFolder.open(run).checkpoints()] if all_ else [step]
    for one in steps:
        loaded = load(run, step=one)
        scores = loaded.score()
        if json_:
            table = {split: score.as_dict() for split, score in scores.items()}
            print(json.dumps({"step": loaded.step, "splits": table}))
        else:
            line = "  ".join(f"{split} {score.accuracy:.3f}" for split, score in scores.items())
            out.print(f"step {loaded.step}  {line}")


@app.command
def report(run: Path) -> None:
    """Write a run's curves (PNG and SVG) and its page (one HTML file).

    Parameters
    ----------
    run
        The run folder.
    """
    from latebloom.reports.curves import write_curves
    from latebloom.reports.page import write_report

    write_curves(run)
    out.print(str(write_report(run)))


@app.command
def export(run: Path, folder: Path, *, to: Literal["hf"] = "hf", step: int | None = None) -> None:
    """Write a vanilla run as a Hugging Face GPT-2 folder.

    Parameters
    ----------
    run
        The run folder.
    folder
        Where to write; must not exist.
    to
        The format.
    step
        The checkpoint of this step instead of the newest.
    """
    from latebloom.evaluation.loaded import load
    from latebloom.export import export_hf

    export_hf(load(run, step=step), folder)
    out.print(str(folder))


@app.command
def data(
    recipe: str = "",
    *,
    to: Path | None = None,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    seed: int = 0,
    facts: Path | None = None,
    world: Fields = None,
    json_: Json = False,
) -> None:
    """Show a world's splits, or write it in the published JSON format.

    Parameters
    ----------
    recipe
        The recipe whose world it is.
    to
        A folder to write train.json, valid.json, test.json and vocab.json into.
    from_
        A folder of that format to read instead of making a world.
    seed
        Seed of the world.
    facts
        A file of facts (recipe `facts`).
    world
        Fields of the world, as in --world.phi 9.
    json_
        Print the splits' sizes as JSON.
    """
    from latebloom.studies.recipes import make_recipe
    from latebloom.worlds.build import build_world
    from latebloom.worlds.dataset import read_dataset, write_dataset

    if from_ is not None:
        made = read_dataset(from_)
    else:
        fields = dict(world or {}) | ({"facts": str(facts)} if facts else {})
        config = make_recipe(recipe or "composition").with_overrides("world", fields)
        made = build_world(config.world, seed, lambda line: err.print(line, markup=False))
    if to is not None:
        write_dataset(made, to)
    sizes = {split: len(rows) for split, rows in made.splits.items()}
    if json_:
        print(json.dumps({"task": made.task, "phi": made.phi, "splits": sizes}))
        return
    table = Table(box=None)
    table.add_column("split")
    table.add_column("examples", justify="right")
    table.add_column("")
    for split, size in sizes.items():
        table.add_row(split, f"{size:,}", "trained on" if split in made.trained else "held out")
    out.print(table)
    out.print(f"{len(made.vocabulary):,} names, phi {made.phi:.2f}")


def complain(error: Exception) -> None:
    """One line on standard error."""
    err.print(f"[bold red]error:[/bold red] {escape(' '.join(str(error).split()))}")


def main() -> None:
    """The entry point; turns a user's mistake into one line and exit code 2."""
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
    except (CycloptsError, LatebloomError) as error:
        complain(error)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has gone (`latebloom ... | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
