"""`resources`: what circuits, layers and models take on a device."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import cirq
import keras

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.circuits import CircuitSpec, CustomCircuit, as_circuit
from tfq_hybrid.circuits.outputs import Outputs
from tfq_hybrid.circuits.subcircuits import unrolled
from tfq_hybrid.engines.gradients.parameter_shift import shift_counts
from tfq_hybrid.engines.grouping import commuting_groups, words_of
from tfq_hybrid.engines.program import Program
from tfq_hybrid.errors import UserError, check_integer, is_number
from tfq_hybrid.hardware.counts import (
    CircuitCounts,
    count_circuit,
    in_gateset,
)
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.layers.circuit_layer import CircuitLayer


@dataclasses.dataclass(frozen=True)
class Work:
    """What is executed.

    Attributes:
        circuits: executions, each of one circuit with its angles, in one
            basis.
        shots: of all of them.
        seconds: from a rate. `None` without one.
        cost: from a price. `None` without one.
    """

    circuits: int
    shots: int
    seconds: float | None = None
    cost: float | None = None


@dataclasses.dataclass(frozen=True)
class Resources:
    """What a circuit, a layer or a model takes on a device.

    Attributes:
        name: of the layer, or what it is.
        counts: of the circuit as written, and of that in the gate set where
            one was given. Of a model the gates are summed, and the depth is
            that of the deepest circuit.
        bases: circuits for one example: groups of observables that are
            measured together.
        angle_shifts: shifted circuits of the trained angles, for each basis.
        input_shifts: those of the inputs, whose gradients what comes before
            trains by. 0 of a circuit or a layer by itself.
        shots: for each circuit.
        batch_size: examples in a step.
        steps_per_epoch: `None` where not given.
        forward: a forward pass of a batch.
        step: a training step by parameter shift: the forward pass, and the
            shifted circuits.
        epoch: `None` where the steps are not given.
        parts: of a model, the circuit layers.
    """

    name: str
    counts: tuple[CircuitCounts, ...]
    bases: int
    angle_shifts: int
    input_shifts: int
    shots: int
    batch_size: int
    steps_per_epoch: int | None
    forward: Work
    step: Work
    epoch: Work | None
    parts: tuple["Resources", ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.name}: circuits for each example: {self.bases}"
        for part in self.parts:
            (written, *_) = part.counts
            yield (
                f"  {part.name}: {written.qubits} qubits, {written.total} "
                f"gates, depth {written.depth}, {part.bases} bases, "
                f"{part.angle_shifts + part.input_shifts} shifts"
            )
        gates = [["gates", "all", "two-qubit", "depth", "kinds"]]
        for one in self.counts:
            numbers = one.total, one.two_qubit, one.depth
            kinds = ", ".join(f"{n} {kind}" for kind, n in one.gates.items())
            gates.append([one.level, *(f"{n:,}" for n in numbers), kinds])
        yield from _table(gates, words=(0, 4))
        head = [f"{self.shots:,} shots each", "circuits", "shots"]
        head += ["seconds"] * (self.forward.seconds is not None)
        head += ["cost"] * (self.forward.cost is not None)
        rows = [head]
        for name, work in (
            (f"forward pass of {self.batch_size:,}", self.forward),
            ("training step", self.step),
            (f"epoch of {self.steps_per_epoch or 0:,} steps", self.epoch),
        ):
            if work is not None:
                row = [name, f"{work.circuits:,}", f"{work.shots:,}"]
                more = [work.seconds, work.cost]
                row += [f"{x:,.2f}" for x in more if x is not None]
                rows.append(row)
        yield from _table(rows, words=(0,))
        yield (
            f"Shifts of a step, in each basis: {self.angle_shifts:,} of the "
            f"angles, {self.input_shifts:,} of the inputs."
        )


def _table(rows: list[list[str]], words: tuple[int, ...]) -> Iterator[str]:
    """Lines of aligned columns: those of words to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if place in words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


@dataclasses.dataclass(frozen=True)
class _Plan:
    """How often circuits are executed, and on what."""

    shots: int
    gateset: Any
    connectivity: Any
    rate: float | None
    price: float | None
    batch_size: int
    steps: int | None

    def of(self, name, circuit, bases, shifts):
        """The resources of one circuit."""
        counts = [count_circuit(circuit)]
        if self.gateset is not None or self.connectivity is not None:
            gateset = "cz" if self.gateset is None else self.gateset
            compiled = in_gateset(circuit, gateset, self.connectivity)
            named = isinstance(gateset, str)
            level = f"in {gateset if named else type(gateset).__name__}"
            level += ", routed" * (self.connectivity is not None)
            counts.append(count_circuit(compiled, level))
        examples = self.batch_size
        return self.filled(
            name,
            tuple(counts),
            bases,
            shifts,
            bases * examples,
            bases * examples * (1 + sum(shifts)),
        )

    def filled(self, name, counts, bases, shifts, forward, step, parts=()):
        """Resources from what is executed in a forward pass and in a step."""
        epoch = None if self.steps is None else self._work(step * self.steps)
        return Resources(
            name,
            counts,
            bases,
            *shifts,
            self.shots,
            self.batch_size,
            self.steps,
            self._work(forward),
            self._work(step),
            epoch,
            parts,
        )

    def _work(self, circuits):
        shots = circuits * self.shots
        seconds = None if self.rate is None else shots / self.rate
        cost = None if self.price is None else shots * self.price
        return Work(circuits, shots, seconds, cost)


def resources(
    subject: Any,
    shots: int = 1000,
    gateset: str | cirq.CompilationTargetGateset | None = None,
    connectivity: Any = None,
    rate: float | None = None,
    price: float | None = None,
    batch_size: int = 32,
    steps_per_epoch: int | None = None,
) -> Resources:
    """What a circuit, a layer or a model takes on a device.

    A forward pass executes one circuit for each example and each group of
    observables that agree on every qubit that they share. A training step by
    parameter shift executes them again for every shift (Wierichs et al. 2022,
    arXiv 2107.12390): two for a rotation, four for a controlled one; those of
    the inputs too where what comes before the circuit trains.

    Args:
        subject: a `cirq.Circuit`, whose symbols all train and which is
            measured in one basis; what `as_circuit` accepts; a circuit layer
            or `QuantumDense`; or a model, whose circuit layers are summed.
        shots: for each circuit. Defaults to 1000.
        gateset: a name in `GATESETS`, or Cirq's object, to count gates in
            too. Defaults to `None`; `"cz"` where there is a connectivity.
        connectivity: a `networkx.Graph` of qubits to route on, or `"line"`,
            `"ring"` or `"grid"`. Defaults to `None`.
        rate: shots per second. Defaults to `None`.
        price: of a shot. Defaults to `None`.
        batch_size: examples in a step: in a language model the tokens of a
            batch. Defaults to 32.
        steps_per_epoch: defaults to `None`.

    Returns:
        `Resources`; as a text, a table.

    Raises:
        UserError: there is no circuit, or a number is out of its range; or the
            shift rule of a gate is not known.

    Example:

    >>> found = resources("qffn", shots=100, batch_size=8)
    >>> found.counts[0].depth, found.bases, found.forward.circuits
    (7, 1, 8)
    >>> found.angle_shifts, found.step.shots
    (24, 20000)
    """
    check_integer("shots", shots, minimum=1)
    check_integer("batch_size", batch_size, minimum=1)
    if steps_per_epoch is not None:
        check_integer("steps_per_epoch", steps_per_epoch, minimum=1)
    for name, value, low in (("rate", rate, 1e-300), ("price", price, 0)):
        if value is not None and not (is_number(value) and value >= low):
            raise UserError(
                f"Expected {name} to be a positive number or None. Received: "
                f"{name}={value!r}"
            )
    plan = _Plan(
        shots, gateset, connectivity, rate, price, batch_size, steps_per_epoch
    )
    if isinstance(subject, CircuitLayer):
        return _of_layer(subject, subject.name, False, plan)
    if isinstance(subject, QuantumDense):
        inside = subject.input_projection is not None
        return _of_layer(subject.pqc, subject.name, inside, plan)
    if isinstance(subject, keras.Layer):
        return _of_model(subject, plan)
    if isinstance(subject, cirq.AbstractCircuit):
        circuit = subject.unfreeze(copy=False)
        names = tuple(sorted(cirq.parameter_names(circuit)))
        shifts = (0, 0)
        if names:
            gates = _without_measurements(circuit)
            readout = [cirq.Z(qubit) for qubit in gates.all_qubits()]
            program = Program(gates, tuple(readout), (), names)
            shifts = (shift_counts(program)[1], 0)
        return plan.of("circuit", circuit, 1, shifts)
    spec: CircuitSpec | CustomCircuit = as_circuit(subject)
    operators = Outputs(spec.operators).operators
    program = Program(spec.circuit, operators, spec.features, spec.weights)
    shifts = (shift_counts(program)[1], 0)
    return plan.of("circuit", spec.circuit, _bases(program.operators), shifts)


def _without_measurements(circuit):
    """The gates alone, each as if its condition held."""
    return cirq.Circuit(
        operation.without_classical_controls()
        for operation in unrolled(circuit).all_operations()
        if not cirq.is_measurement(operation)
    )


def _of_layer(layer, name, inputs_train, plan):
    features, weights = shift_counts(layer.program)
    shifts = (
        weights if layer.trainable else 0,
        features if inputs_train else 0,
    )
    bases = _bases(layer.program.operators)
    return plan.of(name, layer.program.circuit, bases, shifts)


def circuits_in(model: keras.Model) -> list[tuple[str, CircuitLayer]]:
    """The circuit layers of a model, with their paths.

    Raises:
        UserError: it has none.
    """
    found = [
        (path, layer)
        for path, layer in named_layers(model)
        if isinstance(layer, CircuitLayer)
    ]
    if not found:
        raise UserError(
            "Expected a model with circuits. Received: "
            f"{model.name!r}, which has none"
        )
    return found


def _of_model(model, plan):
    found = circuits_in(model)
    parts = tuple(_of_layer(layer, path, True, plan) for path, layer in found)
    counts = tuple(
        _summed(levels)
        for levels in zip(*(part.counts for part in parts), strict=True)
    )
    return plan.filled(
        model.name,
        counts,
        sum(part.bases for part in parts),
        (
            sum(part.angle_shifts for part in parts),
            sum(part.input_shifts for part in parts),
        ),
        sum(part.forward.circuits for part in parts),
        sum(part.step.circuits for part in parts),
        parts,
    )


def _summed(counts):
    gates: dict[str, int] = {}
    for one in counts:
        for kind, number in one.gates.items():
            gates[kind] = gates.get(kind, 0) + number
    return CircuitCounts(
        counts[0].level,
        max(one.qubits for one in counts),
        gates,
        sum(one.two_qubit for one in counts),
        max(one.depth for one in counts),
    )


def _bases(operators):
    """Groups of Pauli words to measure, at least one."""
    sums = [cirq.PauliSum.wrap(operator) for operator in operators]
    return max(1, len(commuting_groups(words_of(sums).words)))
