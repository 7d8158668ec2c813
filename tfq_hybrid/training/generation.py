"""Causal language modelling: text in, loss and perplexity out."""

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid import data as text_data
from tfq_hybrid.adapters.blocks import LEARNED
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import write_text
from tfq_hybrid.training.baselines import token_counts, unigram_loss
from tfq_hybrid.training.frozen import above_frozen, only_learned
from tfq_hybrid.training.metrics import Metric, ratio
from tfq_hybrid.training.run_folder import RunFolder, load_trained
from tfq_hybrid.training.task import Task, of_weighted_tokens

if TYPE_CHECKING:
    from tfq_hybrid.data import TokenDataset


class Generation(Task):
    """Causal language modelling: text in, loss and perplexity out."""

    monitor, mode = "val_loss", "min"
    metrics = (
        Metric(
            "loss",
            "loss",
            lambda a: ratio(a["losses"], a["tokens"]),
            unit="nats per token",
            sign=-1,
        ),
        Metric("perplexity", "perplexity", lambda a: perplexity(a), sign=-1),
    )
    floor = "unigram"

    def load(self, config):
        column = config.text_column
        training = text_data.load_corpus(config.data, column).take(config.limit)
        if config.validation_data is not None:
            held_out = text_data.load_corpus(config.validation_data, column)
            return training, held_out
        training, validation = training.split(0.1)
        if not len(training):
            raise UserError(
                "Expected at least two lines of text, to hold out the end of "
                f"it, or validation_data. Received: {config.data} with one"
            )
        return training, validation

    def facts(self, config, training):
        """The form of the text, which prompts follow when the model answers."""
        return {"format": training.format}

    def encode(self, data, model, config):
        """Windows of tokens, a `TokenDataset`."""
        return text_data.encode_corpus(
            data,
            model.preprocessor.tokenizer,
            config.sequence_length,
            config.data,
        )

    def objective(self):
        """The mean cross-entropy of the learned tokens, and their accuracy."""
        return of_weighted_tokens()

    def callbacks(self):
        return [LogPerplexity()]

    def results(self, model, validation, batch_size):
        found = measure(model, validation, batch_size)
        return {f"validation_{name}": value for name, value in found.items()}

    def baseline(self, model, training, validation):
        counts = token_counts(training, _vocabulary_size(model))
        return {"validation_unigram_loss": unigram_loss(counts, validation)}

    def keep(self, folder, model, training):
        """How often each token was learned, for the unigram loss."""
        counts = token_counts(training, _vocabulary_size(model))
        write_text(folder.token_counts_file, json.dumps(counts.tolist()))

    def evaluate(self, run, config, verbose=0):
        model, tokens = self._read(run, config)
        found = measure(model, tokens, config.batch_size)
        counts = RunFolder(run).token_counts(_vocabulary_size(model))
        if counts is not None:
            found["unigram_loss"] = unigram_loss(counts, tokens)
        return found

    def _read(self, run, config):
        model, _ = load_trained(run)
        corpus = text_data.load_corpus(config.data, config.text_column)
        return model, self.encode(corpus, model, config)

    def read(self, config, source, split):
        return text_data.load_corpus(source, config.text_column)

    def cut(self, data, count, source):
        """The second part is the end of the text."""
        if not 0 < count < len(data):
            raise UserError(
                "Expected enough lines for validation and test data, or files "
                f"for these. Received: {source}, with {len(data)}"
            )
        places = np.split(np.arange(len(data)), [len(data) - count])
        return tuple(map(data.pick, places))

    def keys(self, data):
        """Those of dialogues; the lines of a text are no examples."""
        if data.format == "plain":
            return None
        return [tuple(text for _, text in turns) for turns in data.rows]

    def check_rows(self, configs, parts):
        """Losses of tokens compare where the tokens are the same."""
        first, *others = configs
        vocabulary = _vocabulary_of(configs[first], parts["training"])
        for name in others:
            other = _vocabulary_of(configs[name], parts["training"])
            if other != vocabulary:
                raise UserError(
                    "Expected rows with one vocabulary, whose losses per token "
                    f"compare. Received: {first} and {name} with two"
                )
        tokenizer = _tokenizer(configs[first], vocabulary)
        for name, part in parts.items():
            length = configs[first].sequence_length
            text_data.encode_corpus(part, tokenizer, length, f"the {name} data")

    def answers(self, run, config, states=None):
        model, tokens = self._read(run, config)
        if states is not None:
            (tokens,) = above_frozen(model, [tokens], states)
        losses, counts = loss_reader(model)(tokens, config.batch_size)
        return {"losses": losses, "tokens": counts}

    def without_learning(self, config, training, test):
        """Each token by its share of the training text."""
        tokenizer = _tokenizer(config, _vocabulary_of(config, training))
        learned, read = (
            text_data.encode_corpus(
                part, tokenizer, config.sequence_length, config.data
            )
            for part in (training, test)
        )
        counts = token_counts(learned, tokenizer.vocabulary_size())
        weights = np.asarray(read.weights, float)
        costs = -np.log((counts + 1.0) / (counts.sum() + len(counts)))
        return {
            "losses": np.sum(weights * costs[read.targets], axis=1),
            "tokens": weights.sum(axis=1),
        }


def _vocabulary_of(config, training):
    from tfq_hybrid.training.build import make_vocabulary

    return make_vocabulary(config, training.texts)


def _tokenizer(config, vocabulary):
    from tfq_hybrid.training.build import setting_of

    return config.system.tokenizer(
        config.options, setting_of(config, vocabulary)
    )


def perplexity(answers: Any) -> np.ndarray:
    """Contributions of windows to the exponential of the loss per token."""
    losses = ratio(answers["losses"], answers["tokens"])
    mean = losses.mean()
    return math.exp(min(mean, 700.0)) * (1 + losses - mean)


def loss_reader(
    model: keras.Model,
) -> "Callable[[TokenDataset, int], tuple[np.ndarray, np.ndarray]]":
    """What the learned tokens of each window cost, traced once.

    A function of windows and a batch size to two float64 arrays of shape
    (windows,): the summed cross-entropy in nats, and how many tokens it is of.
    The ratio of their sums is the loss per token.
    """

    @tf.function
    def step(inputs, targets, weights):
        logits = tf.cast(model(inputs, training=False), tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        windows, length = tf.unstack(tf.shape(inputs["token_ids"]))
        if LEARNED not in inputs:
            return tf.reduce_sum(weights * losses, 1), tf.reduce_sum(weights, 1)
        rows = inputs[LEARNED] // length
        return tuple(
            tf.math.unsorted_segment_sum(values, rows, windows)
            for values in (weights * losses, weights)
        )

    def read(data, batch_size):
        (data,) = only_learned(model, [data])
        found = [step(*batch) for batch in data.batches(batch_size)]
        losses, tokens = (
            np.concatenate([part.numpy() for part in parts]).astype("float64")
            for parts in zip(*found, strict=True)
        )
        return losses, tokens

    return read


def _vocabulary_size(model):
    return int(model.backbone.vocabulary_size)


class LogPerplexity(keras.callbacks.Callback):
    """Adds the exponential of each loss to the logs of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        for prefix in ("", "val_"):
            loss = (logs or {}).get(f"{prefix}loss")
            if loss is not None:
                # A float64 ends at exp(709).
                logs[f"{prefix}perplexity"] = math.exp(min(loss, 700.0))


def measure(
    model: keras.Model, data: "TokenDataset", batch_size: int = 8
) -> dict[str, Any]:
    """What a keras-hub `CausalLM` makes of windows of tokens.

    `tokens`: how many are predicted; `loss`: their mean cross-entropy in
    nats; `perplexity`: its exponential; `accuracy`: the share for which the
    likeliest token is the one.
    """

    @tf.function
    def step(inputs, targets, weights):
        logits = tf.cast(model(inputs, training=False), tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        hits = tf.argmax(logits, -1, targets.dtype) == targets
        hits = tf.cast(hits, tf.float32)
        sums = [tf.reduce_sum(weights * part) for part in (losses, hits)]
        return tf.stack([*sums, tf.reduce_sum(weights)])

    (data,) = only_learned(model, [data])
    sums = [step(*batch).numpy() for batch in data.batches(batch_size)]
    loss, hits, tokens = sum(part.astype("float64") for part in sums)
    return {
        "tokens": int(tokens),
        "loss": float(loss / tokens),
        "perplexity": math.exp(min(loss / tokens, 700.0)),
        "accuracy": float(hits / tokens),
    }
