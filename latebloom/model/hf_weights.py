"""GPT-2 weights in Hugging Face's form, both ways.

Enters: a Hugging Face GPT-2 (a folder, or its weights by name). Leaves: a vanilla `Transformer`
with the same logits, and back. A folder is read with safetensors alone; nothing is unpickled.

Covers: `GPT2LMHeadModel` with pre-norm, learned positions, gelu_new or relu, tied or not, one
file or several. Does not cover: other families, and GPT-2 with cross-attention or scaled by layer.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.reading import parse_json, read_text

WITHIN_BLOCK = {
    "ln_1": "ln_1",
    "attn.qkv": "attn.c_attn",
    "attn.out": "attn.c_proj",
    "ln_2": "ln_2",
    "mlp_in": "mlp.c_fc",
    "mlp_out": "mlp.c_proj",
}
"""Our module in a block -> theirs. Theirs hold linear weights transposed (`Conv1D`)."""


class HfModelError(LatebloomError):
    """A Hugging Face model that is not a GPT-2 which we can read, or a model that is not one."""


def config_from_hf(config: Mapping[str, Any], place: str = "config.json") -> ModelConfig:
    """Our config of a Hugging Face GPT-2 config.

    Raises: HfModelError naming the field in which it is not the GPT-2 that we compute.
    """
    family = config.get("model_type")
    if family != "gpt2":
        raise HfModelError(f"{place}: model_type is {family!r}; only 'gpt2' can be read")
    fixed = {
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "add_cross_attention": False,
        "layer_norm_epsilon": 1e-5,
    }
    for name, value in fixed.items():
        if config.get(name, value) != value:
            raise HfModelError(f"{place}: {name} is {config[name]}; only {value} can be read")
    activation = config.get("activation_function", "gelu_new")
    if activation not in ("gelu_new", "gelu_pytorch_tanh", "relu"):
        raise HfModelError(
            f"{place}: activation_function is {activation!r}; only gelu_new and relu can be read"
        )
    for name in ("n_embd", "n_layer", "n_head", "n_positions"):
        if type(config[name]) is not int or config[name] < 1:
            raise HfModelError(
                f"{place}: {name} is {config[name]!r}; it must be a number from 1 on"
            )
    width, inner = config["n_embd"], config.get("n_inner") or 4 * config["n_embd"]
    if type(inner) is not int or inner % width:
        raise HfModelError(f"{place}: n_inner is {inner}; it must be a multiple of {width}")
    return ModelConfig(
        d_model=width,
        n_layers=config["n_layer"],
        n_loops=1,
        n_heads=config["n_head"],
        mlp_ratio=inner // width,
        feedback="none",
        positions="learned",
        max_positions=config["n_positions"],
        activation="relu" if activation == "relu" else "gelu_new",
        tied=config.get("tie_word_embeddings", True),
    )


def config_to_hf(config: ModelConfig, d_vocab: int) -> dict[str, Any]:
    """The Hugging Face config of a vanilla model.

    Raises: HfModelError naming the field in which the model is not a GPT-2.
    """
    vanilla = {
        "n_loops": 1,
        "feedback": "none",
        "attention": "causal",
        "positions": "learned",
        "window": 0,
        "norm": "pre",
    }
    for name, value in vanilla.items():
        found = getattr(config, name)
        if found != value:
            raise HfModelError(f"model.{name} is {found!r}; a GPT-2 has {value!r}")
    return {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "vocab_size": d_vocab,
        "n_embd": config.d_model,
        "n_layer": config.n_layers,
        "n_head": config.n_heads,
        "n_inner": config.d_mlp,
        "n_positions": config.max_positions,
        "activation_function": config.activation,
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": config.tied,
        "resid_pdrop": config.dropout,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "bos_token_id": None,
        "eos_token_id": None,
    }


def names(config: ModelConfig) -> dict[str, str]:
    """Our parameter's name -> theirs, for all weights that both have."""
    table = {
        "embed.weight": "transformer.wte.weight",
        "pos_embed.weight": "transformer.wpe.weight",
        "ln_final.weight": "transformer.ln_f.weight",
        "ln_final.bias": "transformer.ln_f.bias",
    }
    if not config.tied:
        table["unembed.weight"] = "lm_head.weight"
    for layer in range(config.n_layers):
        for ours, theirs in WITHIN_BLOCK.items():
            for kind in ("weight", "bias"):
                table[f"blocks.{layer}.{ours}.{kind}"] = f"transformer.h.{layer}.{theirs}.{kind}"
    return table


def turned(name: str, tensor: Tensor) -> Tensor:
    """A block's linear weight, transposed; anything else as it is."""
    linear = name.startswith("blocks.") and tensor.ndim == 2
    return (tensor.T if linear else tensor).contiguous()


def weights_to_hf(model: Transformer) -> dict[str, Tensor]:
    """The weights by their Hugging Face name (the tied head left out), copies on the CPU.

    Raises: HfModelError for a model with an MLP that was handed in.
    """
    if any(block.mlp is not None for block in model.layers):
        raise HfModelError("the model has an MLP of its own, which a GPT-2 has no place for")
    ours = model.state_dict()
    return {
        theirs: turned(name, ours[name].detach()).cpu().clone()
        for name, theirs in names(model.config).items()
    }


def from_weights(
    config: ModelConfig, weights: Mapping[str, Tensor], place: str = "the weights"
) -> Transformer:
    """A model with Hugging Face weights (with or without the prefix `transformer.`).

    Raises: HfModelError if a weight is missing or has another shape.
    """
    bare = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
    check_sizes(config, bare, place)
    try:
        found = {
            ours: turned(ours, bare[theirs.removeprefix("transformer.")]).float()
            for ours, theirs in names(config).items()
        }
        model = Transformer(config, len(found["embed.weight"]))
        model.load_state_dict(found)
    except KeyError as error:
        raise HfModelError(f"{place}: the weight {error} is missing") from error
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise HfModelError(f"{place}: {reason}") from error
    return model.eval()


def check_sizes(config: ModelConfig, weights: Mapping[str, Tensor], place: str) -> None:
    """Whether the weights are as large as the config says, before memory is taken for them.

    Raises: HfModelError naming the size that differs.
    """
    if config.n_layers > len(weights):
        raise HfModelError(f"{place}: n_layer is {config.n_layers}, and the weights are fewer")
    inner = config.mlp_ratio * config.d_model
    for name, axis, field, size in (
        ("wte.weight", 1, "n_embd", config.d_model),
        ("wpe.weight", 0, "n_positions", config.max_positions),
        ("h.0.mlp.c_fc.weight", 1, "n_inner", inner),
    ):
        if name in weights and (weights[name].ndim != 2 or weights[name].shape[axis] != size):
            shape = list(weights[name].shape)
            raise HfModelError(f"{place}: {field} is {size}, but {name} has the shape {shape}")


def from_hf(hf_model: nn.Module) -> Transformer:
    """Our model with the weights of a `transformers.GPT2LMHeadModel` in memory.

    Raises: HfModelError if it is of another family.
    """
    config: Any = hf_model.config
    return from_weights(config_from_hf(config.to_dict()), hf_model.state_dict())


def to_hf(model: Transformer) -> Any:
    """A `transformers.GPT2LMHeadModel` with our weights.

    Raises: HfModelError if the model is not vanilla; ImportError without the `interp` extra.
    """
    from transformers import GPT2Config, GPT2LMHeadModel

    hf_model: Any = GPT2LMHeadModel(GPT2Config(**config_to_hf(model.config, model.d_vocab)))
    missing, unknown = hf_model.load_state_dict(weights_to_hf(model), strict=False)
    assert not unknown, unknown
    assert set(missing) <= {"lm_head.weight"}, missing
    hf_model.tie_weights()
    return hf_model.eval()


def load_hf(folder: Path | str) -> Transformer:
    """The model in a Hugging Face GPT-2 folder.

    Raises: HfModelError if there is none, it is of another family, or it has only pickled weights.
    """
    folder = Path(folder)
    try:
        config = config_from_hf(read_object(folder / "config.json"), str(folder / "config.json"))
        index = folder / "model.safetensors.index.json"
        parts = {"model.safetensors"}
        if index.exists():
            parts = {plain_name(part) for part in read_object(index)["weight_map"].values()}
        elif not (folder / "model.safetensors").exists() and any(folder.glob("*.bin")):
            raise HfModelError(
                f"{folder} holds pickled weights only, which can run code; load it in transformers"
                " and save it again, which writes model.safetensors"
            )
        weights: dict[str, Tensor] = {}
        for part in sorted(parts):
            weights |= safetensors.torch.load_file(folder / part)
    except HfModelError:  # which is a ValueError too
        raise
    except (OSError, safetensors.SafetensorError) as error:
        raise HfModelError(f"{folder} is no readable Hugging Face model ({error})") from error
    except KeyError as error:
        raise HfModelError(f"{folder}: its JSON lacks {error}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise HfModelError(f"{folder}: its JSON cannot be read ({error})") from error
    return from_weights(config, weights, str(folder))


def read_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file, which may be a link.

    Raises: OSError if there is no such file; ValueError naming it if it holds anything else.
    """
    try:
        table = parse_json(read_text(path, follow_links=True))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not isinstance(table, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return table


def plain_name(part: Any) -> str:
    """The name of a file beside the index that names it.

    Raises: ValueError for anything that leads elsewhere.
    """
    if not isinstance(part, str) or Path(part).name != part or not part:
        raise ValueError(f"a part of the weights is called {part!r}, which is no file beside it")
    return part


def checked_ids(vocabulary: dict[Any, Any]) -> dict[str, int]:
    """A vocabulary whose words are texts and whose ids are numbers from 0 on.

    Raises: ValueError naming the first that is not.
    """
    for word, number in vocabulary.items():
        if not isinstance(word, str) or type(number) is not int or number < 0:
            raise ValueError(f"{word!r} has the id {number!r}")
    return vocabulary


def read_hf_vocabulary(folder: Path | str) -> dict[str, int]:
    """Token -> id of a folder's tokenizer.

    Read from `vocab.json` and `added_tokens.json`, or from `tokenizer.json`.

    Raises: HfModelError if there is neither.
    """
    folder = Path(folder)
    try:
        if (folder / "vocab.json").exists():
            table = read_object(folder / "vocab.json")
            added = folder / "added_tokens.json"
            return checked_ids(table | (read_object(added) if added.exists() else {}))
        whole = read_object(folder / "tokenizer.json")
        added_tokens = {item["content"]: item["id"] for item in whole.get("added_tokens", ())}
        return checked_ids(dict(whole["model"]["vocab"]) | added_tokens)
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise HfModelError(
            f"{folder} has no readable vocab.json or tokenizer.json ({error})"
        ) from error


def keep_words(
    model: Transformer, vocabulary: Mapping[str, int], words: Sequence[str]
) -> Transformer:
    """The model over `words` alone, in their order: token id i is words[i].

    The state of every position stays what it was, to the last bit; probabilities are then shares
    among these words.

    Raises: HfModelError naming words that the vocabulary lacks.
    """
    lacking = [word for word in words if word not in vocabulary]
    if lacking:
        shown = ", ".join(repr(word) for word in lacking[:3])
        raise HfModelError(
            f"{len(lacking)} of {len(words)} words of the data are missing from the model's"
            f" vocabulary, such as {shown}; give the data that it was trained on"
        )
    ids = torch.tensor([vocabulary[word] for word in words])
    weights = dict(model.state_dict())
    for name in {"embed.weight", "unembed.weight"} & set(weights):
        weights[name] = weights[name][ids]
    cut = Transformer(dataclasses.replace(model.config), len(words))
    cut.load_state_dict(weights)
    return cut.eval()
