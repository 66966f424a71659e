"""The tour: one page with two small models in it, that a reader walks through in twenty minutes.

Enters: two run folders, once (`python -m benchmarks.tour` grows them); what was packed of them lies
beside the page's scripts, in `tour_page/`. Leaves: one HTML file that needs no network and no
torch. It shows a plain transformer memorise and bloom, lets one ask it and look inside, and mends
what it cannot do by running one layer twice.

Covers: the two models that are shipped. Does not cover: runs of one's own; their report has a
laboratory (`latebloom.reports.laboratory`).
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from latebloom.files import write_text
from latebloom.reports.scripts import TOUR, allowed, script_of_tour

MODELS = ("plain", "looped")
"""The names of the two models: their files, and their columns on the page."""
MOST_BYTES = 2_000_000
"""Weights of both models together that the package carries."""
DRAWN = {
    "train_inferred": "trained questions",
    "test_id": "held out",
    "test_ood": "held out, another kind (stop 6)",
}
"""The splits whose curves are drawn, and what they are called on the page."""


def write_tour(path: Path) -> Path:
    """Writes the page and returns its path.

    Raises: OSError if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, render_tour())
    return path


def render_tour() -> str:
    """The page as text, the same bytes every time."""
    templates = Environment(
        loader=FileSystemLoader(TOUR.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = script_of_tour()
    models = {name: read_model(name) for name in MODELS}
    return templates.get_template("tour_page/tour.html.jinja").render(
        script=script,
        allowed=allowed(script),
        about={name: model["about"] for name, model in models.items()},
        told={name: as_json(model) for name, model in models.items()},
        weights={
            name: weights_of(name, len(model["checkpoints"])) for name, model in models.items()
        },
    )


def read_model(name: str) -> dict[str, Any]:
    """What is shipped of a model besides its weights."""
    return json.loads((TOUR / f"{name}.json").read_text(encoding="utf-8"))


def as_json(value: Mapping[str, Any]) -> Markup:
    """A value for the page's script."""
    return htmlsafe_json_dumps(value, dumps=json.dumps)


def weights_of(name: str, checkpoints: int) -> list[str]:
    """The weights of each checkpoint, in base64."""
    content = (TOUR / f"{name}.f16").read_bytes()
    size = len(content) // checkpoints
    return [
        base64.b64encode(content[i * size : (i + 1) * size]).decode() for i in range(checkpoints)
    ]
