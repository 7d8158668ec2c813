"""The Fubini-Study metric of a circuit layer, averaged over inputs."""

import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.metric import check_pure, fubini_study
from tfq_hybrid.engines.prepared import (
    NoStateError,
    PreparedStates,
    product_states,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.layers.gradient_calls import LISTENERS, Call
from tfq_hybrid.layers.quantum_dense import QuantumDense
from tfq_hybrid.optimizers.frequencies import circuit_layer_of


def fubini_study_metric(
    layer: CircuitLayer | QuantumDense, inputs: Any
) -> np.ndarray:
    """The Fubini-Study metric of a layer's circuit, averaged over inputs.

    It is one block, that of all weights of the circuit, at their current
    values; the metric of a model is block-diagonal, with a block for each
    circuit layer. It is a quarter of the quantum Fisher information, and
    comes from exact states, whatever the layer's shots.

    Args:
        layer: a circuit layer without channels, or a `QuantumDense`.
        inputs: what a call of it takes.

    Returns:
        A float array of shape (weights, weights), in the order of
        `layer.symbol_values()`. A symbol in several gates is one coordinate;
        inputs are none.

    Raises:
        UserError: the layer is of another kind, trains no symbol, has
            channels, or a gate that the batched engine does not know.

    Example:

    >>> import cirq, sympy
    >>> from tfq_hybrid.layers import ControlledPQC
    >>> qubit = cirq.GridQubit(0, 0)
    >>> x, w = sympy.symbols("x w")
    >>> circuit = cirq.Circuit(cirq.rx(x)(qubit), cirq.ry(w)(qubit))
    >>> layer = ControlledPQC(circuit, cirq.Z(qubit), trained_symbols=["w"])
    >>> fubini_study_metric(layer, np.array([[0.0], [np.pi / 2]])).round(3)
    array([[0.125]], dtype=float32)
    """
    circuit = circuit_layer_of(layer)
    if not circuit.program.weights:
        raise UserError(
            "Expected a layer that trains symbols. Received: "
            f"{circuit.name!r}, which trains none"
        )
    calls = Calls()
    with tf.GradientTape() as tape:
        outputs = layer(inputs)
    parameters: Any = circuit.parameters
    tape.gradient(outputs, parameters.value)
    [(_, heard)] = calls.take([parameters])
    calls.close()
    return LayerMetric(circuit)(heard).numpy()


class Calls:
    """The calls of circuit layers whose gradients are taken, as a listener."""

    def __init__(self) -> None:
        self._heard: dict[int, tuple[Any, list[Call]]] = {}
        self._wanted: set[int] | None = None
        LISTENERS.add(self)

    def close(self) -> None:
        """Hears no more."""
        LISTENERS.discard(self)

    def only(self, parameters: Sequence[keras.Variable]) -> None:
        """Hears layers with these parameters alone, from now on."""
        self._wanted = {id(variable) for variable in parameters}

    def hear(self, layer: CircuitLayer, call: Call) -> None:
        """Keeps a call for `take`; forgets those of other graphs."""
        key = id(layer.parameters)
        if self._wanted is not None and key not in self._wanted:
            return
        graph = _graph_of(call)
        _, kept = self._heard.get(key, (None, []))
        kept = [one for one in kept if _graph_of(one) is graph]
        self._heard[key] = weakref.ref(layer), [*kept, call]

    def take(
        self, parameters: Sequence[keras.Variable]
    ) -> Iterator[tuple[CircuitLayer | None, list[Call]]]:
        """The layer of each variable, `None` of others, and its calls.

        The calls are those in the graph that is being traced, or around it.
        """
        graphs = {*_graphs()}
        found = [self._heard.get(id(one), (None, [])) for one in parameters]
        self._heard.clear()
        for layer, kept in found:
            here = [one for one in kept if _graph_of(one) in graphs]
            yield layer and layer(), here


def _graph_of(call):
    """The graph of a call; `None` outside of any."""
    is_symbolic = tf.is_symbolic_tensor(call.features)
    return call.features.graph if is_symbolic else None


def _graphs():
    """The graph that is being traced and those around it, or `None`."""
    if tf.executing_eagerly():
        yield None
        return
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        yield graph
        graph = getattr(graph, "outer_graph", None)


class LayerMetric:
    """The metric of one layer, averaged over the examples of calls.

    Args:
        layer: a built circuit layer.
        examples: at most so many of the first ones of each call. Defaults to
            `None`: all.

    Raises:
        UserError: the layer has channels, or a gate that is not known.
    """

    def __init__(self, layer: CircuitLayer, examples: int | None = None):
        check_pure(layer.program)
        self.layer = layer
        self.examples = examples
        self._prepared = PreparedStates(layer.program.qids)

    def __call__(self, calls: Sequence[Call]) -> tf.Tensor:
        """A tensor of shape (weights, weights)."""
        each = [self._of_call(call) for call in calls]
        return tf.reduce_mean(tf.concat(each, axis=0), axis=0)

    def _of_call(self, call):
        """The metric of each example, of shape (examples, …)."""
        features, states = call.features, call.states
        circuits = call.circuits
        if self.examples is not None:
            features, states, circuits = (
                None if x is None else x[: self.examples]
                for x in (features, states, circuits)
            )
        parameters = tf.convert_to_tensor(self.layer.parameters)
        weights = tf.cast(parameters, features.dtype)
        program = self.layer.program
        if circuits is None:
            return fubini_study(program, features, weights, states)
        unique, places = tf.unique(circuits)
        if tf.executing_eagerly():  # what it raises is then raised as it is
            states = tf.constant(self._states(unique.numpy()))
        else:
            states = tf.numpy_function(self._states, [unique], tf.complex128)
        states = tf.ensure_shape(states, [None, 2**program.qubits])
        if program.features:
            states = tf.gather(states, places)
            return fubini_study(program, features, weights, states)
        few = features[: tf.shape(unique)[0]]
        return tf.gather(fubini_study(program, few, weights, states), places)

    def _states(self, strings: np.ndarray) -> np.ndarray:
        """What serialised circuits prepare: (circuits, 2**qubits)."""
        try:
            found = self._prepared(strings.tolist())
        except NoStateError:
            raise UserError(
                "Expected data circuits on the qubits of model_circuit, "
                "without symbols and channels: the metric needs their states. "
                "Received: others"
            ) from None
        return np.stack(
            [
                product_states(one[None])[0] if one.ndim == 2 else one
                for one in found
            ]
        ).astype("complex128")
