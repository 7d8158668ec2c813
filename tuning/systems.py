"""Trials of the published systems: each of them a run folder."""

import json
import shutil

import keras
import tensorflow as tf

from tfq_hybrid.engines import estimate_bytes
from tfq_hybrid.files import write_json
from tfq_hybrid.training.build import (
    build_classifier,
    compile_classifier,
    make_vocabulary,
)
from tfq_hybrid.training.run_folder import RunFolder
from tfq_hybrid.training.splits import load_splits
from tfq_hybrid.training.train import train
from tfq_hybrid.tuning.configured import circuit_of, configured
from tfq_hybrid.tuning.predicted import (
    Prediction,
    check_bytes,
    model_bytes,
    step_seconds,
)


class SystemTrials:
    """Builds, foresees and trains what a config and a trial's values say.

    Args:
        config: `TrainConfig`. What the values of a trial do not set.
    """

    def __init__(self, config):
        self.config = config
        self._training = None

    @property
    def training(self):
        """The training data, loaded once."""
        if self._training is None:
            self._training, _ = load_splits(self.config)
        return self._training

    def metrics(self):
        """The names of what a training logs."""
        names = ["accuracy", "loss"]
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
        config = configured(self.config, values)
        vocabulary = make_vocabulary(config, self.training.texts)
        names = self.training.label_names
        model = build_classifier(config, vocabulary, len(names))
        compile_classifier(model, config, self._steps(config))
        return model

    def _steps(self, config):
        return -(-len(self.training) // config.batch_size)

    def predict(self, values, max_bytes=None):
        """What a trial will take, a `Prediction`.

        Args:
            values: dict, as for `configured`.
            max_bytes: int. Defaults to `None`: no limit.

        Raises:
            UserError: the values do not go together, or the trial needs
                more than `max_bytes`.
        """
        config = configured(self.config, values)
        tokens = config.sequence_length
        if _argument(config, "tokens") == "cls":
            tokens = 1
        circuit = circuit_of(config)
        if circuit and config.classical is None and "depth" in circuit:
            # One circuit alone, before anything is built.
            layers = circuit["depth"] * (1 + circuit["reuploads"])
            needed = estimate_bytes(
                circuit["qubits"], 1, layers, config.batch_size * tokens
            )
            check_bytes(needed, max_bytes)
        keras.utils.set_random_seed(config.seed)
        model = self.build(values)
        needed = model_bytes(model, config.batch_size, tokens)
        check_bytes(needed, max_bytes)
        batch = tf.constant(self.training.texts[: config.batch_size])
        seconds = step_seconds(model, batch)
        steps = self._steps(config) * config.epochs
        return Prediction(needed, steps * seconds, model.count_params(), seconds)

    def run(self, values, folder, parent=None):
        """Trains a trial, or goes on with it, in a run folder.

        Args:
            values: dict, as for `configured`.
            folder: path of the run folder.
            parent: path of a finished run to go on from, with more epochs.
                Defaults to `None`.

        Returns:
            The content of `metrics.json`, a dict.

        Raises:
            TrainingDivergedError: the loss became NaN.
        """
        config = configured(self.config, values)
        run = RunFolder(folder)
        if run.is_finished:
            return run.metrics()
        if parent is not None and not run.is_run:
            _continue(RunFolder(parent), run, config)
        return train(
            config, folder, run.is_run, verbose=0, report=lambda line: None
        )


def _argument(config, name):
    return {**config.to_dict(), **(config.to_dict().get("options") or {})}.get(
        name
    )


def _continue(old, new, config):
    """Begins a run where another one ended, as an unfinished one."""
    fresh = new.path.with_name(f".{new.path.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(old.path, fresh)
    for path in (fresh / old.metrics_file.name, fresh / old.model_file.name):
        path.unlink(missing_ok=True)
    content = json.loads(old.config_file.read_text("utf-8"))
    content["config"] = config.to_dict()
    write_json(fresh / old.config_file.name, content)
    fresh.rename(new.path)
