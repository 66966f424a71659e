"""The tour in a real browser: guessed at, asked, looked into, mended."""

from pathlib import Path

import pytest

from latebloom.reports.tour import read_model, write_tour


@pytest.fixture(scope="module")
def tour(tmp_path_factory) -> Path:
    return write_tour(tmp_path_factory.mktemp("tour") / "tour.html")


def opened(page):
    page.get_by_role("button", name="Open everything").click()
    return page


def test_it_opens_at_once_and_keeps_what_follows_a_guess(visit, tour):
    page = visit(tour)
    painted = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
    )
    assert painted < 5000
    assert page.locator("#after-fitted").is_hidden()
    form = page.locator('form[data-opens="after-fitted"]')
    form.get_by_role("button").click()
    assert "Choose one first" in form.locator("output").text_content()
    assert page.locator("#after-fitted").is_hidden()
    form.get_by_label("nearly all").check()
    form.get_by_role("button").click()
    assert "otherwise" in form.locator("output").text_content()
    assert page.locator("#after-fitted").is_visible()
    drawn = page.locator('#curves-station [data-model="plain"] .reading')
    fitted = read_model("plain")["about"]["fitted"]
    assert f"Step {fitted:,}:" in drawn.text_content()
    second = page.locator('form[data-opens="after-bloom"]')
    second.get_by_label("late").check()
    second.get_by_role("button").click()
    assert "That is what happens" in second.locator("output").text_content()
    assert "Step 1,700:" in drawn.text_content()


def test_everything_is_reached_by_the_keyboard(visit, tour):
    page = visit(tour)
    form = page.locator('form[data-opens="after-fitted"]')
    form.get_by_label("nearly all").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#after-fitted").is_visible()
    curve = page.locator('#curves-station [data-model="plain"] svg')
    curve.focus()
    page.keyboard.press("Home")
    reading = page.locator('#curves-station [data-model="plain"] .reading').text_content()
    assert reading.startswith("Step 25:")


def test_both_models_answer_a_fact(visit, tour):
    page = visit(tour)
    form = page.locator('form[data-opens="after-facts"]')
    assert page.locator("#facts-station .fields").is_hidden()
    form.get_by_label("both of them all").check()
    form.get_by_role("button").click()
    assert "That is what happens" in form.locator("output").text_content()
    field = page.locator("#facts-station [role=combobox]").first
    field.fill("e7")
    field.press("Enter")
    for name in ("plain", "looped"):
        wanted = page.evaluate(f"latebloom.{name}.ask(['e7', 'r0'])")["answers"][0]["name"]
        first = page.locator(f'#facts-station [data-model="{name}"] .answers li').first
        assert wanted in first.text_content()
        assert "answer" in first.get_attribute("class")


def test_the_bridge_lights_up_over_the_checkpoints(visit, tour):
    page = opened(visit(tour))
    side = page.locator('#bridge-station [data-model="plain"]')
    assert side.locator("td.bridge").count() >= 1
    assert side.locator("td.answer").count() == 1
    side.get_by_role("slider").focus()
    page.keyboard.press("Home")
    assert "before training" in side.locator(".step").text_content()
    assert side.locator("td.bridge").count() == 0
    page.keyboard.press("End")
    assert side.locator("td.bridge").count() >= 1
    assert side.locator("circle.own").count() == len(read_model("plain")["checkpoints"])


def test_the_loop_mends_what_the_plain_model_loses(visit, tour):
    page = opened(visit(tour))
    plain = page.locator('#ood-station [data-model="plain"]')
    looped = page.locator('#ood-station [data-model="looped"]')
    assert "answer" not in plain.locator(".answers li").first.get_attribute("class")
    assert plain.locator(".whole td.bridge").count() >= 1
    assert plain.locator(".alone td.answer").count() >= 1
    assert looped.locator(".answers").is_hidden()
    page.locator("#loop").check()
    assert "answer" in looped.locator(".answers li").first.get_attribute("class")
    page.get_by_role("button", name="Another such question").click()
    assert "OOD" in page.locator("#ood-station .facts").text_content()
    assert "answer" in looped.locator(".answers li").first.get_attribute("class")


def test_python_and_page_agree_on_the_shipped_weights(visit, tour):
    """What was measured in Python is what the page finds: the share of held-out right answers."""
    page = visit(tour)
    found = page.evaluate(
        """async () => {
            const told = JSON.parse(document.getElementById("data-plain").textContent);
            const split = told.splits.find((one) => one.name === "test_id");
            const bytes = Uint8Array.from(atob(split.rows.base64), (c) => c.charCodeAt(0));
            const rows = new Uint16Array(bytes.buffer);
            let right = 0;
            for (let i = 0; i < rows.length; i += 4) {
                const names = [...rows.subarray(i, i + 4)].map((token) => told.words[token]);
                const { answers } = await latebloom.plain.ask(names.slice(0, 3), { top: 1 });
                right += answers[0].name === names[3];
            }
            return [right, rows.length / 4];
        }"""
    )
    right, of = found
    assert abs(right / of - read_model("plain")["about"]["accuracy"]["test_id"]) <= 0.01


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_no_sideways_scrolling(visit, tour, scheme, width):
    page = opened(visit(tour, width=width, color_scheme=scheme))
    page.locator("#loop").check()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 23, 26)"}[scheme]


def test_reduced_motion_moves_nothing(visit, tour):
    page = opened(visit(tour, reduced_motion="reduce"))
    seconds = page.evaluate(
        "getComputedStyle(document.querySelector('[data-place]')).transitionDuration"
    )
    assert all(float(one.rstrip("s")) == 0 for one in seconds.split(", "))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, tour, scheme, faults):
    page = opened(visit(tour, color_scheme=scheme))
    page.locator("#loop").check()
    assert faults(page) == []
