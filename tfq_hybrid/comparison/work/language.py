"""Language models of a recipe: text in parts, training, held-out losses."""

import contextlib
import dataclasses
import functools
import io
import itertools
import math
import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    import keras_hub

    from tfq_hybrid.data import Corpus, TokenDataset
    from tfq_hybrid.training import TrainConfig

ARRAYS = ("token_ids", "padding_mask", "targets", "weights")
CHECKS = 5  # validations of a training


@dataclasses.dataclass(frozen=True)
class Parts:
    """What is trained on, selects and reports: `Corpus` or `TokenDataset`."""

    training: Any
    validation: Any
    test: Any


def split_corpus(corpus: "Corpus", share: float = 0.1) -> Parts:
    """Parts of a text: its end reports, what is before it selects.

    Validation and test each have a share of its length.

    >>> from tfq_hybrid.data import Corpus
    >>> parts = split_corpus(Corpus([f"{n}\\n" for n in range(10)], "plain"))
    >>> parts.validation.rows, parts.test.rows
    (['8\\n'], ['9\\n'])
    """
    parts = corpus.split(share, share)
    if not all(map(len, parts)):
        raise UserError(
            "Expected a text of more lines, to hold out some twice. Received: "
            f"{len(corpus)} lines or dialogues"
        )
    return Parts(*parts)


def encode_parts(
    parts: Parts,
    model: "keras_hub.models.CausalLM",
    config,
    held_out: tuple[int, int] | None = None,
) -> Parts:
    """Windows of tokens of each `Corpus`, in whole batches.

    Whole batches spare TensorFlow a second trace of the train step. At most
    `held_out` windows validate and test.

    Raises:
        UserError: a part is shorter than a batch.
    """
    from tfq_hybrid.training import TASKS

    task = TASKS["generation"]
    validation, test = held_out or (None, None)
    limits = {"training": None, "validation": validation, "test": test}
    encoded = {}
    for name, limit in limits.items():
        data = task.encode(getattr(parts, name), model, config)
        count = len(data) if limit is None else min(limit, len(data))
        count -= count % config.batch_size
        if not count:
            raise UserError(
                f"Expected a batch of {config.batch_size} windows for "
                f"{name}. Received: {len(data)}"
            )
        encoded[name] = first_windows(data, count)
    return Parts(**encoded)


def first_windows(data: "TokenDataset", count: int) -> "TokenDataset":
    """The first windows of a `TokenDataset`."""
    return windows_at(data, slice(count))


def windows_at(
    data: "TokenDataset", places: "slice | np.ndarray"
) -> "TokenDataset":
    """Some windows of a `TokenDataset`."""
    arrays = {name: getattr(data, name)[places] for name in ARRAYS}
    return dataclasses.replace(data, **arrays)


def joined(data: "Sequence[TokenDataset]") -> "TokenDataset":
    """One `TokenDataset` of a list of them."""
    return dataclasses.replace(
        data[0],
        **{
            name: np.concatenate([getattr(one, name) for one in data])
            for name in ARRAYS
        },
    )


def train_language_model(
    model: "keras_hub.models.CausalLM",
    parts: Parts,
    config: "TrainConfig",
    steps: int,
    checks: int = CHECKS,
) -> dict:
    """Trains for some steps; the check of the lowest validation loss stays.

    The order of windows follows from the config's seed alone, and so is the
    same for baselines. Checks are evenly spread; one more stands before the
    first step.

    Returns:
        `curve_steps` and `validation_curve` (loss per token; `None` where it is
        not finite), `training_curve` (of the steps since the check before),
        `validation_loss` and `best_step` of the weights that the model is left
        with.
    """
    from tfq_hybrid.training.build import compile_model
    from tfq_hybrid.training.generation import loss_reader
    from tfq_hybrid.training.tasks import TASKS

    checks = min(checks, steps)
    size = config.batch_size
    config = dataclasses.replace(config, epochs=checks)
    compile_model(model, config, steps // checks)
    read = loss_reader(model)

    def validate():
        losses, tokens = read(parts.validation, size)
        return float(losses.sum() / tokens.sum())

    curve, training = [validate()], []
    best = 0, curve[0], _weights(model)
    batches = iter(parts.training.shuffled_batches(size, config.seed))
    for check in range(checks):
        with TASKS["generation"].fed(model):
            logs = [
                model.train_on_batch(*next(batches), return_dict=True)["loss"]
                for _ in range(steps // checks)
            ][-1]
            model.reset_metrics()
        training.append(_finite(float(logs)))
        loss = validate()
        curve.append(_finite(loss))
        if loss < best[1]:
            best = check + 1, loss, _weights(model)
    for variable, value in zip(model.trainable_variables, best[2], strict=True):
        variable.assign(value)
    places = [check * (steps // checks) for check in range(checks + 1)]
    return {
        "curve_steps": places,
        "validation_curve": curve,
        "training_curve": training,
        "validation_loss": best[1],
        "best_step": places[best[0]],
    }


class LanguageTask:
    """A language model to train, and its texts in parts.

    Args:
        config: of the training.
        held_out: see `encode_parts`, of each text.
        learns_vocabulary: whether the vocabulary is learned from the training
            parts; else the model has one.
        paths: of texts, where not the config's.

    Attributes:
        texts: the `Parts` of `Corpus` of each path.
        model: after `train` the one that was picked.
    """

    def __init__(
        self,
        config: "TrainConfig",
        held_out: tuple[int, int] | None = None,
        learns_vocabulary: bool = True,
        paths: Iterable[str | os.PathLike[str]] | None = None,
    ):
        from tfq_hybrid.data import load_corpus
        from tfq_hybrid.training.build import make_vocabulary

        self.config, self.held_out = config, held_out
        self.paths = [pathlib.Path(path) for path in paths or [config.data]]
        self.texts = [split_corpus(load_corpus(path)) for path in self.paths]
        self._vocabulary = None
        if learns_vocabulary:
            training = (parts.training.texts for parts in self.texts)
            texts = list(itertools.chain(*training))
            self._vocabulary = make_vocabulary(config, texts)
        self.model = self._build()

    def _build(self):
        import keras

        from tfq_hybrid.training.build import build_model

        keras.utils.set_random_seed(self.config.seed)
        with contextlib.redirect_stdout(io.StringIO()):  # presets are noisy
            return build_model(self.config, self._vocabulary)

    @functools.cached_property
    def _encoded(self):
        return [
            encode_parts(parts, self.model, self.config, self.held_out)
            for parts in self.texts
        ]

    @functools.cached_property
    def parts(self) -> Parts:
        """`Parts` of `TokenDataset`, those of all texts together."""
        return Parts(
            *(
                joined([getattr(parts, field.name) for parts in self._encoded])
                for field in dataclasses.fields(Parts)
            )
        )

    def train(self, rates: Sequence[float], steps: int) -> dict:
        """Trains from the same weights at each peak rate; validation picks.

        Gives what `train_language_model` found at the rate of the lowest
        validation loss, with `rate` and `validation_by_rate`.
        """
        best: Any = None
        parts, losses = self.parts, {}
        for rate in rates:
            self.config = dataclasses.replace(self.config, learning_rate=rate)
            model = self._build()
            found = train_language_model(model, parts, self.config, steps)
            losses[f"{rate:g}"] = loss = found["validation_loss"]
            if best is None or loss < best["validation_loss"]:
                best, self.model = found | {"rate": rate}, model
        return best | {"validation_by_rate": losses}

    def read_test(self) -> tuple[dict, dict]:
        """Answers the test once; see the function of that name."""
        return read_test(self.model, self.parts, self.config)

    def read_each(self) -> dict[str, dict]:
        """What `read_test` finds of each text, by the file's name."""
        return {
            path.name: read_test(self.model, parts, self.config)[0]
            for path, parts in zip(self.paths, self._encoded, strict=True)
        }


def _weights(model):
    return [np.array(v) for v in model.trainable_variables]


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def read_test(
    model: "keras_hub.models.CausalLM", parts: Parts, config
) -> tuple[dict, dict]:
    """Answers the test once.

    Gives `test_loss` (nats per token), `perplexity` and `test_tokens`, and
    the arrays `losses` and `tokens` of each window.
    """
    from tfq_hybrid.training.generation import loss_reader

    losses, tokens = loss_reader(model)(parts.test, config.batch_size)
    loss = float(losses.sum() / tokens.sum())
    found = {
        "test_loss": loss,
        "perplexity": math.exp(min(loss, 700.0)),
        "test_tokens": int(tokens.sum()),
    }
    return found, {"losses": losses, "tokens": tokens}
