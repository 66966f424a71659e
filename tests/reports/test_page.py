"""The report: one file, complete, escaped, the same bytes for the same run."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from latebloom.errors import LatebloomError
from latebloom.reports.curves import plot_curves
from latebloom.reports.page import chart_data, config_tables, phase_rows, plain, write_report
from latebloom.reports.recording import Recording, drawn, thinned
from latebloom.training.milestones import MOST

VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """Text by tag, and every address; fails on tags that do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.data = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"] and data.startswith("{"):
            self.data = data
        elif not {"script", "style"} & set(self.open):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_the_page_tells_the_outcome(run_dir: Path) -> None:
    path = write_report(run_dir)
    assert path == run_dir / "report.html"
    words = read(path).words
    assert "composition, seed 3" in words
    assert "Answers 100 % of the new questions over facts that training composes" in words
    assert "99 % held from step 30" in words
    assert "99 % first at step 40, not held" in words
    assert "99.81 – 100.00" in words
    assert f"Generalising begins when {100 * MOST:.0f} % of test_id are right" in words
    assert f"systematic when {100 * MOST:.0f} % of test_ood are" in words
    assert "generalising from step 20 to 30, 2 s" in words
    assert "test_hops 3, 4" in words
    assert "every_loop true" in words
    assert "Measured on at most 500 questions a split" in words
    assert "torch 2.13.0" in words
    assert "Stopped by: until" in words


def test_the_chart_holds_the_records(run_dir: Path) -> None:
    chart = json.loads(read(write_report(run_dir)).data)
    assert chart["steps"] == [10, 20, 30, 40, 50]
    assert chart["phases"][0] == ["memorising", 10, 20]
    assert chart["log"] is False
    assert [s["name"] for s in chart["series"]] == ["atomic_id", "test_id", "test_ood"]
    assert chart["series"][2]["values"] == [0.0, 0.0, 0.6, 0.995, 1.0]
    assert [s["sustained"] for s in chart["series"]] == [None, 30, None]


def test_nothing_comes_from_a_network(run_dir: Path) -> None:
    (run_dir / "figures").mkdir()
    (run_dir / "figures" / "causal_trace.svg").write_text("<svg/>")
    text = write_report(run_dir).read_text(encoding="utf-8")
    page = Page(text)
    assert page.addresses == ["data:image/svg+xml;base64,PHN2Zy8+"]
    assert "Causal trace" in page.words
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|<link|<iframe", text)
    # The only address in the file is the name of SVG itself, which is not fetched.
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}


def test_what_comes_from_the_run_is_escaped(run_dir: Path, summary: dict) -> None:
    bad = "<script>alert(1)</script>"
    (run_dir / "summary.json").write_text(
        json.dumps(summary | {"recipe": bad, "stopped_by": bad, "device": bad})
    )
    (run_dir / "environment.json").write_text(json.dumps({bad: bad}))
    metrics = run_dir / "metrics.jsonl"
    metrics.write_text(metrics.read_text().replace("test_id", "</script>" + "x"))
    (run_dir / "config.toml").write_text(f'"{bad}" = "{bad}"\n')
    text = write_report(run_dir).read_text(encoding="utf-8")
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert Page(text).seen.count("script") == 2


def test_the_contest_with_external_memory(run_dir: Path) -> None:
    assert "external memory" not in read(write_report(run_dir)).words
    row = {"rival": "<b>bm25</b>", "question_type": "two-hop", "split": "test_ood", "n": 2000}
    row |= {"correct": 1500, "wrong": 300, "cannot_decide": 150, "invalid": 50, "recall": None}
    row |= {"seconds": 0.25, "tokens": 1234.4, "accuracy": 0.75, "ci95": [0.73, 0.7685]}
    table = run_dir / "rivals.json"
    table.write_text(json.dumps({"rows": [row, row | {"recall": 0.5, "facts": 40.2}]}))
    page = read(write_report(run_dir))
    shares = "2,000 75.0 % 73.0 – 76.8 15.0 % 7.5 % 2.5 %"
    assert f"<b>bm25</b> two-hop, test_ood {shares} – – 0.25 1,234" in page.words
    assert "2.5 % 0.500 40 0.25" in page.words
    for damaged in ("{", "{}", "[1]", '{"rows": [{"rival": "x"}]}'):
        table.write_text(damaged)
        with pytest.raises(LatebloomError, match="no table of a contest"):
            write_report(run_dir)


def test_a_run_killed_while_writing(run_dir: Path) -> None:
    (run_dir / "summary.json").unlink()
    with (run_dir / "metrics.jsonl").open("a") as file:
        file.write('{"step": 60,')
    words = read(write_report(run_dir)).words
    assert "This run has not ended" in words
    assert "at step 50" in words
    assert "1 damaged line of metrics.jsonl left out" in words


def test_metrics_alone_are_enough(run_dir: Path) -> None:
    for name in ("summary.json", "config.toml", "environment.json"):
        (run_dir / name).unlink()
    metrics = run_dir / "metrics.jsonl"
    metrics.write_text('{"step": 5, "accuracy": {"test_ood": NaN, "odd": 0.5}}\n')
    page = read(write_report(run_dir))
    assert json.loads(page.data)["series"][0]["values"] == [None]
    assert "50.0 %" in page.words
    assert "Settings" not in page.words


def test_an_empty_run_is_one_line(run_dir: Path) -> None:
    (run_dir / "metrics.jsonl").write_text("")
    with pytest.raises(LatebloomError, match="holds no evaluation"):
        write_report(run_dir)
    assert not (run_dir / "report.html").exists()


def test_the_same_run_gives_the_same_bytes(run_dir: Path) -> None:
    first = write_report(run_dir).read_bytes()
    assert write_report(run_dir).read_bytes() == first


def test_settings_as_one_reads_them() -> None:
    assert [plain(v) for v in (True, [], (1, 2), None, "", 0.1, {"a": False})] == (
        ["true", "none", "1, 2", "–", "–", "0.1", "a false"]
    )
    assert config_tables({"seed": 1, "world": {"phi": 2}}) == {
        "run": {"seed": 1},
        "world": {"phi": 2},
    }


def test_thinning_keeps_the_last() -> None:
    records = [{"step": i} for i in range(10)]
    assert [r["step"] for r in thinned(records, 4)] == [2, 4, 7, 9]
    assert thinned(records, 10) == records


def test_validation_stands_below_the_tests_and_is_not_drawn(
    run_dir: Path, records: list[dict], summary: dict
) -> None:
    for record in records:
        record["accuracy"]["valid_ood"] = 0.125
    (run_dir / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    assert "Validation splits" not in read(write_report(run_dir)).words
    summary["splits"]["valid_ood"] = summary["splits"]["test_ood"] | {"accuracy": 0.125}
    (run_dir / "summary.json").write_text(json.dumps(summary))
    page = read(write_report(run_dir))
    assert [s["name"] for s in json.loads(page.data)["series"]] == (
        ["atomic_id", "test_id", "test_ood"]
    )
    table = page.words.split("sustained step")[1]
    names = ("atomic_id", "test_id", "test_ood", "valid_ood")
    assert sorted(names, key=table.index) == list(names)
    assert "Validation splits are for decisions" in page.words
    # What the run is said to do, and every evaluation as numbers.
    assert "12.5 %" not in page.words.split("Accuracy")[0]
    assert page.words.split("Every evaluation")[1].count("12.5 %") == len(records)


def test_of_very_many_evaluations_a_figure_shows_some(monkeypatch):
    monkeypatch.setattr("latebloom.reports.recording.MOST_DRAWN", 50)
    phases = ("memorising", "generalising")
    records = [
        {"step": i, "accuracy": {"test_ood": i / 1000}, "phase": phases[i % 2]} for i in range(1000)
    ]
    summary = {"splits": {"test_ood": {"sustained_step": 333}}}
    recording = Recording(
        run_dir=Path(), records=records, skipped=0, summary=summary, config={}, environment={}
    )
    chart = chart_data(recording)
    assert len(chart["steps"]) == len(chart["series"][0]["values"]) == 51
    assert {333, 999} <= set(chart["steps"])
    assert len(phase_rows(drawn(records, summary))) <= 51
    figure = plot_curves(records, summary)
    main = figure.axes[0]
    assert len(main.patches) <= 51
    assert max(len(line.get_xdata()) for line in main.lines) == 51
    assert [333] in [list(line.get_xdata()) for line in main.lines]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"rows": [{"rival": "x", "n": 1e999}]}'])
def test_a_contest_beyond_all_measure_is_refused(run_dir: Path, text: str) -> None:
    whole = '{"rival": "x", "question_type": "", "split": "", '
    text = text.replace('{"rival": "x", ', whole)
    (run_dir / "rivals.json").write_text(text, encoding="utf-8")
    with pytest.raises(LatebloomError, match="is no table of a contest"):
        write_report(run_dir)
