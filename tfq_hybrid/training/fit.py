"""`train`: from a config to a finished run folder."""

import contextlib
import time

import keras

from tfq_hybrid.errors import TrainingDivergedError, UserError
from tfq_hybrid.files import check_output_folder, replacing, write_json
from tfq_hybrid.files.locks import writing
from tfq_hybrid.training.build import (
    build_model,
    compile_model,
    count_parameters,
    describe,
    make_vocabulary,
)
from tfq_hybrid.training.callbacks import (
    Followed,
    Interrupt,
    ResumableEarlyStopping,
    StopOnNaN,
)
from tfq_hybrid.training.checkpoint import Checkpoint
from tfq_hybrid.training.distribution import distributed, part_randomness
from tfq_hybrid.training.residuals import residual_monitors
from tfq_hybrid.training.run_folder import RunFolder
from tfq_hybrid.training.tasks import TASKS
from tfq_hybrid.training.telemetry import Telemetry
from tfq_hybrid.training.workers import Alone


def train(
    config,
    output,
    resume=False,
    overwrite=False,
    verbose="auto",
    report=print,
    workers=None,
    sources=None,
):
    """Trains a model and leaves a run folder.

    Everything that can be wrong with the input is found before the folder
    is touched.

    Args:
        config: `TrainConfig`.
        output: str or path. The run folder.
        resume: bool. Go on with the unfinished run there. Defaults to
            `False`.
        overwrite: bool. Replace the run there. Defaults to `False`.
        verbose: as for `fit`.
        report: function of a str. Told what is about to run. Defaults to
            `print`.
        workers: `Workers`, from `join`: all of them call this, with the same
            config; the chief alone reads and writes the run folder. Defaults
            to `None`: this process is alone.
        sources: dict of a dotted key and where its value came from, kept in
            the run folder. Defaults to none.

    Returns:
        The content of `metrics.json`, a dict.

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
            folder.check_writable(resume, overwrite)
            folder.remove_partials()

        workers.from_chief(claim)
        _check_workers(config, workers)
        interrupt = held.enter_context(Interrupt().watched())
        run = (config, folder, resume, verbose, report, workers, sources)
        return _train(*run, interrupt)


def _train(
    config, folder, resume, verbose, report, workers, sources, interrupt
):
    task = TASKS[config.system.task]
    training, validation = task.load(config)
    fingerprint = training.fingerprint()
    workers.check_same("data", [fingerprint, validation.fingerprint()])

    def begin():
        if resume:
            *_, vocabulary = folder.read()
            folder.check_data(fingerprint)
            return folder.facts(), vocabulary
        facts = task.facts(config, training)
        return facts, make_vocabulary(config, training.texts)

    facts, vocabulary = workers.from_chief(begin)
    classes = len(facts.get("label_values", ())) or None
    # Not before the data, whose preparation may draw random numbers.
    keras.utils.set_random_seed(config.seed)
    with workers.scope():
        model = build_model(config, vocabulary, classes)
    training = task.encode(training, model, config)
    validation = task.encode(validation, model, config)
    steps = -(-len(training) // config.batch_size)
    with workers.scope():
        compile_model(model, config, steps, training)
    with task.fed(model):
        if workers.is_chief:
            done = Checkpoint(folder.checkpoints).epoch if resume else 0
            for line in describe(model, config, training, done):
                report(line)
            if not resume:
                folder.create(config, vocabulary, fingerprint, facts, sources)
        checkpoint = _checkpoint(model, folder, task, workers)
        seconds = _fit(
            model,
            config,
            training,
            validation,
            folder,
            checkpoint,
            verbose,
            workers,
            interrupt,
        )
        if not workers.is_chief:
            return workers.from_chief(None)
        checkpoint.restore(model, "best")
        best = checkpoint.history[checkpoint.best_epoch - 1]
        results = task.results(model, validation, config.batch_size)
    metrics = {
        "epochs": checkpoint.epoch,
        "best_epoch": checkpoint.best_epoch,
        "validation_accuracy": best["val_accuracy"],
        "validation_loss": best["val_loss"],
        **results,
        "training_examples": len(training),
        "parameters": count_parameters(model, config),
        "seconds": round(seconds, 1),
        "history": checkpoint.history,
    }
    with replacing(folder.model_file) as partial:
        model.save(partial)
    write_json(folder.metrics_file, metrics)
    return workers.from_chief(lambda: metrics)


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


def _checkpoint(model, folder, task, workers):
    """The checkpoint of the run, with its state in the model.

    All workers end up with the state of the chief.
    """
    checkpoint = None
    if workers.is_chief:
        checkpoint = Checkpoint(folder.checkpoints, task.monitor, task.mode)
        checkpoint.restore(model)
    history = workers.from_chief(lambda: checkpoint.history)
    if workers.count > 1:
        workers.copy_from_chief([*model.variables, *model.optimizer.variables])
        part_randomness(model, workers.rank)
    return checkpoint or Followed(history, task.monitor, task.mode)


def _fit(
    model,
    config,
    training,
    validation,
    folder,
    checkpoint,
    verbose,
    workers,
    interrupt,
):
    """Runs `fit` from the checkpoint on. Returns the seconds it took."""
    stopping = {
        "monitor": checkpoint.monitor,
        "mode": checkpoint.mode,
        "patience": config.patience,
    }
    history = checkpoint.history
    if ResumableEarlyStopping.is_due(model, history, **stopping):
        return 0.0  # stopped already; cut short only while it was saved
    began = time.perf_counter()
    callbacks = [
        interrupt,
        StopOnNaN(),  # before what it guards
        *TASKS[config.system.task].callbacks(),
        checkpoint,
        ResumableEarlyStopping(history, **stopping),
    ]
    every, logs = config.gradient_every, folder.logs
    if workers.is_chief:
        board = keras.callbacks.TensorBoard(logs, write_graph=False)
        callbacks.insert(-1, board)
    if workers.is_chief and workers.replicas == 1:
        callbacks = [  # they watch one device
            Telemetry(logs, every, hparams=config.to_dict()),
            *residual_monitors(model, logs, every),
            *callbacks,
        ]
    batches = (
        training.shuffled_batches(
            config.batch_size, config.seed, checkpoint.epoch
        ),
        validation.batches(config.batch_size),
    )
    try:
        with distributed(model, workers, *batches) as (rows, held_out):
            model.fit(
                rows,
                steps_per_epoch=-(-len(training) // config.batch_size),
                initial_epoch=checkpoint.epoch,
                epochs=config.epochs,
                validation_data=held_out,
                callbacks=callbacks,
                shuffle=False,  # shuffled by epoch already
                verbose=verbose if workers.is_chief else 0,
            )
    except TrainingDivergedError as error:
        raise TrainingDivergedError(
            f"{error} The checkpoint of epoch {checkpoint.epoch} is kept in "
            f"{folder.checkpoints}. Try a learning rate below "
            f"{config.learning_rate:g}."
        ) from None
    return time.perf_counter() - began
