"""Text classifiers: strings to labels and probabilities."""

import keras
import keras_hub
import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.kinds.endpoint import (
    TEXT,
    Endpoint,
    by_name,
    token_specs,
)


def accepts(model):
    """Whether a model is a text classifier of keras-hub."""
    return isinstance(model, keras_hub.models.TextClassifier)


def endpoints(model, options):
    """The signatures of a text classifier.

        serve         text: string (batch,)
                      -> probabilities (batch, classes), label (batch,)
        serve_tokens  token_ids, padding_mask, …: int32 (batch, tokens)
                      -> probabilities (batch, classes)

    Args:
        model: a keras-hub text classifier, whose outputs are logits or, with
            a softmax activation, probabilities. Without a preprocessor there
            is no `serve`.
        options: `Options`.

    Returns:
        A list of `Endpoint`.

    Raises:
        UserError: the number of names is not that of the classes.
    """
    names = [str(n) for n in options.label_names or range(model.num_classes)]
    if len(names) != model.num_classes:
        raise UserError(
            f"Expected {model.num_classes} label names. Received: "
            f"{', '.join(names)}"
        )
    preprocessor = options.preprocessor or model.preprocessor
    activation = getattr(model, "activation", None)  # of logits: none
    is_softmax = activation is keras.activations.softmax

    def probabilities(tokens):
        outputs = model(tokens, training=False)
        outputs = tf.cast(outputs, tf.float32)
        return outputs if is_softmax else tf.nn.softmax(outputs)

    def serve(text):
        result = probabilities(preprocessor(text))
        labels = tf.gather(tf.constant(names), tf.argmax(result, axis=-1))
        return {"probabilities": result, "label": labels}

    def serve_tokens(tokens):
        return {"probabilities": probabilities(tokens)}

    length = preprocessor.sequence_length if preprocessor else None
    specs = token_specs(model, length)
    result = [Endpoint("serve_tokens", by_name(specs, serve_tokens), specs)]
    if preprocessor is not None:
        result.insert(0, Endpoint("serve", serve, (TEXT,)))
    return result
