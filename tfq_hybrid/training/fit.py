"""`train`: from a config to a finished run folder."""

import contextlib
import dataclasses
import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tfq_hybrid.errors import TrainingDivergedError, UserError
from tfq_hybrid.files import check_output_folder, replacing, write_json
from tfq_hybrid.files.locks import writing
from tfq_hybrid.files.manifest import write_manifest
from tfq_hybrid.signals import Interrupts
from tfq_hybrid.training.baselines import verdict
from tfq_hybrid.training.build import (
    build_model,
    compile_model,
    count_parameters,
    describe,
    make_vocabulary,
)
from tfq_hybrid.training.checkpoint import (
    Checkpoint,
    Followed,
    ResumableEarlyStopping,
    StopOnNaN,
)
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.training.frozen import above_frozen, only_learned
from tfq_hybrid.training.run_folder import RunFolder
from tfq_hybrid.training.tasks import TASKS
from tfq_hybrid.training.telemetry.readings import adapters_in_use
from tfq_hybrid.training.telemetry.watch import Telemetry
from tfq_hybrid.training.workers import Alone


def train(
    config: TrainConfig,
    output: str | os.PathLike[str],
    resume: bool = False,
    overwrite: bool = False,
    verbose: int | str = "auto",
    report: Callable[[str], object] = print,
    workers: Alone | None = None,
    sources: Mapping[str, str] | None = None,
    states: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Trains a model and leaves a run folder.

    Everything that can be wrong with the input is found before the folder
    is touched.

    Args:
        config: what to train, and how.
        output: the run folder.
        resume: go on with the run there, which is unfinished, or has done
            fewer epochs than the config says. Of its config only `epochs` may
            be another: then the learning rate goes on where the schedule of
            so many epochs is by now, and the patience counts anew. An
            unfinished run ends at once with as many as it has done. Defaults
            to `False`.
        overwrite: replace the run there. Defaults to `False`.
        verbose: as for `fit`.
        report: told what is about to run, and at the end if nothing was
            learned, line by line. Defaults to `print`.
        workers: what `join` gives: all `Workers` call this, with the same
            config; the chief alone reads and writes the run folder. Defaults
            to `None`: this process is alone.
        sources: where values of the config came from, by dotted key, kept in
            the run folder. Defaults to none.
        states: a folder where what frozen blocks give is kept, which other
            trainings on the same texts read. Defaults to `None`: it is kept
            in memory, where there is more than one epoch.

    Returns:
        The content of `metrics.json`.

    Raises:
        UserError: something in the input is wrong, or another process
            trains in the folder; nothing was written.
        TrainingDivergedError: the loss became NaN; the last good checkpoint
            is kept.
        StorageError: the disk is full; the last good checkpoint is kept.
    """
    workers = workers or Alone()
    folder = RunFolder(output)
    workers.check_same("options", [config.to_dict(), resume, overwrite])
    with contextlib.ExitStack() as held:

        def claim():
            check_output_folder(output)
            held.enter_context(writing(output))
            folder.check_writable(resume, overwrite, config.epochs)
            folder.remove_partials()

        workers.from_chief(claim)
        _check_workers(config, workers)
        held.enter_context(Interrupts().handling(signal.SIGINT))
        training = _Training(config, folder, resume, workers, verbose, states)
        return training.run(report, sources)


def _validated(logs):
    """What the logs of an epoch say of the validation data."""
    names = ("accuracy", "loss")
    return {
        f"validation_{name}": logs[f"val_{name}"]
        for name in names
        if f"val_{name}" in logs
    }


def _check_workers(config, workers):
    """Raises `UserError` where several workers cannot train this."""
    devices = workers.devices
    if devices > config.batch_size:
        raise UserError(
            f"Expected a batch_size of at least {devices}, a row for each "
            f"worker. Received: batch_size={config.batch_size}"
        )
    if devices > 1 and config.xla:
        raise UserError(
            "Expected xla=False on several workers, whose sums XLA does not "
            "compile. Received: xla=True"
        )


@dataclasses.dataclass(frozen=True)
class _Training:
    """One training of one worker, in a folder that the chief holds."""

    config: TrainConfig
    folder: RunFolder
    resume: bool
    workers: Alone
    verbose: int | str
    states: str | os.PathLike[str] | None

    @property
    def task(self):
        return TASKS[self.config.task]

    def run(self, report, sources):
        """Trains, and gives the content of `metrics.json`."""
        config, folder, workers = self.config, self.folder, self.workers
        training, validation = self.task.load(config)
        fingerprint = training.fingerprint()
        workers.check_same("data", [fingerprint, validation.fingerprint()])
        facts, vocabulary, extended = workers.from_chief(
            lambda: self._begin(training, fingerprint)
        )
        classes = self.task.outputs(facts)
        # Not before the data, whose preparation may draw random numbers.
        keras.utils.set_random_seed(config.seed)
        with workers.scope():
            model = build_model(config, vocabulary, classes)
        training = self.task.encode(training, model, config)
        validation = self.task.encode(validation, model, config)
        if workers.devices == 1 and (self.states or config.epochs > 1):
            training, validation = above_frozen(
                model, (training, validation), self.states, report
            )
        if workers.devices == 1:
            training, validation = only_learned(model, (training, validation))
        steps = -(-len(training) // config.batch_size)
        with workers.scope():
            compile_model(model, config, steps, training)
        with self.task.fed(model):
            if workers.is_chief:
                done = 0
                if self.resume:
                    done = Checkpoint(folder.checkpoints).epoch
                for line in describe(model, config, training, done):
                    report(line)
                if self.resume and done in extended:
                    report(_begins_at(model, steps, done))
                if not self.resume:
                    folder.create(
                        config, vocabulary, fingerprint, facts, sources
                    )
            checkpoint = self._checkpoint(model)
            if workers.is_chief and self._is_extension:
                source = (sources or {}).get("epochs", "")
                folder.extend(config, checkpoint.epoch, source)
            began = time.perf_counter()
            stopping = {**self._stopping, "extended": extended}
            is_over = ResumableEarlyStopping.is_due(
                model, checkpoint.history, **stopping
            )
            if not is_over:  # else it was cut short only while it was saved
                early = ResumableEarlyStopping(checkpoint.history, **stopping)
                self._fit(model, training, validation, checkpoint, early)
            seconds = 0.0 if is_over else time.perf_counter() - began
            if not workers.is_chief:
                return workers.from_chief(None)
            checkpoint.restore(model, "best")
            best = checkpoint.history[checkpoint.best_epoch - 1]
            results = self.task.results(model, validation, config.batch_size)
            results |= self.task.baseline(model, training, validation)
            self.task.keep(folder, model, training)
        metrics = {
            "epochs": checkpoint.epoch,
            "best_epoch": checkpoint.best_epoch,
            **_validated(best),
            **results,
            "training_examples": len(training),
            "parameters": count_parameters(model, config),
            "seconds": round(seconds, 1),
            "history": checkpoint.history,
        }
        with replacing(folder.model_file) as partial:
            model.save(partial)
        write_json(folder.metrics_file, metrics)
        write_manifest(folder.path)
        for line in verdict(metrics, config):
            report(line)
        return workers.from_chief(lambda: metrics)

    def _begin(self, training, fingerprint):
        """What the run stores of its data, its vocabulary, its extensions."""
        if self.resume:
            *_, vocabulary = self.folder.read()
            self.folder.check_data(fingerprint)
            extended = self.folder.extended()
            if self._is_extension:
                extended.append(self._check_extension())
            return self.folder.facts(), vocabulary, extended
        facts = self.task.facts(self.config, training)
        return facts, make_vocabulary(self.config, training.texts), []

    @property
    def _is_extension(self):
        """Whether a run goes on to another number of epochs than it had.

        The folder says so until it is changed.
        """
        if not self.resume:
            return False
        stored, *_ = self.folder.read()
        other = stored.epochs != self.config.epochs
        return other or self.folder.is_finished

    def _check_extension(self):
        """The epochs that are done, of a run that goes on to other ones."""
        stored, *_ = self.folder.read()
        if stored != dataclasses.replace(self.config, epochs=stored.epochs):
            raise UserError(
                "Expected the config of the run, with other epochs alone. "
                f"Received: another one for {self.folder.path}"
            )
        done = Checkpoint(self.folder.checkpoints).epoch
        if self.config.epochs < done:
            raise UserError(
                f"Expected epochs of at least {done}, which the run in "
                f"{self.folder.path} has done. Received: epochs="
                f"{self.config.epochs}"
            )
        return done

    def _checkpoint(self, model):
        """The checkpoint of the run, with its state in the model.

        All workers end up with the state of the chief.
        """
        monitor, mode = self.task.monitor, self.task.mode
        checkpoint = None
        if self.workers.is_chief:
            checkpoint = Checkpoint(self.folder.checkpoints, monitor, mode)
            checkpoint.restore(model)
        history = self.workers.from_chief(lambda: checkpoint.history)
        self.workers.copy_state(model)
        return checkpoint or Followed(history, monitor, mode)

    @property
    def _stopping(self):
        """The arguments of early stopping."""
        return {
            "monitor": self.task.monitor,
            "mode": self.task.mode,
            "patience": self.config.patience,
        }

    def _callbacks(self, model, checkpoint, early):
        """In an order that counts: each may see what those before it did."""
        every, logs = self.config.gradient_every, self.folder.logs
        callbacks = [
            StopOnNaN(),  # before what it guards
            *self.task.callbacks(),
            checkpoint,
        ]
        if self.workers.is_chief:
            callbacks.append(
                keras.callbacks.TensorBoard(logs, write_graph=False)
            )
        if self.workers.is_chief and self.workers.replicas == 1:
            # They watch one device.
            if adapters_in_use(model):
                from tfq_hybrid.training.telemetry.residuals import (
                    ResidualMonitor,
                )

                callbacks.insert(0, ResidualMonitor(logs, every))
            hparams = self.config.to_dict()
            callbacks.insert(0, Telemetry(logs, every, hparams=hparams))
        return [*callbacks, early]

    def _fit(self, model, training, validation, checkpoint, early):
        """Runs `fit` from the checkpoint on."""
        config, size = self.config, self.config.batch_size
        batches = (
            training.shuffled_batches(size, config.seed, checkpoint.epoch),
            validation.batches(size),
        )
        try:
            with self.workers.training(model, *batches) as (rows, held_out):
                model.fit(
                    rows,
                    steps_per_epoch=-(-len(training) // size),
                    initial_epoch=checkpoint.epoch,
                    epochs=config.epochs,
                    validation_data=held_out,
                    callbacks=self._callbacks(model, checkpoint, early),
                    shuffle=False,  # shuffled by epoch already
                    verbose=self.verbose if self.workers.is_chief else 0,
                )
        except TrainingDivergedError as error:
            raise TrainingDivergedError(
                f"{error} The checkpoint of epoch {checkpoint.epoch} is kept "
                f"in {self.folder.checkpoints}. Try a learning rate below "
                f"{config.learning_rate:g}."
            ) from None


def _begins_at(model, steps, done):
    """Says where a run goes on that was given more epochs."""
    rate = float(model.optimizer._learning_rate(done * steps))
    peak = model.optimizer._learning_rate.peak
    return (
        f"Goes on after epoch {done}, from a learning rate of {rate:.2g} (its "
        f"peak is {peak:.2g})"
    )
