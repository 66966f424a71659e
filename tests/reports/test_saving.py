"""CSV that a page gives: it reads back as it was, and no cell of it is a formula."""

import csv
import json
import subprocess

import pytest
from lab_node import node

from latebloom.reports.scripts import HERE, script_of

RUN = "process.stdout.write(csvOf(JSON.parse(require('fs').readFileSync(0, 'utf8'))));"


def in_csv(rows) -> list[list[str]]:
    """Rows as the page writes them, read as CSV is."""
    code = (HERE / "saving.js").read_text(encoding="utf-8") + RUN
    done = subprocess.run(
        [node(), "-e", code], input=json.dumps(rows), capture_output=True, text=True, check=True
    )
    return list(csv.reader(done.stdout.splitlines(keepends=True)))


def test_cells_read_back_as_they_were():
    rows = [["step", "a, b", 'say "so"'], [-1, 0.25, None], ["two\nlines", "", "–"]]
    assert in_csv(rows) == [["step", "a, b", 'say "so"'], ["-1", "0.25", ""], rows[2]]


NUMBERS = ["-5", "+5", "-0.25", "-.5", "-1,234", "-1,234.5", "-2e-05", "+3E8"]


@pytest.mark.parametrize("numbers", [NUMBERS])
def test_a_number_with_its_sign_is_no_formula(numbers):
    assert in_csv([numbers]) == [numbers]


def test_what_a_spreadsheet_would_work_out_is_text():
    formulas = ["-2+3+cmd|' /C calc'!A0", "+2+3", "-5-5", "-.", "-", "-1,23", "-e5", "- 5"]
    formulas += ["-5\n=1", "=1", "@SUM(A1)", "+cmd", "\t=1", "\n=1"]
    assert in_csv([formulas]) == [["'" + one for one in formulas]]


def test_files_are_saved_and_cells_quoted_in_one_place():
    whole = script_of(laboratory=True)
    assert whole.count("createObjectURL") == 1
    assert whole.count("""replaceAll('"', '""')""") == 1
