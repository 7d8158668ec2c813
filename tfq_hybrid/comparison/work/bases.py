"""The pretrained language model that a recipe adapts: made once, and kept."""

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Sequence

from tfq_hybrid.cluster import start_process
from tfq_hybrid.comparison.work.language import (
    LanguageTask,
    train_language_model,
)
from tfq_hybrid.files import replacing, write_json
from tfq_hybrid.files.locks import writing
from tfq_hybrid.reading import read_json

CACHE = "~/.cache/tfq_hybrid/bases"
MODEL, FACTS = "model.keras", "facts.json"


@dataclasses.dataclass(frozen=True)
class Pretraining:
    """How a base comes to be. What it depends on decides on its place."""

    texts: tuple[str, ...]  # digests of the plain texts, in order
    size: str  # a name in `models.qaa.SIZES`
    vocabulary_size: int  # learned from the training parts
    length: int  # in tokens
    batch: int  # windows of a step
    steps: int
    rate: float  # the peak learning rate
    held_out: int  # windows of each text that select, and that report
    seed: int = 0

    @property
    def folder(self) -> pathlib.Path:
        """Where it is kept."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()
        return pathlib.Path(CACHE).expanduser() / name

    @property
    def is_done(self) -> bool:
        """Whether it is there already."""
        return (self.folder / FACTS).is_file()


def pretrained_base(
    pretraining: Pretraining, paths: Sequence[str]
) -> tuple[str, dict]:
    """The base, from its place or trained now from plain texts.

    One process trains it, and one that asks while another trains waits. Gives
    the path of a `.keras` file, and what `train_language_model` found, with
    the held-out `loss`, `perplexity` and `tokens` of each text.
    """
    folder = pretraining.folder
    if not pretraining.is_done:
        with writing(folder, wait=True):
            if not pretraining.is_done:
                _on_all_cores(_pretrain, pretraining, paths, folder)
    facts = read_json(folder / FACTS, "the facts of a pretrained base")
    return str(folder / MODEL), facts


def _on_all_cores(function: Callable, *arguments: object) -> None:
    """Calls it in a process on all cores of what started this process.

    A job of a recipe has a share of them, and while it makes what all others
    wait for, the rest would lie idle.
    """
    cores = sorted(os.sched_getaffinity(os.getppid()))
    if len(cores) <= len(os.sched_getaffinity(0)):
        function(*arguments)
        return
    with start_process(cores) as pool:
        pool.submit(function, *arguments).result()


def _pretrain(
    pretraining: Pretraining, paths: Sequence[str], folder: pathlib.Path
) -> None:
    from tfq_hybrid.training import TrainConfig

    config = TrainConfig(
        str(paths[0]),
        model="qaa",
        baseline="full",
        options={"size": pretraining.size},
        vocabulary_size=pretraining.vocabulary_size,
        sequence_length=pretraining.length,
        batch_size=pretraining.batch,
        learning_rate=pretraining.rate,
        seed=pretraining.seed,
    )
    held_out = pretraining.held_out, pretraining.held_out
    task = LanguageTask(config, held_out, paths=paths)
    model, parts = task.model, task.parts
    found = train_language_model(model, parts, config, pretraining.steps)
    found["texts"] = task.read_each()
    found["parameters"] = model.count_params()
    found["training_windows"] = len(parts.training)
    folder.mkdir(parents=True, exist_ok=True)
    model.compiled = False
    with replacing(folder / MODEL) as partial:
        model.save(partial)
    write_json(folder / FACTS, found)  # last: it says that all is there
