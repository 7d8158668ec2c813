"""Sentence embeddings: texts in, vectors out, computed once."""

import contextlib
import hashlib
import json
import os
import pathlib
import warnings
from collections.abc import Callable, Sequence

import keras
import keras_hub
import numpy as np

from tfq_hybrid.adapters.target import all_layers
from tfq_hybrid.encoders.pooling import POOLINGS
from tfq_hybrid.errors import check_choice, check_integer
from tfq_hybrid.files import replacing

CACHE = "~/.cache/tfq_hybrid/embeddings"


def embed(
    bert: keras_hub.models.Backbone,
    preprocessor: keras.Layer,
    texts: Sequence[str],
    pooling: str = "mean",
    batch_size: int = 64,
    cache: str | os.PathLike[str] | None = None,
    normalize: bool = False,
    report: Callable[[str], object] = warnings.warn,
) -> np.ndarray:
    """Embeds texts by a BERT or an MPNet, without dropout.

    Args:
        bert: the encoder, with BERT's outputs.
        preprocessor: a layer from strings to its inputs, such as
            `keras_hub.models.BertTextClassifierPreprocessor`.
        texts: the texts.
        pooling: `"mean"`, the mean over all tokens, as in
            sentence-transformers; `"cls"`, the hidden state of the first; or
            `"pooled"`, BERT's own. Defaults to `"mean"`.
        batch_size: texts of a step. Defaults to 64.
        cache: the folder in which the result is kept, under a
            key of the encoder's weights, its adapters and the tokens.
            Defaults to `None`: it is not kept. `CACHE` is the usual place.
        normalize: whether each vector gets the length 1, so that a scalar
            product is a cosine. Defaults to `False`.
        report: is told once how many texts were cut off, if any. Defaults to
            `warnings.warn`.

    Returns:
        A float32 array of shape (texts, width).

    Raises:
        UserError: an argument is out of its range.
    """
    check_choice("pooling", pooling, POOLINGS)
    check_integer("batch_size", batch_size, minimum=1)
    texts = list(texts)
    tokens = preprocessor(texts)
    tokens = {name: np.asarray(value) for name, value in tokens.items()}
    if count := _cut_off(preprocessor, texts, tokens):
        report(
            f"{count:,} of {len(texts):,} texts were cut off at "
            f"{tokens['token_ids'].shape[1]} tokens."
        )
    path, result = None, None
    if cache is not None:
        folder = pathlib.Path(cache).expanduser()
        path = folder / f"{_key(bert, tokens, pooling)}.npy"
        result = read_cached(path)
    if result is None:
        result = _computed(bert, tokens, pooling, batch_size)
        if path is not None:
            _save(path, result)
    return _normalised(result) if normalize else result


def _computed(bert, tokens, pooling, batch_size):
    result = np.empty((len(tokens["token_ids"]), bert.hidden_dim), "float32")
    for places, batch in _by_length(tokens, batch_size):
        vectors = POOLINGS[pooling](batch, bert(batch, training=False))
        result[places] = keras.ops.cast(vectors, "float32")
    return result


def _normalised(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo("float32").tiny)


def _cut_off(preprocessor, texts, tokens):
    """How many texts have more tokens than a preprocessor of keras-hub kept.

    None where it has no tokenizer: nobody can say.
    """
    tokenizer = getattr(preprocessor, "tokenizer", None)
    if tokenizer is None:
        return 0
    full = np.flatnonzero((tokens["padding_mask"] > 0).all(axis=1))
    if not len(full):
        return 0
    whole = tokenizer([texts[place] for place in full])
    special = np.isin(tokens["token_ids"][full], tokenizer.special_token_ids)
    kept = (~special).sum(axis=1)
    return sum(len(ids) > count for ids, count in zip(whole, kept, strict=True))


def _by_length(tokens, batch_size):
    """Batches of texts of about the same length, with little padding.

    Yields pairs of the places of the texts and a dict of their tokens.
    """
    mask = tokens["padding_mask"] > 0
    lengths = mask.shape[1] - np.argmax(mask[:, ::-1], axis=1)
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        longest = lengths[places[-1]]
        yield places, {k: v[places, :longest] for k, v in tokens.items()}


def _key(bert, tokens, pooling):
    """What the embeddings depend on, as 64 hexadecimal digits."""
    digest = hashlib.sha256(f"{pooling} {bert.compute_dtype} ".encode())
    for path, layer in all_layers(bert):
        adapter = getattr(layer, "adapter", None)  # the one in use
        if adapter is not None:
            settings = keras.saving.serialize_keras_object(adapter)
            digest.update(f"{path} {json.dumps(settings['config'])} ".encode())
    for weight in bert.weights:  # the base's, and those of all its adapters
        values = keras.ops.convert_to_numpy(weight)
        digest.update(f"{values.shape} {values.dtype} ".encode())
        digest.update(values.tobytes())
    for name in sorted(tokens):
        values = tokens[name]
        digest.update(f"{name} {values.shape} {values.dtype} ".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def read_cached(path):
    """The array of a file; `None` where there is none, or a damaged one."""
    # Mapped, since what its header claims is then held against its size.
    # NumPy lets through whatever the parser of the header raises.
    with contextlib.suppress(Exception):
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    return None


def _save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        np.save(partial, array)
