"""What every engine that runs a plan of tensor steps shares."""

import copy
import functools

import tensorflow as tf

from tfq_hybrid.engines.frames import real_frame
from tfq_hybrid.engines.own_symbols import give_own_symbols
from tfq_hybrid.engines.passes import (
    PASSES,
    drop_before_readout,
    drop_outside_light_cone,
    take_prefix,
)
from tfq_hybrid.engines.plan import first_plan
from tfq_hybrid.engines.running import run_plan
from tfq_hybrid.engines.superoperators import pauli_vectors
from tfq_hybrid.engines.values import Values
from tfq_hybrid.errors import UserError


class PlannedEngine:
    """A program as gates, and the plans that the passes make of them.

    Args:
        program: `Program`.
        gates: list of what the program was lowered to.
        register: `Register`, of radix 4 for density matrices.
        readout: from a final state to expectations.
        run: function of a plan, values and states. Defaults to `run_plan`.
        passes: sequence of functions from a `Plan` to a `Plan`. Defaults to
            `PASSES`.
        symbols: what has the tuples `fed` and `trained` of the gates.
            Defaults to `None`: the program.
    """

    name = "batched"

    def __init__(
        self,
        program,
        gates,
        register,
        readout,
        run=run_plan,
        passes=PASSES,
        symbols=None,
    ):
        self.program = program
        self.register = register
        self._symbols = program if symbols is None else symbols
        self._gates = gates
        self._readout = readout
        self._run = run
        self._passes = passes

    @functools.cached_property
    def plan(self):
        """How expectations are computed from the zero state."""
        return self._compile(self._readout, self._passes)

    @functools.cached_property
    def _plan_from_states(self):
        return self._compile(self._readout, self._passes_from_states)

    @property
    def _passes_from_states(self):
        # From a given state there is no product to begin with.
        return [
            real_frame if one is take_prefix else one for one in self._passes
        ]

    def _compile(self, readout, passes):
        plan = first_plan(self._symbols, self._gates, self.register, readout)
        for one in passes:
            plan = one(plan)
        return plan

    def run(self, fed, trained, states=None, seed=None):
        """Expectations for a batch, by the arguments of a call."""
        plan = self.plan if states is None else self._plan_from_states
        return self._finish(plan, fed, trained, states, seed)

    def _finish(self, plan, fed, trained, states, seed=None):
        fed, trained = tf.convert_to_tensor(fed), tf.convert_to_tensor(trained)
        self._check_shapes(fed, trained, states)
        if states is not None:
            states = _planes(states, fed.dtype)
            if self.register.radix == 4:
                states = pauli_vectors(states, self.program.qubits)
        values = Values(self._symbols, fed, trained, seed)
        return plan.readout(self._run(plan, values, states))

    def _check_shapes(self, fed, trained, states):
        expected = {
            "fed": (fed, (None, len(self._symbols.fed))),
            "trained": (trained, (len(self._symbols.trained),)),
        }
        if states is not None:
            size = 2**self.program.qubits
            expected["states"] = (tf.convert_to_tensor(states), (None, size))
        for name, (tensor, shape) in expected.items():
            if not tensor.shape.is_compatible_with(shape):
                wanted = str(shape).replace("None", "batch")
                raise UserError(
                    f"Expected {name} of shape {wanted}. Received: shape "
                    f"{tuple(tensor.shape)}"
                )

    def with_own_symbols(self):
        """This engine with a symbol of its own for every gate.

        Returns:
            A triple of the engine, called with values for every gate,
            `OwnSymbols`, and the set of the ids of the gates that the
            observables can feel.
        """
        own = give_own_symbols(self.program, self._gates)
        felt = first_plan(
            self._symbols, self._gates, self.register, self._readout
        )
        for one in (drop_outside_light_cone, drop_before_readout):
            felt = one(felt)
        engine = copy.copy(self)
        for name in list(vars(engine)):
            kind = getattr(type(engine), name, None)
            if isinstance(kind, functools.cached_property):
                delattr(engine, name)
        engine._gates = own.lowered
        engine._symbols = own.symbols
        return engine, own, {id(gate) for gate in felt.gates}


def _planes(states, dtype):
    """States (batch, N) as real planes (P, N, batch)."""
    columns = tf.transpose(states)
    parts = [columns]
    if columns.dtype.is_complex:
        parts = [tf.math.real(columns), tf.math.imag(columns)]
    return tf.cast(tf.stack(parts), dtype)
