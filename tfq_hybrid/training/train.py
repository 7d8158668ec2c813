"""`train`: from a config to a finished run folder."""

import time

import keras

from tfq_hybrid.errors import TrainingDivergedError
from tfq_hybrid.files import check_output_folder, replacing, write_json
from tfq_hybrid.locks import writing
from tfq_hybrid.training.build import (
    build_model,
    compile_model,
    count_parameters,
    make_vocabulary,
)
from tfq_hybrid.training.callbacks import ResumableEarlyStopping, StopOnNaN
from tfq_hybrid.training.checkpoint import Checkpoint
from tfq_hybrid.training.estimate import describe
from tfq_hybrid.training.residuals import residual_monitors
from tfq_hybrid.training.run_folder import RunFolder
from tfq_hybrid.training.tasks import TASKS
from tfq_hybrid.training.telemetry import Telemetry


def train(
    config,
    output,
    resume=False,
    overwrite=False,
    verbose="auto",
    report=print,
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

    Returns:
        The content of `metrics.json`, a dict.

    Raises:
        UserError: something in the input is wrong, or another process
            trains in the folder; nothing was written.
        TrainingDivergedError: the loss became NaN; the last good checkpoint
            is kept.
        StorageError: the disk is full; the last good checkpoint is kept.
    """
    check_output_folder(output)
    with writing(output):
        return _train(config, output, resume, overwrite, verbose, report)


def _train(config, output, resume, overwrite, verbose, report):
    folder = RunFolder(output)
    folder.check_writable(resume, overwrite)
    folder.remove_partials()
    keras.utils.set_random_seed(config.seed)
    task = TASKS[config.system.task]
    training, validation = task.load(config)
    fingerprint = training.fingerprint()
    if resume:
        *_, vocabulary = folder.read()
        folder.check_data(fingerprint)
        facts = folder.facts()
    else:
        facts = task.facts(config, training)
        vocabulary = make_vocabulary(config, training.texts)
    classes = len(facts.get("label_values", ())) or None
    model = build_model(config, vocabulary, classes)
    training = task.encode(training, model, config)
    validation = task.encode(validation, model, config)
    steps = -(-len(training) // config.batch_size)
    compile_model(model, config, steps, training)
    done = Checkpoint(folder.checkpoints).epoch if resume else 0
    with task.fed(model):
        for line in describe(model, config, training, done):
            report(line)
        if not resume:
            folder.create(config, vocabulary, fingerprint, facts)
        checkpoint = Checkpoint(folder.checkpoints, task.monitor, task.mode)
        checkpoint.restore(model)
        seconds = _fit(
            model, config, training, validation, folder, checkpoint, verbose
        )
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
    return metrics


def _fit(model, config, training, validation, folder, checkpoint, verbose):
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
        Telemetry(folder.logs, config.gradient_every, hparams=config.to_dict()),
        *residual_monitors(model, folder.logs, config.gradient_every),
        StopOnNaN(),  # before what it guards
        *TASKS[config.system.task].callbacks(),
        checkpoint,
        keras.callbacks.TensorBoard(folder.logs, write_graph=False),
        ResumableEarlyStopping(history, **stopping),
    ]
    try:
        model.fit(
            training.shuffled_batches(
                config.batch_size, config.seed, checkpoint.epoch
            ),
            steps_per_epoch=-(-len(training) // config.batch_size),
            initial_epoch=checkpoint.epoch,
            epochs=config.epochs,
            validation_data=validation.batches(config.batch_size),
            callbacks=callbacks,
            shuffle=False,  # shuffled by epoch already
            verbose=verbose,
        )
    except TrainingDivergedError as error:
        raise TrainingDivergedError(
            f"{error} The checkpoint of epoch {checkpoint.epoch} is kept in "
            f"{folder.checkpoints}. Try a learning rate below "
            f"{config.learning_rate:g}."
        ) from None
    return time.perf_counter() - began
