"""Studies in TOML files: what they stand for, and what is wrong in them in one line."""

import pytest

from latebloom.errors import LatebloomError
from latebloom.studies.study import read_study

STUDY = """
recipe = "composition"
seeds = 2
[vary]
"world.phi" = [3.6, 7.2]
train.weight-decay = [0.03, 0.1]
[vary.model]
n_heads = [2]
[train]
steps = 500
[world]
ood-frac = 0.2
"""


def test_a_file_is_the_sweep_of_the_command(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    sweep = read_study(path)
    assert sweep.axes() == {
        "world.phi": (3.6, 7.2),
        "train.weight_decay": (0.03, 0.1),
        "model.n_heads": (2,),
    }
    config = sweep.cells()[-1].config
    assert (config.train.steps, config.world.ood_frac, config.seed) == (500, 0.2, 1)
    assert len(sweep.cells()) == 8


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('recipe = "composition"', "", "names no recipe"),
        ('"composition"', '"compositon"', "nearest: composition"),
        ("seeds = 2", "seds = 2", "a study has no 'seds'; nearest: seeds"),
        ("seeds = 2", "seeds = 0", "--seeds is 0"),
        ("steps = 500", "stps = 500", "train.stps: there is no such setting"),
        ("steps = 500", "weight_decay = 0.2", "train.weight_decay is fixed and varies"),
        ('"world.phi" = [3.6, 7.2]', '"world.phy" = [3.6]', "nearest: world.phi"),
        ('"world.phi" = [3.6, 7.2]', '"world.phi" = []', "world.phi has no values"),
        ("[train]", "[train", "cannot be read as a study"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line(latebloom, tmp_path, old, new, said):
    (tmp_path / "study.toml").write_text(STUDY.replace(old, new))
    code, _, complaint = latebloom("sweep", "study.toml", "--dry-run")
    assert code == 2
    assert said in complaint
    assert complaint.count("\n") == 1
    with pytest.raises(LatebloomError, match=r"study\.toml"):
        read_study(tmp_path / "study.toml")


def test_a_file_and_words_do_not_mix(latebloom, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    code, _, complaint = latebloom("sweep", "study.toml", "--vary", "world.phi=1")
    assert code == 2
    assert "says what varies" in complaint
    code, _, complaint = latebloom("sweep", "none.toml")
    assert code == 2
    assert "No such file" in complaint
