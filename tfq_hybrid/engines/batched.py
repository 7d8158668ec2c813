"""The batched engine: a whole batch as one program of stock operations.

A program is lowered to gates (`lowering`), which a pipeline of passes
(`passes`) turns into a plan of few large steps. A circuit with channels runs
on the Pauli vectors of density matrices (`superoperators`), else on states.
Everything is exact, differentiable by TensorFlow, and XLA compiles it.
"""

import copy
import dataclasses
import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.adjoint import run_with_adjoint
from tfq_hybrid.engines.channels import lower_noisy_circuit
from tfq_hybrid.engines.frames import real_frame
from tfq_hybrid.engines.lowering import lower_circuit
from tfq_hybrid.engines.passes import (
    PASSES,
    drop_before_readout,
    drop_outside_light_cone,
    take_prefix,
)
from tfq_hybrid.engines.plan import first_plan
from tfq_hybrid.engines.readout import NoReadout, PauliReadout, Readout
from tfq_hybrid.engines.register import Register
from tfq_hybrid.engines.running import run_plan
from tfq_hybrid.engines.sampling import sample_bits
from tfq_hybrid.engines.superoperators import density_matrices, pauli_vectors
from tfq_hybrid.engines.values import Values
from tfq_hybrid.errors import UserError, check_choice


class BatchedEngine:
    """Exact expectations of a program for a batch.

    Args:
        program: `Program`; its circuit may hold channels.
        gradient: str. `"backprop"`, TensorFlow's own, or `"adjoint"`, which
            walks the circuit backwards instead of keeping every state: its
            memory does not grow with the depth, for more time. The values
            are the same. Defaults to `"backprop"`.
        passes: sequence of functions from a `Plan` to a `Plan`. Defaults to
            `PASSES`.

    Raises:
        UserError: a gate is of a kind that the engine does not know, or the
            adjoint gradient is asked of a noisy circuit, which cannot be
            walked backwards.

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

    def __init__(self, program, gradient="backprop", passes=PASSES):
        check_choice("gradient", gradient, ("backprop", "adjoint"))
        if gradient == "adjoint" and program.is_noisy:
            raise UserError(
                "Expected another gradient than 'adjoint' for a circuit with "
                "noise, which cannot be walked backwards. Received: "
                "gradient='adjoint'"
            )
        self.program = program
        self._symbols = program  # `.fed` and `.trained` of the gates
        self._run = run_with_adjoint if gradient == "adjoint" else run_plan
        self._passes = passes
        self.register = Register(program.qubits, 4 if program.is_noisy else 2)
        lower = lower_noisy_circuit if program.is_noisy else lower_circuit
        self._gates = lower(program.circuit, program.qids)
        kind = PauliReadout if program.is_noisy else Readout
        self._readout = kind(program.operators, program.qids)

    @functools.cached_property
    def plan(self):
        """How expectations are computed from the zero state."""
        return self._compile(self._readout, self._passes)

    @functools.cached_property
    def _plan_from_states(self):
        # From a given state there is no product to begin with.
        passes = [
            real_frame if one is take_prefix else one for one in self._passes
        ]
        return self._compile(self._readout, passes)

    @functools.cached_property
    def _whole_plans(self):
        readout = NoReadout(self.program.qubits)
        passes = [one for one in self._passes if one is not take_prefix]
        plan = self._compile(readout, self._passes)
        return plan, self._compile(readout, passes)

    def _compile(self, readout, passes):
        plan = first_plan(self._symbols, self._gates, self.register, readout)
        for one in passes:
            plan = one(plan)
        return plan

    @tf.autograph.experimental.do_not_convert
    def __call__(self, fed, trained, states=None, seed=None):
        """Expectations for a batch.

        Args:
            fed: float tensor of shape (batch, fed symbols).
            trained: float tensor of shape (trained symbols,).
            states: complex tensor of shape (batch, 2**qubits), or a real
                one, the states that the circuit starts from. Defaults to
                `None`: all zeros.
            seed: not used: nothing is drawn.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `fed`.
        """
        plan = self.plan if states is None else self._plan_from_states
        return self._finish(plan, fed, trained, states)

    def _finish(self, plan, fed, trained, states, seed=None):
        fed, trained = tf.convert_to_tensor(fed), tf.convert_to_tensor(trained)
        if states is not None:
            states = _planes(states, fed.dtype)
            if self.register.radix == 4:
                states = pauli_vectors(states, self.program.qubits)
        values = Values(self._symbols, fed, trained, seed)
        return plan.readout(self._run(plan, values, states))

    def state(self, fed, trained, states=None):
        """The final states, up to a global phase.

        The arguments are those of a call.

        Returns:
            A complex tensor of shape (batch, 2**qubits); for a noisy circuit
            of shape (batch, 2**qubits, 2**qubits), the density matrices.
        """
        plan = self._whole_plans[states is not None]
        state = self._finish(plan, fed, trained, states)
        if self.program.is_noisy:
            return density_matrices(state, self.program.qubits)
        real, *rest = tf.unstack(state)
        imaginary = rest[0] if rest else tf.zeros_like(real)
        return tf.transpose(tf.complex(real, imaginary))

    def probabilities(self, fed, trained, states=None):
        """The probability of every outcome in the Z basis.

        The arguments are those of a call.

        Returns:
            A real tensor of shape (batch, 2**qubits); the first qubit is the
            leading bit of an outcome's index.
        """
        state = self.state(fed, trained, states)
        if self.program.is_noisy:
            return tf.math.real(tf.linalg.diag_part(state))
        return tf.square(tf.math.real(state)) + tf.square(tf.math.imag(state))

    def samples(self, fed, trained, repetitions, seed, states=None):
        """Measured bits of all qubits together, in the Z basis.

        Args:
            fed, trained, states: as for a call.
            repetitions: int.
            seed: int tensor of shape (2,). Equal seeds give equal bits.

        Returns:
            An int8 tensor of shape (batch, repetitions, qubits).
        """
        chances = self.probabilities(fed, trained, states)
        return sample_bits(chances, repetitions, self.program.qubits, seed)

    def with_own_symbols(self):
        """This engine with a symbol of its own for every gate.

        Returns:
            `OwnSymbols`.
        """
        program, gates = self.program, []
        columns = {True: [], False: []}  # is fed: (name, gate)
        for place, gate in enumerate(self._gates):
            if gate.symbol is not None:
                name = f"{gate.symbol}/{place}"
                own = dataclasses.replace(gate, symbol=name)
                columns[gate.symbol in program.fed].append((name, gate))
                gate = own
            gates.append(gate)
        engine = copy.copy(self)
        for cached in ("plan", "_plan_from_states", "_whole_plans"):
            vars(engine).pop(cached, None)
        engine._gates = gates
        names = {
            kind: tuple(name for name, _ in columns[kind]) for kind in columns
        }
        engine._symbols = Symbols(names[True], names[False])
        felt = self._compile(
            self._readout, (drop_outside_light_cone, drop_before_readout)
        )
        return OwnSymbols(
            engine,
            [g for kind in (True, False) for _, g in columns[kind]],
            {id(gate) for gate in felt.gates},
            _mixing(program.fed, [g.symbol for _, g in columns[True]]),
            _mixing(program.trained, [g.symbol for _, g in columns[False]]),
        )


class Symbols(NamedTuple):
    """Names of fed and trained symbols."""

    fed: tuple
    trained: tuple


class OwnSymbols(NamedTuple):
    """An engine in which no two gates share a symbol.

    Attributes:
        engine: `BatchedEngine`, called with values for every gate.
        gates: list of `TrigGate` with their old symbols, the fed ones first.
        felt: set of the ids of the gates that the observables can feel.
        fed_mixing, trained_mixing: arrays of shape (symbols, gates), 1 where
            a gate has the symbol.
    """

    engine: BatchedEngine
    gates: list
    felt: set
    fed_mixing: np.ndarray
    trained_mixing: np.ndarray


def _mixing(names, symbols):
    return np.array(
        [[float(name == symbol) for symbol in symbols] for name in names]
    ).reshape(len(names), len(symbols))


def _planes(states, dtype):
    """States (batch, N) as real planes (P, N, batch)."""
    columns = tf.transpose(states)
    parts = [columns]
    if columns.dtype.is_complex:
        parts = [tf.math.real(columns), tf.math.imag(columns)]
    return tf.cast(tf.stack(parts), dtype)
