"""The circuits that a layer runs, with numbers in place of all symbols."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cirq
import numpy as np
import tensorflow as tf

from tfq_hybrid.errors import UserError, listed

if TYPE_CHECKING:
    from tfq_hybrid.layers.circuit_layer import CircuitLayer


def resolve(
    layer: "CircuitLayer",
    values: np.ndarray,
    starts: Sequence[cirq.Circuit] | None = None,
) -> cirq.Circuit | list[cirq.Circuit]:
    """The circuit of each row of values, after what it starts from.

    Args:
        layer: one that has been built.
        values: of shape (rows, features), in the order of the program.
        starts: a circuit to run first, for each row. Defaults to `None`.

    Returns:
        The circuit of one row, or a list of those of several.

    Raises:
        UserError: the layer is not built, or a start holds symbols.
    """
    program = layer.program
    weights: dict[str, float] = {}
    if program.weights:
        if layer.parameters is None:
            raise UserError(
                "Expected a layer that has been built: its angles have no "
                "values before. Received: layer "
                f"{layer.name!r}. Call it, or its build, first."
            )
        trained = np.asarray(layer.parameters, "float64").tolist()
        weights = dict(zip(program.weights, trained, strict=True))
    circuits = []
    for place, row in enumerate(values.tolist()):
        known = weights | dict(zip(program.features, row, strict=True))
        circuit = cirq.resolve_parameters(program.circuit, known)
        if starts is not None:
            circuit = starts[place] + circuit
        left = sorted(cirq.parameter_names(circuit))
        if left:
            raise UserError(
                "Expected data circuits without symbols. Received: one with "
                f"{listed(left)}"
            )
        circuits.append(circuit)
    return circuits[0] if len(circuits) == 1 else circuits


def rows_of(inputs: Any, width: int | None, what: str) -> np.ndarray:
    """One row or several as float64 of shape (rows, width), at least one.

    Raises:
        UserError: they have another shape.
    """
    if inputs is None:
        received = "none"
    else:
        rows = np.asarray(inputs, "float64")
        rows = rows[np.newaxis] if rows.ndim == 1 else rows
        if rows.ndim == 2 and len(rows) and width in (None, rows.shape[1]):
            if not np.isfinite(rows).all():
                raise UserError(
                    "Expected finite circuit inputs. Received: NaN or infinity"
                )
            return rows
        received = f"shape {np.shape(inputs)}"
    shape = "rows, width" if width is None else f"rows, {width}"
    raise UserError(
        f"Expected {what}, of shape ({shape}) or a row of them. Received: "
        f"{received}"
    )


def data_circuits(inputs: Any) -> list[cirq.Circuit]:
    """Circuits, one or several, or a string tensor of serialised ones.

    Raises:
        UserError: they are something else.
    """
    if isinstance(inputs, cirq.Circuit):
        return [inputs]
    is_list = isinstance(inputs, (list, tuple)) and inputs
    if is_list and all(isinstance(one, cirq.Circuit) for one in inputs):
        return [*inputs]
    strings = np.asarray(inputs)
    if strings.dtype.kind not in "OSU" or not strings.size:
        raise UserError(
            "Expected data circuits: a cirq.Circuit, several, or a string "
            f"tensor. Received: {type(inputs).__name__}"
        )
    from tfq_hybrid.engines.tfq.ops import tfq

    try:
        return [*tfq.from_tensor(tf.constant(strings.reshape(-1)))]
    except (TypeError, ValueError) as error:
        raise UserError(
            "Expected data circuits in a string tensor. Received: other strings"
        ) from error


def prepared(
    states: np.ndarray, qids: Sequence[cirq.Qid]
) -> list[cirq.Circuit]:
    """A circuit for each row of amplitudes that prepares it as a state."""
    size = 2 ** len(qids)
    padded = np.zeros((len(states), size))
    padded[:, : states.shape[1]] = states
    norms = np.linalg.norm(padded, axis=1, keepdims=True)
    padded[norms[:, 0] == 0, 0] = 1  # zeros stand for |0...0>
    padded /= np.where(norms, norms, 1)
    return [
        cirq.Circuit(cirq.StatePreparationChannel(row)(*qids)) for row in padded
    ]
