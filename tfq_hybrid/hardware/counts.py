"""Gates and depth of a circuit: as written, and in the gate set of a device."""

import collections
import dataclasses
import importlib
import math
import warnings
from typing import Any

import cirq
import networkx
import numpy as np

from tfq_hybrid.circuits.subcircuits import count_moments, unrolled
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.reading import raise_bug, reason_of

# By name: a module, its class of the gate set, and the arguments.
GATESETS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "cz": ("cirq", "CZTargetGateset", {}),
    "cz-partial": ("cirq", "CZTargetGateset", {"allow_partial_czs": True}),
    "sqrt-iswap": ("cirq", "SqrtIswapTargetGateset", {}),
    "sycamore": ("cirq_google", "SycamoreTargetGateset", {}),
    "ionq": ("cirq_ionq", "IonQTargetGateset", {}),
    "aqt": ("cirq_aqt.aqt_target_gateset", "AQTTargetGateset", {}),
}
AS_WRITTEN = "as written"
CONNECTIVITIES = ("line", "ring", "grid")


@dataclasses.dataclass(frozen=True)
class CircuitCounts:
    """What a circuit is made of.

    Attributes:
        level: `"as written"`, or `"in cz"` by the name of a gate set, with
            `", routed"` where a connectivity was given.
        qubits: those that it acts on.
        gates: how many there are of each kind, by its name; measurements are
            `"measure"`.
        two_qubit: gates on two qubits.
        depth: moments.
    """

    level: str
    qubits: int
    gates: dict[str, int]
    two_qubit: int
    depth: int

    @property
    def total(self) -> int:
        """All operations, measurements too."""
        return sum(self.gates.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return dataclasses.asdict(self)


def count_circuit(
    circuit: cirq.AbstractCircuit, level: str = AS_WRITTEN
) -> CircuitCounts:
    """Counts the operations of a circuit, those of sub-circuits too.

    Args:
        circuit: any, with symbols and measurements or without.
        level: what the counts are called. Defaults to `"as written"`.

    Raises:
        UserError: a sub-circuit is repeated an unknown number of times.

    Example:

    >>> a, b = cirq.LineQubit.range(2)
    >>> controlled = cirq.Z(b).with_classical_controls("m")
    >>> counts = count_circuit(
    ...     cirq.Circuit(cirq.measure(a, key="m"), controlled)
    ... )
    >>> counts.gates, counts.two_qubit, counts.depth
    ({'Z': 1, 'measure': 1}, 0, 2)
    """
    kinds: collections.Counter[str] = collections.Counter()
    two = 0
    for operation in unrolled(circuit).all_operations():
        if not operation.qubits:
            continue  # a global phase
        kind = _kind(operation)
        kinds[kind] += 1
        two += len(operation.qubits) == 2 and kind != "measure"
    return CircuitCounts(
        level,
        len(circuit.all_qubits()),
        dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        two,
        count_moments(circuit),
    )


_NAMES = {"MeasurementGate": "measure", "ResetChannel": "reset"}


def _kind(operation: cirq.Operation) -> str:
    """A short name: `Rx`, `CX`, `ISwap`; a `C` before for each control."""
    operation = operation.without_classical_controls().untagged
    if isinstance(operation, cirq.ControlledOperation):
        controls = len(operation.controls)
        return "C" * controls + _kind(operation.sub_operation)
    gate: Any = operation.gate
    controls = 0
    while isinstance(gate, cirq.ControlledGate):
        controls += gate.num_controls()
        gate = gate.sub_gate
    name = type(operation if gate is None else gate).__name__
    if name not in _NAMES:
        name = name.removeprefix("_Pauli").removesuffix("Gate")
        name = name.removesuffix("Pow").removesuffix("Channel")
    return "C" * controls + _NAMES.get(name, name)


def in_gateset(
    circuit: cirq.Circuit,
    gateset: str | cirq.CompilationTargetGateset = "cz",
    connectivity: Any = None,
) -> cirq.Circuit:
    """A circuit in the gates of a device, and on its pairs of qubits.

    By `cirq.optimize_for_target_gateset`, and `cirq.RouteCQC` where a
    connectivity is given, which places the qubits and inserts SWAPs. Symbols
    become random angles first: the counts are those of almost all values.

    Args:
        circuit: without an unknown number of repetitions.
        gateset: a name in `GATESETS`, or Cirq's object. Defaults to `"cz"`.
        connectivity: a `networkx.Graph` of qubits, or a name in
            `CONNECTIVITIES`, of as many qubits as the circuit has. Defaults to
            `None`: each pair is coupled.

    Raises:
        UserError: the gate set is not known, or the circuit does not fit.

    Example:

    >>> a, b = cirq.LineQubit.range(2)
    >>> compiled = in_gateset(cirq.Circuit(cirq.CNOT(a, b)))
    >>> count_circuit(compiled, "in cz").gates
    {'PhasedXZ': 2, 'CZ': 1}
    """
    target = gateset_named(gateset)
    circuit = unrolled(circuit)
    names = sorted(cirq.parameter_names(circuit))
    angles = np.random.default_rng(0).uniform(0.1, 1.4, len(names)).tolist()
    circuit = cirq.resolve_parameters(
        circuit, dict(zip(names, angles, strict=True))
    )
    circuit = compiled(circuit, target)
    if isinstance(connectivity, str):
        connectivity = connectivity_named(
            connectivity, len(circuit.all_qubits())
        )
    if connectivity is not None:
        circuit = compiled(_routed(circuit, connectivity), target)
    return circuit


def compiled(
    circuit: cirq.AbstractCircuit,
    gateset: cirq.CompilationTargetGateset,
    strict: bool = False,
) -> cirq.Circuit:
    """A circuit in a gate set.

    Args:
        circuit: what is compiled.
        gateset: of Cirq.
        strict: whether an operation that has no such gates is an error; else it
            stays as it is. Defaults to `False`.

    Raises:
        UserError: Cirq cannot write the circuit so.
    """
    with warnings.catch_warnings():
        # Cirq wraps gates into sub-circuits in a way that it will change.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return cirq.optimize_for_target_gateset(
                circuit, gateset=gateset, ignore_failures=not strict
            ).unfreeze()
        except (ValueError, TypeError) as error:  # a symbol has no matrix
            raise UserError(
                "Expected a circuit that Cirq can write in the gate set. "
                f"Received: {reason_of(error)}"
            ) from error


def gateset_named(
    gateset: str | cirq.CompilationTargetGateset,
) -> cirq.CompilationTargetGateset:
    """The gate set of a name in `GATESETS`; an object of Cirq's as it is.

    Raises:
        UserError: there is none of that name.
    """
    if isinstance(gateset, cirq.CompilationTargetGateset):
        return gateset
    check_choice("gateset", gateset, GATESETS)
    module, name, arguments = GATESETS[gateset]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of Google's library
        return getattr(importlib.import_module(module), name)(**arguments)


def connectivity_named(name: str, qubits: int) -> networkx.Graph:
    """So many coupled qubits: in a line, in a ring, or in a square grid.

    A grid has as many rows as columns, or one less, and room for all qubits.

    Raises:
        UserError: there is none of that name.

    Example:

    >>> [len(connectivity_named(name, 5).edges) for name in CONNECTIVITIES]
    [4, 5, 7]
    """
    check_choice("connectivity", name, CONNECTIVITIES)
    if name == "grid":
        columns = math.ceil(math.sqrt(qubits))
        rows = math.ceil(qubits / columns)
        grid = networkx.grid_2d_graph(rows, columns)
        return networkx.relabel_nodes(grid, lambda at: cirq.GridQubit(*at))
    couple = {"line": networkx.path_graph, "ring": networkx.cycle_graph}
    return networkx.relabel_nodes(couple[name](qubits), cirq.LineQubit)


def _routed(circuit, connectivity):
    try:
        return cirq.RouteCQC(connectivity)(circuit)
    except Exception as error:  # what Cirq raises on what it cannot place
        raise_bug(error)
        raise UserError(
            "Expected a circuit that fits the connectivity, which is a "
            "connected networkx.Graph of qubits. Received: "
            f"{reason_of(error)}"
        ) from error
