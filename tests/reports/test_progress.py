"""What a training shows: aligned lines in a log, a panel that fits a terminal, or nothing."""

import io
import math

import pytest
from rich.console import Console

from latebloom.reports.live_progress import LiveProgress
from latebloom.reports.progress import PlainProgress, Progress, QuietProgress, make_progress
from latebloom.reports.shown import NEXT
from latebloom.reports.sparkline import sparkline


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def tell(progress: Progress, records: list[dict]) -> None:
    progress.start(600, 0, "composition, seed 3", ("test_id", "test_ood"))
    for record in records:
        loss = math.nan if record["loss"] is None else record["loss"]
        progress.step(record["step"], loss, record["steps_per_second"])
        progress.evaluated(record)
    progress.note("saved [run]")


def show(progress: Progress, records: list[dict]) -> None:
    with progress:
        tell(progress, records)


def panel_lines(progress: LiveProgress, width: int) -> list[str]:
    out = Console(file=io.StringIO(), width=width, color_system=None)
    with out.capture() as capture:
        out.print(progress.panel())
    return capture.get().splitlines()


def lines_under_way(progress: LiveProgress, records: list[dict], width: int) -> list[str]:
    """The panel while the run goes on."""
    with progress:
        tell(progress, records)
        return panel_lines(progress, width)


def test_sparkline_by_hand() -> None:
    """0 is the lowest block, the full one starts at .99, and a half lies between."""
    assert sparkline([0.0, 0.5, 0.98, 0.99, 1.0], 9) == "▁▄▇██"
    assert sparkline([], 9) == ""
    assert sparkline([float("nan"), 1.0], 9) == " █"


def test_a_long_sparkline_keeps_its_end() -> None:
    """Each character is the last of its four values, so a bloom in the last one shows."""
    assert sparkline([0.0] * 11 + [1.0], 3) == "▁▁█"
    assert len(sparkline([0.5] * 1000, 48)) == 48


def test_choice_by_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(make_progress(True, Terminal()), QuietProgress)
    assert isinstance(make_progress(False, io.StringIO()), PlainProgress)
    assert isinstance(make_progress(False, Terminal()), LiveProgress)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(make_progress(False, Terminal()), PlainProgress)


def test_quiet_shows_nothing(records: list[dict], capsys: pytest.CaptureFixture[str]) -> None:
    show(make_progress(True), records)
    assert capsys.readouterr() == ("", "")


def test_the_default_is_standard_error(
    records: list[dict], capsys: pytest.CaptureFixture[str]
) -> None:
    show(make_progress(False), records)
    out, err = capsys.readouterr()
    assert out == ""
    assert "saved [run]" in err


def test_plain_lines_are_aligned(records: list[dict]) -> None:
    stream = io.StringIO()
    show(make_progress(False, stream), records)
    title, heads, *lines, note = stream.getvalue().splitlines()
    assert title == "composition, seed 3: at most 600 steps"
    assert note == "saved [run]"
    assert len(lines) == 5
    assert heads.split() == (
        ["step", "seconds", "steps/s", "loss", "atomic_id", "test_id", "test_ood", "phase"]
    )
    for head in heads.split()[:-1]:
        right = heads.index(head) + len(head)
        assert {line[right - 1] for line in lines} <= set("0123456789%")
        assert {line[right] for line in lines} == {" "}
    assert lines[2].endswith("100 %   99.0 %    60.0 %  systematic")


def test_plain_lines_take_up_a_split_that_comes_later(records: list[dict]) -> None:
    records[3]["accuracy"]["test_hops_4"] = 0.25
    records[4]["loss"] = None
    stream = io.StringIO()
    show(make_progress(False, stream), records)
    lines = stream.getvalue().splitlines()
    assert [i for i, line in enumerate(lines) if "loss" in line] == [1, 5]
    assert lines[5].split()[-2] == "test_hops_4"
    assert "25.0 %" in lines[6]
    assert "–" in lines[7]
    assert "nan" in lines[7]


def test_the_panel_tells_where_the_run_is(records: list[dict]) -> None:
    progress = LiveProgress(Console(file=Terminal(), force_terminal=True, width=90, height=24))
    lines = lines_under_way(progress, records[:3], 90)
    assert lines[0].startswith("composition, seed 3 ")
    assert lines[0].endswith("30/600")
    assert "6.7 steps/s" in lines[1]
    assert "at most 1:25 min left" in lines[1]  # (600 - 30) / 6.7 = 85 s
    assert [line.split() for line in lines[2:5]] == [
        ["atomic_id", "100", "%", "▂██"],
        ["test_id", "99.0", "%", "▁▄█"],
        ["test_ood", "60.0", "%", "▁▁▅"],
    ]
    assert lines[5] == "memorising → generalising → systematic"


def test_the_note_is_not_read_as_markup(records: list[dict]) -> None:
    terminal = Terminal()
    show(LiveProgress(Console(file=terminal, force_terminal=True, width=90)), records)
    assert "saved [run]" in terminal.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_narrow_panel_keeps_the_time_that_is_left(records: list[dict], width: int) -> None:
    progress = LiveProgress(Console(file=Terminal(), force_terminal=True, width=width, height=24))
    lines = lines_under_way(progress, records[:2], width)
    assert lines[1].startswith("at most 1:27 min left · 3 s gone")  # (600 - 20) / 6.7 = 87 s
    assert ("steps/s" in lines[1]) == (width >= 60)
    assert "…" not in lines[1]
    assert lines[-1].startswith(NEXT["generalising"][: width - 1])
    assert max(map(len, lines)) <= width


def test_what_has_ended_says_how_long_it_took_and_nothing_of_what_is_left(records) -> None:
    progress = LiveProgress(Console(file=Terminal(), force_terminal=True, width=90, height=24))
    show(progress, records[:2])
    lines = panel_lines(progress, 90)
    assert lines[1] == f"3 s · loss {records[1]['loss']:.4f}"
    assert not any("left" in line or "Ctrl-C" in line for line in lines)


def test_nothing_is_drawn_of_a_training_that_never_began() -> None:
    terminal = Terminal()
    with (
        pytest.raises(ValueError, match="before it began"),
        LiveProgress(Console(file=terminal, force_terminal=True, width=60)) as progress,
    ):
        assert panel_lines(progress, 60) == []
        raise ValueError("before it began")
    assert "/" not in terminal.getvalue()
    assert "\u2501" not in terminal.getvalue()


@pytest.mark.parametrize(("width", "height"), [(30, 7), (44, 10), (200, 60)])
def test_the_panel_fits_the_terminal(records: list[dict], width: int, height: int) -> None:
    for record in records:
        record["accuracy"] |= {f"test_hops_{k}": 0.5 for k in range(3, 21)}
    progress = LiveProgress(
        Console(file=Terminal(), force_terminal=True, width=width, height=height)
    )
    show(progress, records)
    lines = panel_lines(progress, width)
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    cut = any(line.startswith("and ") for line in lines)
    assert cut == (height < 60)


def test_a_low_terminal_keeps_the_splits_that_count(records: list[dict]) -> None:
    for record in records:
        record["accuracy"] |= {f"test_hops_{k}": 0.5 for k in range(3, 21)}
    progress = LiveProgress(Console(file=Terminal(), force_terminal=True, width=80, height=8))
    show(progress, records)
    lines = panel_lines(progress, 80)
    assert [line.split()[0] for line in lines[2:4]] == ["test_id", "test_ood"]
    assert lines[4] == "and 19 more splits"


def with_validation(records: list[dict]) -> list[dict]:
    for record in records:
        accuracy = record["accuracy"]
        accuracy |= {"valid_ood": accuracy["test_ood"] / 2, "valid_id": accuracy["test_id"] / 2}
    return records


def test_validation_is_one_line_below_the_curves(records: list[dict]) -> None:
    progress = LiveProgress(Console(file=Terminal(), force_terminal=True, width=90, height=24))
    show(progress, with_validation(records)[:3])
    lines = panel_lines(progress, 90)
    assert [line.split()[0] for line in lines[2:5]] == ["atomic_id", "test_id", "test_ood"]
    assert lines[5] == "valid_id 49.5 %  valid_ood 30.0 %"
    assert lines[6] == "memorising → generalising → systematic"
    progress.console.width = 30  # no room for both: no figure is cut
    assert panel_lines(progress, 30)[5] == "valid_id 49.5 %"


@pytest.mark.parametrize(("width", "height"), [(30, 6), (30, 7), (44, 10)])
def test_the_panel_with_validation_fits_the_terminal(
    records: list[dict], width: int, height: int
) -> None:
    progress = LiveProgress(
        Console(file=Terminal(), force_terminal=True, width=width, height=height)
    )
    show(progress, with_validation(records))
    lines = panel_lines(progress, width)
    assert len(lines) < height
    assert max(map(len, lines)) <= width


def test_plain_lines_have_validation_last(records: list[dict]) -> None:
    stream = io.StringIO()
    show(make_progress(False, stream), with_validation(records))
    heads = stream.getvalue().splitlines()[1]
    assert heads.split()[-5:] == ["test_id", "test_ood", "valid_id", "valid_ood", "phase"]


def test_trainings_side_by_side(records: list[dict]) -> None:
    """Both stay on show, beside each other where there is room, else one below the other."""
    progress = LiveProgress(
        Console(file=Terminal(), force_terminal=True, width=120, height=30), beside=True
    )
    with progress:
        for title in ("plain, seed 0", "looped, seed 0"):
            progress.start(600, 0, title, ("test_id",))
            for record in records:
                progress.evaluated(record)
    lines = panel_lines(progress, 120)
    assert "plain, seed 0" in lines[0] and "looped, seed 0" in lines[0]
    progress.console.width = 60
    titles = [line for line in panel_lines(progress, 60) if ", seed 0" in line]
    assert [title.split(",")[0] for title in titles] == ["plain", "looped"]


def test_a_training_alone_replaces_the_one_before(records: list[dict]) -> None:
    progress = LiveProgress(Console(file=Terminal(), force_terminal=True, width=120, height=30))
    with progress:
        for title in ("first", "second"):
            progress.start(600, 0, title)
            progress.evaluated(records[0])
    assert not any("first" in line for line in panel_lines(progress, 120))
