"""A run, loaded: its world, its model at one checkpoint, and what one can ask of them."""

from dataclasses import dataclass
from pathlib import Path

from latebloom.asking.answer import Answer, ask
from latebloom.asking.told_facts import NewFacts, ask_both
from latebloom.asking.told_values import ask_compared
from latebloom.evaluation.accuracy import Score
from latebloom.evaluation.scores import score
from latebloom.model.transformer import Transformer
from latebloom.training.checkpoint import Checkpoint
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.comparisons.scale import NumbersConfig
from latebloom.worlds.data import Data, as_corpus, as_world
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """What `latebloom.load` gives."""

    folder: RunFolder
    config: RunConfig
    data: Data
    model: Transformer
    step: int

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

    def ask(self, *question: str, top: int = 5, new: NewFacts | None = None) -> Answer:
        """Answers one question, given as names: `run.ask("JFK", "country", "capital")`.

        new: facts told after training, to be used together with those that the model knows
        (`latebloom.asking.told_facts.load_new_facts`).
        Raises: UnknownNameError, with the nearest known names.
        """
        if new is not None and self.world.task.chained:
            return ask_both(self.model, self.world, new, question, top)
        if new is not None:
            made_from = self.config.world
            numbers = made_from if isinstance(made_from, NumbersConfig) else None
            return ask_compared(self.model, self.world, new, question, top, numbers=numbers)
        return ask(self.model, self.world, question, top)

    def score(self, *splits: str) -> dict[str, Score]:
        """The accuracy of each split (all of them if none is named), every example counted."""
        return score(self.model, self.data, splits=splits or None)


def load_model(config: RunConfig, world: Data, checkpoint: Checkpoint) -> Transformer:
    """The model as a checkpoint holds it, ready to answer.

    Raises: RunFolderError if the checkpoint is damaged.
    """
    model = Transformer(config.model, len(world.vocabulary))
    model.load_state_dict(checkpoint.tensors("model"))
    return model.eval()


def load(run: Path | str, *, step: int | None = None, device: str = "cpu") -> LoadedRun:
    """Loads a run folder: its newest checkpoint, or that of one step.

    Raises: RunFolderError if the folder is no run, of another version, or damaged.
    """
    folder = RunFolder.open(run)
    config, data = folder.config(), folder.data()
    checkpoint = folder.newest() if step is None else folder.at_step(step)
    model = load_model(config, data, checkpoint).to(choose_device(device))
    return LoadedRun(folder, config, data, model, checkpoint.step)
