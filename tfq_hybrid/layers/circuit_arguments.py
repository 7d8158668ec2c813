"""What callers give circuits, symbols and operators as, made tensors.

They raise what TensorFlow Quantum raises, beginning with its words. In a
functional model the same arguments are kept as plain data, so that it saves:
a serialised circuit or operator is its base64 text after a prefix.
"""

import base64
import numbers
from typing import Any

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf

_PREFIX = "tfq:"  # "junk" and other words are base64 too
_SEQUENCES = (list, tuple, np.ndarray)
_PAULIS = (cirq.PauliString, cirq.PauliSum)


def is_symbolic(value: Any) -> bool:
    """Whether a value is or holds a `keras.KerasTensor`."""
    return any(
        isinstance(one, keras.KerasTensor) for one in keras.tree.flatten(value)
    )


def circuits_tensor(value: Any, what: str = "Circuits") -> tf.Tensor:
    """Circuits as a string tensor: of rank 0 for a bare one, else (batch,).

    Args:
        value: a `cirq.Circuit`, a sequence of them, a string tensor, or their
            plain data.
        what: what the message calls them. Defaults to `"Circuits"`.

    Raises:
        TypeError: it is none of these.
    """
    if tf.is_tensor(value):
        return value
    if isinstance(value, cirq.Circuit):
        [one] = tf.get_static_value(_serialised([value]))
        return tf.constant(one)  # of which a graph knows the value
    if isinstance(value, str):
        return tf.constant(_from_text(value, what))
    if isinstance(value, _SEQUENCES):
        if len(value) and all(isinstance(one, str) for one in value):
            return tf.constant([_from_text(one, what) for one in value])
        return _serialised(value)
    raise TypeError(
        f"{what} cannot be parsed with given input: {value}. Expected a "
        "cirq.Circuit, a list of them, or a string tensor. Received: "
        f"{type(value).__name__}"
    )


def plain_circuits(value: Any) -> Any:
    """Circuits as plain data; a symbolic tensor as it is."""
    if isinstance(value, (str, keras.KerasTensor)):
        return value
    array = circuits_tensor(value).numpy()
    if isinstance(array, bytes):
        return _to_text(array)
    return [_to_text(one) for one in array.tolist()]


def names_of(value: Any) -> Any:
    """Symbol names as a list of str; a tensor of a graph as it is.

    Raises:
        TypeError, ValueError: a name is no str or `sympy.Symbol`, or stands
            twice.
    """
    if value is None:
        return []
    if tf.is_tensor(value):
        static = tf.get_static_value(value)
        if static is None or static.ndim != 1:
            return value
        value = [_text_of(name) for name in static.tolist()]
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        raise TypeError(
            "symbol_names cannot be parsed to string tensor given input: "
            f"{value}. Expected a list of names. Received: "
            f"{type(value).__name__}"
        )
    if not all(isinstance(name, (str, sympy.Symbol)) for name in value):
        raise TypeError(
            "Each element in symbol_names must be a string or sympy.Symbol. "
            f"Received: symbol_names={value}"
        )
    names = [str(name) for name in value]
    if len(set(names)) < len(names):
        raise ValueError(
            "All elements of symbol_names must be unique. Received: "
            f"symbol_names={names}"
        )
    return names


def _text_of(name):
    return name.decode() if isinstance(name, bytes) else str(name)


def values_tensor(value: Any, dtype: str) -> tf.Tensor:
    """Values of symbols as a float tensor of any rank.

    Raises:
        TypeError: it is neither a tensor nor a sequence of numbers.
    """
    if isinstance(value, _SEQUENCES):
        value = tf.convert_to_tensor(np.asarray(value, dtype))
    if isinstance(value, keras.Variable):
        value = value.value
    if not tf.is_tensor(value):
        raise TypeError(
            "symbol_values cannot be parsed to float32 tensor given input: "
            f"{value}. Expected a tensor or a list of lists of numbers. "
            f"Received: {type(value).__name__}"
        )
    return tf.cast(value, dtype)


def plain_values(value: Any) -> Any:
    """Values of symbols as nested lists; a symbolic tensor as it is."""
    if value is None or isinstance(value, keras.KerasTensor):
        return value
    return values_tensor(value, "float64").numpy().tolist()


def operators_tensor(value: Any) -> tf.Tensor:
    """Operators as a string tensor of shape (batch, operators).

    The batch is 1 where all rows have the same.

    Args:
        value: a Pauli string or sum, a list of them, a list of lists, a
            string tensor, or their plain data.

    Raises:
        RuntimeError, TypeError: there are none, or it is none of these.
    """
    if value is None:
        raise RuntimeError(
            "Value for operators not provided. operators must be one of "
            "cirq.PauliSum, cirq.PauliString, or a list/tensor/tuple "
            "containing cirq.PauliSum or cirq.PauliString. Received: "
            "operators=None"
        )
    if tf.is_tensor(value):
        return value
    if isinstance(value, _PAULIS):
        value = [value]
    if not isinstance(value, _SEQUENCES) or not len(value):
        raise TypeError(
            "operators cannot be parsed to string tensor given input: "
            f"{value}. Expected Pauli strings or sums. Received: "
            f"{type(value).__name__}"
        )
    rows = [*value]
    if not isinstance(rows[0], _SEQUENCES):
        rows = [rows]
    if all(isinstance(one, str) for row in rows for one in row):
        return tf.constant([[_from_text(one) for one in row] for row in rows])
    return _serialised([[*row] for row in rows])


def plain_operators(value: Any) -> Any:
    """Operators as plain data; a symbolic tensor as it is."""
    if isinstance(value, keras.KerasTensor):
        return value
    rows = operators_tensor(value).numpy().tolist()
    return [[_to_text(one) for one in row] for row in rows]


def repetitions_tensor(value: Any) -> tf.Tensor:
    """Shots as an int32 tensor: a scalar, (1, operators), or of each row.

    Raises:
        TypeError: it is neither an integer, a sequence of them, nor a tensor.
    """
    if tf.is_tensor(value):
        return tf.cast(value, tf.int32)
    is_integer = isinstance(value, numbers.Integral)
    if is_integer and not isinstance(value, bool):
        return tf.constant(int(value), tf.int32)
    if isinstance(value, _SEQUENCES) and len(value):
        nested = isinstance(value[0], _SEQUENCES)
        return tf.constant(np.asarray(value if nested else [value], "int32"))
    raise TypeError(
        f"repetitions cannot be parsed to int32 tensor given input: {value}. "
        f"Expected a positive integer. Received: {type(value).__name__}"
    )


def plain_repetitions(value: Any) -> Any:
    """Shots as an int or nested lists; a symbolic tensor as it is."""
    if value is None or isinstance(value, keras.KerasTensor):
        return value
    return repetitions_tensor(value).numpy().tolist()


def as_initializer(value: Any) -> keras.Initializer:
    """The initializer of managed weights: by default uniform to 2 pi.

    Raises:
        ValueError: Keras does not know it.
    """
    if value is None:
        return keras.initializers.RandomUniform(0, 2 * np.pi)
    try:
        return keras.initializers.get(value)
    except ValueError as error:
        raise ValueError(
            "Unknown initializer. Expected one of Keras's. Received: "
            f"initializer={value!r}"
        ) from error


def _serialised(values: Any) -> tf.Tensor:
    from tfq_hybrid.engines.tfq.ops import tfq

    return tfq.convert_to_tensor(values)


def _to_text(serialised: bytes) -> str:
    return _PREFIX + base64.b64encode(serialised).decode("ascii")


def _from_text(text: str, what: str = "Operators") -> bytes:
    try:
        if text.startswith(_PREFIX):
            return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError:  # no base64
        pass
    raise TypeError(
        f"{what} cannot be parsed with given input: {text[:60]}. Expected "
        "Cirq objects or a string tensor. Received: a text"
    )
