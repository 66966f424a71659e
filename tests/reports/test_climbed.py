"""The figure of rungs: a panel for each, a curve for each way to begin it."""

from latebloom.reports.reproduced import plot_reproduction


def curve(seed, setting, panel, **shares):
    return {
        "seed": seed,
        "setting": setting,
        "panel": panel,
        "steps": [10, 20],
        "accuracy": {split: [0.0, share] for split, share in shares.items()},
    }


def test_each_rung_has_a_panel_with_its_ways():
    curves = [
        curve(seed, name, panel, **shares)
        for seed in (0, 1)
        for name, panel, shares in (
            ("logic", "logic", {"test_id": 0.8 + 0.2 * seed, "test_ood": 0.5}),
            ("sums", "sums", {"test_id": 0.4}),
            ("sums from body", "sums", {"test_id": 0.6}),
        )
    ]
    figure = plot_reproduction({"curves": curves})
    low, high = figure.axes
    # ID and OOD of the one way, of which only the first has a name.
    assert [line.get_linestyle() for line in low.lines] == ["-", "--"]
    assert list(low.lines[0].get_ydata()) == [0, 0.9]
    labels = [text.get_text() for text in high.get_legend().get_texts()]
    assert labels == ["sums", "sums from body"]
