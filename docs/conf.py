"""How Sphinx makes the site: `make docs`. Every warning is an error there."""

import re

from sphinx.application import Sphinx

project = "latebloom"
author = "The latebloom authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "latebloom"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["lessons.css"]

exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"


# Tables of figures lie beside docs/, where GitHub shows them; the site names them instead.
OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./(results/[\w-]+\.md)[^)]*\)")


def name_files_outside(app: Sphinx, page: str, source: list[str]) -> None:
    """Turns links to tables outside the site into their names."""
    source[0] = OUTSIDE.sub(r"\1 (`\2`)", source[0])


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", name_files_outside)
