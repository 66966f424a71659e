"""The world as a list on the page of a report: what is true, trained, wrong; asked by a click."""

import csv
import json
import re
from pathlib import Path

import pytest
from small_reports import PLAIN, RELATIONS

from latebloom.run import load


@pytest.fixture(scope="module")
def run(plain):
    """The run of the report, with the rounded weights that the page has."""
    found = load(plain.parent)
    for parameter in found.model.parameters():
        parameter.data = parameter.data.half().float()
    return found


def panel(page):
    return page.locator(".browsing")


def opened(page):
    panel(page).locator("summary").click()
    judged(page)
    return page


def judged(page) -> None:
    """Waits until every line has an answer."""
    panel(page).locator(".said", has_text=re.compile("^(There are none|[0-9])")).wait_for()


def lines(page) -> list[list[str]]:
    return [
        [text.strip() for text in row.locator("th, td").all_text_contents()]
        for row in panel(page).locator("tbody tr").all()
    ]


def choose(page, label: str, starts: str) -> None:
    """The option that starts with some words."""
    select = page.get_by_label(label, exact=True)
    options = select.locator("option").all_text_contents()
    select.select_option(index=next(i for i, text in enumerate(options) if text.startswith(starts)))
    judged(page)


def test_the_facts_of_a_name_are_found_by_completion(visit, plain, run):
    page = opened(visit(plain))
    field = panel(page).locator("[role=combobox]")
    field.fill("e4")
    field.press("Enter")
    judged(page)
    found = lines(page)
    words = run.world.vocabulary.words
    rows = [row for row in run.world.facts.rows().tolist() if words[row[0]] == "e4"]
    assert [line[0] for line in found] == [f"e4 {words[relation]}" for _, relation, _ in rows]
    assert [line[1] for line in found] == [words[target] for *_, target in rows]
    for line in found:
        answer = run.ask(*line[0].split())
        assert answer.answers[0].name in line[3]
        right = answer.answers[0].name == answer.truth
        assert line[3].startswith("●right" if right else "✕wrong")
        assert ("OOD" in line[2]) is ("ood" in answer.hops)
        assert line[2].startswith("trained" if answer.shown else "never trained")


def test_what_leads_to_a_name_and_what_is_composed_of_it(visit, plain, run):
    page = opened(visit(plain))
    choose(page, "List", "facts that lead to")
    assert {line[1] for line in lines(page)} == {"e0"}
    choose(page, "List", "composed questions")
    assert all("e0" in line[0].split() and len(line[0].split()) == 3 for line in lines(page))


def test_a_click_asks_it(visit, plain):
    page = opened(visit(plain))
    line = panel(page).locator("tbody button").nth(2)
    names = line.text_content().split()
    line.click()
    fields = page.locator('[aria-labelledby="title-a"] [role=combobox]')
    assert [field.input_value() for field in fields.all()] == names


@pytest.mark.parametrize("number", [0, -1])
def test_what_is_wrong_at_the_checkpoint_is_what_python_has_wrong(visit, plain, run, number):
    page = opened(visit(plain))
    steps = [one["step"] for one in page.evaluate("latebloom.checkpoints")]
    page.get_by_role("slider").focus()
    page.keyboard.press("Home" if number == 0 else "End")
    choose(page, "List", "test_id")
    model = run.at(steps[number])
    rows = [model.world.vocabulary.decode(row) for row in model.world.examples("test_id").tolist()]
    wrong = {" ".join(row[:-1]) for row in rows if model.ask(*row[:-1]).answers[0].name != row[-1]}
    said = panel(page).locator(".said").text_content()
    assert f"of {len(rows)} right at step {steps[number]}" in said
    assert abs(int(said.split()[0]) - (len(rows) - len(wrong))) <= 1  # weights are rounded
    choose(page, "Which of them", "those answered wrongly")
    assert all("✕" in line[3] for line in lines(page))
    assert len({line[0] for line in lines(page)} - wrong) <= 1


def test_only_ood_and_only_untrained(visit, plain, run):
    page = opened(visit(plain))
    choose(page, "List", "atomic_ood")
    assert all("OOD" in line[2] for line in lines(page))
    choose(page, "List", "test_id")
    choose(page, "Which of them", "those that were never trained")
    assert all(line[2].startswith("never trained") for line in lines(page))
    choose(page, "List", "train_inferred")
    assert lines(page) == []
    assert "none" in panel(page).locator(".tools").last.text_content()


def test_pages_are_turned(visit, plain, run):
    page = opened(visit(plain))
    choose(page, "List", "train_inferred")
    seen, n = [], len(run.world.examples("train_inferred"))
    later = page.get_by_role("button", name="Later")
    while True:
        seen += [line[0] for line in lines(page)]
        if later.is_disabled():
            break
        later.click()
    assert len(seen) == n
    assert len(set(seen)) == n


def test_the_list_is_downloaded_with_names_as_they_are(visit, plain, hostile):
    page = opened(visit(hostile))
    with page.expect_download() as waiting:
        panel(page).get_by_role("button", name="CSV").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert rows
    assert {row["right"] for row in rows} <= {"true", "false"}
    with page.expect_download() as waiting:
        panel(page).get_by_role("button", name="JSON").click()
    told = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert [one["question"] for one in told] == [row["question"] for row in rows]
    visit.complaints[:] = [one for one in visit.complaints if not one.startswith("blob:")]


def test_hostile_names_are_text_here_too(visit, hostile):
    page = opened(visit(hostile, width=390))
    for list_name in ("facts that lead to", "composed questions", "train_inferred"):
        choose(page, "List", list_name)
        assert panel(page).locator("img, script, b, table svg").count() == 0
    assert page.evaluate("window.hurt") is None
    assert not {"\u202e", "\u0007", "\u200b"} & set(panel(page).inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_every_fact_of_the_world_is_reached(visit, plain, run):
    page = opened(visit(plain))
    field, found = panel(page).locator("[role=combobox]"), 0
    for name in PLAIN:
        field.fill(name)
        field.press("Enter")
        found += len(lines(page))
    assert found == len(PLAIN) * len(RELATIONS)
