"""What the model computed, as the body of an answer."""

import base64
import json

from tfq_hybrid.serving.server.errors import RequestError


def answer(outputs, is_row_format):
    """The body for some outputs.

    Args:
        outputs: dict of a name and an array.
        is_row_format: bool. Whether to answer by rows, under `predictions`,
            or by columns, under `outputs`. A single output needs no name.

    Returns:
        bytes.

    Raises:
        RequestError: a number is NaN or infinite, which JSON cannot hold.

    Example:

    >>> import numpy as np
    >>> answer({"label": np.array([b"good"], object)}, True)
    b'{"predictions": ["good"]}'
    """
    columns = {name: _plain(array) for name, array in outputs.items()}
    if len(columns) == 1:
        content = next(iter(columns.values()))
    elif is_row_format:
        rows = zip(*columns.values(), strict=True)
        content = [dict(zip(columns, row, strict=True)) for row in rows]
    else:
        content = columns
    key = "predictions" if is_row_format else "outputs"
    try:
        return json.dumps({key: content}, allow_nan=False).encode()
    except ValueError:
        raise RequestError(500, "The model's answer is not finite") from None


def _plain(array):
    if array.dtype != object:
        return array.tolist()
    return _map(_text, array.tolist())


def _map(function, nested):
    if isinstance(nested, list):
        return [_map(function, item) for item in nested]
    return function(nested)


def _text(value):
    """Bytes as text, or as TensorFlow Serving writes what is none."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode("ascii")}
