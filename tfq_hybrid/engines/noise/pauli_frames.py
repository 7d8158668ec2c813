"""Pauli frames: Pauli noise as random signs of angles and observables.

A Pauli word that passes a Clifford gate is another Pauli word, and one that
passes a rotation exp(-i a P) only flips the sign of its angle where it
anticommutes with P. So an error anywhere in a circuit of such gates can be
moved to its end: the circuit without noise, with other signs of its angles
and observables, has the same expectations (the Pauli frames of Knill 2005,
doi 10.1038/nature03350, extended to rotations).
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import cirq
import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.engine import PlannedEngine
from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.readout import Readout
from tfq_hybrid.engines.gradients.parameter_shift import Symbols, mixing
from tfq_hybrid.engines.noise.density_matrix import pauli_words
from tfq_hybrid.engines.noise.trajectories import Channel, TrajectoryEngine
from tfq_hybrid.engines.program import Program
from tfq_hybrid.engines.shots import Terms

# Of one qubit every Pauli matrix is a product of these two. In the order I, X,
# Y, Z the place of a product is the exclusive or of the places.
_GENERATORS = (cirq.Y, cirq.X)

_WIDEST = 3  # qubits of a gate: it has 4**3 words to be compared with
_TRIED = (0.7, 2.1)  # angles at which a rotation is looked at


class Errors(NamedTuple):
    """A noisy circuit as one without noise and what errors do to it.

    Attributes:
        gates: without channels; each with a symbol has one of its own.
        symbols: all of them are features.
        feature_mixing, weight_mixing: of shape (symbols, angles), 1 where an
            angle comes from a symbol.
        shifts: of shape (angles,), added to the angles.
        sources: pairs (probabilities, flips) of shapes (K,) and (K, angles +
            words): with probabilities[k] the signs flip where flips[k] is 1.
    """

    gates: list[TrigGate]
    symbols: Symbols
    feature_mixing: np.ndarray
    weight_mixing: np.ndarray
    shifts: np.ndarray
    sources: list[tuple[np.ndarray, np.ndarray]]


def find_errors(
    program: Program | Symbols,
    gates: Sequence[TrigGate | Channel],
    words: Sequence[cirq.PauliSum],
    qids: Sequence[cirq.Qid],
) -> Errors | None:
    """How a circuit's Pauli channels turn signs.

    The words, of one Pauli word each, are measured. `None` where a channel is
    none of Pauli errors, or where a gate is neither a Clifford gate nor a
    rotation about a Pauli word.
    """
    if any(len(gate.qubits) > _WIDEST for gate in gates):
        return None
    rotations = [gate for gate in gates if gate.symbol is not None]
    names = [f"angle {place}" for place in range(len(rotations))]
    own, shifts = [], []
    sources: dict[tuple, np.ndarray] = {}
    # The signs that an error here turns, a number of one bit for each: by
    # qubit, of Y and of X. It is found from the end of the circuit.
    effect = {(q, p): 0 for q in range(len(qids)) for p in _GENERATORS}
    for place, word in enumerate(words):
        for qid, pauli in next(iter(word), cirq.PauliString()).items():
            q, bit = qids.index(qid), 1 << (len(rotations) + place)
            for error in _GENERATORS:
                effect[q, error] ^= bit if pauli != error else 0
    place = len(rotations)
    for gate in reversed(gates):
        generators = [(q, p) for q in gate.qubits for p in _GENERATORS]
        after = [effect[generator] for generator in generators]
        if isinstance(gate, Channel):
            probabilities = _pauli_probabilities(gate.kraus)
            if probabilities is None:
                return None
            _add_source(sources, after, probabilities)
        elif gate.symbol is None:
            images = _clifford_images(gate.matrix.tobytes(), len(gate.qubits))
            if images is None:
                return None
            for generator, image in zip(generators, images, strict=True):
                effect[generator] = _joint(image, after)
            own.append(gate)
        else:
            place -= 1
            shift = _shift(gate)
            flips = shift is not None and _flipped_by(gate)
            if not flips:
                return None
            for generator, flip in zip(generators, flips, strict=True):
                effect[generator] ^= flip << place
            zeros = np.zeros_like(gate.offsets)
            own.append(
                dataclasses.replace(gate, symbol=names[place], offsets=zeros)
            )
            shifts.append(shift)
    return Errors(
        own[::-1],
        Symbols(tuple(names), ()),
        mixing(program.features, rotations),
        mixing(program.weights, rotations),
        np.array(shifts[::-1]),
        [
            (probabilities, _bits(key, len(rotations) + len(words)))
            for key, probabilities in sources.items()
        ],
    )


def _add_source(sources, effects, probabilities):
    """Adds a channel to those that turn the same signs."""
    key = tuple(effects)
    if not any(key):
        return
    if key in sources:
        # Two errors in a row are one: their bits add.
        both = np.zeros_like(probabilities)
        for (i, p), (j, q) in itertools.product(
            enumerate(sources[key]), enumerate(probabilities)
        ):
            both[i ^ j] += p * q
        probabilities = both
    sources[key] = probabilities


def _bits(effects: Sequence[int], count: int) -> np.ndarray:
    """The signs that every sum of some generators turns: (4**n, count)."""
    joint = [
        _joint(chosen, effects)
        for chosen in itertools.product((0, 1), repeat=len(effects))
    ]
    return np.array(
        [[number >> i & 1 for i in range(count)] for number in joint]
    )


def _joint(chosen: Iterable[int], effects: Iterable[int]) -> int:
    """What several errors turn together."""
    pairs = zip(chosen, effects, strict=True)
    return functools.reduce(lambda a, b: a ^ b, (e for c, e in pairs if c), 0)


def _generators(qubits: int) -> list[np.ndarray]:
    """Y and X of each qubit, as matrices on all of them."""
    words = pauli_words(qubits)
    return [words[2**place] for place in reversed(range(2 * qubits))]


def _pauli_probabilities(kraus: Sequence[np.ndarray]) -> np.ndarray | None:
    """The probability of every Pauli word (4**n,), or `None`."""
    size = len(kraus[0])
    words = pauli_words(size.bit_length() - 1)
    # K_k = sum_P c_kP P; other operators of the same channel have the same
    # sum over k of c_kP c_kQ*, which is diagonal for Pauli errors alone.
    parts = np.einsum("pij,kij->kp", np.conj(words), kraus) / size
    process = parts.T @ parts.conj()
    probabilities = np.diagonal(process).real
    if np.max(np.abs(process - np.diag(probabilities))) > 1e-12:
        return None
    return probabilities / probabilities.sum()


@functools.cache
def _clifford_images(matrix: bytes, qubits: int) -> list[list[int]] | None:
    """The bits of U P U* for every generator P, or `None`."""
    size = 2**qubits
    unitary = np.frombuffer(matrix, np.complex128).reshape(size, size)
    words, images = pauli_words(qubits), []
    for generator in _generators(qubits):
        image = unitary @ generator @ unitary.conj().T
        overlaps = np.einsum("pij,ij->p", np.conj(words), image)
        (match,) = np.nonzero(np.abs(np.abs(overlaps) - size) < 1e-7)
        if not len(match):
            return None
        images.append([int(bit) for bit in f"{match[0]:0{2 * qubits}b}"])
    return images


def _shift(gate: TrigGate) -> float | None:
    """What to add to the symbol in place of the offsets, or `None`."""
    moving = np.abs(gate.rates) > 1e-12
    if np.any(np.abs(gate.offsets[~moving]) > 1e-12) or not np.any(moving):
        return None
    shifts = gate.offsets[moving] / gate.rates[moving]
    return shifts[0] if np.ptp(shifts) < 1e-9 else None


def _flipped_by(gate: TrigGate) -> list[int] | None:
    """Whether each generator turns the angle's sign, or `None`."""
    plain = dataclasses.replace(gate, offsets=np.zeros_like(gate.offsets))
    flips = []
    for generator in _generators(len(gate.qubits)):
        for flip in (0, 1):
            if all(
                _is_same(
                    generator @ plain.at(value) @ generator,
                    plain.at(-value if flip else value),
                )
                for value in _TRIED
            ):
                flips.append(flip)
                break
        else:
            return None
    return flips


def _is_same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two unitaries are equal up to a phase."""
    return abs(abs(np.vdot(a, b)) - len(a)) < 1e-7


class PauliTrajectoryEngine(TrajectoryEngine):
    """Trajectories of Pauli noise on circuits of Cliffords and rotations.

    Every error is drawn at once, and turns signs of angles and observables
    (`find_errors`); then the circuit runs without noise, each trajectory with
    angles of its own, however many channels there are.
    """

    @property
    def is_able(self):
        """Whether all channels and gates are such."""
        return self._errors is not None

    @functools.cached_property
    def _terms(self):
        return Terms(self.program.operators, jointly=False)

    @functools.cached_property
    def _errors(self):
        return find_errors(
            self._symbols,
            self._gates,
            self._terms.operators,
            self.program.qids,
        )

    @functools.cached_property
    def _noiseless(self):
        """The circuit without noise, features with the angle of every gate."""
        words = self._terms.operators
        return PlannedEngine(
            self.program.with_operators(words),
            self._errors.gates,
            self.register,
            Readout(words, self.program.qids),
            symbols=self._errors.symbols,
        )

    def _along(self, features, weights, states, seed):
        errors = self._errors
        self._check_shapes(features, weights, states)
        angles = tf.constant(errors.shifts[np.newaxis], features.dtype)
        # oneDNN fails on a product over nothing.
        if errors.feature_mixing.size:
            angles += features @ tf.constant(
                errors.feature_mixing, features.dtype
            )
        if errors.weight_mixing.size:
            to_weights = tf.constant(errors.weight_mixing, weights.dtype)
            angles += weights[tf.newaxis] @ to_weights
        signs = self._signs(tf.shape(features)[0], features.dtype, seed)
        split = [len(errors.shifts), len(self._terms.operators)]
        of_angles, of_words = tf.split(signs, split, axis=1)
        words = self._noiseless.run(angles * of_angles, weights[:0], states)
        return self._terms.combine(words * of_words)

    def _signs(self, count, dtype, seed):
        """Of all angles and words, drawn: a tensor (count, signs) of ±1."""
        errors = self._errors
        signs = len(errors.shifts) + len(self._terms.operators)
        turned = tf.zeros([count, signs], dtype)
        alike = {}  # those of as many outcomes are drawn together
        for probabilities, flips in errors.sources:
            alike.setdefault(len(probabilities), []).append(
                (probabilities, flips)
            )
        for place, group in enumerate(alike.values()):
            probabilities, flips = (
                np.stack(x) for x in zip(*group, strict=True)
            )
            own = tf.random.experimental.stateless_fold_in(seed, place)
            drawn = tf.random.stateless_uniform(
                [count, len(group)], own, dtype=dtype
            )
            edges = np.cumsum(probabilities, axis=1)[:, :-1]
            index = tf.reduce_sum(
                tf.cast(
                    tf.constant(edges, dtype) <= drawn[..., tf.newaxis],
                    tf.int32,
                ),
                axis=-1,
            )
            chosen = tf.one_hot(index, probabilities.shape[1], dtype=dtype)
            chosen = tf.reshape(chosen, [count, probabilities.size])
            turned += chosen @ tf.constant(
                flips.reshape(probabilities.size, signs), dtype
            )
        return 1 - 2 * tf.math.floormod(turned, 2.0)


def make_trajectories(
    program: Program,
    repetitions: int | None,
    sample: Callable[..., tf.Tensor] | None = None,
) -> TrajectoryEngine:
    """The faster engine of those that can run a noisy program."""
    engine = PauliTrajectoryEngine(program, repetitions, sample)
    if engine.is_able:
        return engine
    return TrajectoryEngine(program, repetitions, sample)
