"""Two checkpoints, or two runs, side by side on the page of a report."""

import json
import re

import pytest
from small_reports import set_question

from latebloom.run import load

FIRST = ["e1", "r0", "r1"]
DROP = """([name, text]) => {
    const held = new DataTransfer();
    held.items.add(new File([text], name));
    const told = { dataTransfer: held, bubbles: true, cancelable: true };
    for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, told));
}"""


def panel(page):
    return page.locator(".comparing")


def opened(page):
    panel(page).locator("summary").click()
    return page


def choose_file(page, file) -> None:
    """Chooses a file as the button does, and waits until something is said of it."""
    panel(page).locator("input[type=file]").set_input_files(file)
    wait_until(page, "stands beside|cannot be compared")


def wait_until(page, words: str) -> None:
    """Waits until the panel says something that matches."""
    panel(page).locator(".said", has_text=re.compile(words)).wait_for()


def said(page) -> str:
    return panel(page).locator(".said").text_content()


def right_side(page):
    return panel(page).locator('[aria-labelledby="title-o"]')


def answer_of(page, who: str, question: list[str], **settings) -> str:
    found = page.evaluate(
        "([who, q, s]) => (who ? latebloom.other : latebloom).ask(q, s)", [who, question, settings]
    )
    return found["answers"][0]["name"]


def test_a_second_report_answers_the_same_question_beside_the_first(visit, plain, rival):
    page = opened(visit(plain))
    set_question(page, "a", FIRST)
    choose_file(page, rival)
    assert said(page) == "facts, seed 3 stands beside this run."
    for side, who in (("m", ""), ("o", "other")):
        wanted = answer_of(page, who, FIRST)
        column = panel(page).locator(f'[aria-labelledby="title-{side}"]')
        assert wanted in column.locator(".answers li").first.text_content()
    assert panel(page).locator('[data-side="m"] [data-place]').count() == 4 * 3
    assert panel(page).locator('[data-side="o"] [data-place]').count() == 3 * 3
    # The other model's answer is that of Python, of the same rounded weights, for another question.
    set_question(page, "a", ["e5", "r3", "r2"])
    run = load(rival.parent)
    for parameter in run.model.parameters():
        parameter.data = parameter.data.half().float()
    wanted = run.ask("e5", "r3", "r2").answers[0]
    first = right_side(page).locator(".answers li").first.text_content()
    assert wanted.name in first
    assert f"{100 * wanted.probability:.0f}"[:1] in first


def test_a_report_is_dropped_anywhere_on_the_page(visit, plain, rival):
    page = visit(plain)
    page.evaluate(DROP, ["other.html", rival.read_text(encoding="utf-8")])
    wait_until(page, "stands beside")
    assert right_side(page).locator("[data-place]").count() == 3 * 3
    assert page.url.startswith(plain.as_uri()), "the browser did not leave the page"


def test_the_file_is_chosen_by_the_keyboard(visit, plain, rival):
    page = visit(plain)
    page.on("filechooser", lambda _: None)  # the browser tells of them only from here on
    panel(page).locator("summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Choose another report").focus()
    with page.expect_file_chooser() as waiting:
        page.keyboard.press("Enter")
    waiting.value.set_files(rival)
    wait_until(page, "stands beside")
    assert right_side(page).locator("[data-place]").count() == 3 * 3


def test_a_saved_laboratory_comes_back(visit, plain, rival, tmp_path):
    other = opened(visit(rival))
    with other.expect_download() as waiting:
        other.get_by_role("button", name="Save this laboratory").click()
    saved = tmp_path / "saved.json"
    waiting.value.save_as(saved)
    page = opened(visit(plain))
    choose_file(page, saved)
    assert (
        answer_of(page, "other", FIRST)
        == other.evaluate("q => latebloom.ask(q)", FIRST)["answers"][0]["name"]
    )
    visit.complaints[:] = [one for one in visit.complaints if not one.startswith("blob:")]


def test_two_checkpoints_stand_side_by_side_and_the_link_brings_them_back(visit, plain):
    page = opened(visit(plain))
    set_question(page, "a", FIRST)
    steps = [one["step"] for one in page.evaluate("latebloom.checkpoints")]
    chosen = page.get_by_label("Checkpoint of the other model")
    for i, step in enumerate(steps):
        chosen.select_option(str(i))
        wanted = answer_of(page, "", FIRST, step=step)
        assert wanted in right_side(page).locator(".answers li").first.text_content()
    chosen.select_option("1")
    link = page.evaluate("location.hash")
    assert link.endswith(f";vs{steps[1]}")
    again = visit(plain, link=link)
    right_side(again).locator("[data-place]").first.wait_for()
    assert panel(again).inner_text() == panel(page).inner_text()


def test_the_slider_moves_this_model_and_the_other_if_it_is_to_follow(visit, plain, rival):
    page = opened(visit(plain))
    choose_file(page, rival)
    page.get_by_label("Checkpoint of the other model").select_option(
        label="the nearest to the slider"
    )
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    for side in ("m", "o"):
        assert "before training" in panel(page).locator(f"#title-{side}").text_content()


def test_a_question_is_found_that_one_of_them_alone_gets_right(visit, plain, rival):
    page = opened(visit(plain))
    choose_file(page, rival)
    page.get_by_label("Checkpoint of the other model").select_option("0")
    page.get_by_role("button", name="Find a question").click()
    wait_until(page, "alone gets right")
    right = [
        "answer"
        in panel(page)
        .locator(f'[aria-labelledby="title-{side}"] .answers li')
        .first.get_attribute("class")
        for side in ("m", "o")
    ]
    assert sorted(right) == [False, True]
    assert ("this model alone" in said(page)) is right[0]


def test_the_splits_are_counted_as_python_counts_them(visit, plain, rival):
    page = opened(visit(plain))
    choose_file(page, rival)
    page.get_by_role("button", name="Count over the splits").click()
    wait_until(page, "^Both were")
    rows = panel(page).locator(".counts tbody tr")
    runs = [load(report.parent) for report in (plain, rival)]
    for row in rows.all():
        split, asked, *shares = row.locator("th, td").all_text_contents()
        for run, share in zip(runs, shares, strict=False):
            accuracy = run.score(split)[split]
            assert int(asked.replace(",", "")) == min(200, accuracy.n)
            if accuracy.n <= 200:
                assert abs(float(share.rstrip(" %")) - 100 * accuracy.accuracy) <= 2.5
    assert rows.count() >= 4


def test_a_world_that_does_not_know_the_name_says_so(visit, plain, hostile):
    page = opened(visit(plain))
    choose_file(page, hostile)
    assert "This run does not know the name e" in right_side(page).text_content()
    assert page.evaluate("window.hurt") is None


def test_hostile_names_of_the_other_run_are_text(visit, plain, hostile):
    page = opened(visit(hostile, width=390))
    choose_file(page, hostile)
    assert right_side(page).locator("[data-place]").count() == 4 * 3
    assert page.locator(".comparing img, .comparing script, .comparing b").count() == 0
    assert page.evaluate("window.hurt") is None
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<script>window.hurt = 1</script><img src=x onerror=window.hurt=1>", "no report of"),
        ('{"format": "latebloom laboratory", "data": {"__proto__": {"hurt": 1}}}', "is not"),
        ("{" * 5000, "is not JSON"),
        ('<script type="application/json" id="lab-data">{"config": 1}</script>', "config is not"),
    ],
)
def test_a_hostile_file_is_refused_in_a_sentence_and_nothing_of_it_runs(visit, plain, text, reason):
    page = visit(plain)
    before = page.evaluate("latebloom.ask(['e1', 'r0', 'r1'])")
    page.evaluate(DROP, ["</p><b>\u202eevil.html", text])
    wait_until(page, "cannot be compared")
    assert reason in said(page)
    assert "cannot be compared" in said(page)
    assert "\u202e" not in said(page)
    assert panel(page).locator("b, img").count() == 0
    assert page.evaluate("[window.hurt, ({}).hurt, latebloom.other]") == [None] * 3
    assert page.evaluate("latebloom.ask(['e1', 'r0', 'r1'])") == before


def test_damaged_weights_are_refused_and_the_first_rival_stays(visit, plain, rival, tmp_path):
    page = opened(visit(plain))
    choose_file(page, rival)
    text, name = rival.read_text(encoding="utf-8"), tmp_path / "cut.html"
    name.write_text(text.replace('id="weights-0">', 'id="weights-0">AAAA'), encoding="utf-8")
    choose_file(page, name)
    assert "weights[0] is not" in said(page)
    assert "warning" in panel(page).locator(".said").get_attribute("class")
    assert right_side(page).locator("[data-place]").count() == 3 * 3


def test_data_of_a_report_is_as_python_wrote_it(visit, plain, rival):
    """What a file carries is what the report of that run holds, to the last name."""
    page = opened(visit(plain))
    choose_file(page, rival)
    own = visit(rival)
    for question in (FIRST, ["e5", "r3"]):
        asked = json.dumps(question)
        assert page.evaluate(f"latebloom.other.look({asked})") == own.evaluate(
            f"latebloom.look({asked})"
        )
