"""What the systems on a BERT share: presets, vocabulary, preprocessor."""

import pathlib
from collections.abc import Sequence

import keras_hub

from tfq_hybrid.bases import as_preset
from tfq_hybrid.data import learn_vocabulary
from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.files import presets
from tfq_hybrid.reading import DAMAGE, reason_of


def bert_vocabulary(
    preset: str | None, texts: Sequence[str], size: int
) -> list[str]:
    """The vocabulary of a preset; for `None`, one learned from the texts."""
    if preset is None:
        return learn_vocabulary(texts, size)
    tokenizer = from_preset(keras_hub.models.BertTokenizer, preset)
    return tokenizer.get_vocabulary()


def bert_backbone(
    preset: str | None, sequence_length: int
) -> keras_hub.models.BertBackbone | None:
    """The BERT of a preset, which must take texts of that length."""
    if preset is None:
        return None
    bert = from_preset(keras_hub.models.BertBackbone, preset)
    if sequence_length > bert.max_sequence_length:
        raise UserError(
            f"Expected a sequence_length of at most "
            f"{bert.max_sequence_length}, that of {preset}. "
            f"Received: sequence_length={sequence_length}"
        )
    return bert


def from_preset(kind: type, preset: str):
    """`kind.from_preset`, whose failures become a `UserError`."""
    preset = as_preset(preset)
    try:
        return presets.from_preset(kind, preset)
    except DAMAGE as error:
        known = sorted(keras_hub.models.BertBackbone.presets)
        if preset in known:
            raise UserError(
                f"Expected the preset {preset} in the cache, or a network to "
                f"download it. Received: {reason_of(error)}"
            ) from error
        if pathlib.Path(preset).exists():
            raise UserError(
                f"Expected a folder with a {kind.__name__}. Received: {preset} "
                f"({reason_of(error)})"
            ) from error
        raise choice_error("preset", preset, known) from error


def bert_preprocessor(
    vocabulary: Sequence[str], sequence_length: int, preset: str | None = None
) -> keras_hub.models.BertTextClassifierPreprocessor:
    """From strings to the tokens of a BERT text classifier.

    Case and accents are kept where the tokenizer of the preset that gave the
    vocabulary keeps them, and dropped, as `learn_vocabulary` drops them, where
    there is none.
    """
    kept = {"lowercase": True, "strip_accents": True}
    if preset is not None:
        original = from_preset(keras_hub.models.BertTokenizer, preset)
        kept = {name: getattr(original, name) for name in kept}
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=vocabulary, **kept)
    return keras_hub.models.BertTextClassifierPreprocessor(
        tokenizer, sequence_length=sequence_length
    )
