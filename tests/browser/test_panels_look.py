"""Comparing and browsing as they look: wide, on a phone, dark, heard instead of seen."""

import pytest
from small_reports import CONFIG, set_question


def opened(page, file=None):
    """Both panels open, everything in them that can be shown."""
    set_question(page, "a", ["e1", "r0", "r1"])
    for panel in (".comparing", ".browsing"):
        page.locator(f"{panel} summary").click()
    page.locator(".browsing tbody tr").first.wait_for()
    if file is not None:
        page.locator(".comparing input[type=file]").set_input_files(file)
        page.locator('[aria-labelledby="title-o"] [data-place]').first.wait_for()
        page.get_by_role("button", name="Count over the splits").click()
        page.locator(".comparing .said", has_text="Both were").wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit, plain, rival, scheme, width, faults):
    page = opened(visit(plain, width=width, color_scheme=scheme, bypass_csp=True), rival)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert faults(page) == []


def test_the_panels_cost_nothing_until_they_are_opened(visit, plain):
    page = visit(plain)
    assert page.locator(".comparing [data-place], .browsing tr").count() == 0
    opened(page)
    assert page.locator(".comparing [data-place]").count() == 2 * 4 * 3
    assert page.locator(".browsing tbody tr").count() == 4


def test_a_changed_question_and_a_moved_slider_reach_both_panels(visit, plain):
    page = opened(visit(plain))
    title = page.locator("#title-m")
    assert f"step {CONFIG.train.steps}" in title.text_content()
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    assert "before training" in title.text_content()
    page.locator(".browsing .said", has_text="right at step 0").wait_for()
    set_question(page, "a", ["e7", "r2", "r3"])
    heads = page.locator('[data-side="m"] thead bdi').all_text_contents()
    assert heads == ["e7", "r2", "r3"]
