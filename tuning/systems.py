"""Trials of the published systems: each of them a run folder."""

import shutil

import keras

from tfq_hybrid.engines import estimate_bytes
from tfq_hybrid.files import replacing, write_json
from tfq_hybrid.reading import read_json
from tfq_hybrid.training.build import (
    build_model,
    compile_model,
    make_vocabulary,
)
from tfq_hybrid.training.run_folder import WHOLE, RunFolder
from tfq_hybrid.training.tasks import TASKS
from tfq_hybrid.training.train import train
from tfq_hybrid.tuning.configured import circuit_of, configured
from tfq_hybrid.tuning.predicted import (
    check_bytes,
    foresee,
    forward_seconds,
    model_bytes,
)


class SystemTrials:
    """Builds, foresees and trains what a config and a trial's values say.

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
        config = configured(self.config, values)
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
            values: dict, as for `configured`.
            max_bytes: int. Defaults to `None`: no limit.

        Raises:
            UserError: the values do not go together, or the trial needs
                more than `max_bytes`.
        """
        config = configured(self.config, values)
        circuit = circuit_of(config)
        if circuit and config.classical is None and "depth" in circuit:
            # One circuit alone, before anything is built.
            layers = circuit["depth"] * (1 + circuit["reuploads"])
            needed = estimate_bytes(
                circuit["qubits"], 1, layers, config.circuit_runs
            )
            check_bytes(needed, max_bytes)
        keras.utils.set_random_seed(config.seed)
        model = self.build(values)
        needed = model_bytes(model, config.circuit_runs)
        check_bytes(needed, max_bytes)
        encoded = self.task.encode(self.training, model, config)
        with self.task.fed(model):
            forward = forward_seconds(model, encoded.inputs(config.batch_size))
        return foresee(
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


def _continue(old, new, config):
    """Begins a run where another one ended, as an unfinished one."""
    content = read_json(old.config_file, WHOLE)
    content["config"] = config.to_dict()
    with replacing(new.path) as fresh:
        ended = shutil.ignore_patterns(
            old.metrics_file.name, old.model_file.name
        )
        shutil.copytree(old.path, fresh, ignore=ended)
        write_json(fresh / old.config_file.name, content)
