"""From a pretrained base and a method to the model that is trained."""

from typing import Any

import keras
import keras_hub

from tfq_hybrid.adapters import adapt
from tfq_hybrid.encoders.pooled import PooledTextClassifier
from tfq_hybrid.encoders.pretrained import (
    check_family,
    from_preset,
    text_base,
    tokenizer_of,
    vocabulary_of,
)
from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.engines import check_memory
from tfq_hybrid.errors import UserError


def vocabulary(options, texts, size):
    """What tells that of the preset, whose own tokenizer is used."""
    _check(options)
    return vocabulary_of(options.preset)


def tokenizer(options, setting):
    """The tokenizer of the preset."""
    _check(options)
    return tokenizer_of(options.preset)


def build(options, baseline, setting):
    """The adapted classifier or causal language model; see `System`."""
    _check(options)
    if setting.task == "generation":
        model = _language_model(options.preset, setting.sequence_length)
    else:
        model = _classifier(options, setting)
    method: Any = options.adapter
    circuits = method.circuits(model)
    for circuit in circuits[:1]:
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            setting.batch_size * setting.sequence_length,
            layers=len(circuits),
        )
    return adapt(model, method)


def _check(options):
    for name in ("preset", "adapter"):
        if getattr(options, name) is None:
            raise UserError(
                "Expected a preset and an adapter with model=adapted. "
                f"Received: {name}=None"
            )


def _classifier(options, setting):
    backbone, preprocessor = text_base(options.preset, setting.sequence_length)
    # A fixed name keeps the names of logs the same in every process.
    task = {
        "preprocessor": preprocessor,
        "dropout": options.dropout,
        "name": "classifier",
    }
    if setting.task == "tokens":
        _check_words(preprocessor, options.preset)
        return TokenClassifier.from_base(backbone, setting.classes, **task)
    return PooledTextClassifier.from_base(
        backbone, setting.classes, pooling=options.pooling, **task
    )


def _language_model(preset, length):
    model: keras.Model = from_preset(
        keras_hub.models.CausalLM, preset, compile=False, name="language_model"
    )
    check_family(model.backbone, preset)
    longest = getattr(model.backbone, "max_sequence_length", length)
    if length > longest:
        raise UserError(
            f"Expected a sequence_length of at most {longest}, that of "
            f"{preset}. Received: sequence_length={length}"
        )
    model.preprocessor.sequence_length = length
    return model


def _check_words(preprocessor, preset):
    """Words are tokenized one by one, which other tokenizers were not."""
    kind = keras_hub.tokenizers.WordPieceTokenizer
    if not isinstance(preprocessor.tokenizer, kind):
        raise UserError(
            "Expected a preset with a WordPiece tokenizer, such as a BERT, for "
            f"labels of words. Received: {preset}, with a "
            f"{type(preprocessor.tokenizer).__name__}"
        )
