"""Trials of published systems, and of a user's own model function."""

import os
import pathlib
import shutil
from collections.abc import Callable
from typing import Any, TypedDict

import keras
import keras_tuner

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import estimate_bytes
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import replacing, write_json
from tfq_hybrid.reading import read_json
from tfq_hybrid.training.build import (
    build_model,
    compile_model,
    make_vocabulary,
)
from tfq_hybrid.training.checkpoint import StopOnNaN
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.training.fit import train
from tfq_hybrid.training.run_folder import WHOLE, ConfigFile, RunFolder
from tfq_hybrid.training.tasks import TASKS
from tfq_hybrid.tuning.objectives import Objective
from tfq_hybrid.tuning.space import Space
from tfq_hybrid.tuning.trial import (
    Prediction,
    check_bytes,
    estimate,
    forward_seconds,
    model_bytes,
)


class SystemTrials:
    """Builds, estimates and trains what a config and a trial's values say.

    Args:
        config: What the values of a trial do not set.
    """

    def __init__(self, config: TrainConfig):
        self.config = config
        self.task = TASKS[config.task]
        self._training: Any = None

    @property
    def epochs(self) -> int:
        """The most epochs of a trial."""
        return self.config.epochs

    @property
    def training(self) -> Any:
        """The training data, loaded once."""
        if self._training is None:
            self._training, self._validation = self.task.load(self.config)
        return self._training

    def metrics(self) -> list[str]:
        """The names of what a training logs."""
        names = [self.task.monitor.removeprefix("val_"), "loss"]
        objective = self.task.objective()
        for kind in ("metrics", "weighted_metrics"):
            names += [metric.name for metric in objective.get(kind, ())]
        scores = [f"val_{name}" for name in self.task.scores]
        names = list(dict.fromkeys(names))
        return [*(f"val_{name}" for name in names), *scores, *names]

    def identity(self) -> dict[str, Any]:
        """What a search folder remembers of it, plain data."""
        return {
            "config": self.config.to_dict(),
            "data": self.training.fingerprint(),
        }

    def build(self, values: dict[str, Any]) -> keras.Model:
        """The compiled model of a trial.

        Raises:
            UserError: the values do not go together.
        """
        config = self.config.replace(values)
        vocabulary = make_vocabulary(config, self.training.texts)
        facts = self.task.facts(config, self.training)
        classes = self.task.outputs(facts)
        model = build_model(config, vocabulary, classes)
        encoded = self.task.encode(self.training, model, config)
        steps = -(-len(encoded) // config.batch_size)
        compile_model(model, config, steps, encoded)
        return model

    def predict(
        self, values: dict[str, Any], max_bytes: int | None = None
    ) -> Prediction:
        """What a trial will take.

        Args:
            values: As for `TrainConfig.replace`.
            max_bytes: Defaults to `None`: no limit.

        Raises:
            UserError: the values do not go together, or the trial needs
                more than `max_bytes`.
        """
        config = self.config.replace(values)
        circuit = config.circuit
        if isinstance(circuit, CircuitSpec) and config.baseline is None:
            # One circuit alone, before anything is built.
            needed = estimate_bytes(
                circuit.qubits, 1, circuit.layers, config.circuit_runs
            )
            check_bytes(needed, max_bytes)
        keras.utils.set_random_seed(config.seed)
        model = self.build(values)
        needed = model_bytes(model, config.circuit_runs)
        check_bytes(needed, max_bytes)
        encoded = self.task.encode(self.training, model, config)
        with self.task.fed(model):
            forward = forward_seconds(model, encoded.inputs(config.batch_size))
        return estimate(
            needed,
            model.count_params(),
            forward,
            -(-len(encoded) // config.batch_size),
            config.epochs,
            -(-len(self._validation) // config.batch_size),
        )

    def run(
        self,
        values: dict[str, Any],
        folder: str | os.PathLike[str],
        parent: str | os.PathLike[str] | None = None,
    ) -> dict[str, Any]:
        """Trains a trial, or goes on with it, in a run folder.

        Args:
            values: As for `TrainConfig.replace`.
            folder: The run folder.
            parent: A finished run to go on from, with more epochs. Defaults
                to `None`.

        Returns:
            The content of `metrics.json`.

        Raises:
            TrainingDivergedError: the loss became NaN.
        """
        config = self.config.replace(values)
        run = RunFolder(folder)
        if run.is_finished:
            return run.metrics()
        if parent is not None and not run.is_run:
            _continue(RunFolder(parent), run, config)
        return train(
            config, folder, run.is_run, verbose=0, report=lambda line: None
        )


def _continue(old: RunFolder, new: RunFolder, config: TrainConfig) -> None:
    """Begins a run where another one ended, as an unfinished one."""
    content = read_json(old.config_file, WHOLE, ConfigFile)
    content["config"] = config.to_dict()
    with replacing(new.path) as fresh:
        ended = shutil.ignore_patterns(
            old.metrics_file.name, old.model_file.name
        )
        shutil.copytree(old.path, fresh, ignore=ended)
        write_json(fresh / old.config_file.name, content)


class Fitted(TypedDict):
    """The `metrics.json` of a trial of `FunctionTrials`."""

    history: list[dict[str, float]]
    best_epoch: int


class FunctionTrials:
    """Builds and fits what a user's function makes of a trial's values.

    A trial leaves `model.keras`, the best epoch by the objective, and
    `metrics.json`. One that was cut short begins anew.

    Args:
        build: From a trial's values to a compiled model.
        data: What `fit` takes as `x`: a pair of arrays, or a finite
            `tf.data.Dataset` of batches.
        validation_data: What `fit` takes. Defaults to `None`.
        epochs: Of a trial. Defaults to 1.
        batch_size: For arrays. Defaults to 32.
        monitor: Chooses the epoch. Defaults to `val_loss`, or `loss` without
            validation data.
        name: The study's, so that a folder is not taken for another one.
            Defaults to the function's own name.
    """

    def __init__(
        self,
        build: Callable[[dict[str, Any]], keras.Model],
        data: Any,
        validation_data: Any = None,
        epochs: int = 1,
        batch_size: int = 32,
        monitor: Objective | None = None,
        name: str | None = None,
    ):
        self.function = build
        self.data = data
        self.validation_data = validation_data
        self.epochs = epochs
        self.batch_size = batch_size
        known = "loss" if validation_data is None else "val_loss"
        self.monitor = monitor or Objective(known)
        self.name = name or getattr(build, "__qualname__", type(build).__name__)

    def metrics(self) -> None:
        """`None`: only a training says."""
        return None

    def identity(self) -> dict[str, Any]:
        """What a search folder remembers of it, plain data."""
        return {"build": self.name, "epochs": self.epochs}

    def build(self, values: dict[str, Any]) -> keras.Model:
        """The compiled model of a trial.

        Raises:
            TypeError: the function returned something else.
        """
        values = {
            k: v for k, v in values.items() if k not in ("seed", "epochs")
        }
        model = self.function(values)
        if not isinstance(model, keras.Model) or model.optimizer is None:
            raise TypeError(
                "Expected the build function to return a compiled "
                f"keras.Model. Received: {type(model).__name__}"
            )
        return model

    def predict(
        self, values: dict[str, Any], max_bytes: int | None = None
    ) -> Prediction:
        """What a trial will take; see `SystemTrials`."""
        keras.utils.set_random_seed(values.get("seed", 0))
        model = self.build(values)
        inputs, steps, size = self._first_batch()
        forward = forward_seconds(model, inputs)
        needed = model_bytes(model, size)
        check_bytes(needed, max_bytes)
        epochs = values.get("epochs", self.epochs)
        return estimate(needed, model.count_params(), forward, steps, epochs)

    def _first_batch(self) -> tuple[Any, int, int]:
        """The inputs of a batch, the steps of an epoch, and a batch's size."""
        if isinstance(self.data, tuple):
            inputs, _ = self.data
            steps = -(-len(inputs) // self.batch_size)
            return inputs[: self.batch_size], steps, self.batch_size
        inputs, *_ = next(iter(self.data))
        return inputs, len(self.data), len(keras.tree.flatten(inputs)[0])

    def run(
        self,
        values: dict[str, Any],
        folder: str | os.PathLike[str],
        parent: str | os.PathLike[str] | None = None,
    ) -> dict[str, Any]:
        """Fits a trial, in a folder. Returns what `metrics.json` holds.

        `parent` is not used: a trial of a function begins anew.

        Raises:
            UserError: no metric has the name of the objective.
            TrainingDivergedError: the loss became NaN.
        """
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        finished = folder / "metrics.json"
        if finished.is_file():
            return read_json(finished, "a whole trial", Fitted)
        keras.utils.set_random_seed(values.get("seed", 0))
        model = self.build(values)
        best = folder / "best.weights.h5"
        arrays = isinstance(self.data, tuple)
        history = model.fit(
            *(self.data if arrays else (self.data,)),
            batch_size=self.batch_size if arrays else None,
            validation_data=self.validation_data,
            epochs=values.get("epochs", self.epochs),
            callbacks=[
                StopOnNaN(),
                keras.callbacks.ModelCheckpoint(
                    best,
                    monitor=self.monitor.name,
                    mode=self.monitor.direction,
                    save_best_only=True,
                    save_weights_only=True,
                ),
            ],
            verbose=0,
        ).history
        if self.monitor.name not in history:
            raise UserError(
                f"Expected the metric {self.monitor.name}. Received: a model "
                f"that logs {', '.join(history)}"
            )
        rows = [
            {k: float(v) for k, v in zip(history, row, strict=True)}
            for row in zip(*history.values(), strict=True)
        ]
        scores = [row[self.monitor.name] for row in rows]
        result = {
            "history": rows,
            "best_epoch": scores.index(self.monitor.best(scores)) + 1,
        }
        model.load_weights(best)
        with replacing(folder / "model.keras") as partial:
            model.save(partial)
        best.unlink()
        write_json(finished, result)
        return result


Trials = SystemTrials | FunctionTrials


class HybridHyperModel(keras_tuner.HyperModel):
    """A space and what builds a model from its values.

    For `keras_tuner.RandomSearch` and its like. `tfq_hybrid.tuning.search`
    needs none: it also estimates memory and time, keeps failures apart, and
    leaves run folders.

    Args:
        trials: Of a published system, or of a function of your own.
        space: Such as `space_of(config)`.

    Example:

    >>> from tfq_hybrid.tuning import space_of
    >>> config = TrainConfig("embedded", limit=64, sequence_length=8)
    >>> space = space_of(config, ["qubits=2,3", "depth=3"], only=True)
    >>> hypermodel = HybridHyperModel(SystemTrials(config), space)
    >>> hp = hypermodel.space.hyperparameters()
    >>> hypermodel.values(hp)
    {'circuit.qubits': 2, 'circuit.depth': 3}
    """

    def __init__(self, trials: Trials, space: Space):
        super().__init__()
        self.trials = trials
        self.space = space

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Tells keras-tuner the space before a model is built."""
        hp.merge(self.space.hyperparameters())

    def values(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """The arguments that keras-tuner's values stand for."""
        return self.space.decode(hp.values)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The compiled model of keras-tuner's values."""
        if not hp.values:
            hp = self.space.hyperparameters()
        return self.trials.build(self.values(hp))
