"""Checks of the arguments that TensorFlow Quantum's layers take.

They raise what TensorFlow Quantum raises: `TypeError` for a wrong kind,
`ValueError` for a wrong value; and `UserError` for a readout error, which those
layers do not know.
"""

import numbers
from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np

from tfq_hybrid.circuits.outputs import OUTPUTS, Output
from tfq_hybrid.circuits.pauli_sums import LINEAR, as_pauli_sum
from tfq_hybrid.engines.gradients import (
    GradientMethod,
    as_gradient_method,
)
from tfq_hybrid.engines.program import Operator
from tfq_hybrid.errors import UserError

Measured = Operator | Output | cirq.ProjectorString | cirq.ProjectorSum
Operators = Measured | Sequence[Measured]
Shape = tuple[Any, ...]  # of sizes, `None` where one is not known


def check_model_circuit(model_circuit: Any) -> cirq.Circuit:
    """A circuit with symbols, or an error of TensorFlow Quantum's type."""
    if not isinstance(model_circuit, cirq.Circuit):
        raise TypeError(
            "model_circuit must be a cirq.Circuit object. Expected one. "
            f"Received: model_circuit of type {type(model_circuit).__name__}"
        )
    if not cirq.is_parameterized(model_circuit):
        raise ValueError(
            "model_circuit has no sympy.Symbols. Expected some, so that there "
            "is something to train or feed. Received: a circuit without any"
        )
    return model_circuit


def check_operators(operators: Any) -> tuple[Operator | Output, ...]:
    """One operator or a sequence of them, as a tuple.

    Projectors become Pauli sums.
    """
    kinds = (*LINEAR, *OUTPUTS)
    if isinstance(operators, kinds):
        operators = [operators]
    if not isinstance(operators, (list, tuple, np.ndarray)):
        raise TypeError(
            "operators must be a cirq.PauliSum or cirq.PauliString, or a list "
            "of them. Expected one of these. Received: "
            f"operators={operators!r}"
        )
    if not all(isinstance(operator, kinds) for operator in operators):
        raise TypeError(
            "Each element in operators to measure must be a cirq.PauliString "
            "or cirq.PauliSum. Expected these alone. Received: "
            f"operators={operators!r}"
        )
    projectors = (cirq.ProjectorString, cirq.ProjectorSum)
    return tuple(
        as_pauli_sum(one) if isinstance(one, projectors) else one
        for one in operators
    )


def check_repetitions(repetitions: Any) -> int | None:
    """`None` or a positive integer, as an int."""
    if repetitions is None:
        return None
    received = (
        "Expected repetitions to be a positive integer or None. "
        f"Received: repetitions={repetitions!r}"
    )
    if isinstance(repetitions, bool) or not isinstance(
        repetitions, numbers.Integral
    ):
        raise TypeError(
            f"repetitions must be a positive integer value. {received}"
        )
    if repetitions <= 0:
        raise ValueError(f"repetitions must be greater than zero. {received}")
    return int(repetitions)


def check_backend(backend: Any, repetitions: int | None, layer: object) -> Any:
    """`"noiseless"`, or a Cirq object that fits the repetitions."""
    if backend is None or backend == "noiseless":
        return "noiseless"
    name = type(layer).__name__
    if backend == "noisy":
        raise ValueError(
            f"noisy back ends are for noisy layers: use Noisy{name}, as in "
            f"TensorFlow Quantum tfq.layers.Noisy{name}. Expected a noiseless "
            "back end. Received: backend='noisy'"
        )
    kind = cirq.Sampler if repetitions else cirq.SimulatesExpectationValues
    if not isinstance(backend, kind):
        path = "cirq." if repetitions else "cirq.sim.simulator."
        raise TypeError(
            f"Expected backend to be a {path}{kind.__name__} with "
            f"repetitions={repetitions}. Received: backend={backend!r}"
        )
    return backend


def check_trajectories(repetitions: int | None, sample_based: Any) -> bool:
    """What the noisy layers need: both given, `sample_based` a bool."""
    if repetitions is None:
        raise ValueError(
            "Value for repetitions must be provided in a noisy layer. Expected "
            "the number of trajectories. Received: repetitions=None"
        )
    if sample_based is None:
        raise ValueError(
            "Please specify sample_based=False for expectations of noisy "
            "trajectories, or sample_based=True for samples of them. Expected "
            "one of both. Received: sample_based=None"
        )
    if not isinstance(sample_based, bool):
        raise TypeError(
            "sample_based must be either True or False. Received: "
            f"sample_based={sample_based!r}"
        )
    return sample_based


def check_noise_model(noise_model: Any) -> cirq.NoiseModel | None:
    """`None`, or a `cirq.NoiseModel` of a model or of a one-qubit channel."""
    if noise_model is None or isinstance(noise_model, cirq.NoiseModel):
        return noise_model
    is_gate = isinstance(noise_model, cirq.Gate)
    if is_gate and cirq.num_qubits(noise_model) == 1:
        return cirq.ConstantQubitNoiseModel(noise_model)
    raise TypeError(
        "Expected noise_model to be a cirq.NoiseModel, a channel on one "
        f"qubit, or None. Received: noise_model={noise_model!r}"
    )


def check_differentiator(differentiator: Any, noisy: bool = False) -> Any:
    """`None`, a `GradientMethod`, or TensorFlow Quantum's object as it is.

    A noisy layer's must work on estimates.
    """
    if isinstance(differentiator, (str, dict, GradientMethod)):
        return as_gradient_method(differentiator)
    if differentiator is None:
        return None
    from tfq_hybrid.engines.tfq.ops import tfq

    if not isinstance(differentiator, tfq.differentiators.Differentiator):
        raise TypeError(
            "Expected differentiator to be the name of one or a "
            "tfq.differentiators.Differentiator. Received: "
            f"differentiator={differentiator!r}"
        )
    if noisy and isinstance(differentiator, tfq.differentiators.Adjoint):
        raise ValueError(
            "Expected a differentiator that works on estimates, such as "
            "ParameterShift. Received: differentiator=Adjoint"
        )
    return differentiator


def check_readout_error(readout_error):
    """`None`, or a pair of probabilities from one or two numbers.

    >>> check_readout_error(0.02)
    (0.02, 0.02)
    """
    if readout_error is None:
        return None
    pair = readout_error
    if isinstance(pair, numbers.Real):  # NumPy's floats are
        pair = (pair, pair)
    if (
        not isinstance(pair, (list, tuple))
        or len(pair) != 2
        or not all(isinstance(p, numbers.Real) and 0 <= p <= 1 for p in pair)
    ):
        raise UserError(
            "Expected readout_error to be a probability, or a pair of them "
            "(to read 1 for 0, and 0 for 1). "
            f"Received: readout_error={readout_error!r}"
        )
    return tuple(map(float, pair))
