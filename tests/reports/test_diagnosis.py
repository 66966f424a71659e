"""What was said of one's own table when it was read stays with the run, and stands on its page."""

from dataclasses import replace

import pytest

from latebloom.errors import RunFolderError
from latebloom.reports.page import write_report
from latebloom.reports.recording import read_recording
from latebloom.studies.grow import grow
from latebloom.training.listener import Silence
from latebloom.worlds.chains.own import FactsConfig

CLOSING = "</li><script>alert(1)</script>"


class Hearing(Silence):
    def __init__(self):
        self.heard = []

    def note(self, text):
        self.heard.append(text)


@pytest.fixture
def run(small_config, tmp_path):
    """A run on a table in which a pair has two objects and a name is hostile."""
    table = tmp_path / "drugs.csv"
    rows = [f"d{i},targets,t{i % 3}" for i in range(8)] + ["d0,targets,t2"]
    rows += [f"t{i},pathway,p{i % 2}" for i in range(3)] + [f"t0,{CLOSING},p1"]
    table.write_text("subject,relation,object\n" + "\n".join(rows) + "\n")
    train = replace(small_config.train, steps=2, eval_every=2, warmup_steps=1)
    config = replace(small_config, world=FactsConfig(facts=str(table), ood_frac=0), train=train)
    listener = Hearing()
    grow(config, tmp_path / "run", listener=listener)
    return tmp_path / "run", listener.heard


def test_it_is_what_the_listener_heard_and_stands_on_the_page(run):
    folder, heard = run
    kept = read_recording(folder).diagnosis
    assert kept and list(kept) == heard[: len(kept)]
    assert any("facts read" in line for line in kept)
    page = write_report(folder).read_text()
    section = page[page.index('id="diagnosis"') :]
    section = section[: section.index("</section>")]
    assert section.count("<li>") == len(kept)
    assert "<script" not in section


def test_a_made_world_has_none(small_config, tmp_path):
    grow(small_config, tmp_path / "run")
    assert read_recording(tmp_path / "run").diagnosis == ()
    assert 'id="diagnosis"' not in write_report(tmp_path / "run").read_text()


def test_a_byte_that_is_changed_is_told(run):
    folder, _ = run
    path = folder / "diagnosis.txt"
    path.write_text(path.read_text().replace("facts", "fakts"))
    with pytest.raises(RunFolderError, match=r"diagnosis\.txt is not as the run was made"):
        read_recording(folder)
