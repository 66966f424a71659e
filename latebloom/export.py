"""A run as a Hugging Face folder.

Enters: any run. Leaves: `config.json`, `model.safetensors`, and a tokenizer in which every name is
one token, so that the folder loads without a network. A plain GPT-2 leaves as a GPT-2, for every
tool that reads one. Any other model leaves with a module file of its own, `modeling_latebloom.py`,
which `transformers` runs once it is told `trust_remote_code=True`.

Names that hold white space are written with underscores, since the tokenizer splits there.
"""

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import safetensors.torch

from latebloom.errors import LatebloomError
from latebloom.files import whole_folder
from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import HfModelError, config_to_hf, weights_to_hf
from latebloom.model.transformer import Transformer
from latebloom.training.opened import OpenedRun
from latebloom.worlds.vocabulary import Vocabulary

MODULE = "modeling_latebloom"
MODULE_FILE = Path(__file__).parent / "exported" / f"{MODULE}.py"
"""Copied into the folder as it is."""


def export_hf(run: OpenedRun, folder: Path) -> Path | None:
    """Writes the folder of a run, whole or not at all.

    Returns the Python file in it that a reader has to trust; None for a plain GPT-2.
    Raises: LatebloomError if the folder exists or cannot be written.
    """
    return write_hf(run.model, run.data.vocabulary, folder, start=run.data.start)


def write_hf(
    model: Transformer, vocabulary: Vocabulary, folder: Path, *, start: str | None = None
) -> Path | None:
    """The same for a model and its words. start: the word before every text, if there is one."""
    try:
        config = config_to_hf(model.config, len(vocabulary))
        weights, module = weights_to_hf(model), None
    except HfModelError:
        config = own_config(model.config, len(vocabulary))
        weights = {name: w.detach().cpu().clone() for name, w in model.state_dict().items()}
        module = folder / MODULE_FILE.name
    if folder.exists():
        raise LatebloomError(f"{folder} exists; choose another folder")
    try:
        with whole_folder(folder) as aside:
            (aside / "config.json").write_text(json.dumps(config, indent=2) + "\n")
            safetensors.torch.save_file(weights, aside / "model.safetensors", {"format": "pt"})
            write_tokenizer(vocabulary, aside, start=start)
            if module is not None:
                shutil.copyfile(MODULE_FILE, aside / module.name)
    except OSError as error:
        raise LatebloomError(f"{folder} cannot be written ({error.strerror})") from error
    return module


def own_config(config: ModelConfig, d_vocab: int) -> dict[str, Any]:
    """The config that `modeling_latebloom.py` reads.

    The fields keep their names, but for `temperature`, which transformers takes for a setting of
    `generate`.
    """
    fields = dataclasses.asdict(config)
    fields["feedback_temperature"] = fields.pop("temperature")
    return {
        "model_type": "latebloom",
        "architectures": ["LatebloomForCausalLM"],
        "auto_map": {
            "AutoConfig": f"{MODULE}.LatebloomConfig",
            "AutoModelForCausalLM": f"{MODULE}.LatebloomForCausalLM",
        },
        "vocab_size": d_vocab,
        **fields,
        "dtype": "float32",
        "use_cache": False,
    }


def token_names(vocabulary: Vocabulary) -> list[str]:
    """The names without white space; where that makes two alike, the later one gets its id."""
    names: dict[str, None] = {}
    for i, word in enumerate(vocabulary.words):
        name = re.sub(r"\s+", "_", word)
        names[name if name not in names else f"{name}#{i}"] = None
    return list(names)


def write_tokenizer(vocabulary: Vocabulary, folder: Path, *, start: str | None = None) -> None:
    """`tokenizer.json` (white space between whole-word tokens) and `tokenizer_config.json`.

    start: a token that is put before every text, and fills up shorter ones.

    Unknown words get the id after the last one, for which the model has no embedding: a name that
    the world does not hold is an error, not a guess.
    """
    names = token_names(vocabulary)
    tokenizer: dict[str, Any] = {
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
    settings: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
        "padding_side": "right",
    }
    if start is not None:
        first = {"SpecialToken": {"id": start, "type_id": 0}}
        tokenizer["post_processor"] = {
            "type": "TemplateProcessing",
            "single": [first, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [first, *({"Sequence": {"id": part, "type_id": 0}} for part in "AB")],
            "special_tokens": {
                start: {"id": start, "ids": [vocabulary.id(start)], "tokens": [start]}
            },
        }
        settings |= {"bos_token": start, "pad_token": start}
    text = json.dumps(tokenizer, ensure_ascii=False, indent=1)
    (folder / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
