"""A run as a Hugging Face folder, for every tool that reads GPT-2.

Enters: a run with a vanilla model. Leaves: `config.json`, `model.safetensors`, and a tokenizer in
which every name is one token, so that the folder loads without a network.

Names that hold white space are written with underscores, since the tokenizer splits there.
"""

import json
import re
from pathlib import Path

import safetensors.torch

from latebloom.errors import LatebloomError
from latebloom.evaluation.loaded import LoadedRun
from latebloom.files import whole_folder
from latebloom.model.hf_weights import config_to_hf, weights_to_hf
from latebloom.worlds.vocabulary import Vocabulary


def export_hf(run: LoadedRun, folder: Path) -> None:
    """Writes the folder, whole or not at all.

    Raises: LatebloomError if the folder exists, cannot be written, or the model is no GPT-2.
    """
    config = config_to_hf(run.config.model, len(run.world.vocabulary))
    weights = weights_to_hf(run.model)
    if folder.exists():
        raise LatebloomError(f"{folder} exists; choose another folder")
    try:
        with whole_folder(folder) as aside:
            (aside / "config.json").write_text(json.dumps(config, indent=2) + "\n")
            safetensors.torch.save_file(weights, aside / "model.safetensors", {"format": "pt"})
            write_tokenizer(run.world.vocabulary, aside)
    except OSError as error:
        raise LatebloomError(f"{folder} cannot be written ({error.strerror})") from error


def token_names(vocabulary: Vocabulary) -> list[str]:
    """The names without white space; where that makes two alike, the later one gets its id."""
    names: dict[str, None] = {}
    for i, word in enumerate(vocabulary.words):
        name = re.sub(r"\s+", "_", word)
        names[name if name not in names else f"{name}#{i}"] = None
    return list(names)


def write_tokenizer(vocabulary: Vocabulary, folder: Path) -> None:
    """`tokenizer.json` (white space between whole-word tokens) and `tokenizer_config.json`.

    Unknown words get the id after the last one, for which the model has no embedding: a name that
    the world does not hold is an error, not a guess.
    """
    names = token_names(vocabulary)
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {name: i for i, name in enumerate([*names, "<unk>"])},
            "unk_token": "<unk>",
        },
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "clean_up_tokenization_spaces": False,
    }
    text = json.dumps(tokenizer, ensure_ascii=False, indent=1)
    (folder / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
