"""What kinds of models there are to export, and the signatures of each.

A kind is a Keras class and a function of a model and `Options` that returns
its signatures. The first of `KINDS` whose class a model is of is the model's.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import tensorflow as tf

from tfq_hybrid.adapters.hosts import adaptation_of
from tfq_hybrid.encoders.classifier import HeadedTextClassifier
from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.serving.answers import ANSWERS, DIALOGUE, Answer
from tfq_hybrid.serving.endpoints import (
    TEXT,
    Endpoint,
    Options,
    by_name,
    of_rows,
    of_text,
)
from tfq_hybrid.serving.words import token_labels

SECOND = tf.TensorSpec([None], tf.string, name="second_text")


def kind_of(model: keras.Model) -> str:
    """The name of a model's kind, a key of `KINDS`.

    Raises:
        UserError: it is no Keras model.

    Example:

    >>> import keras
    >>> kind_of(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))
    'tensors'
    """
    for name, (kind, _) in KINDS.items():
        if isinstance(model, kind):
            return name
    raise UserError(f"Expected a Keras model. Received: {type(model).__name__}")


def endpoints_of(model: keras.Model, options: Options) -> list[Endpoint]:
    """The signatures of a model.

    Raises:
        UserError: a model of its kind cannot be exported so.
    """
    kind = kind_of(model)
    task = options.answer and options.answer.task
    if task and (task == DIALOGUE) != (kind == "generation"):
        raise UserError(
            "Expected an answer that the model can give, which of a language "
            f"model is {DIALOGUE!r} alone. Received: task={task!r} with a "
            f"{type(model).__name__}"
        )
    found = KINDS[kind][1](model, options)
    names = options.adapter_names
    if not names:
        return found
    known = adaptation_of(model).methods
    for name in names:
        check_choice("adapter_names", name, known)
    return [of_rows(model, endpoint, names) for endpoint in found]


def classification(
    model: keras_hub.models.TextClassifier | HeadedTextClassifier,
    options: Options,
) -> list[Endpoint]:
    """The signatures of a text classifier: strings to labels.

        serve         text: string (batch,)
                      -> probabilities (batch, classes), label (batch,)
        serve_pairs   text, second_text: string (batch,)
                      -> the same, of pairs of texts
        serve_tokens  token_ids, padding_mask, …: int32 (batch, tokens)
                      -> probabilities (batch, classes)

    `serve_pairs` is there where the preprocessor is one of keras-hub's text
    classifiers: all of them put several texts into one sequence.

    Of a regression, `serve` and `serve_tokens` give `value` (batch,). Of a
    multi-label classifier `serve` gives `labels` (batch,), with bars between
    them. Of a model that was trained on pairs, `serve` takes them too.

    Raises:
        UserError: the number of names is not that of the classes.
    """
    preprocessor = options.preprocessor or model.preprocessor
    answer = options.answer or Answer()
    answered = ANSWERS[answer.task](model, answer, options.label_names)

    def answers(tokens):
        outputs = model(tokens, training=False)
        return answered(tf.cast(outputs, tf.float32))

    def serve(*texts):
        return answers(preprocessor(texts if len(texts) > 1 else texts[0]))

    def serve_tokens(tokens):
        found = answers(tokens)
        return {k: v for k, v in found.items() if v.dtype != tf.string}

    takes = (TEXT, SECOND) if answer.pairs else (TEXT,)
    found = of_text(model, options, preprocessor, serve_tokens, serve, takes)
    if isinstance(preprocessor, keras_hub.models.TextClassifierPreprocessor):
        found.append(Endpoint("serve_pairs", serve, (TEXT, SECOND)))
    return found


def embeddings(
    model: keras_hub.models.Backbone, options: Options
) -> list[Endpoint]:
    """The signatures of a backbone: strings to vectors.

        serve         text: string (batch,)
                      -> embedding: float32 (batch, width)
        serve_tokens  token_ids, padding_mask, …: int32 (batch, tokens)
                      -> embedding, hidden_states: (batch, tokens, width)

    The embedding of a text is the mean of the last hidden states over its
    tokens, padding left out, as sentence-transformers' models pool them. It
    is not normalised.
    """
    preprocessor = options.preprocessor

    def states(tokens):
        outputs = model(tokens, training=False)
        if isinstance(outputs, dict):  # BERT also gives a pooled output
            outputs = outputs["sequence_output"]
        return tf.cast(outputs, tf.float32)

    def serve(text):
        # The tokens alone, without what a training would predict.
        if hasattr(preprocessor, "generate_preprocess"):
            length = preprocessor.sequence_length
            tokens = preprocessor.generate_preprocess(
                text, sequence_length=length
            )
        else:
            tokens = preprocessor(text)
        return {"embedding": _mean(states(tokens), tokens["padding_mask"])}

    def serve_tokens(tokens):
        hidden = states(tokens)
        mean = _mean(hidden, tokens["padding_mask"])
        return {"embedding": mean, "hidden_states": hidden}

    return of_text(model, options, preprocessor, serve_tokens, serve)


def _mean(states, padding_mask):
    """The mean over tokens that are no padding; zeros where there are none."""
    weights = tf.cast(padding_mask, states.dtype)
    total = tf.einsum("btd,bt->bd", states, weights)
    count = tf.reduce_sum(weights, axis=1, keepdims=True)
    return tf.math.divide_no_nan(total, count)


def generation(
    model: keras_hub.models.CausalLM, options: Options
) -> list[Endpoint]:
    """The signatures of a causal language model: prompts to texts.

        serve         prompt: string (batch,); max_length, top_k, seed: int32
                      (batch,); temperature: float32 (batch,)
                      -> text: string (batch,), the prompt with what follows
        serve_tokens  token_ids, padding_mask: int32 (batch, tokens)
                      -> logits: float32 (batch, tokens, vocabulary)

    `max_length` counts the tokens of prompt and answer together, at most the
    sequence length of the preprocessor. A `top_k` of 1, or a temperature of
    0, is greedy: the same text as the model's `generate()` with a greedy
    sampler. A `top_k` of 0 draws from the whole vocabulary. Every row has its
    own random numbers, which its seed alone decides: the text for a prompt
    does not depend on what else is in the batch.

    Of a model that was trained on dialogues, `serve` puts the prompt into the
    chat format of the tokenizer, whose tokens `max_length` does not count, and
    `text` is the answer alone. A prompt that leaves no room for one is an
    error.

    Raises:
        UserError: the tokenizer cannot be a part of a graph, or has no chat
            format.
    """
    from tfq_hybrid.serving.sampling import (
        SPECS,
        room_for_prompts,
        text_function,
    )

    preprocessor = options.preprocessor or model.preprocessor

    def serve_tokens(tokens):
        logits = model(tokens, training=False)
        return {"logits": tf.cast(logits, tf.float32)}

    is_dialogue = options.answer is not None
    serve = None
    if preprocessor is not None:
        serve = text_function(model, preprocessor, is_dialogue)
    found = of_text(model, options, preprocessor, serve_tokens, serve, SPECS)
    if is_dialogue and preprocessor is not None:
        room = room_for_prompts(preprocessor)  # a token is a byte or more
        found[0] = dataclasses.replace(found[0], longest_text=room)
    return found


def tensors(model: keras.Model, options: Options) -> list[Endpoint]:
    """The signature of any other Keras model: tensors to tensors.

    `serve_tokens`, by the model's own names. A single output is called
    `outputs`; several have the names of the keys, or `output_0`, ….

    Raises:
        UserError: the model has not been built.
    """
    inputs = _inputs_of(model)
    named = inputs
    if not isinstance(inputs, dict):
        several = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        named = {tensor.name: tensor for tensor in several}
    specs = tuple(
        tf.TensorSpec(tensor.shape, tensor.dtype, name=name)
        for name, tensor in named.items()
    )

    def serve_tokens(values):
        if not isinstance(inputs, dict):
            values = list(values.values())
            if not isinstance(inputs, (list, tuple)):
                values = values[0]
        outputs = model(values, training=False)
        if isinstance(outputs, (list, tuple)):
            return {f"output_{i}": output for i, output in enumerate(outputs)}
        return outputs if isinstance(outputs, dict) else {"outputs": outputs}

    return [by_name(specs, serve_tokens, model, options)]


def _inputs_of(model):
    """What a model is called on: a tensor, or a list or dict of them."""
    try:
        if isinstance(model, keras.Sequential):
            # Its `input` is there only once it is a part of another model.
            [inputs] = model.inputs
            return inputs
        return model.input
    except (AttributeError, ValueError):
        raise UserError(
            "Expected a model that knows its inputs, such as a Functional "
            f"one. Received: {model.name!r}, which has none yet"
        ) from None


KINDS: dict[str, tuple[Any, Callable[..., list[Endpoint]]]] = {
    "generation": (keras_hub.models.CausalLM, generation),
    "tokens": (TokenClassifier, token_labels),
    "classification": (
        (keras_hub.models.TextClassifier, HeadedTextClassifier),
        classification,
    ),
    "embeddings": (keras_hub.models.Backbone, embeddings),
    "tensors": (keras.Model, tensors),
}
