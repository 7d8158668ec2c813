"""What the systems on a BERT share: presets, vocabulary, preprocessor."""

from collections.abc import Sequence

import keras_hub

from tfq_hybrid.data import learn_vocabulary
from tfq_hybrid.encoders.pretrained import from_preset, load_backbone


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
    kind = keras_hub.models.BertBackbone
    return load_backbone(preset, sequence_length, kind)


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
