"""Ask an export, or a model, for the labels, texts or vectors of sentences."""

import os
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfq_hybrid.errors import UserError, check_integer, is_number
from tfq_hybrid.serving.folders import load_export, said_in_graph

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.serving.answers import Answer
    from tfq_hybrid.serving.endpoints import Endpoint

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
        takes_words: Whether it labels words, and takes them as they are too.

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
        from tfq_hybrid.serving.endpoints import Options
        from tfq_hybrid.serving.kinds import endpoints_of

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
        self.takes_words = "serve_words" in signatures

    def __call__(
        self,
        texts: Sequence[str | tuple[str, ...]],
        adapter: str | Sequence[str] | None = None,
        **settings: float,
    ) -> list[dict[str, Any]]:
        """What the model answers, a text at a time.

        Args:
            texts: The texts, or the prompts; or pairs of texts, of a
                classifier that was trained on pairs; or the words of each,
                of a model that labels words.
            adapter: the name of the adapter that answers, or one for each
                text, of an export of several. Defaults to `None`: there is
                one only.
            **settings: of a causal language model only: `max_length`, in
                tokens with those of the prompt, but not those of a chat
                format, defaults to 64; `temperature` to 1; `top_k` to 1,
                which is greedy; `seed` to 0.

        Returns:
            A dict for each. Of a classifier: `text`, of pairs `second_text`
            too, `label` and `probabilities`, of several labels a text a list
            `labels`, of a regression `value`; of labels of words: `text`,
            lists of `words`, of their `labels`, `None` for a word that was cut
            off, and of the `probabilities` of these, and `missed`, the number
            of words that were cut off, of which `words` lists some; of a
            backbone: `text` and `embedding`; of a causal language model:
            `prompt` and `text`, which goes on after the prompt, or of a model
            that was trained on dialogues is the answer alone.

        Raises:
            UserError: a text is no Unicode, a setting is not known, or the
                model refuses the values, such as a prompt that is too long.
        """
        signature, asked = self._asked(texts)
        for text in _strings([*asked.values()]):
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
        if (adapter is not None) != ("adapter" in self._dtypes):
            raise UserError(
                "Expected adapter= for an export of several adapters, and for "
                f"no other. Received: adapter={adapter!r}"
            )
        if adapter is not None:
            names = [adapter] if isinstance(adapter, str) else list(adapter)
            names = names * len(texts) if len(names) == 1 else names
            if len(names) != len(texts):
                raise UserError(
                    "Expected the name of one adapter, or one for each text. "
                    f"Received: {len(names)} names for {len(texts)} texts"
                )
            inputs["adapter"] = tf.constant(names, tf.string)
        for name, column in asked.items():
            shape = [len(texts), *[-1] * (name == "words")]
            inputs[name] = tf.reshape(tf.constant(column, tf.string), shape)
        try:
            outputs = self._signatures[signature](**inputs)
        except tf.errors.InvalidArgumentError as error:
            raise UserError(
                f"The model refuses the values: {said_in_graph(error)}"
            ) from error
        # A text that answers a prompt has another name than the prompt.
        told = {**asked, **{k: _plain(v) for k, v in outputs.items()}}
        if self.takes_words:
            return _of_words(texts, told)
        if "labels" in told:
            split = (text.split("|") for text in told["labels"])
            told["labels"] = [[name for name in row if name] for row in split]
        rows = zip(*told.values(), strict=True)
        return [dict(zip(told, row, strict=True)) for row in rows]

    def _asked(self, texts):
        """The signature to ask, and the strings that it takes, by name."""
        several = [text for text in texts if not isinstance(text, str)]
        if self.takes_pairs and len(several) < len(texts):
            raise UserError(
                "Expected pairs of texts, as the model was trained on. "
                f"Received: {texts[0]!r:.80}"
            )
        if not several:
            name = "prompt" if self.generates else "text"
            return "serve", {name: [*texts]}
        signature = "serve_words" if self.takes_words else "serve_pairs"
        lengths = {len(text) for text in several if _are_strings(text)}
        if (
            signature not in self._signatures
            or len(several) < len(texts)
            or not all(map(_are_strings, several))
            or not (self.takes_words or lengths == {2})
        ):
            raise UserError(
                "Expected texts, or of a text classifier pairs of texts, or of "
                "a token classifier lists of words. Received: "
                f"{several[0]!r:.80}"
            )
        if self.takes_words:
            width = max(lengths)
            padded = [[*row, *[""] * (width - len(row))] for row in texts]
            return signature, {"words": padded}
        return signature, dict(
            zip(("text", "second_text"), zip(*texts, strict=True), strict=True)
        )


def _of_words(texts, told):
    """The answers of a token classifier, without what pads their rows."""
    answers = []
    for text, words, labels, probabilities, missed in zip(
        texts,
        told["words"],
        told["labels"],
        told["probabilities"],
        told["missed"],
        strict=True,
    ):
        is_text = isinstance(text, str)
        count = sum(map(bool, words)) if is_text else len(text)
        answers.append(
            {
                "text": text if is_text else " ".join(text),
                "words": words[:count],
                "labels": [label or None for label in labels[:count]],
                "probabilities": probabilities[:count],
                "missed": missed,
            }
        )
    return answers


def _by_keyword(endpoint: "Endpoint") -> Callable[..., dict]:
    """A traced signature, called as one of an export is."""
    traced = tf.function(endpoint.function, endpoint.specs)
    return lambda **inputs: traced(*(inputs[s.name] for s in endpoint.specs))


def _are_strings(texts: object) -> bool:
    return isinstance(texts, (list, tuple)) and all(
        isinstance(text, str) for text in texts
    )


def _strings(values: Any) -> Iterator[str]:
    if isinstance(values, str):
        yield values
    else:
        for value in values:
            yield from _strings(value)


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
    return [_plain_value(value) for value in tensor.numpy().tolist()]


def _plain_value(value):
    if isinstance(value, list):
        return [_plain_value(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return round(value, 6)


def _is_unicode(text):
    """Whether a str is free of bytes that the shell could not decode."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
