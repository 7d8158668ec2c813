"""`Placement`: circuits on the qubits of a device, in pairs that it couples."""

from collections.abc import Sequence
from typing import Any

import cirq
import networkx

from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware.counts import compiled
from tfq_hybrid.reading import raise_bug, reason_of

_HELD = "held"  # on a gate that only names a qubit while it is routed


class Placement:
    """Puts circuits on the qubits of a device, and routes where it must.

    A circuit that stands on coupled qubits of the device already stays there.
    Else qubits that are all coupled are taken in their order, and others as
    `cirq.RouteCQC` places them, with SWAPs. Measurements keep their keys and
    the order of their bits, wherever SWAPs have moved a qubit.

    Args:
        qubits: a `cirq.Device` with metadata, a `networkx.Graph` of coupled
            qubits, or a sequence of qubits of which each pair is coupled.

    Raises:
        UserError: it is none of these.

    Example:

    >>> a, b, c = cirq.GridQubit.rect(1, 3)
    >>> placed = Placement(cirq.LineQubit.range(7, 12))(
    ...     cirq.Circuit(cirq.CNOT(c, a), cirq.measure(c, a, key="m"))
    ... )
    >>> print(placed)
    7: ───X───M────────
          │   │
    8: ───@───M('m')───
    """

    def __init__(self, qubits: Any):
        self._device = qubits if isinstance(qubits, cirq.Device) else None
        self._graph, order = _coupled(qubits)
        count = len(order)
        is_whole = self._graph.number_of_edges() == count * (count - 1) // 2
        self._order = order if is_whole else None

    def __call__(
        self,
        circuit: cirq.AbstractCircuit,
        gateset: cirq.CompilationTargetGateset | None = None,
    ) -> cirq.Circuit:
        """The circuit on the device, with SWAPs in a gate set.

        Args:
            circuit: of gates on one or two qubits, in the gate set.
            gateset: Defaults to `None`: a SWAP stays one.

        Raises:
            UserError: the circuit does not fit, or the device refuses it.
        """
        if not self._stands(circuit):
            circuit = self._moved(circuit)
            if gateset is not None:
                circuit = compiled(circuit, gateset, strict=True)
        if not _controls(circuit):
            circuit = cirq.synchronize_terminal_measurements(circuit)
        return self._accepted(circuit)

    def _stands(self, circuit):
        pairs = [
            operation.qubits
            for operation in circuit.all_operations()
            if len(operation.qubits) > 1 and not cirq.is_measurement(operation)
        ]
        return circuit.all_qubits() <= {*self._graph} and all(
            len(pair) == 2 and self._graph.has_edge(*pair) for pair in pairs
        )

    def _moved(self, circuit):
        qubits = sorted(circuit.all_qubits())
        if len(qubits) > len(self._graph):
            raise UserError(
                f"Expected at most the {len(self._graph)} qubits of the "
                f"device. Received: a circuit of {len(qubits)}"
            )
        if self._order is not None:
            places = dict(zip(qubits, self._order, strict=False))
            return circuit.transform_qubits(places).unfreeze()
        # RouteCQC would bring the qubits of a measurement together: those at
        # the end come after it, where each qubit has come to.
        last = [
            (place, operation)
            for place, operation in circuit.findall_operations(
                cirq.is_measurement
            )
            if circuit.next_moment_operating_on(operation.qubits, place + 1)
            is None
            and not cirq.measurement_key_objs(operation) & _controls(circuit)
        ]
        gates = circuit.unfreeze()
        gates.batch_remove(last)
        held = [cirq.I(qubit).with_tags(_HELD) for qubit in qubits]
        try:
            routed, first, moved = cirq.RouteCQC(self._graph).route_circuit(
                cirq.Circuit(cirq.Moment(held), *gates)
            )
        except Exception as error:  # what Cirq raises on what it cannot place
            raise_bug(error)
            raise UserError(
                "Expected a circuit that can be routed on the device. "
                f"Received: {reason_of(error)}"
            ) from error
        plain = cirq.map_operations(routed, _without_held)
        at = {qubit: moved[first[qubit]] for qubit in qubits}
        ends = [one.transform_qubits(at) for _, one in last]
        return cirq.Circuit(*cirq.drop_empty_moments(plain), cirq.Moment(ends))

    def _accepted(self, circuit):
        """As the device takes it: one gate in a moment, if it must be."""
        if self._device is None:
            return circuit
        alone = cirq.Circuit(
            moment
            if all(map(cirq.is_measurement, moment))
            else [cirq.Moment(operation) for operation in moment]
            for moment in circuit
        )
        reason = ""
        for one in (circuit, alone):
            try:
                self._device.validate_circuit(one)
                return one
            except (ValueError, NotImplementedError) as error:
                reason = reason_of(error)
        raise UserError(
            f"Expected a circuit that the device takes. Received: {reason}"
        )


def _coupled(qubits):
    """A graph of coupled qubits, and these in order."""
    if isinstance(qubits, networkx.Graph) and len(qubits):
        return qubits, sorted(qubits)
    if isinstance(qubits, cirq.Device) and qubits.metadata is not None:
        graph = qubits.metadata.nx_graph
        radius = getattr(qubits, "control_radius", None)
        if radius is not None:  # of Pasqal's, whose graph has all pairs
            near = [
                pair for pair in graph.edges if qubits.distance(*pair) <= radius
            ]
            graph = networkx.Graph(near)
        return graph, sorted(graph)
    is_list = isinstance(qubits, Sequence) and len(qubits) > 0
    if is_list and all(isinstance(qubit, cirq.Qid) for qubit in qubits):
        graph = networkx.complete_graph(len(qubits))
        names = dict(enumerate(qubits))
        return networkx.relabel_nodes(graph, names), [*qubits]
    raise UserError(
        "Expected qubits to be a cirq.Device, a networkx.Graph of coupled "
        f"qubits or a list of qubits. Received: {type(qubits).__name__}"
    )


def _controls(circuit):
    """The keys of measurements that later operations hang on."""
    return {
        key
        for operation in circuit.all_operations()
        for key in cirq.control_keys(operation)
    }


def _without_held(operation, _):
    return [] if _HELD in operation.tags else operation
