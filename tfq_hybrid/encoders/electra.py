"""Texts for an ELECTRA, a class of which keras-hub has none."""

import keras
import keras_hub


@keras.saving.register_keras_serializable("tfq_hybrid")
class ElectraTextClassifierPreprocessor(
    keras_hub.models.BertTextClassifierPreprocessor
):
    """From texts, or pairs of them, to the inputs of an ELECTRA.

    These are those of a BERT: `[CLS]`, the tokens and `[SEP]`, then the second
    text and `[SEP]`, with a segment for each text.

    Args:
        tokenizer: a `keras_hub.models.ElectraTokenizer`.
        sequence_length: tokens of a text. Defaults to 512.
        truncate: how pairs are cut; see `keras_hub.layers.
            MultiSegmentPacker`. Defaults to `"round_robin"`.

    Example:

    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "film"]
    >>> tokenizer = keras_hub.models.ElectraTokenizer(words)
    >>> layer = ElectraTextClassifierPreprocessor(tokenizer, 4)
    >>> layer("film")["token_ids"].numpy().tolist()
    [2, 5, 3, 0]
    """

    backbone_cls = keras_hub.models.ElectraBackbone
    tokenizer_cls = keras_hub.models.ElectraTokenizer
