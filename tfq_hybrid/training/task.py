"""`Task`: what differs between trainings of different tasks."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import keras
import numpy as np

from tfq_hybrid import data as text_data
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.training.frozen import above_frozen
from tfq_hybrid.training.metrics import Metric
from tfq_hybrid.training.run_folder import RunFolder

if TYPE_CHECKING:
    from tfq_hybrid.data.datasets import Examples


LEAST = 2  # examples of a part


class Task:
    """What differs between trainings of different tasks; the base of each.

    Attributes:
        monitor: the key of the Keras logs that selects the best epoch.
        mode: `"max"` or `"min"`: which of its values is best.
        scores: what `results` gives beside what Keras logs that a search can
            go by, without the prefix.
        metrics: what answers are measured by; the first tells rows of a
            comparison apart unless another is asked for.
        floor: what the row of a comparison is called that learns nothing.
        between: what stands between the parts of a text where it is shown.
    """

    monitor: str
    mode: str
    scores: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    floor = "majority"
    between = " | "

    def load(self, config: TrainConfig) -> tuple[Any, Any]:
        """The training and the validation data of a config.

        Both have `texts`, a length and `fingerprint()`.

        Raises:
            UserError: they cannot be loaded, or there are too few.
        """
        raise NotImplementedError

    def facts(self, config: TrainConfig, training: Any) -> dict[str, Any]:
        """What a run stores of its training data, of plain JSON types."""
        raise NotImplementedError

    def outputs(self, facts: Mapping[str, Any]) -> int | None:
        """How many numbers a model gives for a text, by a run's facts.

        `None` where the task does not decide it.
        """
        return len(facts.get("label_values", ())) or None

    def encode(self, data: Any, model: keras.Model, config: TrainConfig) -> Any:
        """What is trained on, by default the loaded data as tokens.

        It has a length, `inputs(count)`, `batches(size)` and
        `shuffled_batches(size, seed, first_epoch)`.
        """
        return data.encoded(model.preprocessor)

    def fed(self, model: keras.Model) -> contextlib.AbstractContextManager:
        """A context in which a model takes what `encode` makes."""
        return without_preprocessor(model)

    def objective(self) -> dict[str, Any]:
        """The loss and the metrics, as arguments of `compile`."""
        raise NotImplementedError

    def callbacks(self) -> list[keras.callbacks.Callback]:
        """Callbacks that stand before the checkpoint, by default none."""
        return []

    def results(
        self, model: keras.Model, validation: Any, batch_size: int
    ) -> dict[str, Any]:
        """What `metrics.json` holds beside the logs of the best epoch.

        Args:
            model: at its best epoch.
            validation: the encoded validation data.
            batch_size: examples of a step.
        """
        raise NotImplementedError

    def baseline(
        self, model: keras.Model, training: Any, validation: Any
    ) -> dict[str, float]:
        """What is reached without learning, by default nothing known.

        Args:
            model: what was trained.
            training, validation: the encoded data.

        Returns:
            What `metrics.json` holds beside the metric that it compares
            with, under `validation_` and a name of `baselines.COUNTERPARTS`.
        """
        return {}

    def keep(
        self, folder: RunFolder, model: keras.Model, training: Any
    ) -> None:
        """Writes what `evaluate` needs of the training, by default nothing."""

    def evaluate(
        self,
        run: str | os.PathLike[str],
        config: TrainConfig,
        verbose: int | str = 0,
    ) -> dict[str, Any]:
        """Measures the model of a run, as `training.evaluate`.

        Args:
            run: the folder of a finished run.
            config: that of the run, with the data to measure it on.
            verbose: as for `predict`.
        """
        raise NotImplementedError

    # What a comparison asks of a task.

    def read(self, config: TrainConfig, source: str, split: str) -> Any:
        """The examples of a source: `take`, `pick`, `fingerprint()`, a length.

        Raises:
            UserError: they cannot be read.
        """
        raise NotImplementedError

    def seen(self, data: Any) -> Any:
        """The same examples, without labels that none of them has."""
        return data

    def labelled_as(self, training: Any, data: Any, source: str) -> Any:
        """Examples with the labels of the training data, by default as is.

        Raises:
            UserError: they have a label that training has not.
        """
        return data

    def check(self, training: Any, source: str) -> None:
        """Raises `UserError` where there is nothing to learn."""

    def cut(self, data: Any, count: int, source: str) -> tuple[Any, Any]:
        """Two parts, the second of so many examples: a fixed random draw.

        Raises:
            UserError: there are too few examples.
        """
        if count < LEAST:
            raise UserError(
                "Expected enough examples for validation and test data, or "
                f"files for these. Received: {source}, with {len(data)}"
            )
        order = np.random.default_rng(0).permutation(len(data))
        return data.pick(np.sort(order[count:])), data.pick(
            np.sort(order[:count])
        )

    def keys(self, data: Any) -> list[Any] | None:
        """By what an example is known again; `None` where none may be.

        A str, or a tuple of them, for each.
        """
        return data.texts

    def check_rows(
        self, configs: Mapping[str, TrainConfig], parts: Mapping[str, Any]
    ) -> None:
        """Raises `UserError` where rows cannot be compared.

        Args:
            configs: the trainings by name.
            parts: the examples by name of the part.
        """

    def answers(
        self,
        run: str | os.PathLike[str],
        config: TrainConfig,
        states: str | os.PathLike[str] | None = None,
    ) -> dict[str, np.ndarray]:
        """The answers of a run's model to data, as `metrics` take them.

        Args:
            run: the folder of a finished run.
            config: that of the run, with the data and the split.
            states: as for `train`. Defaults to `None`: in memory.
        """
        raise NotImplementedError

    def as_answers(
        self, predicted: np.ndarray, labels: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Answers to texts with a label each, as `metrics` take them."""
        return {"predicted": np.asarray(predicted), "labels": labels}

    def without_learning(
        self, config: TrainConfig, training: Any, test: Any
    ) -> dict[str, np.ndarray]:
        """The answers to test data of what knows the training labels alone."""
        raise NotImplementedError

    def shown_texts(self, data: Any) -> list[str]:
        """The texts of examples, each as one."""
        return [
            text if isinstance(text, str) else self.between.join(text)
            for text in data.texts
        ]

    def is_undefined(self, answers: Mapping[str, np.ndarray]) -> bool:
        """Whether the first metric has no value, by default never."""
        return False

    def by_class(
        self, answers: Mapping[str, np.ndarray], classes: int
    ) -> np.ndarray:
        """The F1 of each of so many classes, by default of none: (classes,)."""
        return np.zeros(0)

    def in_words(
        self, answers: Sequence[Mapping[str, np.ndarray]], names: Sequence[str]
    ) -> tuple[list[str], list[str]] | None:
        """The labels and the answers to each example, as they are shown.

        Args:
            answers: as of `answers`, from each seed.
            names: the labels' names.

        Returns:
            `None` where there is nothing to show.
        """
        return None


class Parted(Protocol):
    """Examples that can be cut into parts."""

    def __len__(self) -> int: ...

    def take(self, count: int | None) -> Self: ...

    def split(self, fraction: float, seed: int = 0) -> tuple[Self, Self]: ...


Kind = TypeVar("Kind", bound=Parted)


def of_weighted_tokens() -> dict[str, Any]:
    """Cross-entropy and accuracy of tokens, means over those with a weight."""
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return {
        "loss": keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        ),
        "weighted_metrics": [accuracy],
    }


@contextlib.contextmanager
def without_preprocessor(model: keras.Model) -> Iterator[None]:
    """A context in which a model takes tokens instead of strings."""
    preprocessor, model.preprocessor = model.preprocessor, None
    try:
        yield
    finally:
        model.preprocessor = preprocessor


def predicted(
    model: keras.Model,
    examples: "Examples",
    verbose: int | str = 0,
    states: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """What a model gives for examples, as texts or as tokens already.

    `states` is as for `train`.
    """
    if examples.tokens is not None:
        return model.predict(examples.batches(256), verbose=verbose)
    encoded = examples.encoded(model.preprocessor)
    if states is not None:
        (encoded,) = above_frozen(model, [encoded], states)
    with without_preprocessor(model):
        return model.predict(encoded.batches(256), verbose=verbose)


def load_parts(
    config: TrainConfig, load: Callable[[TrainConfig, str, str], Kind]
) -> tuple[Kind, Kind, str]:
    """The training and the validation data of a config.

    Args:
        config: what is trained.
        load: function from the config, a source and a split to examples.

    Returns:
        Both, and where the validation data are from. Of a single example no
        part can be held out: it is both.

    Raises:
        UserError: they cannot be loaded.
    """
    training = load(config, config.data, config.split).take(config.limit)
    source = config.validation_data
    splits = text_data.splits_of(config.data, config.data_dir)
    if source is None and "validation" in splits:
        source = config.data
    if source is not None:
        return training, load(config, source, "validation"), source
    if len(training) == 1:
        return training, training, config.data
    return *training.split(0.1, config.seed), config.data


def label_facts(
    config: TrainConfig, values: Sequence[str]
) -> dict[str, list[str]]:
    """The labels of a run, as the data have them and as they are shown.

    Raises:
        UserError: the config has other names than one for each.
    """
    wanted = config.label_names
    if wanted is None:
        wanted = tuple(values)
    elif len(wanted) != len(values) or len(set(wanted)) < len(wanted):
        raise UserError(
            f"Expected {len(values)} different label names, for the labels "
            f"{', '.join(values)}. Received: {', '.join(wanted)}"
        )
    return {"label_values": list(values), "label_names": list(wanted)}


def columns_of(config: TrainConfig) -> dict[str, Any]:
    """The arguments of `load_dataset` that say where texts and labels are."""
    names = (
        "text_column",
        "label_column",
        "data_dir",
        "delimiter",
        "text_columns",
    )
    return {name: getattr(config, name) for name in names}
