"""The figure of a reproduction."""

import pytest

from latebloom.reports.reproduced import plot_reproduction, write_reproduction


def test_the_figure_has_every_seed_thin_and_their_mean_bold(tmp_path):
    def curve(seed, last):
        values = [0.0, 0.5, last]
        return {
            "seed": seed,
            "steps": [10, 100, 1000],
            "accuracy": {"train_inferred": [0.5, 1.0, 1.0], "test_id": values},
            "kept": {"train_inferred": 100, "test_id": 1000 if last > 0.95 else None,
                     "test_ood": None},
        }  # fmt: skip

    record = {"curves": [curve(0, 1.0), curve(1, 0.9)]}
    axes = plot_reproduction(record).axes[0]
    thin = [line for line in axes.lines if line.get_linewidth() < 1]
    bold = {line.get_label(): line for line in axes.lines if line.get_linewidth() > 2}
    assert (len(thin), set(bold)) == (4, {"trained", "held out, ID"})
    assert bold["held out, ID"].get_ydata() == pytest.approx([0.0, 0.5, 0.95])
    assert axes.get_xscale() == "log"
    # Only what every seed kept is marked.
    assert [text.get_text() for text in axes.texts] == ["trained 0.99\nfrom 100"]
    svg, png = write_reproduction(record, tmp_path)
    assert svg.read_text().startswith("<?xml")
    assert png.read_bytes()[1:4] == b"PNG"
