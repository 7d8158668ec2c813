"""Causal language modelling: text in, loss and perplexity out."""

import contextlib
import math

import keras
import tensorflow as tf

from tfq_hybrid.data import encode_corpus, load_corpus
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.callbacks import LogPerplexity
from tfq_hybrid.training.run_folder import RunFolder, load_trained


def load(config):
    """Training and validation text, a pair of `Corpus`.

    Raises:
        UserError: the text cannot be loaded, or is too short to hold out
            some of it.
    """
    training = load_corpus(config.data, config.text_column).take(config.limit)
    if config.validation_data is not None:
        return training, load_corpus(config.validation_data, config.text_column)
    training, validation = training.split(0.1)
    if not len(training):
        raise UserError(
            "Expected at least two lines of text, to hold out the end of it, "
            f"or validation_data. Received: {config.data} with one"
        )
    return training, validation


def facts(config, training):
    """The form of the text, which prompts follow when the model answers."""
    return {"format": training.format}


def encode(corpus, model, config):
    """Windows of tokens, a `TokenDataset`."""
    tokenizer = model.preprocessor.tokenizer
    return encode_corpus(corpus, tokenizer, config.sequence_length, config.data)


def objective():
    """The mean cross-entropy of the learned tokens, and their accuracy."""
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return {
        "loss": keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        ),
        "weighted_metrics": [accuracy],
    }


def callbacks():
    """Perplexities in the logs."""
    return [LogPerplexity()]


@contextlib.contextmanager
def fed(model):
    """Lets a model take tokens instead of strings, for a while."""
    preprocessor, model.preprocessor = model.preprocessor, None
    try:
        yield
    finally:
        model.preprocessor = preprocessor


def results(model, validation, batch_size):
    """The validation of the best epoch, over its tokens."""
    found = measure(model, validation, batch_size)
    return {f"validation_{name}": value for name, value in found.items()}


def measure(model, data, batch_size=8):
    """Loss, perplexity and accuracy of a model on windows of tokens.

    Args:
        model: a keras-hub `CausalLM`.
        data: `TokenDataset`.
        batch_size: int. Defaults to 8.

    Returns:
        A dict: `tokens` (how many are predicted), `loss` (their mean
        cross-entropy in nats), `perplexity` (its exponential) and
        `accuracy` (the share for which the likeliest token is the one).
    """

    @tf.function
    def step(inputs, targets, weights):
        logits = tf.cast(model(inputs, training=False), tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        hits = tf.argmax(logits, -1, targets.dtype) == targets
        hits = tf.cast(hits, tf.float32)
        sums = [tf.reduce_sum(weights * part) for part in (losses, hits)]
        return tf.stack([*sums, tf.reduce_sum(weights)])

    sums = [step(*batch).numpy() for batch in data.batches(batch_size)]
    loss, hits, tokens = sum(part.astype("float64") for part in sums)
    return {
        "tokens": int(tokens),
        "loss": float(loss / tokens),
        "perplexity": math.exp(min(loss / tokens, 700.0)),
        "accuracy": float(hits / tokens),
    }


def evaluate(run, data, split, text_column, label_column, data_dir, verbose):
    """Loss, perplexity and accuracy on text."""
    config, *_ = RunFolder(run).read()
    model, _ = load_trained(run)
    corpus = load_corpus(data, text_column)
    tokenizer = model.preprocessor.tokenizer
    tokens = encode_corpus(corpus, tokenizer, config.sequence_length, data)
    return measure(model, tokens, config.batch_size)
