"""Checks of the arguments that TensorFlow Quantum's layers take.

They raise what TensorFlow Quantum raises: `TypeError` for a wrong kind,
`ValueError` for a wrong value.
"""

import numbers

import cirq
import numpy as np


def check_model_circuit(model_circuit):
    """A circuit with symbols, or an error of TensorFlow Quantum's type."""
    if not isinstance(model_circuit, cirq.Circuit):
        raise TypeError(
            "Expected model_circuit to be a cirq.Circuit. Received: "
            f"model_circuit of type {type(model_circuit).__name__}"
        )
    if not cirq.is_parameterized(model_circuit):
        raise ValueError(
            "Expected model_circuit to hold sympy.Symbols, so that there is "
            "something to train or feed. Received: a circuit without any"
        )
    return model_circuit


def check_operators(operators):
    """One operator or a sequence of them, as a tuple."""
    if isinstance(operators, (cirq.PauliString, cirq.PauliSum)):
        operators = [operators]
    is_sequence = isinstance(operators, (list, tuple, np.ndarray))
    kinds = (cirq.PauliString, cirq.PauliSum)
    if not is_sequence or not all(isinstance(op, kinds) for op in operators):
        raise TypeError(
            "Expected operators to be a cirq.PauliString or cirq.PauliSum, "
            f"or a sequence of them. Received: operators={operators!r}"
        )
    return tuple(operators)


def check_repetitions(repetitions):
    """`None` or a positive integer, as an int."""
    if repetitions is None:
        return None
    if not isinstance(repetitions, numbers.Integral):
        raise TypeError(
            "Expected repetitions to be a positive integer or None. "
            f"Received: repetitions={repetitions!r}"
        )
    if repetitions <= 0:
        raise ValueError(
            "Expected repetitions to be a positive integer or None. "
            f"Received: repetitions={repetitions!r}"
        )
    return int(repetitions)


def check_backend(backend, repetitions, layer):
    """`"noiseless"`, or a Cirq object that fits the repetitions."""
    if backend is None or backend == "noiseless":
        return "noiseless"
    name = type(layer).__name__
    if backend == "noisy":
        raise ValueError(
            f"Expected a noiseless back end in {name}: noise is simulated "
            f"by Noisy{name}. Received: backend='noisy'"
        )
    kind = cirq.Sampler if repetitions else cirq.SimulatesExpectationValues
    if not isinstance(backend, kind):
        raise TypeError(
            f"Expected backend to be a cirq.{kind.__name__} with "
            f"repetitions={repetitions}. Received: backend={backend!r}"
        )
    return backend
