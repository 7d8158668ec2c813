"""What kinds of models there are to export, and the signatures of each.

A kind is a Keras class and a function of a model and `Options` that returns
its signatures. The first of `KINDS` whose class a model is of is the model's.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import keras_hub
import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.answers import ANSWERS, Answer

TEXT = tf.TensorSpec([None], tf.string, name="text")
SECOND = tf.TensorSpec([None], tf.string, name="second_text")
# Entries of an axis without a fixed length, where the model has no bound.
LONGEST = 4096


@dataclasses.dataclass(frozen=True)
class Options:
    """What an export is told beside the model.

    Args:
        label_names: The labels of a classifier. Defaults to `None`: "0",
            "1", ….
        preprocessor: Of keras-hub. Defaults to `None`: the model's own.
        max_length: The longest input where the model has no fixed length.
            Defaults to `None`: `max_sequence_length` of the model if it has
            one, else 4,096.
        answer: What the outputs of a text model stand for. Defaults to
            `None`: classes, of single texts.
    """

    label_names: Sequence[str] | None = None
    preprocessor: Any = None
    max_length: int | None = None
    answer: Answer | None = None


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A function from tensors to a dict of tensors, before it is traced.

    Args:
        name: `serve` becomes TensorFlow Serving's default.
        function: Takes one tensor for each spec, in their order.
        specs: The named specs of its inputs.
        longest: The most entries of an axis without a fixed length, but for
            the first, the rows. Defaults to `None`: there is no such axis.
    """

    name: str
    function: Callable[..., dict]
    specs: tuple[tf.TensorSpec, ...]
    longest: int | None = None


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
    return KINDS[kind_of(model)][1](model, options)


def classification(
    model: keras_hub.models.TextClassifier, options: Options
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
    found = _of_text(model, options, preprocessor, serve_tokens, serve, takes)
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

    return _of_text(model, options, preprocessor, serve_tokens, serve)


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

    Raises:
        UserError: the tokenizer cannot be a part of a graph.
    """
    from tfq_hybrid.serving.sampling import SPECS, text_function

    preprocessor = options.preprocessor or model.preprocessor

    def serve_tokens(tokens):
        logits = model(tokens, training=False)
        return {"logits": tf.cast(logits, tf.float32)}

    serve = text_function(model, preprocessor) if preprocessor else None
    return _of_text(model, options, preprocessor, serve_tokens, serve, SPECS)


def _of_text(
    model, options, preprocessor, serve_tokens, serve, text_specs=(TEXT,)
):
    """`serve_tokens` and, where there is a preprocessor, `serve`.

    keras-hub's models take int32 tensors of shape (batch, length), by name.
    """
    length = preprocessor.sequence_length if preprocessor else None
    specs = tuple(
        tf.TensorSpec([None, length], tf.int32, name=name)
        for name in sorted(model.input)
    )
    found = [_by_name(specs, serve_tokens, model, options)]
    if preprocessor is not None:
        found.insert(0, Endpoint("serve", serve, text_specs))
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

    return [_by_name(specs, serve_tokens, model, options)]


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


def _by_name(
    specs: tuple[tf.TensorSpec, ...],
    function: Callable[[dict], dict],
    model: keras.Model,
    options: Options,
) -> Endpoint:
    """`serve_tokens`, of a function of one dict, its lengths bounded."""
    longest = None
    if any(None in spec.shape[1:] for spec in specs):
        body = getattr(model, "backbone", model)
        own = getattr(body, "max_sequence_length", None)
        longest = min(options.max_length or own or LONGEST, own or 2**31)

    def call(*tensors):
        pairs = zip(tensors, specs, strict=True)
        return function({s.name: _bounded(x, s, longest) for x, s in pairs})

    return Endpoint("serve_tokens", call, specs, longest)


def _bounded(tensor, spec, longest):
    """A tensor, which fails in the graph where it is too long."""
    free = [i for i, n in enumerate(spec.shape) if i and n is None]
    if not free:
        return tensor
    length = tf.reduce_max(tf.gather(tf.shape(tensor), free))
    message = f"Expected at most {longest} entries in {spec.name}. Received:"
    check = tf.debugging.Assert(length <= longest, [message, length])
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(tensor)


KINDS: dict[str, tuple[type, Callable[..., list[Endpoint]]]] = {
    "generation": (keras_hub.models.CausalLM, generation),
    "classification": (keras_hub.models.TextClassifier, classification),
    "embeddings": (keras_hub.models.Backbone, embeddings),
    "tensors": (keras.Model, tensors),
}
