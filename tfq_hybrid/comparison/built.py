"""`compare_models`: methods on a model of one's own, in this process."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.adapters import (
    adapt,
    trainable_parameters,
)
from tfq_hybrid.adapters.method import Method
from tfq_hybrid.comparison.found import (
    Comparison,
    Found,
    content_of,
    metric_of,
)
from tfq_hybrid.comparison.plan import FACTORS
from tfq_hybrid.data.datasets import Batches
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.training.build import WarmupCosine, count_circuit_parameters
from tfq_hybrid.training.classification import Classification

# The rate around which others are tried, of a row without a method.
RATE = 1e-3
WARM_UP = 0.1  # share of the steps
TASK = Classification()


class _Arrays(Batches):
    """Inputs and labels in memory."""

    def __init__(self, inputs, labels):
        self._inputs = tf.nest.map_structure(tf.convert_to_tensor, inputs)
        self.labels = np.asarray(labels)
        count = len(tf.nest.flatten(self._inputs)[0])
        is_classes = self.labels.dtype.kind in "iu" and self.labels.ndim == 1
        if not is_classes or len(self.labels) != count or not count:
            raise UserError(
                "Expected inputs, and an integer class for each. Received: "
                f"{count} inputs, labels of shape {self.labels.shape} and type "
                f"{self.labels.dtype}"
            )

    def __len__(self):
        return len(self.labels)

    def arrays(self):
        return self._inputs, tf.constant(self.labels)


def compare_models(
    build: Callable[[], keras.Model],
    data: Sequence[tuple[Any, Any]],
    methods: Mapping[str, Method | None],
    seeds: int = 5,
    epochs: int = 1,
    batch_size: int = 32,
    rates: int = 3,
    report: Callable[[str], object] = print,
    metric: str | None = None,
) -> Comparison:
    """Compares methods of adaptation on a model that a function builds.

    As `compare`, in this process and in memory. Each training begins with a
    model of its own, built and adapted from its seed.

    Args:
        build: gives a new classifier: logits of shape (batch, classes).
        data: training, validation and test data, pairs of inputs, arrays or a
            nest of them, and integer classes of shape (examples,).
        methods: a method by the name of its row; `None` trains the model as
            it is built.
        seeds: of each row. Defaults to 5.
        epochs: passes over the training data. Defaults to 1.
        batch_size: examples of a step. Defaults to 32.
        rates: rates to choose from, 1, 3 or 5 around the method's own.
            Defaults to 3.
        report: is given each line. Defaults to `print`.
        metric: as for `compare`.

    Raises:
        UserError: an argument is out of its range, or a method does not fit
            the model.

    Example:

    >>> import keras
    >>> from tfq_hybrid.adapters import LoRA
    >>> def build():
    ...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
    >>> y = (x[:, 0] > 0).astype(int)
    >>> data = [(x[:40], y[:40]), (x[40:50], y[40:50]), (x[50:], y[50:])]
    >>> methods = {"whole": None, "LoRA": LoRA(targets="dense", rank=1)}
    >>> found = compare_models(
    ...     build, data, methods, seeds=2, epochs=3, report=lambda line: None
    ... )
    >>> [row["parameters"] for row in found.content["rows"]]
    [10, 6, 0]
    """
    for name, value in (
        ("seeds", seeds),
        ("epochs", epochs),
        ("batch_size", batch_size),
    ):
        check_integer(name, value, minimum=1)
    if rates not in FACTORS:
        raise UserError(
            f"Expected rates to be one of: {', '.join(map(str, FACTORS))}. "
            f"Received: rates={rates!r}"
        )
    if not methods or TASK.floor in methods:
        raise UserError(
            f"Expected rows with methods, none of them named {TASK.floor}. "
            f"Received: {', '.join(methods) or 'none'}"
        )
    chosen = metric_of("classification", metric)
    training, validation, test = (_Arrays(*part) for part in data)
    found = []
    for name, method in methods.items():
        row = _Row(build, method, training, validation, epochs, batch_size)
        own = RATE if method is None else method.learning_rate
        factors = FACTORS[rates]
        tried: dict[float, float | None] = {}
        if len(factors) > 1:
            for factor in factors:
                rate = float(f"{own * factor:.2g}")
                _, logs, _ = row.train(0, rate)
                tried[rate] = logs["val_loss"][-1]
            finite = {
                r: x for r, x in tried.items() if x is not None and x < np.inf
            }
            if not finite:
                raise UserError(
                    f"Expected a rate at which {name} trains. Received: "
                    f"{', '.join(f'{r:g}' for r in tried)}"
                )
            rate = min(finite, key=lambda r: finite[r])
        else:
            rate = own
        answers, jobs = [], []
        cost: dict[str, Any] = {}
        for seed in range(seeds):
            model, logs, seconds = row.train(seed, rate)
            logits = model.predict(test.batches(256), verbose=0)
            said = np.argmax(logits, axis=-1)
            answers.append(TASK.as_answers(said, test.labels))
            curve = logs["val_accuracy"]
            jobs.append({"validation_curve": curve})
            cost = cost or _cost(model, seconds)
            report(f"{name}, seed {seed}: validation accuracy {curve[-1]:.4f}")
        found.append(Found(name, "train", answers, jobs, rate, tried, cost))
    found.append(_floor(training, test, seeds))
    classes = 1 + max(int(part.labels.max()) for part in (training, test))
    return Comparison(
        content_of(
            TASK,
            chosen,
            found,
            [f"test example {i}" for i in range(len(test.labels))],
            {
                "source": "arrays in memory",
                "task": "classification",
                "parts": [len(p.labels) for p in (training, validation, test)],
                "dropped": 0,
                "label_names": [str(i) for i in range(classes)],
                "batch_size": batch_size,
                "epochs": epochs,
                "skipped": {},
                "seeds": list(range(seeds)),
                "rates": rates,
            },
            TASK.floor,
        )
    )


class _Row:
    """Trainings of one method."""

    def __init__(self, build, method, training, validation, epochs, batch_size):
        self._build, self._method = build, method
        self._training, self._validation = training, validation
        self._epochs, self._batch_size = epochs, batch_size
        self._steps = -(-len(training.labels) // batch_size)

    def train(self, seed, rate):
        """A model, what validation said by epoch, and the seconds of a step."""
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        model = self._build()
        if self._method is not None:
            model = adapt(model, self._method)
        steps = self._epochs * self._steps
        warm_up = int(WARM_UP * steps)
        model.compile(
            optimizer=keras.optimizers.AdamW(
                WarmupCosine(0.01 * rate, rate, warm_up, steps - warm_up),
                weight_decay=0.01,
            ),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )
        times = _Times()
        # Dropout draws the same, however many numbers the weights took.
        keras.utils.set_random_seed(seed)
        history = model.fit(
            self._training.shuffled_batches(self._batch_size, seed),
            steps_per_epoch=self._steps,
            epochs=self._epochs,
            validation_data=self._validation.batches(256),
            callbacks=[times],
            shuffle=False,
            verbose=0,
        )
        return model, history.history, times.median


class _Times(keras.callbacks.Callback):
    """The seconds of steps, without the first, which traces."""

    def __init__(self):
        super().__init__()
        self._seconds = []

    def on_train_batch_begin(self, batch, logs=None):
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._seconds.append(time.perf_counter() - self._began)

    @property
    def median(self):
        """In seconds; `None` of a single step."""
        timed = self._seconds[1:]
        return float(np.median(timed)) if timed else None


def _cost(model, seconds):
    return {
        "parameters": trainable_parameters(model),
        "circuit_parameters": count_circuit_parameters(model),
        "total_parameters": model.count_params(),
        "step_seconds": seconds,
    }


def _floor(training, test, seeds):
    """The most frequent class of the training data, for every example."""
    answers = TASK.without_learning(None, training, test)
    jobs: list[dict[str, Any]] = [{}] * seeds
    cost = {"parameters": 0}
    return Found(TASK.floor, "floor", [answers] * seeds, jobs, None, {}, cost)
