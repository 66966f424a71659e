"""Renders the lessons, as they were run, into pages of the documentation.

    python docs/render_lessons.py [NUMBER ...]

Enters: the notebooks of `latebloom/lessons`, run here from beginning to end (what they train is
kept under runs/lessons, so that a second time is quick). Leaves: `docs/lessons/N.md` with every
output, and their pictures. The pages are kept in the repository; a test says when a notebook has
changed since. What answers a guess is folded, so that a reader can guess first here, too.
"""

import base64
import hashlib
import html
import io
import json
import pprint
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image

from latebloom.cli.lessons import all_lessons

PAGES = Path(__file__).parent / "lessons"
WIDE = 1100
"""Pixels of a picture's width."""
COLOURS = 96
"""A picture of curves needs no more, and is a fifth as large with them."""
FLOAT = re.compile(r"^text/plain\+float:")


def main() -> None:
    """The command."""
    PAGES.mkdir(exist_ok=True)
    wanted = [int(one) for one in sys.argv[1:]] or list(all_lessons())
    for number in wanted:
        render(number, all_lessons()[number])


def render(number: int, notebook: Path) -> None:
    """Runs a notebook and writes its page."""
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "lesson.html"
        command = [sys.executable, "-m", "marimo", "export", "html", str(notebook), "-o", target]
        command += ["--", "--answers", "true"]
        subprocess.run(command, check=True)
        write_page(number, notebook, target.read_text(encoding="utf-8"))


def write_page(number: int, notebook: Path, exported: str) -> None:
    """Writes the page of a notebook from marimo's export."""
    page = Page(number)
    cells = list(cells_of(exported))
    asking = {name for cell in cells for name in asked_in(cell)}
    for cell in cells:
        page.add(cell, answers=bool(asking & read_in(cell)))
    body = page.text.replace(f"{notebook.parent}/", "")  # where this machine keeps it
    text = f"% made by docs/render_lessons.py from {fingerprint(notebook)}\n\n{body}"
    (PAGES / f"{number}.md").write_text(text, encoding="utf-8")
    sys.stdout.write(f"{number}: {len(text)} characters, {page.pictures} pictures\n")


def fingerprint(notebook: Path) -> str:
    """The hash of a notebook."""
    return hashlib.sha256(notebook.read_bytes()).hexdigest()[:16]


def cells_of(exported: str) -> Iterator[dict[str, Any]]:
    """The cells of an export: code, whether it is hidden, outputs by kind, what was printed.

    Raises: SystemExit if a cell failed.
    """
    notebook, session = (section(exported, name) for name in ("notebook", "session"))
    for cell, shown in zip(notebook["cells"], session["cells"], strict=True):
        outputs: dict[str, Any] = {}
        for one in shown["outputs"]:
            if one["type"] != "data":
                raise SystemExit(f"a cell failed: {one}\n{cell['code']}")
            outputs |= one["data"]
        yield {
            "code": cell["code"],
            "hidden": cell["config"]["hide_code"],
            "outputs": outputs,
            "printed": "".join(one.get("text", "") for one in shown["console"]),
        }


def section(exported: str, name: str) -> Any:
    """One entry of the table that the export carries."""
    found = re.search(rf'"{name}":\s*(?=\{{)', exported)
    assert found, name
    return json.JSONDecoder().raw_decode(exported, found.end())[0]


def asked_in(cell: Mapping[str, Any]) -> list[str]:
    """The names of the fields that a cell shows to the reader."""
    return re.findall(r"^(\w+) = mo\.ui\.(?:radio|text|dropdown|run_button)", cell["code"], re.M)


def read_in(cell: Mapping[str, Any]) -> set[str]:
    """The names whose value a cell reads."""
    waited = ",".join(re.findall(r"\bguessed\(([^)]*)\)", cell["code"]))
    return set(re.findall(r"\b(\w+)\.value\b", cell["code"])) | set(re.findall(r"\w+", waited))


class Page:
    """The page of one lesson, as it grows."""

    def __init__(self, number: int) -> None:
        self.number, self.pictures, self.text = number, 0, ""
        self.begun = False

    def add(self, cell: Mapping[str, Any], *, answers: bool) -> None:
        """A cell. answers: whether it answers a guess, and is folded."""
        shown = "".join(self.output(kind, value) for kind, value in cell["outputs"].items())
        if cell["printed"].strip():
            shown = fenced(cell["printed"].rstrip(), "text") + shown
        prose = {"text/markdown", "text/html"} & set(cell["outputs"])
        only_prose = cell["code"].startswith("mo.md(") or not cell["code"].strip()
        code = "" if cell["hidden"] or only_prose else fenced(cell["code"], "python")
        if code and prose:
            code = folded("The cell", code)
        body = (code + shown) if not prose else (shown + code)
        self.text += folded("What came of it", body) if answers else body
        if not self.begun:
            self.begun = True
            run = f"latebloom lessons {self.number}"
            self.text += f"*This page is the lesson as it was run. To work in it: `{run}`.*\n\n"

    def output(self, kind: str, value: Any) -> str:
        """One output, in Markdown."""
        if kind == "image/png":
            return self.picture(value)
        if kind == "application/json":
            return table_or_text(plain(json.loads(value)))
        if kind in ("text/markdown", "text/html"):
            reader = Reader(self)
            reader.feed(value)
            return reader.text()
        return fenced(str(value), "text") if str(value).strip() else ""

    def picture(self, address: str) -> str:
        """A picture, made small, as a file beside the page."""
        self.pictures += 1
        name = f"{self.number}-{self.pictures}.png"
        image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")
        image.thumbnail((WIDE, WIDE))
        image.quantize(COLOURS).save(PAGES / name, optimize=True)
        return f"![What the cell drew]({name})\n\n"


class Reader(HTMLParser):
    """What marimo made of prose and fields, back in Markdown."""

    MARKS: Mapping[str, tuple[str, str]] = {
        "strong": ("**", "**"),
        "em": ("*", "*"),
        "code": ("`", "`"),
        "h1": ("\n\n# ", "\n\n"),
        "h2": ("\n\n## ", "\n\n"),
        "h3": ("\n\n### ", "\n\n"),
        "p": ("\n\n", "\n\n"),
        "li": ("\n- ", ""),
        "ul": ("\n", "\n\n"),
        "ol": ("\n", "\n\n"),
        "blockquote": ("\n\n> ", "\n\n"),
    }

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page, self.parts, self.quoted = page, [""], False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag.startswith("marimo-"):
            self.field(tag.removeprefix("marimo-"), told)
        elif tag == "span" and "paragraph" in told.get("class", "") and not self.quoted:
            self.parts.append("\n\n")
        elif tag == "samp":  # a drawing of nested boxes stays as it is
            self.parts.append(self.get_starttag_text() or "")
        elif tag in self.MARKS:
            self.parts.append(self.MARKS[tag][0])
        self.quoted = tag == "blockquote" or (self.quoted and tag == "span")

    def handle_endtag(self, tag: str) -> None:
        if tag == "samp":
            self.parts.append("</samp>")
        elif tag in self.MARKS:
            self.parts.append(self.MARKS[tag][1])

    def handle_data(self, data: str) -> None:
        self.parts.append(data if data.strip() else " " if data else "")

    def field(self, kind: str, told: Mapping[str, str]) -> None:
        """A field to choose in, a table or a picture."""
        data = decoded(told.get("data-data", "null"))
        if isinstance(data, str):
            data = json.loads(data)
        if kind == "table" and isinstance(data, list):
            self.parts.append("\n\n" + table_or_text(plain(data)))
        elif isinstance(data, dict) and "image/png" in data:
            self.parts.append("\n\n" + self.page.picture(data["image/png"]))
        label = re.sub(r"<[^>]+>", "", str(decoded(told.get("data-label", '""')) or ""))
        if kind in ("radio", "dropdown"):
            options = "".join(f"\n- {one}" for one in decoded(told["data-options"]))
            self.parts.append(f"\n\n**{label}**\n{options}\n\n")
        elif kind == "text":
            self.parts.append(f"\n\n{self.asked(label, told)}\n\n")
        elif kind == "button":
            self.parts.append(f"\n\n*In the notebook stands a button here: {label}.*\n\n")
        if kind.startswith("callout"):
            inner = Reader(self.page)
            inner.feed(str(decoded(told.get("data-html", '""'))))
            self.parts.append("\n\n" + inner.text())

    def asked(self, label: str, told: Mapping[str, str]) -> str:
        """A line to write in: empty where a guess is asked for, else with an example."""
        example = decoded(told.get("data-initial-value", '""'))
        if example:
            return f"*In the notebook stands a line here to write in, {label}, with* `{example}`."
        return f"**Your guess, {decoded(told['data-placeholder'])}: {label}.**"

    def text(self) -> str:
        """The Markdown of all that was read."""
        joined = re.sub(r" *\n *\n[ \n]*(?=\S)", "\n\n", "".join(self.parts)).strip()
        return joined + "\n\n" if joined else ""


def decoded(value: str) -> Any:
    """A value that marimo wrote into an attribute."""
    return json.loads(html.unescape(value)) if value else None


def plain(value: Any) -> Any:
    """A value as Python shows it, with no more than three digits after the point."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str) and FLOAT.match(value):
        value = float(FLOAT.sub("", value))
    return float(f"{value:.3g}") if isinstance(value, float) else value


def table_or_text(value: Any) -> str:
    """Rows of one form as a table, anything else as Python writes it."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        names = list(value[0])
        if all(list(one) == names for one in value):
            rows = [names, ["---"] * len(names), *[list(one.values()) for one in value[:30]]]
            return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows) + "\n\n"
    return fenced(pprint.pformat(value, width=96, sort_dicts=False), "text")


def fenced(text: str, language: str) -> str:
    """A block of code."""
    return f"```{language}\n{text}\n```\n\n"


def folded(summary: str, body: str) -> str:
    """A part that a reader opens."""
    opened = f'<details class="{summary.split()[0].lower()}"><summary>{summary}</summary>'
    return f"{opened}\n\n{body.rstrip()}\n\n</details>\n\n" if body.strip() else ""


if __name__ == "__main__":
    main()
