"""Growing: `latebloom grok`."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from latebloom import launched
from latebloom.cli.app import Fields, Flag, Json, app, err, out
from latebloom.cli.options import Asked, config_for
from latebloom.cli.tables import fitting
from latebloom.cli.words import FIELDS, NO_DATA, NO_SETTINGS, OWN, OwnData, Settings
from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.studies.folds import Pooled
    from latebloom.training.config import RunConfig
    from latebloom.training.listener import Listener


@app.command(
    help_epilogue="`latebloom settings RECIPE` lists every setting with its default and meaning:"
    " --world.phi 9, --model.d-model 64, --feed.atomic-frac 0.5, --train.steps 1000."
)
def grok(
    recipe: str = "",
    source: Path | None = None,
    *,
    config: Path | None = None,
    seed: int | None = None,
    world_seed: int | None = None,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    resume: Path | None = None,
    from_scratch: Flag = False,
    overwrite: Flag = False,
    start_from: Path | None = None,
    carry: str = "",
    own: OwnData = NO_DATA,
    synonyms: Annotated[Path | None, Parameter(group=OWN)] = None,
    phrases: Annotated[Path | None, Parameter(group=OWN)] = None,
    folds: Annotated[int, Parameter(group=OWN)] = 0,
    data: Annotated[Path | None, Parameter(group=OWN)] = None,
    until: str | None = None,
    keep: int | None = None,
    device: str = "auto",
    threads: int = 0,
    quiet: Flag = False,
    forecast: Flag = False,
    json_: Json = False,
    settings: Settings = NO_SETTINGS,
    start: Annotated[Fields, Parameter(group=FIELDS)] = None,
) -> None:
    """Train a model until it groks, and leave a run folder.

    Parameters
    ----------
    recipe
        What to grow; `latebloom recipes` lists them. Without it: facts with --facts, graph with
        --graph, dataset with --data, else composition.
    source
        Your own data: a file (recipes facts, numeric-table, sentences) or a folder (dataset,
        graph).
    config
        Train with the config in this TOML file, such as a run's config.toml, instead of a recipe.
        Overrides still apply.
    seed
        Seed of the world, the weights and the batches.
    world_seed
        Seed of the world alone, where it is to differ from --seed.
    out_
        The run folder; without it, a new one under runs/.
    resume
        Continue this run instead of starting one.
    from_scratch
        With --resume: train the run again from step 0, where its checkpoints are damaged.
    overwrite
        Replace the run folder if it exists.
    start_from
        Begin with the weights of this run instead of random ones. Its world may be another; the
        shape of its model must be the same.
    carry
        With --start-from, what is carried over: all (the default; embeddings of the words that
        both runs have), body (all but the embeddings) or shuffled (a control: its numbers in
        disorder).
    synonyms
        A table of two columns, name and synonym; both can be asked then.
    phrases
        A table of two columns, relations and phrase, to ask in words: `targets / pathway`,
        `which pathways does {} act on`.
    folds
        For small tables: grow as many runs besides, each of which holds out another part of the
        questions, and tell what all of them together got right. They lie in OUT-folds.
    data
        A folder in a published format: train.json, test.json and vocab.json of arXiv:2405.15071,
        or the question, tense or Dyck files of arXiv:2305.18741 (recipe `dataset`).
    until
        Stop when this holds at three evaluations in a row, like "valid_ood>=0.99"; "" never stops.
    keep
        How many checkpoints to keep, the newest ones; 0 keeps all.
    device
        auto, cpu, cuda or mps.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    forecast
        Tell in the progress when the held-out questions will be right, and whether they will; see
        `latebloom forecast`.
    json_
        Print the summary as JSON.
    start
        Settings of the start, as in --start.noise 0.1.
    """
    sections = settings.sections() | {"start": dict(start or {})}
    if start_from is not None:
        sections["start"]["run"] = str(start_from.resolve())
    if carry:
        sections["start"]["carry"] = carry
    if until is not None:
        sections["train"]["until"] = until
    if keep is not None:
        sections["train"]["keep"] = str(keep)
    asked = Asked(
        recipe=recipe,
        file=config,
        source=source,
        own=own,
        data=data,
        synonyms=synonyms,
        phrases=phrases,
        seed=seed,
        world_seed=world_seed,
        sections=sections,
        trains=True,
    )
    if from_scratch and resume is None:
        raise LatebloomError("--from-scratch has no effect without --resume RUN")
    if folds and launched.how_many() > 1:
        raise LatebloomError("--folds grows several runs, and torchrun trains one; leave one out")
    if folds:
        from latebloom.studies.folds import config_of_fold

        if resume is not None:
            raise LatebloomError("--folds has no effect with --resume: the run has its own")
        config_of_fold(config_for(asked)[0], folds, 0)  # what is wrong is told before all else
    if resume is not None:
        refuse_with_resume(asked, out_, overwrite)
        silent = quiet or launched.number() > 0
        summary = go_on(resume, device, threads, from_scratch, silent, forecast)
        folder = resume
    else:
        folder, summary = begin(asked, out_, device, threads, overwrite, quiet, forecast)
    if launched.number():
        return  # the first process of several does the rest
    draw(folder)
    pooled = []
    if folds and summary["stopped_by"] != "interrupt":
        pooled = estimate(asked, folder, folds, device, threads, overwrite)
        summary |= {"folds": [one.as_dict() for one in pooled]}
    if json_:
        from latebloom.records import to_json

        print(json.dumps(to_json(summary), indent=2))
    elif not quiet:
        show_summary(summary, folder)
        for one in pooled:
            out.print(f"{folds} folds, {one.line()}", markup=False)
    if summary["stopped_by"] == "interrupt":
        err.print(f"stopped at step {summary['steps']}; to continue: {resume_line(folder)}")
        sys.exit(130)


def begin(
    asked: Asked,
    out_: Path | None,
    device: str,
    threads: int,
    overwrite: bool,
    quiet: bool,
    forecast: bool,
) -> tuple[Path, dict[str, Any]]:
    """Grows a new run; returns its folder and its summary."""
    config, data = config_for(asked)
    from latebloom.reports.progress import make_progress
    from latebloom.studies.grow import grow as train_run

    folder = out_ or unused_folder(name_of(config))
    before = stamp(folder)
    with make_progress(quiet or launched.number() > 0) as listener:
        try:
            summary = train_run(
                config,
                folder,
                listener=foretelling(listener, folder) if forecast else listener,
                device=device,
                threads=threads,
                overwrite=overwrite,
                data=data,
            )
        except KeyboardInterrupt:
            interrupted(folder if stamp(folder) != before else None)
            raise
    return folder, summary


def foretelling(listener: "Listener", folder: Path) -> "Listener":
    """A listener that tells forecasts besides."""
    from latebloom.foresight.listening import Foretelling

    return Foretelling(listener, folder)


def estimate(
    asked: Asked, folder: Path, folds: int, device: str, threads: int, overwrite: bool
) -> "list[Pooled]":
    """Grows the runs of the folds beside a run; returns what they got right together."""
    from latebloom.reports.progress import QuietProgress
    from latebloom.studies.folds import grow_folds

    class Counting(QuietProgress):
        """Says which fold it is, and nothing else."""

        def __init__(self, fold: int) -> None:
            super().__init__()
            err.print(f"fold {fold + 1} of {folds}", markup=False)

    return grow_folds(
        config_for(asked)[0],
        folder.with_name(f"{folder.name}-folds"),
        folds,
        listener=Counting,
        device=device,
        threads=threads,
        overwrite=overwrite,
    )


def go_on(
    folder: Path, device: str, threads: int, from_scratch: bool, quiet: bool, forecast: bool
) -> dict[str, Any]:
    """Continues a run; returns its summary."""
    from latebloom.reports.progress import QuietProgress, make_progress
    from latebloom.studies.grow import resume

    class Telling(QuietProgress):
        """Shows nothing but what was damaged, or is not as it was."""

        def note(self, text: str) -> None:
            err.print(text, markup=False)

    with Telling() if quiet else make_progress(quiet) as listener:
        try:
            return resume(
                folder,
                listener=foretelling(listener, folder) if forecast else listener,
                device=device,
                threads=threads,
                from_scratch=from_scratch,
            )
        except KeyboardInterrupt:
            interrupted(folder)
            raise


def refuse_with_resume(asked: Asked, out_: Path | None, overwrite: bool) -> None:
    """A run that goes on has all its settings.

    Raises: LatebloomError naming the option that would have no effect.
    """
    given: dict[str, Any] = {"RECIPE": asked.recipe, "SOURCE": asked.source, "--out": out_}
    given |= {"--config": asked.file, "--seed": asked.seed, "--world-seed": asked.world_seed}
    given |= {**asked.own.given(), "--data": asked.data, "--overwrite": overwrite}
    given |= {"--synonyms": asked.synonyms, "--phrases": asked.phrases}
    for section, values in asked.sections.items():
        named: dict[str, Any] = dict(values or {})
        for name, option in SHORT.get(section, {}).items():
            given[option] = named.pop(name, None)
        given[f"--{section}"] = named
    for name, value in given.items():
        if value not in (None, "", False, {}):
            raise LatebloomError(f"{name} has no effect with --resume: the run has its own")


SHORT: Mapping[str, Mapping[str, str]] = {
    "train": {"until": "--until", "keep": "--keep"},
    "start": {"run": "--start-from", "carry": "--carry"},
}
"""Settings of a section that have an option of their own."""


def stamp(folder: Path) -> int:
    """When a run folder was made, in nanoseconds; 0 if there is none."""
    try:
        return (folder / "config.toml").stat().st_mtime_ns
    except OSError:
        return 0


def interrupted(folder: Path | None) -> None:
    """Says how to continue after a Ctrl-C that left no summary."""
    if launched.number():
        return
    if folder is None:
        err.print("interrupted before anything was written")
    else:
        err.print(f"interrupted; to continue: {resume_line(folder)}", markup=False)


def resume_line(folder: Path) -> str:
    """The command that continues a run."""
    return f"latebloom grok --resume {shlex.quote(str(folder))}"


def draw(folder: Path) -> None:
    """The curves and the page; a run that was stopped before its first evaluation has none."""
    from latebloom.reports.curves import write_curves
    from latebloom.reports.page import write_report
    from latebloom.training.run_folder import RunFolder

    if next(RunFolder.open(folder).metrics(), None) is not None:
        write_curves(folder)
        write_report(folder)


def name_of(config: "RunConfig") -> str:
    """What a run's folder is called: `composition-seed0`; the world's seed where it differs."""
    of_world = "" if config.world_seed == config.seed else f"-world{config.world_seed}"
    return f"{config.recipe}-seed{config.seed}{of_world}"


def unused_folder(name: str) -> Path:
    """`runs/NAME`, or the first of `runs/NAME-2`, ... that does not exist."""
    folder, n = Path("runs") / name, 1
    while folder.exists():
        n += 1
        folder = Path("runs") / f"{name}-{n}"
    return folder


def show_summary(summary: Mapping[str, Any], folder: Path) -> None:
    """The outcome as a table, and what to do next."""
    from latebloom.reports.ranked import counting_line
    from latebloom.worlds.splits import ENOUGH, is_test, is_validation

    columns = ("split", "right", "of", "accuracy", "95 % interval", "first", "sustained")
    rows = []
    for split, row in summary["splits"].items():
        low, high = row["ci95"]
        steps = ("-" if row[k] is None else str(row[k]) for k in ("first_step", "sustained_step"))
        interval = f"{low:.3f} - {high:.3f}"
        counts = (str(row["correct"]), str(row["n"]))
        rows.append((split, *counts, f"{row['accuracy']:.3f}", interval, *steps))
    spare = ("right", "95 % interval", "first", "of")
    aside = [split for split in summary["splits"] if is_validation(split)]
    out.print(fitting(columns, rows, out, spare, faint=aside))
    few = [
        split for split, row in summary["splits"].items() if is_test(split) and row["n"] < ENOUGH
    ]
    if few:
        out.print(
            f"Too few questions to judge by (fewer than {ENOUGH}): {', '.join(few)}.",
            soft_wrap=not out.is_terminal,
        )
    line = counting_line(summary)
    if line:
        out.print(line, soft_wrap=not out.is_terminal)
    phi = "" if summary["phi"] is None else f", phi {summary['phi']:g}"
    out.print(
        f"{summary['steps']} steps in {summary['seconds']:.1f} s on {summary['device']},"
        f" {summary['parameters']:,} parameters{phi}. {STOPPED[summary['stopped_by']]}"
        ' "first" and "sustained": the step at which a split reached, and kept, 99 %.',
        soft_wrap=not out.is_terminal,
    )
    if aside:
        out.print(
            "Splits that begin with valid_ are for decisions, such as when to stop; results are"
            " those of the test splits.",
            soft_wrap=not out.is_terminal,
        )
    name = shlex.quote(str(folder))
    then = f"ask it: latebloom ask {name}"
    if summary["reads"] == "sentences":
        then = f"see its trees: latebloom trees {name}"
    out.print(f"the run is in {name}; {then}", markup=False)


STOPPED = {
    "until": "Stopped by --until.",
    "steps": "All steps were run.",
    "callback": "Stopped by a callback.",
    "interrupt": "Interrupted.",
    "construction": "Computed from the facts, without training.",
}
"""How a training ended, in words."""
