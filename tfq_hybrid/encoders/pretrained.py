"""Pretrained backbones of any family: loaded, with what feeds them."""

import hashlib
import json
import pathlib
from typing import Any

import keras
import keras_hub

from tfq_hybrid.adapters.families import family_of
from tfq_hybrid.bases import as_preset
from tfq_hybrid.encoders import electra  # noqa: F401  its preprocessor
from tfq_hybrid.encoders.decoders import DecoderTextPreprocessor
from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.files import presets
from tfq_hybrid.reading import DAMAGE, reason_of

LENGTH = 512  # tokens of a text, where a backbone sets no bound


def from_preset(kind: Any, preset: str, **options: Any) -> Any:
    """`kind.from_preset`, whose failures become a `UserError`."""
    found = as_preset(preset)
    try:
        return presets.from_preset(kind, found, **options)
    except DAMAGE as error:
        known = sorted(kind.presets)
        if preset in known:
            raise UserError(
                f"Expected the preset {preset} in the cache, or a network to "
                f"download it. Received: {reason_of(error)}"
            ) from error
        if pathlib.Path(found).exists():
            raise UserError(
                f"Expected a folder with a {kind.__name__}. Received: {preset} "
                f"({reason_of(error)})"
            ) from error
        raise choice_error("preset", preset, known) from error


def load_backbone(
    preset: str,
    sequence_length: int | None = None,
    kind: Any = keras_hub.models.Backbone,
) -> keras_hub.models.Backbone:
    """The backbone of a preset, which must take texts of that length.

    Args:
        preset: what `bases.as_preset` takes.
        sequence_length: in tokens. Defaults to `None`: any.
        kind: the class that it must be of. Defaults to any backbone.

    Raises:
        UserError: it cannot be loaded, or takes no such texts.
    """
    backbone = from_preset(kind, preset)
    longest = getattr(backbone, "max_sequence_length", None)
    if (sequence_length or 0) > (longest or sequence_length or 0):
        raise UserError(
            f"Expected a sequence_length of at most {longest}, that of "
            f"{preset}. Received: sequence_length={sequence_length}"
        )
    return backbone


def text_preprocessor(
    preset: str,
    backbone: keras_hub.models.Backbone,
    sequence_length: int | None = None,
) -> keras.Layer:
    """From texts, or pairs of them, to the inputs of a preset's backbone.

    Args:
        preset: what `bases.as_preset` takes.
        backbone: that of the preset.
        sequence_length: tokens of a text. Defaults to `None`: as many as
            the backbone takes, 512 where it sets no bound.

    Raises:
        UserError: the preset has no tokenizer that can be read.
    """
    longest = getattr(backbone, "max_sequence_length", LENGTH)
    length = int(sequence_length or longest)
    family = family_of(backbone)
    if family is not None and family.is_causal:
        tokenizer = tokenizer_of(preset)
        return DecoderTextPreprocessor(tokenizer, sequence_length=length)
    kind = keras_hub.models.TextClassifierPreprocessor
    return from_preset(kind, preset, sequence_length=length)


def text_base(
    preset: str, sequence_length: int | None = None
) -> tuple[keras_hub.models.Backbone, keras.Layer]:
    """The backbone of a preset, and the preprocessor of its texts.

    Args:
        preset, sequence_length: as for `load_backbone`.

    Raises:
        UserError: it cannot be loaded, takes no such texts, or is of no
            family that reads one sequence.
    """
    backbone = load_backbone(preset, sequence_length)
    check_family(backbone, preset)
    return backbone, text_preprocessor(preset, backbone, sequence_length)


def check_family(backbone: keras_hub.models.Backbone, preset: str) -> None:
    """Raises `UserError` unless a backbone reads one sequence, by a family."""
    family, kind = family_of(backbone), type(backbone).__name__
    if family is None:
        raise UserError(
            "Expected a preset of a family that adapters know, see "
            f"docs/adapters.md. Received: {preset}, a {kind}"
        )
    if family.decoder:
        raise UserError(
            "Expected a preset of an encoder or a decoder: adapters.adapt "
            "takes an encoder-decoder, and the command line none. Received: "
            f"{preset}, a {kind}"
        )


def tokenizer_of(preset: str) -> Any:
    """The tokenizer of a preset."""
    return from_preset(keras_hub.tokenizers.Tokenizer, preset)


def vocabulary_of(preset: str) -> list[str]:
    """What a run stores in place of the vocabulary that a preset has."""
    return [identity_of(tokenizer_of(preset))]


def identity_of(tokenizer: Any) -> str:
    """What tells a tokenizer of a preset: its class, a digest of it all."""
    words = tokenizer.get_vocabulary()
    ids = getattr(tokenizer, "vocabulary", None)
    words = sorted(ids.items()) if isinstance(ids, dict) else list(words)
    content = json.dumps([words, getattr(tokenizer, "merges", None)])
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"{type(tokenizer).__name__} {digest}"


def task_of_family(kind: Any, backbone: keras_hub.models.Backbone) -> Any:
    """The class of a kind of task that is for a backbone's class.

    The kind itself, where there is none.
    """
    found = getattr(backbone, "adapted_from", type(backbone))
    return next(
        (x for x in kind.__subclasses__() if x.backbone_cls is found), kind
    )
