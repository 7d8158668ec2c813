"""Hypothesis strategies for programs: circuits, symbols, observables, values.

Structure is drawn, so that a failure shrinks to a small circuit; numbers
without structure (values of symbols, entries of matrices) come from a drawn
seed.
"""

import dataclasses
import functools

import cirq
import numpy as np
import sympy
from hypothesis import assume
from hypothesis import strategies as st

from tfq_hybrid.engines import Program

# Lexicographic and numeric order differ: TensorFlow Quantum sorts names.
NAMES = ("a", "x_10", "x_2", "w", "B")
SYMBOLS = tuple(map(sympy.Symbol, NAMES))
FACTORS = (-2.0, -0.5, 0.3, 2.0)
# TensorFlow Quantum differentiates gates by differences, whose error grows
# with the square of the factor.
SMALL_FACTORS = (-1.0, -0.5, 0.3)
NUMBERS = (0.0, 1.0, -1.0, 0.5, 2.0, 0.37, -1.61)
SEEDS = st.integers(0, 2**31 - 1)

POWERS = {
    1: (cirq.XPowGate, cirq.YPowGate, cirq.ZPowGate, cirq.HPowGate),
    2: (
        cirq.CXPowGate,
        cirq.CZPowGate,
        cirq.SwapPowGate,
        cirq.ISwapPowGate,
        cirq.XXPowGate,
        cirq.YYPowGate,
        cirq.ZZPowGate,
    ),
    3: (cirq.CCXPowGate, cirq.CCZPowGate),
}
ROTATIONS = {
    1: (cirq.rx, cirq.ry, cirq.rz),
    2: (cirq.ms, cirq.riswap, cirq.givens),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A program and the values of its symbols.

    Attributes:
        program: `Program`.
        features: float64 array of shape (batch, features).
        weights: float64 array of shape (weights,).
    """

    program: Program
    features: np.ndarray
    weights: np.ndarray


def scaled_symbols(factors):
    """A number, a symbol, or a symbol times a factor."""
    return st.one_of(
        st.sampled_from(NUMBERS),
        st.sampled_from(SYMBOLS),
        st.builds(
            lambda factor, symbol: factor * symbol,
            st.sampled_from(factors),
            st.sampled_from(SYMBOLS),
        ),
    )


# Whatever may stand in a gate: affine in one symbol.
EXPRESSIONS = scaled_symbols(FACTORS) | st.builds(
    lambda factor, symbol, number: factor * symbol + number,
    st.sampled_from(FACTORS),
    st.sampled_from(SYMBOLS),
    st.sampled_from(NUMBERS),
)


def _of_any_width(table, limit):
    return st.sampled_from(
        [row for width in table if width <= limit for row in table[width]]
    )


def _powers(exponents, limit):
    return st.builds(
        lambda kind, exponent, shift: kind(
            exponent=exponent, global_shift=shift
        ),
        _of_any_width(POWERS, limit),
        exponents,
        st.sampled_from((0.0, -0.5, 0.25)),
    )


def _phased_x(angles):
    return st.builds(
        lambda phase, exponent, shift: cirq.PhasedXPowGate(
            phase_exponent=phase, exponent=exponent, global_shift=shift
        ),
        angles,
        angles,
        st.sampled_from((0.0, -0.5)),
    )


@st.composite
def _phased_xz(draw):
    """Controlled or inverted, Cirq makes sums of these exponents."""
    return cirq.PhasedXZGate(
        x_exponent=draw(EXPRESSIONS),
        z_exponent=draw(EXPRESSIONS),
        axis_phase_exponent=draw(EXPRESSIONS),
    )


def _two_qubit_products(angles):
    return st.one_of(
        st.builds(
            lambda phase, exponent: cirq.PhasedISwapPowGate(
                phase_exponent=phase, exponent=exponent
            ),
            angles,
            angles,
        ),
        st.builds(cirq.FSimGate, angles, angles),
    )


@functools.cache
def tfq_gates(limit):
    """Gates on up to `limit` qubits that TensorFlow Quantum serialises."""
    angles = scaled_symbols(SMALL_FACTORS)
    gates = [
        _powers(angles, min(limit, 2)),
        st.builds(
            lambda rotation, angle: rotation(angle),
            st.sampled_from(ROTATIONS[1]),
            angles,
        ),
        _phased_x(angles),
        st.just(cirq.I),
    ]
    return st.one_of(*gates, *([_two_qubit_products(angles)] * (limit > 1)))


def gates_with_symbols(limit):
    """Gates on up to `limit` qubits with symbols wherever they may stand."""
    gates = [
        _powers(EXPRESSIONS, min(limit, 3)),
        st.builds(
            lambda rotation, angle: rotation(angle),
            _of_any_width(ROTATIONS, limit),
            EXPRESSIONS,
        ),
        _phased_x(EXPRESSIONS),
        _phased_xz(),
    ]
    return st.one_of(
        *gates, *([_two_qubit_products(EXPRESSIONS)] * (limit > 1))
    )


@st.composite
def constant_gates(draw, limit):
    """Gates without symbols, of kinds that know no powers."""
    width = draw(st.integers(1, min(limit, 3)))
    seed = draw(SEEDS)
    generator = np.random.default_rng(seed)
    kinds = [
        lambda: cirq.MatrixGate(
            cirq.testing.random_unitary(2**width, random_state=seed)
        ),
        lambda: cirq.DiagonalGate(
            generator.uniform(-np.pi, np.pi, 2**width).tolist()
        ),
        lambda: cirq.QuantumFourierTransformGate(width),
        lambda: cirq.IdentityGate(width),
        lambda: cirq.ParallelGate(cirq.Y**0.3, width),
    ]
    if width == 3:
        kinds += [lambda: cirq.CCX, lambda: cirq.CSWAP]
    return draw(st.sampled_from(kinds))()


@st.composite
def _controlled(draw, operation, free):
    """The operation, controlled by some of the free qubits."""
    count = draw(st.integers(1, min(2, len(free))))
    controls = draw(st.permutations(free))[:count]
    if count == 2 and draw(st.booleans()):
        either = cirq.SumOfProducts([[0, 1], [1, 0]])
        return operation.controlled_by(*controls, control_values=either)
    wanted = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    return operation.controlled_by(*controls, control_values=wanted)


@st.composite
def operations(draw, qids, gates):
    """One operation of the gates, perhaps controlled."""
    gate = draw(gates(len(qids)))
    order = draw(st.permutations(qids))
    width = cirq.num_qubits(gate)
    operation = gate(*order[:width])
    free = order[width:]
    # Four qubits at most: wider gates only cost time here.
    if free and width < 3 and draw(st.integers(0, 5)) == 5:
        return draw(_controlled(operation, free))
    return operation


@st.composite
def _subcircuits(draw, qids):
    """A subcircuit: repeated or inverted, other qubits, other symbols."""
    inner = draw(st.lists(operations(qids, any_gates), min_size=1, max_size=3))
    subcircuit = cirq.CircuitOperation(
        cirq.FrozenCircuit(inner),
        repetitions=draw(st.sampled_from((1, 2, -1))),
        use_repetition_ids=False,
    )
    used = sorted(subcircuit.qubits)
    moved = draw(st.permutations(qids))[: len(used)]
    subcircuit = subcircuit.with_qubit_mapping(
        dict(zip(used, moved, strict=True))
    )
    if draw(st.booleans()):
        subcircuit = subcircuit.with_params(
            {draw(st.sampled_from(SYMBOLS)): draw(EXPRESSIONS)}
        )
    return subcircuit


@functools.cache
def any_gates(limit):
    """Every kind of gate that the batched engine runs."""
    return st.one_of(gates_with_symbols(limit), constant_gates(limit))


@st.composite
def any_operations(draw, qids):
    """Every kind of operation that the batched engine runs."""
    kind = draw(st.integers(0, 11))
    if kind == 10:
        return draw(_subcircuits(qids))
    if kind == 11:
        phase = cirq.global_phase_operation(np.exp(0.7j))
        if draw(st.booleans()):
            return phase
        return draw(_controlled(phase, list(qids)))
    return draw(operations(qids, any_gates))


def tfq_operations(qids):
    """Operations that TensorFlow Quantum runs.

    Cirq turns a controlled CZ or CNOT into CCZ or CCX, which it does not
    serialise, and control values other than a product it drops in silence.
    """
    lacking = (cirq.CCXPowGate, cirq.CCZPowGate)

    def is_known(operation):
        values = getattr(operation, "control_values", None)
        return not (
            isinstance(operation.gate, lacking)
            or isinstance(values, cirq.SumOfProducts)
        )

    return operations(qids, tfq_gates).filter(is_known)


@st.composite
def registers(draw, size):
    """Qubits of one kind, in an order that is not theirs."""
    kind = draw(st.sampled_from(("grid", "line", "named")))
    places = draw(
        st.lists(st.integers(0, 15), min_size=size, max_size=size, unique=True)
    )
    if kind == "line":
        return [cirq.LineQubit(place - 5) for place in places]
    if kind == "named":
        return [cirq.NamedQubit(f"q{place}") for place in places]
    return [cirq.GridQubit(place // 4, place % 4) for place in places]


@st.composite
def grids(draw, size):
    """Grid qubits, the only ones that TensorFlow Quantum takes."""
    places = draw(
        st.lists(st.integers(0, 15), min_size=size, max_size=size, unique=True)
    )
    return [cirq.GridQubit(place // 4, place % 4) for place in places]


@st.composite
def observables(draw, qids):
    """A Pauli string or a sum of them, with real coefficients."""
    terms = []
    for _ in range(draw(st.integers(1, 2))):
        fewest = draw(st.sampled_from((1, 1, 1, 1, 0)))  # 0: a constant
        chosen = draw(
            st.lists(
                st.sampled_from(qids),
                min_size=fewest,
                max_size=3,
                unique=True,
            )
        )
        paulis = st.sampled_from((cirq.Z, cirq.X, cirq.Y))
        coefficient = draw(st.sampled_from((1.0, -0.5, 0.3)))
        factors = [draw(paulis)(qid) for qid in chosen]
        terms.append(cirq.PauliString(factors, coefficient=coefficient))
    if len(terms) == 1:
        return terms[0]
    return cirq.PauliSum.from_pauli_strings(terms)


@st.composite
def cases(draw, qubits, operations=any_operations, registers=registers):
    """A program and values for its symbols.

    Args:
        qubits: int.
        operations: function from qubits to a strategy.
        registers: function from a number of qubits to a strategy.
    """
    qids = draw(registers(qubits))
    count = draw(st.integers(0, 10))
    assume(count)
    circuit = cirq.Circuit(
        [draw(operations(qids)) for _ in range(count)],
        strategy=draw(
            st.sampled_from(
                (cirq.InsertStrategy.EARLIEST, cirq.InsertStrategy.NEW)
            )
        ),
    )
    touched = sorted(circuit.all_qubits())
    if not touched:
        circuit += cirq.H(qids[0])
        touched = qids[:1]
    operators = draw(st.lists(observables(touched), min_size=1, max_size=3))
    names = cirq.parameter_names(circuit)
    # A symbol that no gate has is legal: its gradient is zero.
    names |= draw(st.sets(st.sampled_from(NAMES), max_size=1))
    order = draw(st.permutations(sorted(names)))
    split = draw(st.integers(0, len(order)))
    program = Program(
        circuit, tuple(operators), tuple(order[:split]), tuple(order[split:])
    )
    generator = np.random.default_rng(draw(SEEDS))
    batch = draw(st.sampled_from((1, 2, 3, 4, 2, 3, 4, 0)))
    return Case(
        program,
        generator.uniform(-np.pi, np.pi, (batch, split)),
        generator.uniform(-np.pi, np.pi, len(order) - split),
    )
