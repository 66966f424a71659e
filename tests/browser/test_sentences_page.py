"""A reader of sentences on its page: written on, looked into, changed, its trees over training."""

from pathlib import Path

import pytest
from small_reports import cell, run_on_sentences

from latebloom.reports.page import write_report
from latebloom.run import load
from latebloom.studies.checkpoints import walk
from latebloom.trees.examination import TreeInstrument
from latebloom.trees.record import ProjectionConfig
from latebloom.trees.scores import predicted_tree


def reader_of(recipe: str, folder: Path) -> Path:
    """The report of a small run on sentences, whose trees were measured."""
    run = load(run_on_sentences(recipe, folder))
    instrument = TreeInstrument.of_corpus(run.corpus, ProjectionConfig(sentences=6, max_words=12))
    assert len(list(walk(run.folder, instrument))) > 2
    return write_report(run.folder.path)


@pytest.fixture(scope="module")
def question(tmp_path_factory) -> Path:
    return reader_of("question", tmp_path_factory.mktemp("question"))


@pytest.fixture(scope="module")
def dyck(tmp_path_factory) -> Path:
    return reader_of("dyck", tmp_path_factory.mktemp("dyck"))


@pytest.fixture(params=["question", "dyck"])
def report(request) -> Path:
    return request.getfixturevalue(request.param)


def field(page, side: str = "a"):
    return page.locator(f'[aria-labelledby="title-{side}"] .writing input')


def written(page, side: str = "a") -> list[str]:
    return field(page, side).input_value().split()


def first_answer(page, side: str = "a") -> str:
    return page.locator(f'[aria-labelledby="title-{side}"] .answers .says bdi').first.text_content()


def test_a_held_out_sentence_is_asked_for_its_judged_word(visit, report):
    page, corpus = visit(report), load(report.parent).corpus
    facts = page.locator('[aria-labelledby="title-a"] .facts')
    words = written(page)
    rows = [
        corpus.text(split, row)
        for split in corpus.tested
        for row in range(len(corpus.lines(split)))
    ]
    line = next(row for row in rows if row.startswith(" ".join(words) + " "))
    right = line.split()[len(words)]
    assert facts.locator("bdi.answer").first.text_content() == right
    answers = page.evaluate("words => latebloom.ask(words)", words)["answers"]
    assert first_answer(page) == answers[0]["name"]
    assert abs(sum(one["probability"] for one in answers)) <= 1
    judged = page.locator('[aria-labelledby="title-a"] .answers .part').text_content()
    assert f"Of the {corpus.task.competing} it puts " in judged
    page.get_by_role("button", name="Another").first.click()
    assert written(page) != words


def test_every_cell_says_the_next_word(visit, report):
    page = visit(report)
    words = written(page)
    for state in page.evaluate("words => latebloom.look(words)", words):
        for position, guesses in enumerate(state["guesses"]):
            here = cell(page, "a", f"0.{state['layer']}.{position}")
            assert here.locator(".says bdi").text_content() == guesses[0]["name"]
            next_word = words[position] if position < len(words) else None
            if guesses[0]["name"] == next_word:
                assert "answer" in here.get_attribute("class")


def test_any_word_of_a_line_is_asked_for_with_the_keyboard(visit, report):
    """The list has the line's words, judged ones first; at first the last judged one is asked."""
    page, run = visit(report), load(report.parent)
    choice = page.get_by_label("Ask for which word of the first sentence")
    judged = choice.locator('optgroup[label="judged"] option')
    numbers = [int(one) for one in judged.evaluate_all("some => some.map((one) => one.value)")]
    beginning = written(page)
    assert int(choice.input_value()) == numbers[-1] == len(beginning) + 1
    corpus = run.corpus
    rows = [(split, row) for split in corpus.tested for row in range(len(corpus.lines(split)))]
    held = (corpus.text(split, row) for split, row in rows)
    line = next(one for one in held if one.startswith(" ".join(beginning) + " ")).split()
    assert choice.locator("option").count() == len(line)
    far = choice.locator('optgroup[label="others"] option').first
    facts = page.locator('[aria-labelledby="title-a"] .facts')
    if corpus.task.name == "dyck":
        # Another line, until one has several brackets to choose from.
        another = page.get_by_role("button", name="Another").first
        for _ in range(20):
            if judged.count() > 2:
                break
            another.click()
        several, last = judged.count(), int(choice.input_value())
        assert several > 2
        words = written(page)
        choice.focus()
        page.keyboard.press("ArrowUp")
        page.wait_for_function("n => +document.activeElement.value !== n", arg=last)
        asked = int(choice.input_value())
        assert asked < last and written(page) == words[: asked - 1]
        assert facts.locator("bdi.answer").first.text_content() == words[asked - 1]
        assert judged.count() == several  # it is still the same line
        found = page.locator('[aria-labelledby="title-a"] .answers .part').text_content()
        assert "Of the closing brackets it puts " in found
        page.keyboard.press("ArrowDown")
        page.wait_for_function("n => +document.activeElement.value === n", arg=last)
        assert written(page) == words
    else:
        assert numbers == [len(beginning) + 1]
        choice.select_option(far.get_attribute("value"))
        assert written(page) == line[: int(choice.input_value()) - 1] != beginning
        assert "does not know what comes next" in facts.text_content()
        choice.select_option(judged.first.get_attribute("value"))
        assert written(page) == beginning
    said = page.evaluate("words => latebloom.ask(words)", written(page))["answers"]
    assert first_answer(page) == said[0]["name"]


def test_a_sentence_is_written_by_hand_and_by_the_model(visit, question):
    page = visit(question)
    field(page).fill("my yak  does sleep . quest")
    field(page).press("Enter")
    assert written(page) == ["my", "yak", "does", "sleep", ".", "quest"]
    said = first_answer(page)
    page.get_by_role("button", name="Write on what it says").first.click()
    assert written(page)[-1] == said
    for _ in range(2):
        page.get_by_role("button", name="One word less").first.click()
    assert written(page) == ["my", "yak", "does", "sleep", "."]
    picker = page.locator('[aria-labelledby="title-a"] [role=combobox]')
    picker.fill("quest")
    picker.press("Enter")
    assert written(page)[-1] == "quest"
    field(page).fill("my yak does sing")
    field(page).press("Enter")
    warning = page.locator('[aria-labelledby="title-a"] .warning')
    assert warning.text_content() == 'This cannot be read: unknown word "sing".'
    field(page).fill("my yak")
    field(page).press("Enter")
    assert warning.is_hidden()
    assert "does not know what comes next" in page.locator(".facts").first.text_content()


def test_the_rules_stand_beside_the_answer(visit, question):
    page = visit(question)
    page.get_by_label("Where the first sentence comes from").select_option(label="test_ood")
    facts = page.locator('[aria-labelledby="title-a"] .facts')
    assert "By rule: main auxiliary" in facts.text_content()
    right = facts.locator("bdi.answer").first.text_content()
    assert right not in facts.locator("bdi.bridge").all_text_contents()
    assert facts.locator("bdi.bridge").count() >= 1


def test_a_state_is_moved_and_replaced(visit, question):
    page = visit(question)
    field(page, "b").fill("our yaks do sleep")
    field(page, "b").press("Enter")
    field(page, "a").fill("her newt does sleep . quest")
    field(page, "a").press("Enter")
    cell(page, "b", "0.2.4").click()
    cell(page, "a", "0.2.6").click()
    wanted = page.evaluate("latebloom.ask(['our', 'yaks', 'do', 'sleep'])")["answers"][0]["name"]
    assert wanted in cell(page, "c", "0.2.6").locator(".says").text_content()
    assert page.locator('[data-side="c"] .outside').count() == 3 * 7 - 1
    patched = page.evaluate(
        "latebloom.patch({ from: ['our', 'yaks', 'do', 'sleep'],"
        " to: ['her', 'newt', 'does', 'sleep', '.', 'quest'],"
        " loop: 1, layer: 2, position: 4, at: { position: 6 } })"
    )
    assert patched["answers"][0]["name"] == wanted
    page.get_by_role("button", name="Clear").click()
    cell(page, "a", "0.1.2").click()
    page.get_by_role("button", name="its mean").click()
    assert "the mean of this state" in page.locator(".history").text_content()
    # Nothing before the place, and nothing in the layers below it, can depend on the change.
    assert "outside" in cell(page, "c", "0.2.1").get_attribute("class")
    assert "cone" in cell(page, "c", "0.2.5").get_attribute("class")
    assert page.get_by_role("button", name="Suggest").count() == 0


def test_a_link_brings_the_sentences_back(visit, question):
    page = visit(question)
    field(page).fill("my yak does sleep . quest")
    field(page).press("Enter")
    link = page.evaluate("location.hash")
    again = visit(question, link=link)
    assert written(again) == ["my", "yak", "does", "sleep", ".", "quest"]
    assert written(again, "b") == written(page, "b")


def test_the_tree_grows_beside_the_right_one(visit, report):
    page, run = visit(report), load(report.parent)
    page.locator(".growing summary").click()
    page.locator(".growing .said", has_text="brackets of the right tree").wait_for()
    drawn = page.locator(".trees svg")
    assert drawn.count() == 2
    sentences = page.get_by_label("Sentence of the trees")
    assert sentences.locator("option").count() >= 3
    sentences.select_option(index=1)
    slider = page.get_by_label("Step of the trees")
    slider.focus()
    labels = []
    for key in ("Home", "End"):
        page.keyboard.press(key)
        labels.append(drawn.first.get_attribute("aria-label"))
    assert labels[0].startswith("projected, before training: (")
    assert labels[1].startswith("projected, step 30: (")
    assert page.locator(".growing circle.own").count() == int(slider.get_attribute("max")) + 1
    # What was kept is what Python projects, and so is what the page projects itself.
    words = labels[1].split(": ", 1)[1].replace("(", " ( ").replace(")", " ) ").split()
    if run.corpus.task.name == "question":
        plain = [word for word in words if word not in "()"]
        spans = page.evaluate("words => latebloom.tree(words)", plain)["spans"]
        with_halves = run.model
        for parameter in with_halves.parameters():
            parameter.data = parameter.data.half().float()
        wanted = predicted_tree(with_halves, run.corpus.encode(" ".join(plain)))
        assert [tuple(span) for span in spans] == wanted


def test_the_world_is_browsed_and_two_readers_are_compared(visit, question):
    page = visit(question)
    page.locator(".browsing summary").click()
    page.locator(".browsing .said", has_text="were never trained").wait_for()
    page.locator(".browsing tbody button").first.click()
    page.locator(".comparing summary").click()
    drawn = page.locator('[data-side="m"] [data-place]')
    drawn.first.wait_for()  # a panel is drawn once it has opened
    assert drawn.count() > 0
    page.locator(".comparing input[type=file]").set_input_files(question)
    page.locator(".comparing .said", has_text="stands beside this run").wait_for()
    words = written(page)
    theirs = page.evaluate("words => latebloom.other.ask(words)", words)
    assert theirs == page.evaluate("words => latebloom.ask(words)", words)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit, report, scheme, width, faults):
    page = visit(report, width=width, color_scheme=scheme, bypass_csp=True)
    cell(page, "b", "0.1.1").click()
    cell(page, "a", "0.1.1").click()
    for panel in (".growing", ".browsing", ".comparing"):
        page.locator(f"{panel} summary").click()
    page.locator(".trees svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert faults(page) == []
