"""Questions with several answers on the page: what follows, what is guessed, where it is cut."""

import re
from pathlib import Path

import pytest
from small_reports import run_with_sets, set_question

from latebloom.reports.page import write_report
from latebloom.run import load


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """A report over a table in which each pair has one to three objects, some facts never told."""
    return write_report(run_with_sets(tmp_path_factory.mktemp("many")))


@pytest.fixture(scope="module")
def run(many):
    found = load(many.parent)
    for parameter in found.model.parameters():
        parameter.data = parameter.data.half().float()
    return found


def parts(page) -> dict[str, list[str]]:
    """The names under each heading of the first question's answers."""
    found: dict[str, list[str]] = {}
    for line in page.locator('[aria-labelledby="title-a"] .answers li').all():
        if "part" in line.get_attribute("class"):
            heading = line.text_content()
            found.setdefault(heading, [])
        else:
            found[heading].append(line.locator("bdi").text_content())
    return found


def ask(page, question: list[str]) -> None:
    length = page.get_by_label("Length of the first question")
    length.select_option(label=f"{len(question)} names")
    set_question(page, "a", question)


def asked(run, split: str) -> list[str]:
    return run.world.vocabulary.decode(run.world.examples(split)[0, :-1].tolist())


@pytest.mark.parametrize("split", ["train_inferred", "test_missing", "test_links"])
def test_what_follows_and_what_is_guessed_is_what_python_says(visit, many, run, split):
    page = visit(many)
    question = asked(run, split)
    ask(page, question)
    wanted, shown = run.ask(*question, top=5), parts(page)
    assert set(shown.get("follow from the facts", [])) <= {one.name for one in wanted.known}
    assert len(shown.get("follow from the facts", [])) == min(5, len(wanted.known))
    guesses = [name for title, names in shown.items() if "guesses" in title for name in names]
    assert guesses == [one.name for one in wanted.guesses][: len(guesses)]
    assert any("The cut" in title for title in shown) is (wanted.in_set is not None)
    more = [int(found[1]) for title in shown if (found := re.search(r"and (\d+) more", title))]
    if wanted.in_set is not None and wanted.in_set > 5:
        assert wanted.in_set - 5 in more


def test_held_out_answers_are_told_apart(visit, many, run):
    page = visit(many)
    question = asked(run, "test_links")
    ask(page, question)
    held = run.ask(*question).held_out
    lines = page.locator('[aria-labelledby="title-a"] .answers li', has_text="held out")
    for line in lines.all():
        assert line.locator("bdi").text_content() in held
    page.locator(".browsing summary").click()
    lists = page.get_by_label("List", exact=True)
    options = lists.locator("option").all_text_contents()
    lists.select_option(index=next(i for i, text in enumerate(options) if "test_links" in text))
    page.locator(".browsing .said", has_text=re.compile("^[0-9]")).wait_for()
    assert page.locator(".browsing tbody tr").count() > 5


def test_a_fact_with_several_objects_is_one_line_with_all_of_them(visit, many, run):
    page = visit(many, width=390)
    words, rows = run.world.vocabulary.words, run.world.facts.rows().tolist()
    pairs = [tuple(row[:2]) for row in rows]
    pair = max(set(pairs), key=pairs.count)
    answers = {words[row[2]] for row in rows if tuple(row[:2]) == pair}
    assert len(answers) > 1
    page.locator(".browsing summary").click()
    field = page.locator(".browsing [role=combobox]")
    field.fill(words[pair[0]])
    field.press("Enter")
    name = " ".join(words[token] for token in pair)
    line = page.locator(".browsing tbody tr", has=page.get_by_role("button", name=name))
    assert set(line.locator("td").first.locator("bdi").all_text_contents()) == answers
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit, many, run, scheme, width, faults):
    page = visit(many, width=width, color_scheme=scheme, bypass_csp=True)
    ask(page, asked(run, "test_missing"))
    for panel in (".browsing", ".comparing"):
        page.locator(f"{panel} summary").click()
    page.locator(".browsing tbody tr").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert faults(page) == []


def test_the_facts_of_one_subject_and_relation_stand_together(visit, many, run):
    """Each pair of a two-hop question is named once, and all its facts are written out."""
    page = visit(many)
    question = asked(run, "train_inferred")
    ask(page, question)
    told = run.world.vocabulary.decode
    objects: dict[tuple[str, str], list[str]] = {}
    for subject, relation, thing in run.world.facts.rows().tolist():
        objects.setdefault(tuple(told([subject, relation])), []).extend(told([thing]))
    first = objects[question[0], question[1]]
    lines = page.locator('[aria-labelledby="title-a"] .facts .one-fact').all_text_contents()
    pairs = [tuple(line.split(" → ")[0].split(" — ")) for line in lines]
    assert len(pairs) == len(set(pairs))
    assert pairs[0] == (question[0], question[1])
    found = {
        pair: line.split(" → ")[1].rstrip("; ").split(", ")
        for pair, line in zip(pairs, lines, strict=True)
    }
    assert sorted(found[pairs[0]]) == sorted(first)
    assert all(set(found[pair]) <= set(objects[pair]) for pair in pairs)
