"""The report of a run: one HTML file that opens anywhere, without a network.

Enters: a run folder. Leaves: `report.html` in it, the same bytes for the same folder.
Covers: accuracy with intervals, answers as sets, curves to hover over, the model itself to ask and
look into (`latebloom.reports.laboratory`) or pictures of it (`latebloom.reports.recorded`), phases,
further figures (`figures/*.svg`), the contest with external memory (`rivals.json`), configuration,
environment.
Does not cover: several runs on one page.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from latebloom.errors import RunFolderError
from latebloom.neutral import neutral, neutral_value
from latebloom.reading import parse_json, read_text
from latebloom.reports.behind import read_behind
from latebloom.reports.captions import caption_of, place_of
from latebloom.reports.curves import subtitle, uses_log_steps
from latebloom.reports.embedded import Picture, embed
from latebloom.reports.laboratory import Laboratory, make_laboratory
from latebloom.reports.ranked import counting_line, coverage_row, decimal, rank_rows, table_rows
from latebloom.reports.recorded import record_run
from latebloom.reports.recording import (
    Record,
    Recording,
    drawn,
    phase_spans,
    read_recording,
    thinned,
    write_output,
)
from latebloom.reports.scripts import allowed, script_of
from latebloom.reports.splits import duration, in_order, percent, style_of
from latebloom.training.milestones import LEVEL, MOST
from latebloom.worlds.splits import ENOUGH, is_test, is_validation

MOST_ROWS = 200
"""Evaluations written out in the table; of more, evenly many are left out."""


def write_report(run_dir: Path | str) -> Path:
    """Writes `report.html` into the run folder and returns its path.

    Raises: RunFolderError if the run holds no evaluation, a file in it is damaged, or the folder
    cannot be written.
    """
    recording = read_recording(run_dir)
    path = recording.run_dir / "report.html"
    write_output(path, render_report(recording).encode())
    return path


def render_report(recording: Recording) -> str:
    """The page as text. Whatever comes from the run is escaped."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=neutral_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.policies["json.dumps_function"] = shown_json
    templates.filters.update(
        percent=percent, decimal=decimal, duration=duration, plain=plain, exact_json=exact_json
    )
    rows = split_rows(recording)
    made = make_laboratory(recording.run_dir, recording.records)
    laboratory = made if isinstance(made, Laboratory) else None
    script = script_of(laboratory=laboratory is not None)
    return templates.get_template("page.html.jinja").render(
        title=recording.title,
        subtitle=subtitle(recording.records, recording.summary),
        verdict=verdict(rows, recording.data.reads),
        finished=bool(recording.summary),
        last_step=recording.records[-1]["step"],
        stopped_by=recording.summary.get("stopped_by"),
        skipped=recording.skipped,
        level=LEVEL,
        most=MOST,
        cards=[row for row in rows if row["main"]] or tested(rows)[-2:],
        rows=rows,
        rules=rule_rows(recording),
        ranks=rank_rows(recording.summary or recording.records[-1]),
        coverage=coverage_row(recording.summary or recording.records[-1]),
        table=table_rows(recording.summary),
        counting=counting_line(recording.summary),
        chart=chart_data(recording),
        phases=phase_rows(drawn(recording.records, recording.summary)),
        told_by=list(reversed(recording.data.phases)),
        figures=list(figures(recording.run_dir / "figures")),
        contest=contest(recording.run_dir / "rivals.json"),
        laboratory=laboratory,
        no_laboratory=made if laboratory is None else "",
        recorded=None if laboratory else record_run(recording.run_dir, recording.records),
        script=script,
        allowed=allowed(script),
        probe=probe_size(recording.config),
        diagnosis=recording.diagnosis,
        config=config_tables(recording.config),
        environment=recording.environment,
        splits=in_order(recording.splits),
        evaluations=thinned(recording.records, MOST_ROWS),
        evaluations_in_all=len(recording.records),
    )


def shown_json(value: Any, **_: Any) -> str:
    """A value for the page's script, whose texts it shows."""
    return neutral(json.dumps(value, ensure_ascii=False))


def exact_json(value: Any) -> Markup:
    """A value for the laboratory, which looks names up as they are and shows them neutralised."""
    return htmlsafe_json_dumps(value, dumps=json.dumps)


def split_rows(recording: Recording) -> list[dict[str, Any]]:
    """A row for each split: from the summary, or without one from the last evaluation."""
    told: Record = recording.summary.get("splits") or {
        split: {"accuracy": share} for split, share in recording.records[-1]["accuracy"].items()
    }
    rows = []
    for name in in_order(told):
        entry, style = told[name], style_of(name, recording.data.meanings)
        low, high = entry.get("ci95") or (None, None)
        rows.append(
            {
                "name": name,
                "style": style,
                "holds": style.holds,
                "main": style.main,
                "validation": is_validation(name),
                "n": entry.get("n"),
                "few": is_test(name) and entry.get("n", ENOUGH) < ENOUGH,
                "accuracy": entry.get("accuracy"),
                "low": low,
                "high": high,
                "first_step": entry.get("first_step"),
                "sustained_step": entry.get("sustained_step"),
            }
        )
    return rows


def tested(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without those of validation splits."""
    return [row for row in rows if not row["validation"]]


def rule_rows(recording: Recording) -> list[dict[str, Any]]:
    """A row for each split with the share of its choices with which each rule agrees.

    Empty for a task that tells no rules apart; without a summary from the last evaluation.
    """
    splits = recording.summary.get("splits") or {}
    told = {name: entry["rules"] for name, entry in splits.items() if "rules" in entry}
    told = told or recording.records[-1].get("rules", {})
    return [
        {"name": name, "style": style_of(name, recording.data.meanings), "follows": told[name]}
        for name in in_order(told)
    ]


def verdict(rows: Sequence[dict[str, Any]], reads: str) -> str:
    """What the run can do, from the splits by which it is judged that have enough questions."""
    got = [
        f"{percent(row['accuracy'])} of the {row['style'].holds}"
        for row in rows
        if row["main"] and row["accuracy"] is not None and not row.get("few")
    ]
    does = {"questions": "Answers", "sentences": "Gets right"}[reads]
    few = [
        f"the {row['style'].holds} ({row['n']})" for row in rows if row["main"] and row.get("few")
    ]
    said = [f"{does} {', and '.join(got)}."] if got else []
    said += [f"Too few questions to judge by: {', and '.join(few)}."] if few else []
    return " ".join(said)


def chart_data(recording: Recording) -> dict[str, Any]:
    """What the page's script draws: lists by evaluation, None where nothing was measured.

    Validation splits go with their tests and are not drawn; the table of evaluations has them. Of
    very many evaluations evenly many are drawn.
    """
    told = recording.summary.get("splits", {})
    records = drawn(recording.records, recording.summary)
    return {
        "steps": [record["step"] for record in records],
        "seconds": [_known(record.get("seconds")) for record in records],
        "loss": [_known(record.get("loss")) for record in records],
        "phases": phase_spans(records),
        "log": uses_log_steps([record["step"] for record in records]),
        "series": [
            {
                "name": name,
                "light": style.hue.on_white,
                "dark": style.hue.on_black,
                "ood": style.ood,
                "main": style.main,
                "values": [_known(record["accuracy"].get(name)) for record in records],
                "sustained": told.get(name, {}).get("sustained_step") if style.main else None,
            }
            for name in in_order(recording.splits)
            if not is_validation(name)
            for style in [style_of(name, recording.data.meanings)]
        ],
    }


def phase_rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """The phases with their steps, their seconds and their share of the steps."""
    seconds = {record["step"]: record.get("seconds") for record in records}
    spans = phase_spans(records)
    whole = max(1, spans[-1][2] - spans[0][1]) if spans else 1
    rows = []
    for name, start, end in spans:
        began, ended = seconds[start], seconds[end]
        rows.append(
            {
                "name": name,
                "start": start,
                "end": end,
                "seconds": None if began is None or ended is None else ended - began,
                "share": (end - start) / whole,
            }
        )
    return rows


def figures(folder: Path) -> Iterable[Picture]:
    """Each SVG of a folder: those that latebloom draws first, then the others by name.

    Raises: RunFolderError if one cannot be read.
    """
    for path in sorted(folder.glob("*.svg"), key=lambda path: place_of(path.stem)):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RunFolderError(f"{path} cannot be read ({error.strerror})") from error
        yield embed(content, caption_of(path.stem), read_behind(path))


def contest(path: Path) -> list[dict[str, Any]]:
    """The rows of the contest with external memory; none if none was held.

    Raises: RunFolderError if the file is no such table.
    """
    try:
        table = parse_json(read_text(path))
        return [
            {
                "rival": row["rival"],
                "questions": row["question_type"],
                "split": row["split"],
                "n": int(row["n"]),
                "correct": row["accuracy"],
                "low": row["ci95"][0],
                "high": row["ci95"][1],
                **{
                    kind: row[kind] / row["n"] if row["n"] else None
                    for kind in ("wrong", "cannot_decide", "invalid")
                },
                "recall": row["recall"],
                "facts": row.get("facts"),
                "seconds": float(row["seconds"]),
                "tokens": float(row["tokens"]),
            }
            for row in table["rows"]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise RunFolderError(
            f"{path} is no table of a contest; remove it, or hold it again: latebloom rivals"
            f" {path.parent}"
        ) from error


def config_tables(config: Record) -> dict[str, dict[str, Any]]:
    """The configuration as tables: the top keys as `run`, then each section."""
    top = {key: value for key, value in config.items() if not isinstance(value, dict)}
    sections = {key: value for key, value in config.items() if isinstance(value, dict)}
    return ({"run": top} if top else {}) | sections


def probe_size(config: Record) -> int | None:
    """Questions of a split in an evaluation during training, if the configuration tells."""
    section = config.get("train")
    probe = section.get("probe") if isinstance(section, dict) else None
    return probe if isinstance(probe, int) else None


def plain(value: Any) -> str:
    """A setting as one reads it: a list with commas, true and false as in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(entry)}" for key, entry in value.items())
    return "–" if value is None or value == "" else str(value)


def _known(value: float | None) -> float | None:
    """JSON has no NaN: what is not finite is not known."""
    return value if value is not None and math.isfinite(value) else None
