"""Ask an export, or a model, for the labels, texts or vectors of sentences."""

import os
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfq_hybrid.errors import UserError, check_integer, is_number
from tfq_hybrid.serving.folders import load_export

if TYPE_CHECKING:
    import keras

# What a prompt is asked with, where nothing else is said.
DEFAULTS = {"max_length": 64, "temperature": 1.0, "top_k": 1, "seed": 0}


class Predictor:
    """A loaded export.

    Args:
        path: The folder of an export, with its versions, or of one version.

    Attributes:
        path: The folder of the version; `None` of a model.
        generates: Whether it completes prompts.

    Raises:
        UserError: there is no export there, a damaged one, or one that takes
            no strings.
    """

    path: pathlib.Path | None

    def __init__(self, path: str | os.PathLike[str]):
        self.path, model = load_export(path)
        signatures = model.signatures
        if "serve" not in signatures:
            raise _no_strings(self.path, signatures)
        self._model = model  # keeps what the signature stands on alive
        serve = signatures["serve"]
        self._open(serve, serve.structured_input_signature[1].values())

    @classmethod
    def of_model(
        cls,
        model: "keras.Model",
        label_names: Sequence[str] | None = None,
        preprocessor: Any = None,
    ) -> "Predictor":
        """A predictor that asks a model as its export would be asked.

        Args:
            model: As for `export`.
            label_names: As for `export`.
            preprocessor: As for `export`.

        Raises:
            UserError: the model takes no strings.
        """
        from tfq_hybrid.serving.kinds import Options, endpoints_of

        endpoints = endpoints_of(model, Options(label_names, preprocessor))
        by_name = {endpoint.name: endpoint for endpoint in endpoints}
        if "serve" not in by_name:
            raise _no_strings(model.name, by_name)
        specs = by_name["serve"].specs
        traced = tf.function(by_name["serve"].function, specs)
        predictor = cls.__new__(cls)
        predictor.path = None
        predictor._open(
            lambda **inputs: traced(*(inputs[spec.name] for spec in specs)),
            specs,
        )
        return predictor

    def _open(
        self, serve: Callable[..., dict], specs: Iterable[tf.TensorSpec]
    ) -> None:
        self._serve = serve
        self._dtypes = {spec.name: spec.dtype for spec in specs}
        self.generates = "prompt" in self._dtypes

    def __call__(
        self, texts: Sequence[str], **settings: float
    ) -> list[dict[str, Any]]:
        """What the model answers, a text at a time.

        Args:
            texts: The texts, or the prompts.
            **settings: of a causal language model only: `max_length`, in
                tokens with those of the prompt, defaults to 64;
                `temperature` to 1; `top_k` to 1, which is greedy; `seed` to
                0.

        Returns:
            A dict for each. Of a classifier: `text`, `label` and
            `probabilities`; of a backbone: `text` and `embedding`; of a
            causal language model: `prompt` and `text`.

        Raises:
            UserError: a text is no Unicode, or a setting is not known.
        """
        for text in texts:
            if not _is_unicode(text):
                raise UserError(f"Expected UTF-8 text. Received: {text!a}")
        known = DEFAULTS if self.generates else {}
        for name in settings:
            if name not in known:
                raise UserError(
                    "Expected settings that the export takes: "
                    f"{', '.join(known) or 'none'}. Received: {name}"
                )
            check_setting(name, settings[name])
        values = {**known, **settings}
        inputs = {
            name: tf.fill([len(texts)], tf.constant(value, self._dtypes[name]))
            for name, value in values.items()
        }
        name = "prompt" if self.generates else "text"
        inputs[name] = tf.constant(list(texts), tf.string)
        outputs = self._serve(**inputs)
        columns = {key: _plain(value) for key, value in outputs.items()}
        rows = zip(*columns.values(), strict=True)
        return [
            {name: text, **dict(zip(columns, row, strict=True))}
            for text, row in zip(texts, rows, strict=True)
        ]


def _no_strings(name: object, signatures: Iterable[str]) -> UserError:
    return UserError(
        "Expected an export or a model that takes strings. Received: "
        f"{name}, with the signatures: {', '.join(signatures)}"
    )


def check_setting(name: str, value: float) -> None:
    """Raises `UserError` unless a setting of a generation is in range."""
    if name != "temperature":
        low = {"max_length": 1, "top_k": 0}.get(name, -(2**31))
        check_integer(name, value, minimum=low)
    elif not is_number(value) or not 0 <= value < 3e38:
        raise UserError(
            "Expected temperature to be a number from 0. Received: "
            f"temperature={value!r}"
        )


def _plain(tensor):
    """The rows of a tensor as JSON types, decimals to six places."""
    if tensor.dtype == tf.string:
        return [value.decode("utf-8", "replace") for value in tensor.numpy()]
    return [[round(float(value), 6) for value in row] for row in tensor.numpy()]


def _is_unicode(text):
    """Whether a str is free of bytes that the shell could not decode."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
