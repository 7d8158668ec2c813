"""The parameter-shift rule.

It holds for one gate at a time, so each gate gets a symbol of its own; the
derivative of a shared symbol is the sum over its gates.
"""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.gradients.method import (
    DENSITY_MATRICES,
    EXACT,
    SHOTS,
    TRAJECTORIES,
    GradientMethod,
)
from tfq_hybrid.engines.gradients.shifts import Shift, shifting
from tfq_hybrid.engines.register import Register

if TYPE_CHECKING:
    from tfq_hybrid.engines.program import Program

# Of a circuit whose light cones are looked at: a Pauli vector has 4**qubits.
_MOST_QUBITS = {False: 16, True: 8}


@dataclasses.dataclass(frozen=True)
class ParameterShift(GradientMethod):
    """A weighted sum of shifted evaluations.

    Exact in expectation, from shots and from hardware too.
    """

    name = "parameter_shift"
    kinds = frozenset({EXACT, DENSITY_MATRICES, SHOTS, TRAJECTORIES})

    def runs_on_tfq(self, exact: bool) -> bool:
        return True

    def on_tfq(self, differentiators: Any, estimates: bool) -> Any:
        return differentiators.ParameterShift()

    def bind(self, engine):
        shifted, own, rules = _rules(engine.exact)
        count = own.feature_mixing.shape[1]
        split = rules[:count], rules[count:]
        gates = engine.with_exact(shifted, lambda gates: shifting(gates, split))

        def gradient(features, weights, given, seed, upstream):
            to_features = tf.constant(own.feature_mixing, features.dtype)
            to_weights = tf.constant(own.weight_mixing, weights.dtype)
            by_features, by_weights = gates.gradient(
                features @ to_features,
                tf.linalg.matvec(to_weights, weights, transpose_a=True),
                given,
                seed,
                upstream,
            )
            by_features = tf.matmul(by_features, to_features, transpose_b=True)
            return by_features, tf.linalg.matvec(to_weights, by_weights)

        return gradient


def _rules(engine):
    """An engine with own symbols, these, and the rule of each gate's."""
    shifted, own, relevant = engine.with_own_symbols()
    rules = [
        parameter_shift(gate_frequencies(gate, engine.register))
        if id(gate) in relevant
        else []
        for gate in own.gates
    ]
    return shifted, own, rules


def shifted_evaluations(program: "Program") -> int:
    """How many shifted evaluations the gradient of all symbols takes.

    Raises:
        UserError: the batched engine does not know a gate.

    Example:

    >>> import cirq, sympy
    >>> from tfq_hybrid.engines.program import Program
    >>> gate = cirq.rx(sympy.Symbol("x"))
    >>> qubits = cirq.LineQubit.range(2)
    >>> circuit = cirq.Circuit(map(gate, qubits))
    >>> shifted_evaluations(
    ...     Program(circuit, [cirq.Z(q) * 1.0 for q in qubits], (), ("x",))
    ... )
    4
    """
    return sum(shift_counts(program))


def shift_counts(program: "Program") -> tuple[int, int]:
    """The shifted evaluations of all features, and of all weights.

    Gates that no observable feels are left out; on more than 16 qubits, 8
    with noise, where that would take long to find, they count too.

    Raises:
        UserError: the batched engine does not know a gate.
    """
    from tfq_hybrid.engines.batched.engine import BatchedEngine

    if program.qubits > _MOST_QUBITS[program.is_noisy]:
        own = give_own_symbols(program, program.gates)
        register = Register(program.qubits, 4 if program.is_noisy else 2)
        rules = [
            parameter_shift(gate_frequencies(gate, register))
            for gate in own.gates
        ]
    else:
        _, own, rules = _rules(BatchedEngine(program))
    features = own.feature_mixing.shape[1]
    counts = [len(rule) for rule in rules]
    return sum(counts[:features]), sum(counts[features:])


def parameter_shift(frequencies: ArrayLike) -> list[Shift]:
    """The exact rule for a trigonometric polynomial.

    An expectation is, in one gate's parameter, a constant plus cosines and
    sines of the differences of the generator's eigenvalues. With R
    frequencies, 2 R evaluations give the derivative (Wierichs et al. 2022,
    arXiv 2107.12390): at x_m = (2 m - 1) pi / (2 R f) for equally spaced
    frequencies, f being the lowest, the classic pair at half a turn of pi/2
    for one. The weights solve 2 sum_m c_m sin(f_l x_m) = f_l. The frequencies
    are positive and different, in radians per unit.

    >>> rule = parameter_shift([1])
    >>> [(round(s.amount, 4), round(s.weight, 4)) for s in rule]
    [(1.5708, 0.5), (-1.5708, -0.5)]
    """
    frequencies = np.sort(np.asarray(frequencies, float))
    count = len(frequencies)
    if not count:
        return []
    points = _points(frequencies)
    system = 2 * np.sin(np.outer(frequencies, points))
    weights = np.linalg.solve(system, frequencies)
    return [
        Shift(float(sign * point), float(sign * weight))
        for point, weight in zip(points, weights, strict=True)
        for sign in (1, -1)
    ]


def _points(frequencies):
    """Shifts at which the system of the weights is well conditioned."""
    count = len(frequencies)
    best, lowest = None, np.inf
    # Equally spaced frequencies are served by their own spacing; for others
    # the best of many spacings is taken.
    spacings = [frequencies[0], *np.linspace(*frequencies[[0, -1]], 64) / count]
    for spacing in spacings:
        points = (2 * np.arange(count) + 1) * np.pi / (2 * count * spacing)
        condition = np.linalg.cond(np.sin(np.outer(frequencies, points)))
        if condition < lowest * 0.99:
            best, lowest = points, condition
    return best


def gate_frequencies(gate: TrigGate, register: Register) -> list[float]:
    """The frequencies of an expectation in a gate's symbol, radians per unit.

    On Pauli vectors they are the gate's own rates; on amplitudes the
    differences of its eigenphases.
    """
    phases = [] if register.radix == 2 else [0.0]
    for rate, cos_basis, sin_basis in zip(
        gate.rates, gate.cos_basis, gate.sin_basis, strict=True
    ):
        # cos C + sin S = e^{ia} (C - iS) / 2 + e^{-ia} (C + iS) / 2
        waves = {rate: cos_basis - 1j * sin_basis}
        waves[-rate] = waves.get(-rate, 0) + cos_basis + 1j * sin_basis
        phases += [r for r, wave in waves.items() if np.any(abs(wave) > 1e-9)]
    if register.radix == 4:
        differences = np.abs(phases)
    else:
        differences = np.abs(np.subtract.outer(phases, phases)).reshape(-1)
    rounded, first = np.unique(differences.round(9), return_index=True)
    return differences[first[rounded > 0]].tolist()


class Symbols(NamedTuple):
    """Names of features and weights."""

    features: tuple[str, ...]
    weights: tuple[str, ...]


class OwnSymbols(NamedTuple):
    """A program's gates, no two of which share a symbol.

    `lowered` are all, in circuit order, with the new names of `symbols`;
    `gates` are those that had a symbol, with the old one, in the order of the
    new names. The mixings (symbols, gates) are 1 where a gate had the symbol.
    """

    lowered: list[TrigGate]
    symbols: Symbols
    gates: list[TrigGate]
    feature_mixing: np.ndarray
    weight_mixing: np.ndarray


def give_own_symbols(
    program: "Program | Symbols", gates: Sequence[TrigGate]
) -> OwnSymbols:
    """Renames the symbol of every gate."""
    lowered = []
    features: list[tuple[str, TrigGate]] = []  # (new name, old gate)
    weights: list[tuple[str, TrigGate]] = []
    for place, gate in enumerate(gates):
        if gate.symbol is not None:
            name = f"{gate.symbol}/{place}"
            kind = features if gate.symbol in program.features else weights
            kind.append((name, gate))
            gate = dataclasses.replace(gate, symbol=name)
        lowered.append(gate)
    return OwnSymbols(
        lowered,
        Symbols(
            tuple(name for name, _ in features),
            tuple(name for name, _ in weights),
        ),
        [gate for _, gate in features + weights],
        mixing(program.features, [gate for _, gate in features]),
        mixing(program.weights, [gate for _, gate in weights]),
    )


def mixing(names: Sequence[str], gates: Sequence[TrigGate]) -> np.ndarray:
    """1 where a gate has the symbol of a name: of shape (names, gates)."""
    return np.array(
        [[float(name == gate.symbol) for gate in gates] for name in names]
    ).reshape(len(names), len(gates))
