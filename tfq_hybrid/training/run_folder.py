"""The folder of a run: its files, whether it may be written, its model."""

import math
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import numpy as np

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import (
    check_links,
    check_output_folder,
    remove_partials,
    remove_partials_of,
    replacing,
    write_json,
    write_text,
)
from tfq_hybrid.files.manifest import MANIFEST
from tfq_hybrid.files.models import load_model
from tfq_hybrid.reading import read_json, read_text, reading
from tfq_hybrid.training.config import TrainConfig

if TYPE_CHECKING:
    import keras

WHOLE = "a whole run"
LABELS = ("label_values", "label_names")


class ConfigFile(TypedDict):
    """What is used of `config.json`."""

    config: dict
    data: NotRequired[str]
    label_values: NotRequired[list[str]]
    label_names: NotRequired[list[str]]
    format: NotRequired[str]
    extended: NotRequired[list[int]]
    sources: NotRequired[dict]
    mean: NotRequired[float]
    scale: NotRequired[float]


class Parameters(TypedDict):
    """What is used of the numbers of parameters."""

    total: int


class Metrics(TypedDict):
    """What is used of `metrics.json`."""

    epochs: int
    best_epoch: int
    validation_loss: float
    parameters: Parameters
    history: list[dict[str, float]]
    seconds: float
    thresholds: NotRequired[list[float]]
    label_rates: NotRequired[list[float]]


class RunFolder:
    """Paths and state of a run.

        config.json       the arguments, and what was seen in training
        vocabulary.txt    one token, or one merge of byte pairs, a line; of
                          a preset's own tokenizer what tells it
        checkpoints/      the last good state of an unfinished training
        logs/             TensorBoard
        model.keras       the trained model, with its tokenizer
        token_counts.json how often a language model saw each token
        metrics.json      written last: the run is finished
        SHA256SUMS        the checksums of all of these

    Args:
        path: the folder.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = pathlib.Path(path)
        self.config_file = self.path / "config.json"
        self.vocabulary_file = self.path / "vocabulary.txt"
        self.checkpoints = self.path / "checkpoints"
        self.logs = self.path / "logs"
        self.model_file = self.path / "model.keras"
        self.token_counts_file = self.path / "token_counts.json"
        self.metrics_file = self.path / "metrics.json"

    @property
    def is_run(self) -> bool:
        """Whether a training ever began here."""
        return self.config_file.is_file()

    @property
    def is_finished(self) -> bool:
        """Whether a training ended here."""
        return self.is_run and self.metrics_file.is_file()

    def check_writable(
        self, resume: bool, overwrite: bool, epochs: int | None = None
    ) -> None:
        """Raises `UserError` unless a training may write here.

        Args:
            resume: one that goes on with the unfinished run here, or with a
                finished one up to more epochs.
            overwrite: one that replaces the run here.
            epochs: that it trains in all, of a finished run more than are
                done. Defaults to `None`: as many as the run says.
        """
        check_output_folder(self.path)
        if resume and overwrite:
            raise UserError(
                "Expected one of resume=True and overwrite=True. Received: both"
            )
        if resume and not self.is_run:
            raise UserError(
                "Expected resume=True with the folder of a run. "
                f"Received: {self.path}, which holds none"
            )
        if resume:
            check_links(self.path, WHOLE)
        if resume and self.is_finished:
            done = self.metrics()["epochs"]
            if epochs is None or epochs <= done:
                raise UserError(
                    "Expected resume=True with an unfinished run. Received: "
                    f"{self.path}, which is finished. To go on ask for more "
                    f"epochs in all than the {done} that are done. Use "
                    "overwrite=True to train anew."
                )
            if not (self.checkpoints / "state.json").is_file():
                raise UserError(
                    "Expected a run with its checkpoints, to go on. Received: "
                    f"{self.path}, which has none"
                )
        if resume or not self.path.exists():
            return
        has_run = self.is_run and self.vocabulary_file.is_file()
        if self.path.is_file() or (not has_run and any(self.path.iterdir())):
            raise UserError(
                "Expected a new folder, or that of a run. "
                f"Received: {self.path}, which holds something else"
            )
        if self.is_run and not overwrite:
            state = "a finished" if self.is_finished else "an unfinished"
            choice = "" if self.is_finished else "resume=True to go on or "
            raise UserError(
                f"Expected a new folder. Received: {self.path}, which holds "
                f"{state} run. Use {choice}overwrite=True to train anew."
            )

    def create(
        self,
        config: TrainConfig,
        vocabulary: Sequence[str],
        data: str,
        facts: Mapping[str, Any],
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """Begins a run: takes the folder's place with what it needs.

        The new folder is whole before the old one goes, so that a kill
        leaves one or the other.

        Args:
            config: what is trained.
            vocabulary: of its tokenizer.
            data: the fingerprint of the training data.
            facts: plain JSON types that the task stores, such as the labels.
            sources: where values of the config came from, by dotted key.
                Defaults to none.
        """
        tokens = "".join(f"{token}\n" for token in vocabulary)
        content = {"config": config.to_dict(), "data": data, **facts}
        content["sources"] = sources or {}
        with replacing(self.path) as fresh:
            fresh.mkdir()
            write_text(fresh / self.vocabulary_file.name, tokens)
            write_json(fresh / self.config_file.name, content)

    def extend(self, config: TrainConfig, done: int, source: str = "") -> None:
        """Makes the run an unfinished one of other epochs in all.

        A kill leaves a run that goes on.

        Args:
            config: that of the run but for its epochs.
            done: the epochs that are done.
            source: where the number came from. Defaults to unknown.
        """
        content = read_json(self.config_file, WHOLE, ConfigFile)
        content["config"] = config.to_dict()
        content["extended"] = sorted({*content.get("extended", []), done})
        if source:
            content["sources"] = content.get("sources", {}) | {"epochs": source}
        for path in (self.path / MANIFEST, self.metrics_file):
            path.unlink(missing_ok=True)
        write_json(self.config_file, content)

    def extended(self) -> list[int]:
        """The epochs after which the run was given more of them."""
        content = read_json(self.config_file, WHOLE, ConfigFile)
        return list(content.get("extended", []))

    def remove_partials(self) -> None:
        """Removes what trainings that were killed have left unfinished.

        Call it with the folder locked.
        """
        remove_partials_of(self.path)
        for folder in (self.path, self.checkpoints, self.logs):
            remove_partials(folder)

    def check_data(self, data: str) -> None:
        """Raises `UserError` unless the data are those the run began with.

        Args:
            data: their fingerprint.
        """
        content = read_json(self.config_file, WHOLE, ConfigFile)
        if content.get("data") != data:
            raise UserError(
                "Expected the data that the run began with. Received: "
                f"{content['config'].get('data')}, which has changed since. "
                "Use overwrite=True to train anew."
            )

    def read(
        self,
    ) -> tuple[TrainConfig, tuple[str, ...], tuple[str, ...], list[str]]:
        """The config, label values, label names and vocabulary of a run.

        There are no labels where the task has none.

        Raises:
            UserError: the folder holds no run, or a damaged one.
        """
        if not self.is_run:
            raise UserError(
                "Expected the folder of a run, as `tfq-hybrid train --output` "
                f"makes it. Received: {self.path}"
            )
        check_links(self.path, WHOLE)
        content = read_json(self.config_file, WHOLE, ConfigFile)
        with reading(WHOLE, self.config_file):
            config = TrainConfig.from_dict(_current(content["config"]))
        values, names = (tuple(content.get(key, ())) for key in LABELS)
        text = read_text(self.vocabulary_file, expected=WHOLE)
        with reading(WHOLE, self.vocabulary_file):
            *vocabulary, rest = text.split("\n")
            if rest or not vocabulary:
                raise ValueError("cut short")
        return config, values, names, vocabulary

    def facts(self) -> dict[str, Any]:
        """What the task stored when the run began."""
        content = read_json(self.config_file, WHOLE, ConfigFile)
        return {
            key: value
            for key, value in content.items()
            if key not in ("config", "data", "sources", "extended")
        }

    def unit(self) -> tuple[float, float]:
        """The mean and the scale of the numbers of a regression.

        Raises:
            UserError: the folder holds no run, or a damaged one.
        """
        facts = self.facts()
        with reading(WHOLE, self.config_file):
            mean, scale = float(facts["mean"]), float(facts["scale"])
            if not (math.isfinite(mean) and 0 < scale < math.inf):
                raise ValueError("a mean or a scale that is none")
        return mean, scale

    def thresholds(self) -> list[float]:
        """The thresholds of the labels of a multi-label classifier.

        Raises:
            UserError: the run is not finished, or damaged.
        """
        metrics = self.metrics()
        with reading(WHOLE, self.metrics_file):
            return [float(value) for value in metrics["thresholds"]]

    def metrics(self) -> dict[str, Any]:
        """The content of `metrics.json`.

        Raises:
            UserError: the run is not finished.
        """
        self.read()
        if not self.is_finished:
            raise UserError(
                "Expected a finished run. Received: "
                f"{self.path}, unfinished. Go on with `tfq-hybrid train "
                f"--resume --output {self.path}`."
            )
        return read_json(self.metrics_file, WHOLE, Metrics)

    def token_counts(self, size: int) -> np.ndarray | None:
        """How often each token was learned, of shape (size,).

        `None` where the task has no tokens, or an older version trained.

        Raises:
            UserError: the file is damaged.
        """
        if not self.token_counts_file.is_file():
            return None
        counts = read_json(self.token_counts_file, WHOLE, list[int])
        with reading(WHOLE, self.token_counts_file):
            if len(counts) != size or min(counts) < 0:
                raise ValueError("the counts are not those of the tokens")
            return np.array(counts, "int64")


def _current(config):
    """A stored config of an older version as one of this version.

    Adapters were an argument of qffn-bert, with models of other classes.
    """
    if config.get("model") != "qffn-bert" or "adapter" not in config:
        return config
    if config["adapter"] is not None:
        raise UserError(
            "Expected a run of this version, in which a preset with an adapter "
            "is a model of its own. Received: one of an older version. Train "
            "it again with model=adapted"
        )
    gone = ("adapter", "pooling")
    return {k: v for k, v in config.items() if k not in gone}


def load_trained(
    run: str | os.PathLike[str],
) -> "tuple[keras.Model, tuple[str, ...]]":
    """The model of a finished run, and the names of its labels.

    Args:
        run: the run folder.

    Returns:
        The model, and the names, none where the task has no labels. That of
        a regression gives standardised numbers, in the run's `unit()`.

    Raises:
        UserError: there is no finished run.
    """
    folder = RunFolder(run)
    folder.metrics()
    _, _, names, _ = folder.read()
    return load_model(folder.model_file, expected=WHOLE), names


def check_task(run: str | os.PathLike[str], task: str) -> None:
    """Raises `UserError` unless a run is of that task.

    Args:
        run: the run folder.
        task: `"classification"` or `"generation"`.
    """
    config, *_ = RunFolder(run).read()
    if config.task != task:
        kinds = {"classification": "text classifier"}
        kind = kinds.get(task, "language model")
        raise UserError(
            f"Expected the run of a {kind}. Received: {run}, a run of "
            f"{config.model}"
        )
