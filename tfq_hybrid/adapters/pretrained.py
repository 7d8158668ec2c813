"""Pretrained weights: a Hugging Face directory, made a Keras preset once."""

import hashlib
import os
import pathlib
import shutil
import tempfile
from typing import TypedDict

import keras_hub
from safetensors.numpy import load_file, save_file

from tfq_hybrid.errors import UserError, listed
from tfq_hybrid.files import replacing
from tfq_hybrid.files.manifest import write_manifest
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.reading import foreign_code, read_json, reading

CACHE = "~/.cache/tfq_hybrid/presets"
# The presets that `kept_presets.add_preset` can get.
NAMED = ("minilm",)
WEIGHTS = "model.safetensors"
# Configs, weights, and the words of each family's tokenizer.
READ = (".json", ".model", ".safetensors", ".spm", ".txt")


class TokenizerConfig(TypedDict, total=False):
    """What is used of the config of a tokenizer of Hugging Face."""

    do_lower_case: bool
    strip_accents: bool | None


def as_preset(
    source: str | os.PathLike[str], cache: str | os.PathLike[str] | None = None
) -> str:
    """What keras-hub's `from_preset` takes, for weights of any origin.

    A local directory with a model of Hugging Face is converted by keras-hub
    and kept as a preset; the second time, the kept one is given. For BERT
    that includes what sentence-transformers writes, which has no `bert.`
    before its names. A name that `tfq-hybrid presets add` knows is that kept
    preset, unless a folder here has that name. All else is handed on as it
    is: presets, their folders, and handles such as `hf://user/model`.

    keras-hub's BERT always computes gelu by its tanh approximation; a model
    that was trained with the exact one differs by about 0.003 in its hidden
    states. Pooling and normalisation after the encoder are not converted.

    Args:
        source: a preset, a folder or a handle.
        cache: the folder for kept presets. Defaults to `None`:
            `~/.cache/tfq_hybrid/presets`.

    Raises:
        UserError: the directory holds a model that cannot be converted, or
            the preset of that name was not added yet.

    Example:

    >>> as_preset("bert_tiny_en_uncased")
    'bert_tiny_en_uncased'
    """
    folder = pathlib.Path(source)
    config = _hugging_face_config(folder)
    if config is None:
        is_named = str(source) in NAMED and not folder.exists()
        return _named(str(source), cache) if is_named else str(source)
    if not (folder / WEIGHTS).is_file():
        raise UserError(
            f"Expected a Hugging Face directory with {WEIGHTS}. Received: "
            f"{folder}, which holds {listed(sorted(os.listdir(folder)))}"
        )
    kept = cache_folder(cache) / _digest(folder)
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Where another process is quicker, the same takes its place again.
        with replacing(kept) as partial:
            partial.mkdir()
            _convert(folder, config, partial)
            write_manifest(partial)
    return str(kept)


def cache_folder(cache: str | os.PathLike[str] | None = None) -> pathlib.Path:
    """The folder of the kept presets; see `as_preset`."""
    return pathlib.Path(cache or CACHE).expanduser()


def _named(name, cache):
    kept = cache_folder(cache) / name
    if not kept.is_dir():
        raise UserError(
            f"Expected the preset {name} to be there. Received: none in "
            f"{kept.parent}. Get it by `tfq-hybrid presets add {name}`."
        )
    return str(kept)


def _hugging_face_config(folder: pathlib.Path) -> dict | None:
    """The config, where the folder holds a model of Hugging Face."""
    if not (folder / "config.json").is_file():
        return None
    config = read_json(folder / "config.json", "a whole config")
    return config if "model_type" in config else None


def _digest(folder: pathlib.Path) -> str:
    """Tells one directory's content from another's."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.endswith(READ):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.name} {content} ".encode())
    return digest.hexdigest()[:32]


def _convert(folder, config, preset):
    expected = "a Hugging Face directory that keras-hub can convert"
    source = f"{folder} ({config['model_type']})"
    with reading(expected, source):
        if config["model_type"] == "bert":
            _convert_bert(folder, config, preset)
        else:
            for kind in (keras_hub.models.Backbone, keras_hub.models.Tokenizer):
                found = from_preset(kind, folder)
                with calling_keras():
                    found.save_to_preset(str(preset))


def _convert_bert(folder, config, preset):
    """Converts a BERT under the names that keras-hub looks for."""
    for name, only in (
        ("max_position_embeddings", 512),
        ("type_vocab_size", 2),
    ):
        if config.get(name, only) != only:
            raise ValueError(f"{name} is {config[name]}, and not {only}")
    with tempfile.TemporaryDirectory() as renamed:
        renamed = pathlib.Path(renamed)
        with foreign_code():
            weights = load_file(folder / WEIGHTS)
        save_file(
            {_bert_name(name): w for name, w in weights.items()},
            renamed / WEIGHTS,
        )
        shutil.copy(folder / "config.json", renamed)
        backbone = from_preset(keras_hub.models.BertBackbone, renamed)
    path = folder / "tokenizer_config.json"
    options = read_json(path, shape=TokenizerConfig) if path.is_file() else {}
    lowercase = options.get("do_lower_case", True)
    accents = options.get("strip_accents")  # null: as for the case
    with calling_keras():
        backbone.save_to_preset(str(preset))
        tokenizer = keras_hub.models.BertTokenizer(
            str(folder / "vocab.txt"),
            lowercase=lowercase,
            strip_accents=lowercase if accents is None else accents,
        )
        tokenizer.save_to_preset(str(preset))


def _bert_name(name: str) -> str:
    name = name if name.startswith(("bert.", "cls.")) else f"bert.{name}"
    name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
    return name.replace("LayerNorm.bias", "LayerNorm.beta")
