"""A run, opened: its config, its data, and its model at one checkpoint."""

from dataclasses import dataclass
from pathlib import Path

from latebloom.errors import LatebloomError, RunFolderError
from latebloom.model.transformer import Transformer
from latebloom.training.checkpoint import Checkpoint
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.own import NOTHING_OWN, Own
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.data import Data, as_corpus, as_world
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True, repr=False)
class OpenedRun:
    """What was asked for, what it was grown on, and the model, ready to answer."""

    folder: RunFolder
    config: RunConfig
    data: Data
    model: Transformer
    step: int

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder.path)!r}, step={self.step})"

    @property
    def world(self) -> World:
        """The facts and questions that it was grown on.

        Raises: RunFolderError for a run on sentences.
        """
        return as_world(self.data, self.folder.path)

    @property
    def corpus(self) -> Corpus:
        """The sentences that it was grown on.

        Raises: RunFolderError for a run on facts.
        """
        return as_corpus(self.data, self.folder.path)


def load_model(
    config: RunConfig, data: Data, checkpoint: Checkpoint, own: Own = NOTHING_OWN
) -> Transformer:
    """The model as a checkpoint holds it, ready to answer.

    own: the parts of one's own that the model has.
    Raises: RunFolderError if the checkpoint is damaged, or holds another model than the config
    and the parts describe.
    """
    try:
        model = Transformer(config.model, len(data.vocabulary), parts=own.parts)
    except RunFolderError:
        raise
    except LatebloomError as error:
        raise RunFolderError(
            f"{checkpoint.folder}: {error}. To open such a run: latebloom.load(RUN,"
            " own=latebloom.Own(parts=latebloom.Parts(...)))"
        ) from error
    tensors = checkpoint.tensors("model")
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise RunFolderError(
            f"{checkpoint.folder} holds the weights of another model than its config describes"
            f" ({str(error).splitlines()[-1].strip()}); where it has parts of your own, hand them"
            " in: latebloom.load(RUN, own=latebloom.Own(parts=latebloom.Parts(...)))"
        ) from error
    return model.eval()


def open_run(
    run: Path | str, *, step: int | None = None, device: str = "cpu", own: Own = NOTHING_OWN
) -> OpenedRun:
    """Opens a run folder at its newest checkpoint, or at that of one step.

    own: the parts of one's own that it was grown with.
    Raises: RunFolderError if the folder is no run, of another version, or damaged.
    """
    folder = RunFolder.open(run, own)
    config, data = folder.config(), folder.data()
    checkpoint = folder.newest() if step is None else folder.at_step(step)
    model = load_model(config, data, checkpoint, own).to(choose_device(device))
    return OpenedRun(folder, config, data, model, checkpoint.step)
