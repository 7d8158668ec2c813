"""Pretrained weights of any origin, made a Keras preset once and kept."""

import hashlib
import os
import pathlib

from tfq_hybrid.bases.gguf_preset import convert_gguf
from tfq_hybrid.bases.hugging_face import READ, config_of, convert
from tfq_hybrid.bases.wheels import NAMED
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import replacing
from tfq_hybrid.files.manifest import write_manifest
from tfq_hybrid.reading import open_file, reading

GGUF = ".gguf"
CACHE = "~/.cache/tfq_hybrid/presets"


def as_preset(
    source: str | os.PathLike[str], cache: str | os.PathLike[str] | None = None
) -> str:
    """What keras-hub's `from_preset` takes, for weights of any origin.

    A local directory with a model of Hugging Face is converted by keras-hub
    and kept as a preset; the second time, the kept one is given. For BERT
    that includes what sentence-transformers writes, which has no `bert.`
    before its names. MPNet and GPT-Neo, which keras-hub does not have, are
    converted here, and so is a `.gguf` file of a Llama, with its tokenizer,
    chat format and end tokens. A name that `tfq-hybrid presets add` knows is
    that kept preset, unless a folder here has that name. All else is handed
    on as it is: presets, their folders, and handles such as
    `hf://user/model`.

    keras-hub's BERT always computes gelu by its tanh approximation; a model
    that was trained with the exact one differs by about 0.003 in its hidden
    states. Pooling and normalisation after the encoder are not converted.

    Args:
        source: a preset, a folder, a `.gguf` file or a handle.
        cache: the folder for kept presets. Defaults to `None`:
            `~/.cache/tfq_hybrid/presets`.

    Raises:
        UserError: the directory or file holds a model that cannot be
            converted, or the preset of that name was not added yet.

    Example:

    >>> as_preset("bert_tiny_en_uncased")
    'bert_tiny_en_uncased'
    """
    path = pathlib.Path(source)
    if path.suffix == GGUF and "://" not in str(source):
        digest = _digest_of_file(path)
        return _keep(digest, cache, lambda preset: convert_gguf(path, preset))
    config = config_of(path)
    if config is None:
        is_named = str(source) in NAMED and not path.exists()
        return _named(str(source), cache) if is_named else str(source)
    digest = _digest(path)
    return _keep(digest, cache, lambda preset: convert(path, config, preset))


def _keep(digest, cache, make):
    """The preset that is kept under a digest, made where there is none."""
    kept = cache_folder(cache) / digest[:32]
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Where another process is quicker, the same takes its place again.
        with replacing(kept) as partial:
            partial.mkdir()
            make(partial)
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


def _digest(folder: pathlib.Path) -> str:
    """Tells one directory's content from another's."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.endswith(READ):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.name} {content} ".encode())
    return digest.hexdigest()


def _digest_of_file(path: pathlib.Path) -> str:
    with reading("a whole .gguf file", path), open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
