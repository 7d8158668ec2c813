"""Ask an export, or a model, for the labels, texts or vectors of sentences."""

import itertools
import os
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfq_hybrid.errors import UserError, check_integer, is_number
from tfq_hybrid.serving.folders import load_export

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.serving.answers import Answer
    from tfq_hybrid.serving.kinds import Endpoint

# What a prompt is asked with, where nothing else is said.
DEFAULTS = {"max_length": 64, "temperature": 1.0, "top_k": 1, "seed": 0}


class Predictor:
    """A loaded export.

    Args:
        path: The folder of an export, with its versions, or of one version.

    Attributes:
        path: The folder of the version; `None` of a model.
        generates: Whether it completes prompts.
        takes_pairs: Whether it takes nothing but pairs of texts.

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
        self._open(signatures, serve.structured_input_signature[1].values())

    @classmethod
    def of_model(
        cls,
        model: "keras.Model",
        label_names: Sequence[str] | None = None,
        preprocessor: Any = None,
        answer: "Answer | None" = None,
    ) -> "Predictor":
        """A predictor that asks a model as its export would be asked.

        Args:
            model: As for `export`.
            label_names: As for `export`.
            preprocessor: As for `export`.
            answer: As for `export`.

        Raises:
            UserError: the model takes no strings.
        """
        from tfq_hybrid.serving.kinds import Options, endpoints_of

        options = Options(label_names, preprocessor, answer=answer)
        endpoints = endpoints_of(model, options)
        by_name = {endpoint.name: endpoint for endpoint in endpoints}
        if "serve" not in by_name:
            raise _no_strings(model.name, by_name)
        predictor = cls.__new__(cls)
        predictor.path = None
        predictor._open(
            {name: _by_keyword(each) for name, each in by_name.items()},
            by_name["serve"].specs,
        )
        return predictor

    def _open(
        self,
        signatures: Mapping[str, Callable[..., dict]],
        specs: Iterable[tf.TensorSpec],
    ) -> None:
        self._signatures = signatures
        self._dtypes = {spec.name: spec.dtype for spec in specs}
        self.generates = "prompt" in self._dtypes
        self.takes_pairs = "second_text" in self._dtypes

    def __call__(
        self, texts: Sequence[str | tuple[str, str]], **settings: float
    ) -> list[dict[str, Any]]:
        """What the model answers, a text at a time.

        Args:
            texts: The texts, or the prompts; or pairs of texts, of a
                classifier that was trained on pairs.
            **settings: of a causal language model only: `max_length`, in
                tokens with those of the prompt, defaults to 64;
                `temperature` to 1; `top_k` to 1, which is greedy; `seed` to
                0.

        Returns:
            A dict for each. Of a classifier: `text`, of pairs `second_text`
            too, `label` and `probabilities`, of several labels a text a list
            `labels`, of a regression `value`; of a backbone: `text` and
            `embedding`; of a causal language model: `prompt` and `text`.

        Raises:
            UserError: a text is no Unicode, or a setting is not known.
        """
        pairs = [text for text in texts if not isinstance(text, str)]
        if pairs and (
            "serve_pairs" not in self._signatures
            or len(pairs) < len(texts)
            or not all(map(_is_pair, pairs))
        ):
            raise UserError(
                "Expected texts, or of a text classifier pairs of texts. "
                f"Received: {pairs[0]!r:.80}"
            )
        if self.takes_pairs and len(pairs) < len(texts):
            raise UserError(
                "Expected pairs of texts, as the model was trained on. "
                f"Received: {texts[0]!r:.80}"
            )
        columns = list(zip(*texts, strict=True)) if pairs else [tuple(texts)]
        for text in itertools.chain(*columns):
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
        names = ["prompt" if self.generates else "text", "second_text"]
        asked = dict(zip(names, columns, strict=False))
        for name, column in asked.items():
            inputs[name] = tf.constant(column, tf.string, [len(texts)])
        outputs = self._signatures["serve_pairs" if pairs else "serve"](
            **inputs
        )
        # A text that answers a prompt has another name than the prompt.
        told = {**asked, **{k: _plain(v) for k, v in outputs.items()}}
        if "labels" in told:
            split = (text.split("|") for text in told["labels"])
            told["labels"] = [[name for name in row if name] for row in split]
        rows = zip(*told.values(), strict=True)
        return [dict(zip(told, row, strict=True)) for row in rows]


def _by_keyword(endpoint: "Endpoint") -> Callable[..., dict]:
    """A traced signature, called as one of an export is."""
    traced = tf.function(endpoint.function, endpoint.specs)
    return lambda **inputs: traced(*(inputs[s.name] for s in endpoint.specs))


def _is_pair(texts: object) -> bool:
    return (
        isinstance(texts, (list, tuple))
        and len(texts) == 2
        and all(isinstance(text, str) for text in texts)
    )


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
    if tensor.shape.rank == 1:
        return [round(float(value), 6) for value in tensor.numpy()]
    return [[round(float(value), 6) for value in row] for row in tensor.numpy()]


def _is_unicode(text):
    """Whether a str is free of bytes that the shell could not decode."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
