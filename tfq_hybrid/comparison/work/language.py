"""Language models of a recipe: text in parts, training, held-out losses."""

import contextlib
import dataclasses
import functools
import io
import itertools
import math
import pathlib

import numpy as np

from tfq_hybrid.errors import UserError

CHECKS = 5  # validations of a training


@dataclasses.dataclass(frozen=True)
class Parts:
    """What is trained on, what selects, and what reports.

    Args:
        training, validation, test: `Corpus`, or `TokenDataset` of them.
    """

    training: object
    validation: object
    test: object


def split_corpus(corpus, share=0.1):
    """Parts of a text: its end reports, what is before it selects.

    Args:
        corpus: `Corpus`.
        share: float. Of the text, by its length, for each of validation and
            test. Defaults to 0.1.

    Returns:
        `Parts`.

    Raises:
        UserError: the text has too few lines.

    Example:

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


def encode_parts(parts, model, config, held_out=None):
    """Windows of tokens of each part, in whole batches.

    Whole batches spare TensorFlow a second trace of the train step.

    Args:
        parts: `Parts` of `Corpus`.
        model: a keras-hub `CausalLM` with a preprocessor.
        config: `TrainConfig`: its lengths.
        held_out: pair of int: windows of validation and of test at most.
            Defaults to `None`: all.

    Returns:
        `Parts` of `TokenDataset`.

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


def first_windows(data, count):
    """The first windows of a `TokenDataset`."""
    fields = [field.name for field in dataclasses.fields(data)]
    return dataclasses.replace(
        data, **{name: getattr(data, name)[:count] for name in fields}
    )


def joined(data):
    """One `TokenDataset` of a list of them."""
    fields = [field.name for field in dataclasses.fields(data[0])]
    arrays = ([getattr(one, name) for one in data] for name in fields)
    return type(data[0])(*map(np.concatenate, arrays))


def loss_reader(model):
    """What the learned tokens of each window cost, traced once.

    Args:
        model: a keras-hub `CausalLM`.

    Returns:
        A function of a `TokenDataset` and a batch size to a pair of float64
        arrays of shape (windows,): the summed cross-entropy in nats, and how
        many tokens it is of. The ratio of their sums is the loss per token.
    """
    import tensorflow as tf

    @tf.function
    def step(inputs, targets, weights):
        logits = tf.cast(model(inputs, training=False), tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return tf.reduce_sum(weights * losses, -1), tf.reduce_sum(weights, -1)

    def read(data, batch_size):
        found = [step(*batch) for batch in data.batches(batch_size)]
        losses, tokens = (
            np.concatenate([part.numpy() for part in parts]).astype("float64")
            for parts in zip(*found, strict=True)
        )
        return losses, tokens

    return read


def train_language_model(model, parts, config, steps, checks=CHECKS):
    """Trains for some steps; the check of the lowest validation loss stays.

    The order of windows follows from the config's seed alone, and so is the
    same for baselines.

    Args:
        model: from `build_model`.
        parts: `Parts` of `TokenDataset`.
        config: `TrainConfig`: its batch, rate, optimizer and seed.
        steps: int.
        checks: int. Validations, evenly spread; one more stands before the
            first step. Defaults to `CHECKS`.

    Returns:
        A dict: `curve_steps` and `validation_curve` (loss per token; `None`
        where it is not finite), `training_curve` (of the steps since the
        check before), `validation_loss` and `best_step` of the weights that
        the model is left with.
    """
    from tfq_hybrid.training.build import compile_model
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
        config: `TrainConfig`.
        held_out: see `encode_parts`, of each text.
        learns_vocabulary: bool. Whether the vocabulary is learned from the
            training parts. Defaults to `True`; `False`: the model has one.
        paths: sequence of paths of texts. Defaults to `None`: the config's.

    Attributes:
        texts: list of `Parts` of `Corpus`, one for each path.
        model: a keras-hub `CausalLM`; after `train` the one that was picked.
    """

    def __init__(
        self, config, held_out=None, learns_vocabulary=True, paths=None
    ):
        from tfq_hybrid.data import load_corpus
        from tfq_hybrid.training.build import make_vocabulary

        self.config, self.held_out = config, held_out
        self.paths = [pathlib.Path(path) for path in paths or [config.data]]
        self.texts = [split_corpus(load_corpus(path)) for path in self.paths]
        self._vocabulary = None
        if learns_vocabulary:
            texts = (parts.training.texts for parts in self.texts)
            texts = list(itertools.chain(*texts))
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
    def parts(self):
        """`Parts` of `TokenDataset`, those of all texts together."""
        return Parts(
            *(
                joined([getattr(parts, field.name) for parts in self._encoded])
                for field in dataclasses.fields(Parts)
            )
        )

    def train(self, rates, steps):
        """Trains from the same weights at each peak rate; validation picks.

        Args:
            rates: sequence of float.
            steps: int. Of each training.

        Returns:
            What `train_language_model` found at the rate of the lowest
            validation loss, with `rate` and `validation_by_rate`.
        """
        parts, best, losses = self.parts, None, {}
        for rate in rates:
            self.config = dataclasses.replace(self.config, learning_rate=rate)
            model = self._build()
            found = train_language_model(model, parts, self.config, steps)
            losses[f"{rate:g}"] = loss = found["validation_loss"]
            if best is None or loss < best["validation_loss"]:
                best, self.model = found | {"rate": rate}, model
        return best | {"validation_by_rate": losses}

    def read_test(self):
        """Answers the test once; see the function of that name."""
        return read_test(self.model, self.parts, self.config)

    def read_each(self):
        """What `read_test` finds of each text, a dict of a file's name."""
        return {
            path.name: read_test(self.model, parts, self.config)[0]
            for path, parts in zip(self.paths, self._encoded, strict=True)
        }


def _weights(model):
    return [np.array(v) for v in model.trainable_variables]


def _finite(number):
    return number if math.isfinite(number) else None


def read_test(model, parts, config):
    """Answers the test once.

    Returns:
        A pair of a dict with `test_loss` (nats per token), `perplexity` and
        `test_tokens`, and of arrays: `losses` and `tokens` of each window.
    """
    losses, tokens = loss_reader(model)(parts.test, config.batch_size)
    loss = float(losses.sum() / tokens.sum())
    found = {
        "test_loss": loss,
        "perplexity": math.exp(min(loss, 700.0)),
        "test_tokens": int(tokens.sum()),
    }
    return found, {"losses": losses, "tokens": tokens}
