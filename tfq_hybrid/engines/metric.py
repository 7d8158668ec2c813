"""The Fubini-Study metric of a circuit, from exact states.

With |psi> the final state and d_i its derivative by a weight, the metric is

    g_ij = Re(<d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi>)

(Stokes et al. 2020, arXiv 1909.02108, eq. 6): a quarter of the quantum Fisher
information. A gate that is a sum of cosines and sines has a derivative of the
same form, so that one pass through the circuit carries the state and all its
derivatives along, as one larger batch.
"""

import dataclasses

import tensorflow as tf

from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.plan import Values
from tfq_hybrid.engines.batched.states import apply_gate_to_state
from tfq_hybrid.engines.expressions import without_expressions
from tfq_hybrid.engines.program import Program
from tfq_hybrid.engines.register import Register
from tfq_hybrid.errors import UserError


def check_pure(program: Program) -> None:
    """Raises `UserError` where a program has no metric of pure states."""
    if program.is_noisy:
        raise UserError(
            "Expected a circuit without noise: the Fubini-Study metric is of "
            "pure states. Received: a circuit with channels"
        )
    plain, _ = without_expressions(program)
    _ = plain.gates  # refuses what the batched engine does not know


def fubini_study(
    program: Program,
    features: tf.Tensor,
    weights: tf.Tensor,
    states: tf.Tensor | None = None,
) -> tf.Tensor:
    """The metric of every example.

    Args:
        program: without channels. Its angles may be expressions of symbols.
        features: float tensor of shape (batch, features).
        weights: float tensor of shape (weights,).
        states: complex or real tensor of shape (batch, 2**qubits), the states
            that the circuit starts from. Defaults to `None`: all zeros.

    Returns:
        A float tensor of shape (batch, weights, weights): a symmetric matrix
        without negative eigenvalues. A weight in several gates is one
        coordinate; the features are none.

    Raises:
        UserError: the program has channels, or a gate that the batched engine
            does not know.

    Example:

    >>> import cirq, sympy
    >>> a, b = sympy.symbols("a b")
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.rx(a)(qubit), cirq.ry(b)(qubit))
    >>> program = Program(circuit, (cirq.Z(qubit),), weights=("a", "b"))
    >>> fubini_study(program, tf.zeros([1, 0]), tf.zeros([2])).numpy()
    array([[[0.25, 0.  ],
            [0.  , 0.25]]], dtype=float32)
    """
    check_pure(program)
    plain, expressions = without_expressions(program)
    if expressions is None:
        state, slopes = _with_slopes(
            program, features, weights, states, program.weights
        )
    else:
        rows, slopes_of = expressions.with_slopes(features, weights)
        names = (*plain.features, *plain.weights)
        fed = dataclasses.replace(plain, features=names, weights=())
        state, of_symbols = _with_slopes(
            fed, rows, weights[:0], states, [*slopes_of]
        )
        chain = tf.stack([*slopes_of.values()], axis=1)  # (…, symbols, weights)
        chain = tf.cast(chain, of_symbols.dtype)
        slopes = tf.matmul(chain, of_symbols, transpose_a=True)
    along = tf.matmul(slopes, state, adjoint_b=True)  # (batch, weights, 1)
    inner = tf.matmul(slopes, slopes, adjoint_b=True)
    return tf.math.real(inner - tf.matmul(along, along, adjoint_b=True))


def _with_slopes(program, features, weights, states, symbols):
    """The states (batch, 1, N), and by symbols: (batch, symbols, N)."""
    count = len(symbols)
    batch = tf.shape(features)[0]
    register = Register(program.qubits)
    values = Values(program, features, weights)
    # Rows of a larger batch: the state, then its derivative by each symbol.
    tiled = Values(program, tf.tile(features, [1 + count, 1]), weights)
    planes = _first_planes(states, register.size, batch, features.dtype)
    none = tf.zeros([2, register.size, count * batch], features.dtype)
    stack = tf.concat([planes, none], axis=2)
    for gate in program.gates:
        moved = _moved(stack, gate, tiled, register)
        if gate.symbol in symbols:
            place = symbols.index(gate.symbol)
            slope = _moved(
                stack[:, :, :batch], _derivative(gate), values, register
            )
            left, right = (1 + place) * batch, (count - 1 - place) * batch
            moved += tf.pad(slope, [[0, 0], [0, 0], [left, right]])
        stack = moved
    real, imaginary = tf.unstack(
        tf.reshape(stack, [2, register.size, 1 + count, batch])
    )
    stack = tf.transpose(tf.complex(real, imaginary), [2, 1, 0])
    return stack[:, :1], stack[:, 1:]


def _moved(planes, gate, values, register):
    """The planes (2, N, batch) after a gate."""
    value, parts = values.of(gate.symbol), tf.unstack(planes)
    return tf.stack(
        apply_gate_to_state(parts, gate, value, gate.qubits, register)
    )


def _first_planes(states, size, batch, dtype):
    """The states that a circuit starts from, as planes (2, N, batch)."""
    if states is None:
        ground = tf.one_hot(tf.zeros([batch], tf.int32), size, dtype=dtype)
        return tf.stack([tf.transpose(ground), tf.zeros([size, batch], dtype)])
    columns = tf.transpose(states)
    real, imaginary = columns, tf.zeros_like(columns)
    if columns.dtype.is_complex:
        real, imaginary = tf.math.real(columns), tf.math.imag(columns)
    return tf.cast(tf.stack([real, imaginary]), dtype)


def _derivative(gate: TrigGate) -> TrigGate:
    """The derivative of a gate by its symbol, no unitary any more."""
    rates = gate.rates[:, None, None]
    return dataclasses.replace(
        gate,
        cos_basis=rates * gate.sin_basis,
        sin_basis=-rates * gate.cos_basis,
    )
