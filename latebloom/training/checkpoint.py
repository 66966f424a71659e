"""Checkpoints: the model, the optimizers and the place in the run, safe against any death.

Enters: a model and its optimizers. Leaves: `step_NNNNNNN/` with `model.safetensors`,
`training.safetensors` and `state.json` (checksums, step). A checkpoint is written aside, flushed,
and renamed: it is there whole or not at all. No pickle.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from latebloom.errors import RunFolderError, TrainingError
from latebloom.training.averaging import WeightAverage

FORMAT = 1
"""Version of a checkpoint; a reader refuses any other."""
WEIGHTS = "weights"
"""Where the trained weights stand in `training.safetensors`, if the measured ones are a mean."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on disk."""

    folder: Path
    step: int

    def state(self) -> dict[str, Any]:
        """What `state.json` says: step, seconds so far, checksums.

        Raises: RunFolderError if it is damaged or of another version.
        """
        try:
            state = json.loads((self.folder / "state.json").read_text())
            found = state["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(self.folder, f"state.json: {error}") from error
        if found != FORMAT:
            raise RunFolderError(
                f"{self.folder} has format {found}, this latebloom reads format {FORMAT};"
                " use the version that wrote it"
            )
        return state

    def tensors(self, name: str) -> dict[str, Tensor]:
        """The tensors of `model` or `training`, their checksum verified.

        Raises: RunFolderError if the file is missing or a byte of it has changed.
        """
        path = self.folder / f"{name}.safetensors"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise damaged(self.folder, f"{path.name}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != self.state()["sha256"].get(path.name):
            raise damaged(self.folder, f"{path.name}: its checksum differs")
        return safetensors.torch.load(data)

    @property
    def resumable(self) -> bool:
        """Whether the optimizers' state is still there."""
        return (self.folder / "training.safetensors").exists()


def damaged(folder: Path, reason: str) -> RunFolderError:
    return RunFolderError(
        f"the checkpoint {folder} is damaged ({reason}); remove that folder to use the one before"
    )


def list_checkpoints(folder: Path) -> list[Checkpoint]:
    """The checkpoints in a run's `checkpoints/`, oldest first."""
    found = sorted(path for path in folder.glob("step_*") if path.is_dir())
    return [Checkpoint(path, int(path.name.removeprefix("step_"))) for path in found]


def save_checkpoint(
    folder: Path,
    step: int,
    average: WeightAverage,
    optimizers: list[torch.optim.Optimizer],
    place: dict[str, Any],
    keep: int,
) -> Checkpoint:
    """Writes a checkpoint, then thins out the older ones.

    `model` holds the weights that are measured; where they are an average, `training` holds
    those that are trained.
    place: what the loop needs to go on (JSON). keep: checkpoints kept, 0 for all. Only the two
    newest keep the optimizers' state: the newest, and one in case it gets lost.

    Raises: TrainingError if the disk is full or cannot be written; the older ones are untouched.
    """
    final, aside = folder / f"step_{step:07d}", folder / f".step_{step:07d}"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        files = {
            "model.safetensors": safetensors.torch.save(model_tensors(average.model)),
            "training.safetensors": safetensors.torch.save(training_tensors(average, optimizers)),
        }
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        state = {"format": FORMAT, "step": step, "sha256": sums} | place
        files["state.json"] = (json.dumps(state) + "\n").encode()
        for name, data in files.items():
            with (aside / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        shutil.rmtree(final, ignore_errors=True)
        aside.replace(final)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise TrainingError(
            f"the checkpoint {final} could not be written ({error.strerror}); make room or choose"
            " another --out, then go on with --resume"
        ) from error
    checkpoints = list_checkpoints(folder)
    for old in checkpoints[:-2]:
        (old.folder / "training.safetensors").unlink(missing_ok=True)
    for old in checkpoints[:-keep] if keep else []:
        shutil.rmtree(old.folder)
    return Checkpoint(final, step)


def model_tensors(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}


def training_tensors(
    average: WeightAverage, optimizers: list[torch.optim.Optimizer]
) -> dict[str, Tensor]:
    """What goes on changing besides the measured weights, named as `restore` reads it."""
    trained = model_tensors(average.trained) if average.frac else {}
    weights = {f"{WEIGHTS}/{name}": tensor for name, tensor in trained.items()}
    return weights | optimizer_tensors(optimizers)


def optimizer_tensors(optimizers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The optimizers' state as named tensors: optimizer / parameter / slot."""
    return {
        f"{i}/{parameter}/{slot}": torch.as_tensor(value).detach().cpu().contiguous()
        for i, optimizer in enumerate(optimizers)
        for parameter, slots in optimizer.state_dict()["state"].items()
        for slot, value in slots.items()
    }


def restore(
    checkpoint: Checkpoint, average: WeightAverage, optimizers: list[torch.optim.Optimizer]
) -> dict[str, Any]:
    """Puts a checkpoint back into models and optimizers; returns the place in the run.

    Raises: RunFolderError if the checkpoint is damaged.
    """
    place = checkpoint.state()
    average.model.load_state_dict(checkpoint.tensors("model"))
    weights: dict[str, Tensor] = {}
    states: list[dict[int, dict[str, Tensor]]] = [{} for _ in optimizers]
    for key, tensor in checkpoint.tensors("training").items():
        where, name = key.split("/", 1)
        if where == WEIGHTS:
            weights[name] = tensor
        else:
            parameter, slot = name.split("/")
            states[int(where)].setdefault(int(parameter), {})[slot] = tensor
    if average.frac:
        average.trained.load_state_dict(weights)
    for optimizer, state in zip(optimizers, states, strict=True):
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    return place
