"""Ask an export for the labels of sentences."""

import pathlib

import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.export import versions


class Predictor:
    """A loaded export.

    Args:
        path: str or path. The folder of an export, with its versions, or of
            one version.

    Raises:
        UserError: there is no export there, or a damaged one.
    """

    def __init__(self, path):
        path = pathlib.Path(path)
        found = versions(path)
        if found:
            path = path / str(found[-1])
        if not (path / "saved_model.pb").is_file():
            raise UserError(
                "Expected the folder of an export, as `tfq-hybrid export` "
                f"makes it. Received: {path}"
            )
        # Registers the tokenizer's operations.
        import tensorflow_text  # noqa: F401

        try:
            self._model = tf.saved_model.load(str(path))
            self._serve = self._model.signatures["serve"]
        except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise UserError(
                f"Expected a whole export. Received: {path}, damaged "
                f"({reason[:200]})"
            ) from None
        self.path = path

    def __call__(self, texts):
        """Labels and probabilities.

        Args:
            texts: sequence of str.

        Returns:
            A list of dicts: `text`, `label` and `probabilities`.
        """
        for text in texts:
            if not _is_unicode(text):
                raise UserError(f"Expected UTF-8 text. Received: {text!a}")
        outputs = self._serve(text=tf.constant(list(texts)))
        rows = zip(
            texts,
            outputs["label"].numpy(),
            outputs["probabilities"].numpy(),
            strict=True,
        )
        return [
            {
                "text": text,
                "label": label.decode("utf-8"),
                "probabilities": [round(float(p), 6) for p in probabilities],
            }
            for text, label, probabilities in rows
        ]


def _is_unicode(text):
    """Whether a str is free of bytes that the shell could not decode."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
