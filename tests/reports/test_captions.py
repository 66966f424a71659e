"""Every figure on a page has a title, a sentence, and a size at which it can be read."""

import re

from latebloom.reports.captions import CAPTIONS, caption_of
from latebloom.reports.figure import LEAST, NARROW, empty_figure, write_figure
from latebloom.reports.page import figures, write_report


def test_figures_of_ones_own_have_a_title_from_their_name():
    assert caption_of("causal_trace").title == "Causal trace"
    assert caption_of("causal_trace").reading == ""
    assert all(one.title and one.reading.endswith(".") for one in CAPTIONS.values())


def test_figures_come_in_the_order_in_which_they_are_read(tmp_path):
    for name in ("a-figure", "ranks", "circuit", "tree-of-sentence-1", "heat-maps"):
        (tmp_path / f"{name}.svg").write_text("<svg/>")
    titles = [picture.caption.title for picture in figures(tmp_path)]
    known = [CAPTIONS[name].title for name in ("circuit", "heat-maps", "ranks")]
    assert titles == [*known, "A figure", "Tree of sentence 1"]


def test_a_figure_shrinks_no_further_than_it_can_be_read(run_dir):
    (run_dir / "figures").mkdir()
    write_figure(empty_figure(NARROW, 2), run_dir / "figures" / "ranks.svg")
    (run_dir / "figures" / "other.svg").write_text('<svg width="100" height="9">&</svg>')
    ours, other = figures(run_dir / "figures")
    assert ours.least == round(LEAST * NARROW * 96)
    assert ours.least <= 390 - 2 * 16  # fits on a phone, beside the page's own margins
    assert (ours.on_dark, other.on_dark) == (True, False)
    page = write_report(run_dir).read_text()
    assert f"min-width: {ours.least}px" in page
    assert len(re.findall(r'class="wide card"', page)) == 1
