"""Whether a Cirq object that was read is the one that was written.

Neither Cirq's `==` nor equal texts are proof: an `==` may leave out an angle,
and a writer may leave out a field. So each operation is compared by its unitary
or its Kraus operators, at two random values of its symbols.
"""

import math
from typing import Any

import cirq
import numpy as np
from cirq.devices.insertion_noise_model import InsertionNoiseModel

from tfq_hybrid.reading import raise_bug

LARGEST_EFFECT = 2**7  # rows of a matrix; larger gates are compared by `==`
_TOLERANCE = 1e-6
# What shows a noise model: it puts channels around such moments.
_QUBITS = cirq.LineQubit.range(2)
_NOISELESS = cirq.Circuit(cirq.X(_QUBITS[0]), cirq.CZ(*_QUBITS))


def find_change(value: Any, restored: Any) -> Any:
    """The first part of a value that was read as another, or `None`.

    Args:
        value: a Cirq object, or a list of them.
        restored: what its text was read as.

    Example:

    >>> qubit = cirq.LineQubit(0)
    >>> circuit = cirq.Circuit(cirq.X(qubit), cirq.rx(0.1)(qubit))
    >>> print(find_change(circuit, circuit.copy()))
    None
    >>> other = cirq.Circuit(cirq.X(qubit), cirq.rx(0.2)(qubit))
    >>> find_change(circuit, other)
    cirq.Rx(rads=0.1).on(cirq.LineQubit(0))
    """
    return _Comparison().find(value, restored)


class _Comparison:
    """One comparison, which computes what a shared gate does once."""

    def __init__(self):
        self._done = {}  # by the `id` of a gate: the gate

    def find(self, value, restored):
        if isinstance(value, (list, tuple)):
            return self._first(value, value, restored)
        if type(value) is not type(restored):
            return value
        if isinstance(value, cirq.AbstractCircuit):
            tags = getattr(value, "tags", ()), getattr(restored, "tags", ())
            if tags[0] != tags[1]:
                return value
            return self._first(value, value.moments, restored.moments)
        if isinstance(value, cirq.Moment):
            return self._first(value, value.operations, restored.operations)
        if isinstance(value, cirq.Operation):
            return self._find_in_operation(value, restored)
        if isinstance(value, cirq.Gate):
            return self._find_in_gate(value, restored)
        if isinstance(value, cirq.NoiseModel):
            return self._find_in_noise(value, restored)
        return None if value == restored else value

    def _first(self, whole, values, restored):
        if len(values) != len(restored):
            return whole
        changes = map(self.find, values, restored)
        return next((found for found in changes if found is not None), None)

    def _find_in_operation(self, op, restored):
        if op.qubits != restored.qubits or op.tags != restored.tags:
            return op
        if op.tags:
            return self.find(op.untagged, restored.untagged)
        if isinstance(op, cirq.CircuitOperation):
            inner = self.find(op.circuit, restored.circuit)
            return op if inner is None and op != restored else inner
        if isinstance(op, cirq.ClassicallyControlledOperation):
            if op.classical_controls != restored.classical_controls:
                return op
            ops = (x.without_classical_controls() for x in (op, restored))
            return self.find(*ops)
        if op.gate is None or type(op) is not cirq.GateOperation:
            return None if op == restored and _same(op, restored) else op
        changed = self.find(op.gate, restored.gate)
        return None if changed is None else op

    def _find_in_gate(self, gate, restored):
        if id(gate) in self._done:
            return None
        if math.prod(cirq.qid_shape(gate)) > LARGEST_EFFECT:
            inner = getattr(gate, "sub_gate", None)
            changed = inner and self.find(inner, restored.sub_gate)
            is_same = gate == restored and changed is None
        else:
            is_same = _same(gate, restored)
        self._done[id(gate)] = gate
        return None if is_same else gate

    def _find_in_noise(self, model, restored):
        noisy = (_NOISELESS.with_noise(each) for each in (model, restored))
        changed = self.find(*noisy)
        if changed is None and isinstance(model, InsertionNoiseModel):
            pairs = (list(x.ops_added.items()) for x in (model, restored))
            changed = self.find(*pairs)
        return None if changed is None else model


def _same(value: Any, restored: Any) -> bool:
    """Whether two gates or operations do the same, at two random values."""
    symbols = cirq.parameter_symbols(value)
    if symbols != cirq.parameter_symbols(restored):
        return False
    names = sorted(symbols, key=str)
    generator = np.random.default_rng(0)
    for _ in range(2 if names else 1):
        values = dict(zip(names, generator.random(len(names)), strict=True))
        pair = _effect(value, values), _effect(restored, values)
        if isinstance(pair[0], np.ndarray) and isinstance(pair[1], np.ndarray):
            if pair[0].shape != pair[1].shape or not np.allclose(
                *pair, rtol=0, atol=_TOLERANCE
            ):
                return False
        elif pair[0] is not pair[1]:
            return False
    return True


def _effect(value: Any, values: dict) -> Any:
    """A unitary, or stacked Kraus operators, or what keeps it from either."""
    try:
        value = cirq.resolve_parameters(value, values)
        matrices: Any = cirq.unitary(value, None)
        if matrices is None:
            matrices = cirq.kraus(value, None)
        return None if matrices is None else np.array(matrices)
    except Exception as error:  # a probability of more than 1, say
        raise_bug(error)
        return type(error)
