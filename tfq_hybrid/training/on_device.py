"""`evaluate_on_device`: the classifier of a run with circuits on a device."""

import os
from typing import Any

import cirq

from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware.evaluation import Evaluation, evaluate_on
from tfq_hybrid.training.classification import Classification
from tfq_hybrid.training.run_folder import load_trained
from tfq_hybrid.training.task import without_preprocessor
from tfq_hybrid.training.tasks import config_on_data


def evaluate_on_device(
    run: str | os.PathLike[str],
    data: str,
    device: cirq.Sampler,
    limit: int = 100,
    repetitions: int = 1_000,
    batch_size: int = 32,
    **columns: Any,
) -> Evaluation:
    """Asks the text classifier of a run with its circuits on a device.

    Args:
        run: the folder of a finished run.
        data: as for `evaluate`.
        device: a `hardware.Device` or another `cirq.Sampler`.
        limit: the most texts, the first of the data. Defaults to 100.
        repetitions: of each circuit. Defaults to 1,000.
        batch_size: texts of a job. Defaults to 32.
        columns: the split and columns of the data, as for `evaluate`.

    Returns:
        The answers of the device beside the simulated ones.

    Raises:
        UserError: the run is no text classifier or has no circuit, or the data
            cannot be read.
    """
    config = config_on_data(run, data, **columns)
    if config.task != "classification":
        raise UserError(
            "Expected the run of a text classifier with a device. Received: "
            f"{run}, a run of task {config.task!r}"
        )
    examples, _ = Classification().labelled_for(run, config)
    examples = examples.take(limit)
    model, _ = load_trained(run)
    encoded = examples.encoded(model.preprocessor)
    with without_preprocessor(model):
        return evaluate_on(
            model,
            (encoded.tokens, examples.labels),
            device,
            limit,
            repetitions,
            batch_size,
        )
