"""Checkpoints: the model, the optimizers and the place in the run, safe against any death.

Enters: a model and its optimizers. Leaves: `step_NNNNNNN/` with `model.safetensors`,
`training.safetensors` and `state.json` (checksums, step). A checkpoint is written aside, flushed,
and renamed: it is there whole or not at all. No pickle.
"""

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from latebloom.errors import RunFolderError, TrainingError
from latebloom.files import sync_folder, sync_tree
from latebloom.reading import parse_json, read_bytes, read_text, seal, unseal
from latebloom.records import from_json
from latebloom.training.averaging import WeightAverage

FORMAT = 1
"""Version of a checkpoint; a reader refuses any other."""
WEIGHTS = "weights"
"""Where the trained weights stand in `training.safetensors`, if the measured ones are a mean."""


NAME = re.compile(r"step_(\d{7,12})")
"""What the folder of a checkpoint is called; one that is being written or deleted has a dot before
it, and another name is somebody else's."""
HINT = "; remove that folder to use the one before"
"""What a reader is told of a damaged checkpoint; a training that goes on uses the one before."""
LARGEST = 2**40
"""Bytes of the largest file of tensors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What `state.json` holds: where the training stood, and the checksums of the tensors.

    losses: of the steps since the last evaluation, in nats. evaluations: how many there were so
    far, -1 where an earlier version did not say.
    """

    format: int
    step: int
    sha256: dict[str, str]
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    evaluations: int = -1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on disk."""

    folder: Path
    step: int

    def state(self) -> Place:
        """What `state.json` says.

        Raises: RunFolderError if it is damaged, of another step or of another version.
        """
        try:
            table = parse_json(read_text(self.folder / "state.json"))
            found = table["format"]
            place = from_json(unseal(table), Place) if found == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(self.folder, f"state.json: {error}") from error
        if place is None:
            raise RunFolderError(
                f"{self.folder} has format {found}, this latebloom reads format {FORMAT};"
                " use the version that wrote it"
            )
        if place.step != self.step:
            raise damaged(self.folder, f"state.json is of step {place.step}")
        return place

    def tensors(self, name: str) -> dict[str, Tensor]:
        """The tensors of `model` or `training`, their checksum verified.

        Raises: RunFolderError if the file is missing, a byte of it has changed, or a number in it
        is not finite.
        """
        path = self.folder / f"{name}.safetensors"
        try:
            data = read_bytes(path, LARGEST)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise damaged(self.folder, f"{path.name}: {reason}") from error
        if hashlib.sha256(data).hexdigest() != self.state().sha256.get(path.name):
            raise damaged(self.folder, f"{path.name}: its checksum differs")
        try:
            tensors = safetensors.torch.load(data)
        except (SafetensorError, ValueError, KeyError) as error:
            raise damaged(self.folder, f"{path.name}: {error}") from error
        for tensor_name, tensor in tensors.items():
            if not tensor.isfinite().all():
                raise damaged(self.folder, f"{path.name}: {tensor_name} is not finite")
        return tensors

    @property
    def resumable(self) -> bool:
        """Whether the optimizers' state is still there."""
        return (self.folder / "training.safetensors").exists()


def damaged(folder: Path, reason: str) -> RunFolderError:
    return RunFolderError(f"the checkpoint {folder} is damaged ({reason}){HINT}")


def list_checkpoints(folder: Path) -> list[Checkpoint]:
    """The checkpoints in a run's `checkpoints/`, oldest first; links are not followed."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    named = ((path, NAME.fullmatch(path.name)) for path in folder.iterdir())
    found = [Checkpoint(path, int(name[1])) for path, name in named if name and is_folder(path)]
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def remove(folder: Path) -> None:
    """Deletes a checkpoint: out of sight first, so that a kill leaves no half of one."""
    gone = folder.with_name(f".{folder.name}.gone")
    if gone.exists():
        shutil.rmtree(gone)
    folder.rename(gone)
    shutil.rmtree(gone)


def sweep_up(folder: Path) -> None:
    """Deletes what a killed process left half written or half deleted in `checkpoints/`."""
    for path in folder.glob(".step_*"):
        if is_folder(path):
            shutil.rmtree(path)


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
        state = seal({"format": FORMAT, "step": step, "sha256": sums} | place)
        files["state.json"] = (json.dumps(state) + "\n").encode()
        for name, data in files.items():
            with (aside / name).open("wb") as file:
                file.write(data)
        sync_tree(aside)
        if final.exists():
            remove(final)
        aside.replace(final)
        sync_folder(folder)
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
        remove(old.folder)
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
) -> Place:
    """Puts a checkpoint back into models and optimizers; returns the place in the run.

    Raises: RunFolderError if the checkpoint is damaged, or of another model.
    """
    place = checkpoint.state()
    measured, training = checkpoint.tensors("model"), checkpoint.tensors("training")
    try:
        put_back(measured, training, average, optimizers)
    except (RuntimeError, ValueError, IndexError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise damaged(checkpoint.folder, f"it is of another model: {reason}") from error
    return place


def put_back(
    measured: dict[str, Tensor],
    training: dict[str, Tensor],
    average: WeightAverage,
    optimizers: list[torch.optim.Optimizer],
) -> None:
    """Puts what `model_tensors` and `training_tensors` gave into models and optimizers.

    Raises: RuntimeError, ValueError or IndexError if they are of another model.
    """
    weights: dict[str, Tensor] = {}
    states: list[dict[int, dict[str, Tensor]]] = [{} for _ in optimizers]
    for key, tensor in training.items():
        where, name = key.split("/", 1)
        if where == WEIGHTS:
            weights[name] = tensor
        else:
            parameter, slot = name.split("/")
            states[int(where)].setdefault(int(parameter), {})[slot] = tensor
    average.model.load_state_dict(measured)
    if average.frac:
        average.trained.load_state_dict(weights)
    for optimizer, state in zip(optimizers, states, strict=True):
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
