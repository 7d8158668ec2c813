"""The batched engine: a whole batch as one program of stock operations.

In a language model the circuit is the same for every token; only the fed
angles differ. The plan made here uses that:

1. While no entangler has acted, the qubits are independent: the encoding
   is a product of two-component vectors.
2. A run of shared gates on a group of neighbouring qubits is one matrix,
   built once a step (`blocks`). A small register is one group (`groups`).
3. Runs of gates that relabel basis states (CNOT, SWAP) across groups are
   one gather.
4. Before a readout of Z operators, diagonal gates have no effect and
   relabellings fold into the observable: both leave the circuit.

Everything is exact, differentiable by TensorFlow, and XLA compiles it.
"""

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.blocks import Block
from tfq_hybrid.engines.gates import lower_operation
from tfq_hybrid.engines.groups import groups as group_register
from tfq_hybrid.engines.readout import Readout
from tfq_hybrid.engines.schedule import schedule
from tfq_hybrid.engines.tensors import (
    apply_fed_gate,
    apply_gate,
    permute,
    product_state,
    stack_rows,
)


class BatchedEngine:
    """Exact expectations of a program for a batch.

    Args:
        program: `Program`.

    Raises:
        UserError: a gate is of a kind that the engine does not know.

    Example:

    >>> import cirq, sympy
    >>> from tfq_hybrid.engines.program import Program
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    >>> engine = BatchedEngine(Program(circuit, (cirq.Z(qubit),), ("x",)))
    >>> engine(tf.constant([[0.0], [3.14159265]]), tf.zeros([0])).numpy()
    array([[ 1.],
           [-1.]], dtype=float32)
    """

    name = "batched"
    supports_jit = True

    def __init__(self, program):
        self.program = program
        gates = [
            lower_operation(operation, program.qids)
            for operation in program.circuit.all_operations()
            if operation.qubits  # a global phase is not observable
        ]
        gates = schedule(gates, self._kind)
        self._readout = Readout(program.operators, program.qids)
        if self._readout.is_diagonal:
            gates = self._strip(gates)
        # From the zero state the leading gates make a product state; from
        # a given state every gate is a step.
        self._prefix, rest = self._split_prefix(gates)
        self._steps = self._plan(rest)
        self._steps_from_state = self._plan(gates)

    def _kind(self, gate):
        """Gates of one kind are fused: fed ones, one-qubit ones, the rest."""
        return gate.symbol in self.program.fed, len(gate.qubits) == 1

    def _strip(self, gates):
        """Drops what has no effect on a diagonal readout."""
        kept, blocked = [], set()
        for gate in reversed(gates):
            free = blocked.isdisjoint(gate.qubits)
            if not free or not (gate.is_diagonal or gate.is_permutation):
                kept.append(gate)
                blocked.update(gate.qubits)
            elif not gate.is_diagonal:
                self._readout.absorb(self._permutation([gate]))
        return kept[::-1]

    def _split_prefix(self, gates):
        """Leading one-qubit gates without trained symbols, per qubit."""
        prefix = [[] for _ in range(self.program.qubits)]
        blocked, rest = set(), []
        for gate in gates:
            if (
                len(gate.qubits) == 1
                and gate.qubits[0] not in blocked
                and gate.symbol not in self.program.trained
            ):
                prefix[gate.qubits[0]].append(gate)
            else:
                blocked.update(gate.qubits)
                rest.append(gate)
        return prefix, rest

    def _plan(self, gates):
        """Turns gates into steps: blocks, permutations and fed gates."""
        groups = group_register(self.program.qubits)
        home = {q: g for g, group in enumerate(groups) for q in group}
        pending = [[] for _ in groups]
        steps = []

        def flush(members):
            for member in sorted(members):
                run, pending[member] = pending[member], []
                if run and all(gate.is_permutation for gate in run):
                    self._append_permutation(steps, run)
                elif run:
                    first, size = groups[member][0], len(groups[member])
                    trained = self.program.trained
                    steps.append(Block(run, first, size, trained))

        for gate in gates:
            members = {home[q] for q in gate.qubits}
            if gate.symbol not in self.program.fed and len(members) == 1:
                pending[members.pop()].append(gate)
                continue
            flush(members)
            if gate.is_permutation:
                self._append_permutation(steps, [gate])
            else:
                steps.append(gate)
        flush(range(len(groups)))
        return steps

    def _permutation(self, gates):
        """The index array p of a run of relabelling gates: new[i] = old[p]."""
        qubits = self.program.qubits
        indices = np.arange(2**qubits)
        for gate in gates:
            targets = gate.qubits
            places = [qubits - 1 - q for q in targets]
            local = sum(
                ((np.arange(2**qubits) >> place) & 1) << (len(places) - 1 - k)
                for k, place in enumerate(places)
            )
            source = np.argmax(gate.matrix.real, axis=1)[local]
            origin = np.arange(2**qubits)
            for k, place in enumerate(places):
                bit = (source >> (len(places) - 1 - k)) & 1
                origin = (origin & ~(1 << place)) | (bit << place)
            indices = indices[origin]
        return indices

    def _append_permutation(self, steps, gates):
        permutation = self._permutation(gates)
        if steps and isinstance(steps[-1], np.ndarray):
            permutation = steps.pop()[permutation]
        steps.append(permutation)

    def __call__(self, fed, trained, states=None):
        """Expectations for a batch.

        Args:
            fed: float tensor of shape (batch, fed symbols).
            trained: float tensor of shape (trained symbols,).
            states: complex tensor of shape (batch, 2**qubits), the states
                that the circuit starts from. Defaults to `None`: all zeros.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `fed`.
        """
        feeds = dict(
            zip(self.program.fed, tf.unstack(fed, axis=1), strict=True)
        )
        if states is None:
            state = self._prepare(feeds, tf.shape(fed)[0], fed.dtype)
            steps = self._steps
        else:
            columns = tf.transpose(states)
            parts = [tf.math.real(columns), tf.math.imag(columns)]
            state = tf.cast(tf.stack(parts), fed.dtype)
            steps = self._steps_from_state
        for step in steps:
            state = self._run(step, state, feeds, trained)
        return self._readout(state)

    def _run(self, step, state, feeds, trained):
        if isinstance(step, np.ndarray):
            return permute(state, step)
        if isinstance(step, Block):
            return step.apply(state, trained, self.program.qubits)
        if step.symbol in self.program.trained:
            value = trained[self.program.trained.index(step.symbol)]
            value = tf.broadcast_to(value, tf.shape(state)[-1:])
        else:
            value = feeds.get(step.symbol)
        return apply_fed_gate(state, step, value, self.program.qubits)

    def _prepare(self, feeds, batch, dtype):
        """The product state after the prefix.

        Qubits with the same gates, but for their symbols, are computed
        together.
        """
        vectors = [None] * self.program.qubits
        alike = {}
        for qubit, run in enumerate(self._prefix):
            key = tuple((g.signature(), g.symbol is None) for g in run)
            alike.setdefault(key, []).append(qubit)
        for members in alike.values():
            ones = tf.ones([len(members), batch], dtype)
            parts = [(ones, None), (tf.zeros_like(ones), None)]
            for place, gate in enumerate(self._prefix[members[0]]):
                values = None
                if gate.symbol is not None:
                    symbols = [self._prefix[q][place].symbol for q in members]
                    values = tf.stack([feeds[symbol] for symbol in symbols])
                parts = apply_gate(parts, gate, values)
            stacked = stack_rows(parts, axis=0)  # (P, 2, members, batch)
            for qubit, rows in zip(
                members, tf.unstack(stacked, axis=2), strict=True
            ):
                vectors[qubit] = rows
        return product_state(vectors)
