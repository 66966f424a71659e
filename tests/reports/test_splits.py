"""Names, order, colours and numbers as they are shown."""

import math

import pytest

from latebloom.reports.splits import GREY, HOP_HUES, HUES, duration, in_order, percent, style_of
from latebloom.worlds.splits import Split, hops_split


def contrast(colour: str, ground: str) -> float:
    """Contrast ratio of two `#rrggbb` colours. Source: WCAG 2.2, relative luminance."""

    def luminance(hex_colour: str) -> float:
        parts = [int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100 %"),
        (0.99999, "99.9 %"),  # rounding up would claim that all were right
        (0.57, "57.0 %"),  # 0.57 * 1000 is 569.99... in binary
        (0.0, "0.0 %"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_percent_never_rounds_up_to_all_right(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1:00 min"), (187, "3:07 min"), (7500, "2:05 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_chains_are_ordered_by_length_not_by_letters() -> None:
    asked = ["test_hops_10", "test_hops_4_ood", "test_ood", "test_hops_4", "atomic_id", "unheard"]
    assert in_order(asked) == [
        "atomic_id",
        "test_ood",
        "unheard",
        "test_hops_4",
        "test_hops_4_ood",
        "test_hops_10",
    ]


def test_every_split_of_the_worlds_has_a_style() -> None:
    assert set(HUES) == set(Split)
    assert style_of(hops_split(5, ood=True)).ood
    assert "5 hops" in style_of(hops_split(5)).holds
    assert "trained" in style_of(hops_split(3, train=True)).holds


def test_labels_in_every_colour_can_be_read() -> None:
    """WCAG AA asks 4.5 for text: on white, and on the dark ground of the page."""
    hues = [*HUES.values(), *HOP_HUES]
    assert min(contrast(hue.on_white, "#ffffff") for hue in hues) >= 4.5
    assert min(contrast(hue.on_black, "#15171a") for hue in hues) >= 4.5


def test_validation_splits_come_last_and_in_grey() -> None:
    asked = ["valid_hops_10", "valid_ood", "test_hops_4", "valid_id", "test_ood", "valid_hops_4"]
    assert in_order(asked) == [
        "test_ood",
        "test_hops_4",
        "valid_id",
        "valid_ood",
        "valid_hops_4",
        "valid_hops_10",
    ]
    style = style_of("valid_ood")
    assert (style.hue, style.main, style.ood) == (GREY, False, True)
    assert style.holds == style_of("test_ood").holds + " (validation)"
    assert style_of("valid_hops_5_ood").holds == "chains of 5 hops over OOD facts (validation)"
