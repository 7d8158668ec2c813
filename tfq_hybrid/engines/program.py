"""`Program`, `Engine`, `Execution`: what is run, by what, and how."""

import dataclasses
import functools
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import cirq
import sympy
import tensorflow as tf

from tfq_hybrid.circuits.subcircuits import unrolled
from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.lowering import has_channels, lower_circuit
from tfq_hybrid.engines.gradients import (
    Backprop,
    GradientMethod,
    ParameterShift,
)
from tfq_hybrid.engines.noise.channels import (
    Channel,
    lower_for_trajectories,
    lower_noisy_circuit,
)
from tfq_hybrid.errors import UserError, listed

Operator = cirq.PauliString | cirq.PauliSum


@dataclasses.dataclass(frozen=True)
class Program:
    """A circuit, what is measured after it, and where its symbols come from.

    Args:
        circuit: sub-circuits are unrolled, but those that are repeated until
            a measurement says so.
        operators: Pauli strings or sums, one for each output; kept as sums.
        features: symbols with one value for each example, in the order of the
            engine's first input. Defaults to none.
        weights: symbols with one value for the whole batch, in the order of the
            engine's second input. Defaults to none.
        measures: whether the circuit may measure on the way, as only a Cirq
            back end can. Defaults to `False`.

    Raises:
        UserError: a symbol of the circuit is in neither tuple, a name
            stands twice, the circuit measures and may not, or an operator is
            not Hermitian.
    """

    circuit: cirq.Circuit
    operators: tuple[Any, ...]
    features: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    measures: bool = False

    def __post_init__(self) -> None:
        sums = tuple(cirq.PauliSum.wrap(term) for term in self.operators)
        object.__setattr__(self, "operators", sums)
        _check_observables(sums)
        whole = unrolled(self.circuit, keep_loops=self.measures)
        object.__setattr__(self, "circuit", whole)
        if not self.measures:
            _check_no_measurements(self.circuit)
        plain = _with_plain_symbols(self.circuit)
        object.__setattr__(self, "circuit", plain)
        names = cirq.parameter_names(self.circuit)
        orphans = sorted(names - {*self.features, *self.weights})
        if orphans:
            raise UserError(
                "Expected every symbol to be a feature or a weight. Received: "
                f"a circuit with other symbols: {listed(orphans)}"
            )
        sources = [*self.features, *self.weights]
        if len(set(sources)) < len(sources):
            raise UserError(
                "Expected each symbol once. Received: "
                f"features={list(self.features)}, weights={list(self.weights)}"
            )

    @functools.cached_property
    def qids(self) -> tuple[cirq.Qid, ...]:
        """The circuit's qubits, sorted: the first is the leading bit."""
        return tuple(sorted(self.circuit.all_qubits()))

    @property
    def qubits(self) -> int:
        """The number of qubits."""
        return len(self.qids)

    def with_operators(self, operators: Sequence[Operator]) -> "Program":
        """The program with other observables."""
        result = dataclasses.replace(self, operators=tuple(operators))
        for name in ("gates", "gates_and_channels"):  # lowered once
            if name in vars(self):
                vars(result)[name] = getattr(self, name)
        return result

    @functools.cached_property
    def gates(self) -> list[TrigGate]:
        """The lowered circuit.

        Its gates act on amplitudes; in a noisy circuit they and the channels
        act on Pauli vectors.

        Raises:
            UserError: an operation cannot be lowered.
        """
        lower = lower_noisy_circuit if self.is_noisy else lower_circuit
        return lower(self.circuit, self.qids)

    @functools.cached_property
    def gates_and_channels(self) -> list[TrigGate | Channel]:
        """The lowered circuit of trajectories.

        Raises:
            UserError: an operation cannot be lowered.
        """
        return lower_for_trajectories(self.circuit, self.qids)

    @functools.cached_property
    def is_noisy(self) -> bool:
        """Whether the circuit holds channels."""
        return has_channels(self.circuit)

    @property
    def foreign_qids(self) -> list[cirq.Qid]:
        """Qubits of the operators that the circuit itself does not touch.

        They are legal where data circuits come before the circuit.
        """
        measured = {qid for term in self.operators for qid in term.qubits}
        return sorted(measured - set(self.qids))

    @functools.cached_property
    def symbols(self) -> tuple[str, ...]:
        """All symbols in the lexicographic order of TensorFlow Quantum."""
        return tuple(sorted({*self.features, *self.weights}))


def _with_plain_symbols(circuit: cirq.Circuit) -> cirq.Circuit:
    """Symbols of one name as one: SymPy tells them apart by assumptions.

    Cirq resolves a symbol by its name alone.
    """
    symbols = set().union(*map(_symbols_of, circuit.all_operations()))
    plain = {str(symbol): sympy.Symbol(str(symbol)) for symbol in symbols}
    if symbols == set(plain.values()):
        return circuit
    return cirq.resolve_parameters_once(circuit, plain)


def _symbols_of(value):
    """The symbols of an operation, a gate or a parameter."""
    if isinstance(value, sympy.Basic):
        return value.free_symbols
    if isinstance(value, (cirq.Gate, cirq.Operation)):
        value = tuple(getattr(value, "__dict__", {}).values())
    if isinstance(value, (list, tuple)):
        return set().union(*map(_symbols_of, value))
    return set()


def _check_observables(operators: Iterable[cirq.PauliSum]) -> None:
    for operator in operators:
        for term in operator:
            if abs(complex(term.coefficient).imag) > 1e-9:
                raise UserError(
                    "Expected observables with real coefficients. Received: "
                    f"{operator}"
                )


def _check_no_measurements(circuit: cirq.Circuit) -> None:
    for place, moment in enumerate(circuit):
        for operation in moment:
            if cirq.is_measurement(operation):
                raise UserError(
                    "Expected a circuit without measurements: the operators "
                    f"say what is measured. Received: {operation} in moment "
                    f"{place}"
                )


class Engine(Protocol):
    """What evaluates a program for a batch.

    Attributes:
        name: one of `ENGINES` but `"auto"`.
        program: what is evaluated.
    """

    name: str
    program: Program

    def __call__(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        states: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Expectations for a batch.

        Args:
            features: float tensor of shape (batch, features).
            weights: float tensor of shape (weights,).
            states: complex or real tensor of shape (batch, 2**qubits), the
                initial states. Defaults to `None`: all zeros.
            seed: int tensor of shape (2,) of all that is drawn. Defaults to
                `None`, where nothing is.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `features`.
        """


@dataclasses.dataclass(frozen=True)
class Execution:
    """How a program is to be run.

    Args:
        repetitions: samples of each Pauli word, or trajectories of a noisy
            circuit. Defaults to `None`: exact expectations.
        backend: `"noiseless"`, or a Cirq simulator or sampler. Defaults to
            `"noiseless"`.
        differentiator: a `GradientMethod`, a
            `tfq.differentiators.Differentiator`, or `None`: exact where
            expectations are, else parameter shift. Defaults to `None`.
        noisy: whether channels are allowed. Defaults to `False`.
        sample_based: whether a trajectory gives one measured sign instead of
            its expectation. Defaults to `False`.
        readout_error: the readout error probabilities P(1|0) and P(0|1).
            Defaults to `None`.
        noise_method: `"density_matrix"` or `"trajectories"` to insist on one.
            Defaults to `None`: density matrices to eight qubits.
        float64: whether in double precision, which TensorFlow Quantum lacks.
            Defaults to `False`.
    """

    repetitions: int | None = None
    backend: Any = "noiseless"
    differentiator: Any = None
    noisy: bool = False
    sample_based: bool = False
    readout_error: tuple[float, float] | None = None
    noise_method: str | None = None
    float64: bool = False

    @property
    def takes_shots(self) -> bool:
        """Whether results are measured signs."""
        return self.repetitions is not None and (
            self.sample_based or not self.noisy
        )

    @property
    def runs_on_cirq(self) -> bool:
        """Whether a back end can run it without TensorFlow Quantum."""
        has_backend = self.backend != "noiseless"
        return has_backend and not self.noisy and not self.uses_object

    @property
    def shifts_on_tfq(self) -> bool:
        """Whether TensorFlow Quantum would use its parameter shift."""
        if self.differentiator is None:
            exact = self.repetitions is None and self.backend == "noiseless"
            return not exact
        if isinstance(self.differentiator, GradientMethod):
            return isinstance(self.differentiator, ParameterShift)
        return type(self.differentiator).__name__ == "ParameterShift"

    @property
    def uses_object(self) -> bool:
        """Whether an object of TensorFlow Quantum computes the gradient."""
        return not isinstance(self.differentiator, (GradientMethod, type(None)))

    def method(self, trajectories: bool = False) -> GradientMethod:
        """The gradient of the batched engine, which may run trajectories."""
        is_estimate = self.takes_shots or trajectories
        default = ParameterShift() if is_estimate else Backprop()
        return self.differentiator or default
