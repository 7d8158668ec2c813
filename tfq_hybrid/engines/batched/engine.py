"""The batched engine: a whole batch as one program of stock operations.

A program is lowered to gates (`lowering`), which a pipeline of passes
(`passes`) turns into a plan of few large steps. A circuit with channels runs
on the Pauli vectors of density matrices (`noise.density_matrix`), else on
states. Everything is exact, differentiable by TensorFlow, and XLA compiles it.
"""

import copy
import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.angles import periods, within_a_period
from tfq_hybrid.engines.batched.passes import (
    PASSES,
    Pass,
    drop_before_readout,
    drop_outside_light_cone,
    real_frame,
    take_prefix,
)
from tfq_hybrid.engines.batched.plan import (
    Plan,
    Values,
    first_plan,
    run_plan,
)
from tfq_hybrid.engines.batched.prefix import any_state
from tfq_hybrid.engines.batched.readout import (
    AnyReadout,
    NoReadout,
    PauliReadout,
    Readout,
)
from tfq_hybrid.engines.gradients import (
    GradientMethod,
    Simulated,
    as_gradient_method,
)
from tfq_hybrid.engines.gradients.parameter_shift import (
    OwnSymbols,
    Symbols,
    give_own_symbols,
)
from tfq_hybrid.engines.noise.density_matrix import (
    density_matrices,
    pauli_vectors,
)
from tfq_hybrid.engines.program import Program
from tfq_hybrid.engines.register import Register
from tfq_hybrid.engines.shots import sample_bits
from tfq_hybrid.errors import UserError, check_integer


class PlannedEngine:
    """A program as gates, and the plans that the passes make of them.

    The register is of radix 4 for density matrices; `run` is a function of a
    plan, values and states; `symbols` has the tuples `features` and `weights`
    of the gates, and is the program by default.
    """

    name = "batched"

    def __init__(
        self,
        program: Program,
        gates: Sequence,
        register: Register,
        readout: AnyReadout,
        run: Callable[..., tf.Tensor] = run_plan,
        passes: Sequence[Pass] = PASSES,
        symbols: Program | Symbols | None = None,
    ):
        self.program = program
        self.register = register
        self._symbols = program if symbols is None else symbols
        self._gates = gates
        self._readout = readout
        self._run = run
        self._passes = passes

    @functools.cached_property
    def _periods(self) -> list[np.ndarray]:
        """Of features and of weights."""
        names = self._symbols.features, self._symbols.weights
        return [periods(self._gates, x, where_inexact=True) for x in names]

    @functools.cached_property
    def plan(self) -> Plan:
        """How expectations are computed from the zero state."""
        return self._compile(self._readout, self._passes)

    @functools.cached_property
    def _plan_from_states(self) -> Plan:
        return self._compile(self._readout, self._passes_from_states)

    @property
    def _passes_from_states(self):
        # From a given state there is no product to begin with.
        return [
            real_frame if one is take_prefix else one for one in self._passes
        ]

    def _compile(self, readout: AnyReadout, passes: Sequence[Pass]) -> Plan:
        plan = first_plan(self._symbols, self._gates, self.register, readout)
        for one in passes:
            plan = one(plan)
        return plan

    def run(self, features, weights, states=None, seed=None):
        """Expectations for a batch, by the arguments of a call."""
        plan = self.plan if states is None else self._plan_from_states
        return self._finish(plan, features, weights, states, seed)

    def _finish(self, plan, features, weights, states, seed=None):
        values = self._named_values(features, weights, states, seed)
        if states is not None:
            states = _planes(states, values.dtype)
            if self.register.radix == 4:
                states = pauli_vectors(states, self.program.qubits)
        return plan.readout(self._run(plan, values, states))

    def _named_values(self, features, weights, states=None, seed=None):
        features, weights = (
            tf.convert_to_tensor(features),
            tf.convert_to_tensor(weights),
        )
        self._check_shapes(features, weights, states)
        features, weights = (
            within_a_period(x, periods)
            for x, periods in zip(
                (features, weights), self._periods, strict=True
            )
        )
        return Values(self._symbols, features, weights, seed)

    def _check_shapes(self, features, weights, states):
        expected = {
            "features": (features, (None, len(self._symbols.features))),
            "weights": (weights, (len(self._symbols.weights),)),
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

    def with_own_symbols(self) -> tuple["PlannedEngine", OwnSymbols, set[int]]:
        """This engine with a symbol of its own for every gate.

        With it come the new symbols, and the ids of the gates that the
        observables can feel. It is called with values for every gate.
        """
        own = give_own_symbols(self.program, self._gates)
        felt = self._felt_gates()
        engine = copy.copy(self)
        for name in list(vars(engine)):
            kind = getattr(type(engine), name, None)
            if isinstance(kind, functools.cached_property):
                delattr(engine, name)
        engine._gates = own.lowered
        engine._symbols = own.symbols
        return engine, own, {id(gate) for gate in felt}

    def _felt_gates(self):
        plan = first_plan(
            self._symbols, self._gates, self.register, self._readout
        )
        for one in (drop_outside_light_cone, drop_before_readout):
            plan = one(plan)
        return plan.gates

    @property
    def weights_without_effect(self) -> list[str]:
        """The weights that no observable feels: their gradients are zero."""
        felt = {gate.symbol for gate in self._felt_gates()}
        return [name for name in self._symbols.weights if name not in felt]


def _planes(states: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """States (batch, N) as real planes (P, N, batch)."""
    columns = tf.transpose(states)
    parts = [columns]
    if columns.dtype.is_complex:
        parts = [tf.math.real(columns), tf.math.imag(columns)]
    return tf.cast(tf.stack(parts), dtype)


class BatchedEngine(PlannedEngine):
    """Exact expectations of a program for a batch.

    Args:
        program: its circuit may hold channels.
        gradient: a method or its name: `"backprop"`, TensorFlow's own, or
            `"adjoint"`, which walks the circuit backwards instead of
            storing every state: its memory does not grow with the depth, at
            the price of time. The values are the same. Defaults to
            `"backprop"`.
        passes: functions from a `Plan` to a `Plan`. Defaults to `PASSES`.

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
    >>> angles = tf.constant([[0.0], [3.14159265]])
    >>> engine(angles, tf.zeros([0])).numpy().round(4)
    array([[ 1.],
           [-1.]], dtype=float32)
    """

    def __init__(
        self,
        program: Program,
        gradient: GradientMethod | str | dict = "backprop",
        passes: Sequence[Pass] = PASSES,
    ):
        method = as_gradient_method(gradient)
        if not isinstance(method, Simulated):
            raise UserError(
                "Expected gradient to be 'backprop' or 'adjoint'. Received: "
                f"gradient={method.name!r}"
            )
        if method.runs_backwards and program.is_noisy:
            raise UserError(
                "Expected another gradient for a circuit with noise, which "
                f"cannot be walked backwards. Received: {method.name!r}"
            )
        kind = PauliReadout if program.is_noisy else Readout
        super().__init__(
            program,
            program.gates,
            Register(program.qubits, 4 if program.is_noisy else 2),
            kind(program.operators, program.qids),
            method.run,
            passes,
        )

    @functools.cached_property
    def _whole_plans(self) -> tuple[Plan, Plan]:
        readout = NoReadout(self.program.qubits)
        return (
            self._compile(readout, self._passes),
            self._compile(readout, self._passes_from_states),
        )

    @tf.autograph.experimental.do_not_convert
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
            states: complex tensor of shape (batch, 2**qubits), or a real
                one, the states that the circuit starts from. Defaults to
                `None`: all zeros.
            seed: not used: nothing is drawn.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `features`.
        """
        return self.run(features, weights, states)

    def after_data(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        is_product: tf.Tensor,
        factors: tf.Tensor,
        make_states: Callable[[], tf.Tensor],
    ) -> tf.Tensor:
        """Expectations of a program without noise, from any states.

        Args:
            features, weights: as for a call.
            is_product: whether the states are products of the factors, a
                bool. A graph holds both cases.
            factors: complex tensor of shape (batch, qubits, 2).
            make_states: gives the states as for a call.
        """
        plan, values = self.plan, self._named_values(features, weights)
        start = any_state(plan, values, is_product, factors, make_states)
        return plan.readout(self._run(plan, values, start))

    def state(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        states: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """The final states, up to a global phase.

        The arguments are those of a call.

        Returns:
            A complex tensor of shape (batch, 2**qubits); for a noisy circuit
            of shape (batch, 2**qubits, 2**qubits), the density matrices.
        """
        plan = self._whole_plans[states is not None]
        state = self._finish(plan, features, weights, states)
        if self.program.is_noisy:
            return density_matrices(state, self.program.qubits)
        real, *rest = tf.unstack(state)
        imaginary = rest[0] if rest else tf.zeros_like(real)
        return tf.transpose(tf.complex(real, imaginary))

    def probabilities(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        states: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """The probability of every outcome in the Z basis.

        The arguments are those of a call.

        Returns:
            A real tensor of shape (batch, 2**qubits); the first qubit is the
            leading bit of an outcome's index.
        """
        state = self.state(features, weights, states)
        if self.program.is_noisy:
            return tf.math.real(tf.linalg.diag_part(state))
        return tf.square(tf.math.real(state)) + tf.square(tf.math.imag(state))

    def samples(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        repetitions: int,
        seed: tf.Tensor,
        states: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Measured bits of all qubits together, in the Z basis.

        Args:
            features, weights, states: as for a call.
            repetitions: at least 1.
            seed: int tensor of shape (2,). Equal seeds give equal bits.

        Returns:
            An int8 tensor of shape (batch, repetitions, qubits).
        """
        check_integer("repetitions", repetitions, minimum=1)
        probabilities = self.probabilities(features, weights, states)
        return sample_bits(
            probabilities, repetitions, self.program.qubits, seed
        )
