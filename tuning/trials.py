"""Trials of published systems, and of a user's own model function."""

import pathlib
import shutil
from typing import TypedDict

import keras

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
from tfq_hybrid.training.fit import train
from tfq_hybrid.training.run_folder import WHOLE, ConfigFile, RunFolder
from tfq_hybrid.training.tasks import TASKS
from tfq_hybrid.tuning.objectives import Objective
from tfq_hybrid.tuning.predicted import (
    check_bytes,
    estimate,
    forward_seconds,
    model_bytes,
)


class SystemTrials:
    """Builds, estimates and trains what a config and a trial's values say.

    Args:
        config: `TrainConfig`. What the values of a trial do not set.
    """

    def __init__(self, config):
        self.config = config
        self.task = TASKS[config.system.task]
        self._training = None

    @property
    def epochs(self):
        """The most epochs of a trial."""
        return self.config.epochs

    @property
    def training(self):
        """The training data, loaded once."""
        if self._training is None:
            self._training, self._validation = self.task.load(self.config)
        return self._training

    def metrics(self):
        """The names of what a training logs."""
        names = [self.task.monitor.removeprefix("val_"), "loss"]
        objective = self.task.objective()
        for kind in ("metrics", "weighted_metrics"):
            names += [metric.name for metric in objective.get(kind, ())]
        names = list(dict.fromkeys(names))
        return [*(f"val_{name}" for name in names), *names]

    def identity(self):
        """What a search folder remembers of it, plain data."""
        return {
            "config": self.config.to_dict(),
            "data": self.training.fingerprint(),
        }

    def build(self, values):
        """The compiled model of a trial.

        Raises:
            UserError: the values do not go together.
        """
        config = self.config.replace(values)
        vocabulary = make_vocabulary(config, self.training.texts)
        facts = self.task.facts(config, self.training)
        classes = len(facts.get("label_values", ())) or None
        model = build_model(config, vocabulary, classes)
        encoded = self.task.encode(self.training, model, config)
        steps = -(-len(encoded) // config.batch_size)
        compile_model(model, config, steps, encoded)
        return model

    def predict(self, values, max_bytes=None):
        """What a trial will take, a `Prediction`.

        Args:
            values: dict, as for `TrainConfig.replace`.
            max_bytes: int. Defaults to `None`: no limit.

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

    def run(self, values, folder, parent=None):
        """Trains a trial, or goes on with it, in a run folder.

        Args:
            values: dict, as for `TrainConfig.replace`.
            folder: path of the run folder.
            parent: path of a finished run to go on from, with more epochs.
                Defaults to `None`.

        Returns:
            The content of `metrics.json`, a dict.

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


def _continue(old, new, config):
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
        build: function from a dict of values to a compiled `keras.Model`.
        data: what `fit` takes as `x`: a pair of arrays, or a finite
            `tf.data.Dataset` of batches.
        validation_data: what `fit` takes. Defaults to `None`.
        epochs: int. Defaults to 1.
        batch_size: int, for arrays. Defaults to 32.
        monitor: `Objective` that chooses the epoch. Defaults to
            `val_loss`, or `loss` without validation data.
        name: str. The study's, so that a folder is not taken for another
            one. Defaults to the function's own name.
    """

    def __init__(
        self,
        build,
        data,
        validation_data=None,
        epochs=1,
        batch_size=32,
        monitor=None,
        name=None,
    ):
        self.function = build
        self.data = data
        self.validation_data = validation_data
        self.epochs = epochs
        self.batch_size = batch_size
        known = "loss" if validation_data is None else "val_loss"
        self.monitor = monitor or Objective(known)
        self.name = name or getattr(build, "__qualname__", type(build).__name__)

    def metrics(self):
        """`None`: only a training says."""
        return None

    def identity(self):
        """What a search folder remembers of it, plain data."""
        return {"build": self.name, "epochs": self.epochs}

    def build(self, values):
        """The compiled model of a trial."""
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

    def predict(self, values, max_bytes=None):
        """What a trial will take, a `Prediction`; see `SystemTrials`."""
        keras.utils.set_random_seed(values.get("seed", 0))
        model = self.build(values)
        inputs, steps, size = self._first_batch()
        forward = forward_seconds(model, inputs)
        needed = model_bytes(model, size)
        check_bytes(needed, max_bytes)
        epochs = values.get("epochs", self.epochs)
        return estimate(needed, model.count_params(), forward, steps, epochs)

    def _first_batch(self):
        """The inputs of a batch, the steps of an epoch, and a batch's size."""
        if isinstance(self.data, tuple):
            inputs, _ = self.data
            steps = -(-len(inputs) // self.batch_size)
            return inputs[: self.batch_size], steps, self.batch_size
        inputs, *_ = next(iter(self.data))
        return inputs, len(self.data), len(keras.tree.flatten(inputs)[0])

    def run(self, values, folder, parent=None):
        """Fits a trial, in a folder. Returns what `metrics.json` holds.

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
