"""Directories of Hugging Face: what is read of them, and made presets."""

import pathlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import keras_hub
from safetensors.numpy import save_file

from tfq_hybrid.bases.gpt_neo_files import convert_gpt_neo
from tfq_hybrid.bases.llama_files import convert_llama
from tfq_hybrid.bases.mpnet.conversion import convert_mpnet
from tfq_hybrid.bases.shards import WEIGHTS, has_weights, weights_of
from tfq_hybrid.bases.tensors import read
from tfq_hybrid.errors import UserError, listed
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.reading import read_json, reading

# Configs, weights, and the words of each family's tokenizer.
READ = (".json", ".model", ".safetensors", ".spm", ".txt")


class TokenizerConfig(TypedDict, total=False):
    """What is used of the config of a tokenizer of Hugging Face."""

    do_lower_case: bool
    strip_accents: bool | None


def config_of(folder: pathlib.Path) -> dict[str, Any] | None:
    """The config, where the folder holds a model of Hugging Face."""
    if not (folder / "config.json").is_file():
        return None
    config = read_json(folder / "config.json", "a whole config")
    return config if "model_type" in config else None


def convert(
    folder: pathlib.Path, config: dict[str, Any], preset: pathlib.Path
) -> None:
    """Writes the model and the tokenizer of a directory as a preset.

    Raises:
        UserError: it cannot be converted.
    """
    if not has_weights(folder):
        there = listed(sorted(path.name for path in folder.iterdir()))
        raise UserError(
            f"Expected a Hugging Face directory with {WEIGHTS}. Received: "
            f"{folder}, which holds {there}"
        )
    expected = "a Hugging Face directory that can be converted"
    source = f"{folder} ({config['model_type']})"
    with reading(expected, source):
        CONVERTERS.get(config["model_type"], _by_keras_hub)(
            folder, config, preset
        )


def _by_keras_hub(folder, config, preset):
    weights_of(folder)  # keras-hub trusts an index
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
        files = weights_of(folder).files
        save_file(
            {
                _bert_name(name): read(path, name)
                for name, path in files.items()
            },
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


Converter = Callable[[pathlib.Path, dict[str, Any], pathlib.Path], None]
# By the `model_type` of a config; all others are converted by keras-hub.
CONVERTERS: Mapping[str, Converter] = {
    "bert": _convert_bert,
    "gpt_neo": convert_gpt_neo,
    "llama": convert_llama,
    "mpnet": convert_mpnet,
}
