"""The bodies of requests as arrays, and of answers as JSON."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from starlette.exceptions import HTTPException

from tfq_hybrid.serving.server.limits import Limits
from tfq_hybrid.serving.server.servable import (
    DEFAULT_SIGNATURE,
    Arrays,
    Signature,
)

KEYS = ("signature_name", "instances", "inputs")
# Of an object with lists: no tensor of a model has more axes.
DEPTH = 32


class Call(NamedTuple):
    """What a request asks for.

    Args:
        signature: To call.
        arrays: Its inputs.
        rows: The length of the first axis; 1 where there is none.
        is_row_format: Whether the answer is `predictions`.
    """

    signature: Signature
    arrays: Arrays
    rows: int
    is_row_format: bool


def parse(
    body: bytes, signatures: Mapping[str, Signature], limits: Limits
) -> Call:
    """Reads a body.

    Raises:
        HTTPException: 400, with what was expected; 413 where there are too many
            rows or values.
    """
    _check_size(body, limits)
    content = _object(body)
    for key in content:
        if key not in KEYS:
            raise _bad(f"the keys {', '.join(KEYS)}", key)
    name = content.get("signature_name") or DEFAULT_SIGNATURE
    # A name may be of any type here, also of one that has no hash.
    if not isinstance(name, str) or name not in signatures:
        raise _bad(f"signature_name of {', '.join(signatures)}", name)
    signature = signatures[name]
    if ("instances" in content) == ("inputs" in content):
        raise HTTPException(400, "Expected one of 'instances' and 'inputs'")
    if "instances" in content:
        if not signature.is_batched:
            raise HTTPException(400, f"Expected 'inputs' for signature {name}")
        columns = _columns(content["instances"], signature.inputs, limits)
    else:
        columns = _named(content["inputs"], signature.inputs)
    arrays = {
        key: _array(key, columns[key], spec)
        for key, spec in signature.inputs.items()
    }
    rows = _rows(arrays, signature, limits)
    return Call(signature, arrays, rows, "instances" in content)


def _check_size(body: bytes, limits: Limits) -> None:
    """Bounds what JSON holds before it is read.

    NumPy counts, as it lets other threads run meanwhile.
    """
    # A quote after a backslash ends no string.
    body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    text = np.frombuffer(body, np.uint8)
    is_outside = np.cumsum(text == ord('"'), dtype=np.uint8) % 2 == 0
    # [ and { differ by one bit, and so do ] and }.
    opens = is_outside & (text | 32 == ord("{"))
    closes = is_outside & (text | 32 == ord("}"))
    commas = np.count_nonzero(is_outside & (text == ord(",")))
    items = commas + np.count_nonzero(opens)
    if items > limits.body_items:
        raise HTTPException(
            413,
            f"Expected at most {limits.body_items} values. Received: {items}",
        )
    steps = opens.astype(np.int32) - closes
    if np.cumsum(steps).max(initial=0) > DEPTH:
        raise HTTPException(400, f"Expected JSON of at most {DEPTH} levels")


def _object(body: bytes) -> dict:
    if not body:
        raise HTTPException(400, "Expected a JSON object. Received: nothing")
    try:
        content = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        reason = "Expected UTF-8. Received: other bytes"
    except ValueError as error:
        reason = f"Expected JSON. Received: {error}"
    else:
        if isinstance(content, dict):
            return content
        raise _bad("a JSON object", content)
    raise HTTPException(400, reason[:300])


def _no_constant(name):
    raise ValueError(f"{name}, which is no JSON")


def _columns(
    instances: Any, specs: Mapping[str, tf.TensorSpec], limits: Limits
) -> dict:
    """Rows turned into columns."""
    if not isinstance(instances, list) or not instances:
        raise _bad("'instances' to be a list of rows", instances)
    _check_rows(len(instances), limits)
    if not any(isinstance(row, dict) and "b64" not in row for row in instances):
        return _named(instances, specs)
    columns: dict[str, list] = {name: [] for name in specs}
    for row in instances:
        for name, value in _named(row, specs).items():
            columns[name].append(value)
    return columns


def _named(values: Any, specs: Mapping[str, tf.TensorSpec]) -> dict:
    """Values by the names of the inputs; a single one needs no name."""
    is_bytes = isinstance(values, dict) and values.keys() == {"b64"}
    if not isinstance(values, dict) or is_bytes:
        if len(specs) != 1:
            raise _bad(f"the names {', '.join(specs)}", values)
        return {name: values for name in specs}
    for name in [*values, *specs]:
        if name not in specs or name not in values:
            raise _bad(f"the names {', '.join(specs)}", ", ".join(values))
    return values


def _array(name: str, value: Any, spec: tf.TensorSpec) -> np.ndarray:
    """Nested lists as an array of the rank and type of a spec."""
    items, shape = [value], []
    for axis, size in enumerate(spec.shape):
        if not all(isinstance(item, list) for item in items):
            other = next(x for x in items if not isinstance(x, list))
            raise _bad(f"{name} to be nested lists, {_shape(spec)}", other)
        lengths = {len(item) for item in items}
        if len(lengths) > 1:
            raise _bad(f"{name} to be no ragged list, {_shape(spec)}", lengths)
        length = lengths.pop() if lengths else 0
        if size not in (None, length) or (axis == 0 and not length):
            raise _bad(f"{name} of shape {_shape(spec)}", f"length {length}")
        items = [x for item in items for x in item]
        shape.append(length)
    convert = _converter(spec.dtype)
    values = np.empty(len(items), object)
    for place, item in enumerate(items):
        try:
            values[place] = convert(item)
        except (TypeError, ValueError):
            raise _bad(f"{name} of {spec.dtype.name}", item) from None
    if spec.dtype != tf.string:
        values = values.astype(spec.dtype.as_numpy_dtype)
        if not np.all(np.isfinite(values.astype("float64"))):
            raise HTTPException(400, f"Expected finite numbers in {name}")
    return values.reshape(shape)


def _shape(spec: tf.TensorSpec) -> str:
    sizes = ["?" if size is None else str(size) for size in spec.shape]
    return f"({', '.join(sizes)})"


def _converter(dtype: tf.DType) -> Callable[[Any], Any]:
    """A function of a JSON value, which raises on one of another type."""
    if dtype == tf.string:
        return _to_bytes
    if dtype == tf.bool:
        return _to_bool
    if dtype.is_integer:
        low, high = int(dtype.min), int(dtype.max)
        return lambda value: _to_integer(value, low, high)
    if dtype.is_floating:
        return _to_float
    raise HTTPException(
        400, f"Expected inputs of other types than {dtype.name}"
    )


def _to_bytes(value):
    if isinstance(value, dict):
        if value.keys() != {"b64"} or not isinstance(value["b64"], str):
            raise TypeError
        try:
            return base64.b64decode(value["b64"], validate=True)
        except binascii.Error:
            raise ValueError from None
    if not isinstance(value, str):
        raise TypeError
    return value.encode("utf-8")


def _to_bool(value):
    if not isinstance(value, bool):
        raise TypeError
    return value


def _to_integer(value, low, high):
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    if not low <= value <= high:
        raise ValueError
    return value


def _to_float(value):
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError
    if not abs(value) < 3.4e38:
        raise ValueError
    return value


def _rows(arrays: Arrays, signature: Signature, limits: Limits) -> int:
    if not signature.is_batched:
        return 1
    counts = {name: len(array) for name, array in arrays.items()}
    rows = max(counts.values())
    if len(set(counts.values())) > 1:
        raise _bad("inputs with as many rows each", counts)
    _check_rows(rows, limits)
    return rows


def _check_rows(rows: int, limits: Limits) -> None:
    if rows > limits.request_rows:
        raise HTTPException(
            413,
            f"Expected at most {limits.request_rows} rows. Received: {rows}",
        )


def _bad(expected: str, received: object) -> HTTPException:
    """A refusal that shows a little of what was received, in ASCII."""
    if isinstance(received, (list, dict)):
        received = f"a {type(received).__name__} of {len(received)}"
    text = ascii(received)[:80]
    return HTTPException(400, f"Expected {expected[:300]}. Received: {text}")


def answer(outputs: Arrays, is_row_format: bool) -> bytes:
    """The body for some outputs: by rows, under `predictions`, or by columns.

    Columns are under `outputs`. A single output needs no name.

    Raises:
        HTTPException: a number is NaN or infinite, which JSON cannot hold.

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
        raise HTTPException(500, "The model's answer is not finite") from None


def _plain(array):
    return array.tolist() if array.dtype != object else _texts(array.tolist())


def _texts(value):
    """Nested bytes as texts, or as TensorFlow Serving writes what is none."""
    if isinstance(value, list):
        return [_texts(item) for item in value]
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode("ascii")}
