"""The signatures of a token classifier: texts or words to labels of words."""

import tensorflow as tf

from tfq_hybrid.data.words import split_words, tokens_of_words
from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.answers import ANSWERS, Answer
from tfq_hybrid.serving.endpoints import Endpoint, Options, of_text

WORDS = tf.TensorSpec([None, None], tf.string, name="words")


def token_labels(model: TokenClassifier, options: Options) -> list[Endpoint]:
    """The signatures of a token classifier: strings to a label for each word.

        serve         text: string (batch,)
                      -> words, labels: string (batch, most words),
                      probabilities: float32 of that shape, of the labels;
                      missed: int32 (batch,)
        serve_words   words: string (batch, words)
                      -> labels, probabilities, missed
        serve_tokens  token_ids, padding_mask, …: int32 (batch, tokens)
                      -> probabilities (batch, tokens, labels)

    `serve` splits a text by `data.split_words`; `serve_words` takes words as
    they are. Empty words pad a row. The label of a word that was cut off is
    empty, and its probability 0; `missed` counts such words. `serve` gives as
    many as a sequence holds, whatever else is in the batch.

    Raises:
        UserError: the number of names is not that of the labels.
    """
    preprocessor = options.preprocessor or model.preprocessor
    answer = options.answer or Answer("tokens")
    if answer.task != "tokens":
        raise UserError(
            "Expected task='tokens' of a model that labels words. Received: "
            f"task={answer.task!r}"
        )
    answered = ANSWERS["tokens"](model, answer, options.label_names)

    def serve_tokens(tokens):
        outputs = model(tokens, training=False)
        return {"probabilities": tf.nn.softmax(tf.cast(outputs, tf.float32))}

    def serve_words(words):
        tokens = tokens_of_words(
            words, preprocessor.tokenizer, preprocessor.sequence_length
        )
        given = {
            "token_ids": tokens.token_ids,
            "padding_mask": tokens.padding_mask,
            "segment_ids": tf.zeros_like(tokens.token_ids),
        }
        outputs = model(
            {name: given[name] for name in model.input}, training=False
        )
        has = tokens.places >= 0
        firsts = tf.gather(outputs, tf.maximum(tokens.places, 0), batch_dims=1)
        found = answered(tf.cast(firsts, tf.float32))
        missed = tf.cast((words != "") & ~has, tf.int32)
        return {
            "labels": tf.where(has, found["labels"], ""),
            "probabilities": tf.where(has, found["probabilities"], 0.0),
            "missed": tf.reduce_sum(missed, axis=1),
        }

    def serve(text):
        words = split_words(text).to_tensor("")
        found = {"words": words, **serve_words(words)}
        longest = preprocessor.sequence_length - 2  # its two ends
        return {
            name: value if name == "missed" else _of_width(value, longest)
            for name, value in found.items()
        }

    found = of_text(model, options, preprocessor, serve_tokens, serve)
    if preprocessor is not None:
        found.append(Endpoint("serve_words", serve_words, (WORDS,)))
    return found


def _of_width(tensor, width):
    """A matrix of so many columns: cut, or padded with what is nothing."""
    tensor = tensor[:, :width]
    more = [[0, 0], [0, width - tf.shape(tensor)[1]]]
    nothing = "" if tensor.dtype == tf.string else 0
    padded = tf.pad(tensor, more, constant_values=nothing)
    return tf.ensure_shape(padded, [None, width])
