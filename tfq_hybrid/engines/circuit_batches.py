"""Batches of circuits on the batched engine, grouped by structure."""

import contextlib
import contextvars
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cirq
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.choice import choose_engine
from tfq_hybrid.engines.gradients import GradientMethod
from tfq_hybrid.engines.program import Execution, Program
from tfq_hybrid.engines.structures import Structure, Structures
from tfq_hybrid.errors import UserError, listed

KEPT = 256  # compiled structures


_inline: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "inline", default=False
)


@contextlib.contextmanager
def inline() -> Iterator[None]:
    """Operation by operation, where a graph waits for the caller.

    A function that a graph calls holds one of TensorFlow's threads. What is
    compiled needs another one, which there may never be.
    """
    token = _inline.set(True)
    try:
        yield
    finally:
        _inline.reset(token)


@dataclasses.dataclass(frozen=True)
class Group:
    """The rows of a batch that one program runs.

    Args:
        structure: of their circuits.
        operators: the serialised observables of each of them.
        repetitions: their shots, or `None`.
        rows: their places in the batch.
        numbers: float array of shape (rows, numbers), for the structure.
    """

    structure: Structure
    operators: tuple[bytes, ...]
    repetitions: int | None
    rows: list[int]
    numbers: np.ndarray


class CircuitBatches:
    """Runs circuits that come with the call, one program for each structure.

    Args:
        method: how gradients are. Defaults to `None`: exact where
            expectations are, else parameter shift.
    """

    def __init__(self, method: GradientMethod | None = None):
        self._method = method
        self._structures = Structures()
        self._kept: dict[Any, Callable] = {}

    def groups(
        self,
        circuits: Sequence[bytes],
        operators: Sequence[Sequence[bytes]] | None = None,
        repetitions: np.ndarray | None = None,
    ) -> list[Group]:
        """The rows of a batch by what runs them.

        Args:
            circuits: serialised, of length batch.
            operators: rows of serialised Pauli sums. Defaults to `None`.
            repetitions: int array of shape (batch, operators). Defaults to
                `None`.

        Raises:
            UserError: a string is no circuit, or the shots of a row differ.
        """
        found: dict[tuple[Any, Any, Any], list[int]] = {}
        structures = [self._structures(one) for one in circuits]
        shots = _shots(repetitions, len(circuits))
        for row, (structure, _) in enumerate(structures):
            measured = () if operators is None else tuple(operators[row])
            key = (structure, measured, shots[row])
            found.setdefault(key, []).append(row)
        return [
            Group(*key, rows, np.stack([structures[row][1] for row in rows]))
            for key, rows in found.items()
        ]

    def expectations(
        self,
        groups: Sequence[Group],
        names: Sequence[str],
        values: tf.Tensor,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Expectations of a batch, of shape (batch, operators).

        Args:
            groups: of `groups`.
            names: the symbols, in the order of the values.
            values: float tensor of shape (batch, symbols).
            seed: int tensor of shape (2,). Defaults to `None`.

        Raises:
            UserError: the batched engine does not run a circuit.
        """
        runs = [self._expectation(group) for group in groups]
        return _in_order(groups, runs, names, values, seed)

    def whole(self, circuit: bytes, operators: tuple, repetitions: int | None):
        """What runs one circuit on a batch of any size, for `expectations`."""
        structure, numbers = self._structures(circuit)
        group = Group(structure, operators, repetitions, [], numbers[None])
        run = self._expectation(group)

        def call(names, values, seed=None):
            batch = tf.shape(values)[0]
            numbers = tf.repeat(tf.constant(group.numbers), batch, axis=0)
            return run(_features(structure, names, values, numbers), seed)

        return call

    def states(
        self, groups: Sequence[Group], names: Sequence[str], values: tf.Tensor
    ) -> tf.RaggedTensor:
        """State vectors of a batch, of shape (batch, (2**qubits))."""
        runs = [self._state(group) for group in groups]
        return _in_order(groups, runs, names, values)

    def unitaries(
        self, groups: Sequence[Group], names: Sequence[str], values: tf.Tensor
    ) -> tf.RaggedTensor:
        """Unitaries of a batch: (batch, (2**qubits), (2**qubits))."""
        runs = [self._unitary(group) for group in groups]
        return _in_order(groups, runs, names, values)

    def samples(
        self,
        groups: Sequence[Group],
        names: Sequence[str],
        values: tf.Tensor,
        repetitions: int,
        seed: tf.Tensor,
    ) -> tf.RaggedTensor:
        """Bits of a batch, int8: (batch, repetitions, (qubits))."""
        runs = [self._samples(group, repetitions) for group in groups]
        return _in_order(groups, runs, names, values, seed)

    def _kept_run(self, key: Any, make: Callable[[], Callable]) -> Callable:
        """What `make` gives, as a function that is compiled once."""
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            plain = make()
            compiled = tf.function(
                plain, reduce_retracing=True, autograph=False
            )

            def run(*arguments):
                return (plain if _inline.get() else compiled)(*arguments)

            self._kept[key] = run
        return self._kept[key]

    def _expectation(self, group):
        key = (group.structure, group.operators, group.repetitions)
        return self._kept_run(key, lambda: self._make_expectation(group))

    def _make_expectation(self, group):
        operators = tuple(map(_operator, group.operators))
        circuit = group.structure.circuit
        measured = {qid for one in operators for qid in one.qubits}
        missing = measured - circuit.all_qubits()
        if not (measured or circuit.all_qubits()):
            missing = {cirq.GridQubit(0, 0)}
        circuit = circuit + [cirq.I(qid) for qid in sorted(missing)]
        program = Program(circuit, operators, _names(group.structure))
        execution = Execution(group.repetitions, differentiator=self._method)
        engine = choose_engine(program, "batched", execution).engine

        def run(features, seed=None):
            return engine(features, tf.zeros([0], features.dtype), seed=seed)

        return run

    def _whole_engine(self, structure):
        """Without passes: they may change the global phase."""
        program = Program(structure.circuit, (), _names(structure))
        choose_engine(program, "batched")  # refuses what does not fit
        return BatchedEngine(program, passes=())

    def _state(self, group):
        structure = group.structure
        if not structure.circuit.all_qubits():
            return lambda features, _: tf.RaggedTensor.from_tensor(
                tf.ones([tf.shape(features)[0], 1], _complex(features))
            )
        key = ("state", structure)

        def make():
            engine = self._whole_engine(structure)
            return lambda features: engine.state(
                features, tf.zeros([0], features.dtype)
            )

        run = self._kept_run(key, make)
        return lambda features, _: tf.RaggedTensor.from_tensor(run(features))

    def _unitary(self, group):
        structure = group.structure
        size = 2 ** len(structure.circuit.all_qubits())
        if size == 1:
            return lambda features, _: tf.RaggedTensor.from_tensor(
                tf.ones([tf.shape(features)[0], 1, 1], _complex(features)),
                ragged_rank=2,
            )

        def make():
            engine = self._whole_engine(structure)

            def run(features):
                batch = tf.shape(features)[0]
                columns = engine.state(
                    tf.repeat(features, size, axis=0),
                    tf.zeros([0], features.dtype),
                    states=tf.tile(
                        tf.eye(size, dtype=_complex(features)), [batch, 1]
                    ),
                )
                columns = tf.reshape(columns, [batch, size, size])
                return tf.transpose(columns, [0, 2, 1])

            return run

        run = self._kept_run(("unitary", structure), make)
        return lambda features, _: tf.RaggedTensor.from_tensor(
            run(features), ragged_rank=2
        )

    def _samples(self, group, repetitions):
        structure = group.structure
        if not structure.circuit.all_qubits():
            return lambda features, _: tf.RaggedTensor.from_tensor(
                tf.zeros([tf.shape(features)[0], repetitions, 0], tf.int8),
                ragged_rank=2,
            )

        def make():
            engine = self._whole_engine(structure)
            return lambda features, seed: engine.samples(
                features, tf.zeros([0], features.dtype), repetitions, seed
            )

        run = self._kept_run(("samples", structure, repetitions), make)
        return lambda features, seed: tf.RaggedTensor.from_tensor(
            run(features, seed), ragged_rank=2
        )


def _complex(features):
    return "complex128" if features.dtype == tf.float64 else "complex64"


def _names(structure):
    return (*structure.symbols, *structure.number_names)


def _shots(repetitions, batch):
    """One number of shots for each row, or `None`."""
    if repetitions is None:
        return [None] * batch
    if (repetitions <= 0).any():
        raise UserError(
            "Expected repetitions greater than 0. Received: "
            f"repetitions={repetitions.min()}"
        )
    if (repetitions != repetitions[:, :1]).any():
        raise UserError(
            "Expected one number of repetitions for all operators of a row "
            "with engine='batched'. Received: different ones. Use "
            "engine='tfq'."
        )
    return repetitions[:, 0].tolist()


@functools.lru_cache(2**14)
def _operator(serialised: bytes) -> cirq.PauliSum:
    from tfq_hybrid.engines.tfq.ops import pauli_sum_pb2, serializer

    try:
        message = pauli_sum_pb2.PauliSum.FromString(serialised)
    except DecodeError as error:
        raise UserError(
            "Unparseable proto. Expected serialised Pauli sums. Received: "
            f"{serialised[:40]!r}"
        ) from error
    return serializer.deserialize_paulisum(message)


def _features(structure, names, values, numbers):
    """The values of a structure's symbols: (batch, symbols + numbers)."""
    places = {name: place for place, name in enumerate(names)}
    missing = [name for name in structure.symbols if name not in places]
    if missing:
        raise UserError(
            "Could not find symbol in parameter map. Expected a value for each "
            f"symbol. Received: none for {listed(missing)}"
        )
    columns = [places[name] for name in structure.symbols]
    own = tf.gather(values, np.array(columns, "int32"), axis=1)
    return tf.concat([own, tf.cast(numbers, values.dtype)], axis=1)


def _in_order(groups, runs, names, values, seed=None):
    """The results of the groups' programs in the order of the batch."""
    results = []
    for place, (group, run) in enumerate(zip(groups, runs, strict=True)):
        rows = np.array(group.rows, "int32")
        own = values
        if len(groups) > 1:
            # Along the last axis: along the first, gradients are sparse.
            own = tf.transpose(tf.gather(tf.transpose(values), rows, axis=1))
        features = _features(group.structure, names, own, group.numbers)
        own_seed = None
        if seed is not None:
            own_seed = tf.random.experimental.stateless_fold_in(seed, place)
        results.append(run(features, own_seed))
    if len(results) == 1:
        return results[0]
    order = np.argsort(np.concatenate([group.rows for group in groups]))
    return tf.gather(tf.concat(results, axis=0), order)
