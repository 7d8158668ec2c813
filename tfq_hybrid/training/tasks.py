"""`TASKS`: what a model can be trained for, a row each."""

import contextlib
import dataclasses
from collections.abc import Callable

from tfq_hybrid.training import classification, language_modelling


@dataclasses.dataclass(frozen=True)
class Task:
    """What differs between trainings of different tasks.

    Args:
        monitor: str. The key of the Keras logs that selects the best epoch.
        mode: `"max"` or `"min"`.
        load: function from a config to a pair of data, training and
            validation, each with `texts`, a length and `fingerprint()`.
        facts: function from a config and the training data to a dict that
            is stored in the run.
        encode: function from loaded data, a model and a config to what is
            trained on: a length, `inputs(count)`, `batches(size)` and
            `shuffled_batches(size, seed, first_epoch)`.
        objective: function to the loss and metrics, as for `compile`.
        results: function from the model at its best epoch, the encoded
            validation data and the batch size to a dict for `metrics.json`,
            beside what the logs of that epoch say.
        evaluate: function, see `training.evaluate`, whose arguments it
            takes.
        fed: function from a model to a context in which it takes what
            `encode` makes. Defaults to nothing to do.
        callbacks: function to a list of callbacks that stand before the
            checkpoint. Defaults to none.
    """

    monitor: str
    mode: str
    load: Callable
    facts: Callable
    encode: Callable
    objective: Callable
    results: Callable
    evaluate: Callable
    fed: Callable = contextlib.nullcontext
    callbacks: Callable = list


TASKS = {
    "classification": Task(
        monitor="val_accuracy",
        mode="max",
        load=classification.load,
        facts=classification.facts,
        encode=lambda data, model, config: data,
        objective=classification.objective,
        results=classification.results,
        evaluate=classification.evaluate,
    ),
    "generation": Task(
        monitor="val_loss",
        mode="min",
        load=language_modelling.load,
        facts=language_modelling.facts,
        encode=language_modelling.encode,
        objective=language_modelling.objective,
        results=language_modelling.results,
        evaluate=language_modelling.evaluate,
        fed=language_modelling.fed,
        callbacks=language_modelling.callbacks,
    ),
}
