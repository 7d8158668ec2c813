"""What the systems on a BERT share: presets, vocabulary, preprocessor."""

import pathlib

import keras_hub

from tfq_hybrid.adapters import as_preset
from tfq_hybrid.data import learn_vocabulary
from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.files import presets
from tfq_hybrid.reading import DAMAGE, reason_of


def bert_vocabulary(preset, texts, size):
    """The vocabulary of a preset, or one learned from the texts.

    Args:
        preset: str, or `None` for one that is learned.
        texts: sequence of str. The training texts.
        size: int. An upper bound on the entries that are learned.

    Returns:
        A list of str.
    """
    if preset is None:
        return learn_vocabulary(texts, size)
    tokenizer = from_preset(keras_hub.models.BertTokenizer, preset)
    return tokenizer.get_vocabulary()


def bert_backbone(preset, sequence_length):
    """The BERT of a preset, which must take texts of that length.

    Returns:
        A `keras_hub.models.BertBackbone`; `None` for the preset `None`.
    """
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


def from_preset(kind, preset):
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


def bert_preprocessor(vocabulary, sequence_length, preset=None):
    """From strings to the tokens of a BERT text classifier.

    Args:
        vocabulary: list of str.
        sequence_length: int, in tokens.
        preset: str, or `None`. The BERT that gave the vocabulary: case and
            accents are kept where its tokenizer keeps them. Defaults to
            `None`: both are dropped, as `learn_vocabulary` drops them.

    Returns:
        A `keras_hub.models.BertTextClassifierPreprocessor`.
    """
    kept = {"lowercase": True, "strip_accents": True}
    if preset is not None:
        original = from_preset(keras_hub.models.BertTokenizer, preset)
        kept = {name: getattr(original, name) for name in kept}
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=vocabulary, **kept)
    return keras_hub.models.BertTextClassifierPreprocessor(
        tokenizer, sequence_length=sequence_length
    )
