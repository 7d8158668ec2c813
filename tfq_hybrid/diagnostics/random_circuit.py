"""`RandomCircuit`: a circuit at many random angles at once."""

from collections.abc import Iterator, Mapping
from typing import Any

import cirq
import numpy as np
import psutil
import tensorflow as tf

from tfq_hybrid.circuits import CircuitSpec, CustomCircuit, as_circuit
from tfq_hybrid.circuits.initialization import draw_weights
from tfq_hybrid.engines import BatchedEngine, Program, check_memory
from tfq_hybrid.errors import UserError, check_choice, check_integer

FEATURES = ("zero", "random")
_BATCH_AMPLITUDES = 2**20
_CHUNK_BYTES = 2**28  # what one call of the engine may keep, at most


class RandomCircuit:
    """A circuit whose angles are drawn at random.

    For its states they are uniform from 0 to 2 pi; for its gradients weights
    are what a training starts from, by the circuit's `initialization`. One
    call of the batched engine runs as many draws as its memory budget allows;
    larger numbers of draws run in chunks.

    Args:
        circuit: A Cirq circuit without measurements, all of whose symbols
            are drawn; or whatever else `as_circuit` accepts.
        features: What the features of a described circuit are.
            `"zero"`: zero angles, or the zero state for amplitudes, so that
            the ansatz alone is looked at. `"random"`: drawn as the weights
            are, amplitudes evenly from all real states. Defaults to
            `"zero"`.

    Raises:
        UserError: the circuit measures, is noisy, has a gate that the
            batched engine does not know, or one state of it does not fit in
            memory.

    Example:

    >>> circuit = RandomCircuit("qffn")
    >>> circuit.qubits, circuit.weights
    (4, 16)
    >>> circuit.states(10, np.random.default_rng(0)).shape
    (10, 16)
    """

    def __init__(
        self,
        circuit: cirq.Circuit | CircuitSpec | CustomCircuit | str | Mapping,
        features: str = "zero",
    ):
        check_choice("features", features, FEATURES)
        self._weights_of: Any = None
        if isinstance(circuit, cirq.Circuit):
            drawn: cirq.Circuit = circuit
            qids = tuple(sorted(drawn.all_qubits()))
            weights = tuple(sorted(cirq.parameter_names(drawn)))
            fed: tuple[str, ...] = ()
            amplitudes = False
        else:
            described = self._weights_of = as_circuit(circuit)
            drawn, qids = described.circuit, described.qids
            weights, fed = described.weights, described.features
            amplitudes = described.starts_from_amplitudes
        if not qids:
            raise UserError("Expected a circuit with qubits. Received: none")
        # A pair of states, or one in the float64 of the gradients.
        check_memory(len(qids), 1, depth=1, batch=2)
        self._qids = qids
        self._fed = len(fed)
        self._draws_features = features == "random"
        self._draws_amplitudes = amplitudes and self._draws_features
        # Each draw has its own angles: to the engine, all are fed.
        self._program = Program(drawn, (), (*fed, *weights))
        if self._program.is_noisy:
            raise UserError(
                "Expected a circuit without noise: these measures are of "
                "pure states. Received: a circuit with channels"
            )
        self._engine = BatchedEngine(self._program)
        self.qubits = len(qids)
        self.weights = len(weights)
        self.gates = len(list(drawn.all_operations()))

    @property
    def qids(self) -> tuple[cirq.Qid, ...]:
        """The qubits in the order of a state's bits."""
        return self._qids

    @property
    def work(self) -> int:
        """Amplitudes that one draw touches: gates times 2**qubits."""
        return self.gates * 2**self.qubits

    def batches(self, count: int) -> Iterator[int]:
        """Splits a number of draws so that their states fit in memory.

        By the number of qubits alone: on every machine the same.

        Yields:
            Draws whose states are 8 MiB at most, unless one is more.

        Example:

        >>> list(RandomCircuit("qffn").batches(100_000))
        [65536, 34464]
        """
        most = max(1, _BATCH_AMPLITUDES >> self.qubits)
        for start in range(0, count, most):
            yield min(most, count - start)

    def states(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Final states at random angles.

        Args:
            count: Of the draws, at least 1.
            rng: Draws the angles.

        Returns:
            Complex64 amplitudes of shape (count, 2**qubits). The first qubit
            is the leading bit of an index.
        """
        # A state, its successor, and a few temporaries of a gate.
        chunk = self._chunk(8 * 2**self.qubits * 8)
        weights = self._uniform(count, self.weights, rng)
        return np.concatenate(
            [
                self._engine.state(angles, tf.zeros([0]), states).numpy()
                for angles, states in self._draws(
                    weights, chunk, rng, "float32"
                )
            ]
        )

    def gradients(
        self,
        count: int,
        rng: np.random.Generator,
        observable: cirq.PauliString | cirq.PauliSum,
    ) -> np.ndarray:
        """Gradients of an expectation by every weight, as a training starts.

        In float64, so that a gradient that vanishes is told from rounding.

        Args:
            count: Of the draws, at least 1.
            rng: Draws the angles.
            observable: An operator on `qids`.

        Returns:
            Float64 of shape (count, weights), per radian.

        Raises:
            UserError: the circuit has no weights.
        """
        check_integer("weights of the circuit", self.weights, 1)
        program = self._program.with_operators([observable])
        state = 16 * 2**self.qubits
        kept = state * (self.gates + 6)  # a state before every gate
        adjoint = kept * 8 > self._budget()
        engine = BatchedEngine(program, "adjoint" if adjoint else "backprop")
        chunk = self._chunk(state * 12 if adjoint else kept)
        rows = []
        check_integer("count", count, 1)
        if self._weights_of is None:
            weights = self._uniform(count, self.weights, rng)
        else:
            weights = draw_weights(self._weights_of, count, rng)
        for angles, states in self._draws(weights, chunk, rng, "float64"):
            with tf.GradientTape() as tape:
                tape.watch(angles)
                values = engine(angles, tf.zeros([0], "float64"), states)
            gradient = tape.gradient(
                values,
                angles,
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            rows.append(gradient.numpy()[:, self._fed :])
        return np.concatenate(rows)

    def _chunk(self, bytes_each: int) -> int:
        """How many draws run at once."""
        return max(1, self._budget() // bytes_each)

    @staticmethod
    def _budget() -> int:
        """Bytes that one call of the engine may take."""
        return min(_CHUNK_BYTES, psutil.virtual_memory().available // 4)

    @staticmethod
    def _uniform(
        count: int, width: int, rng: np.random.Generator
    ) -> np.ndarray:
        check_integer("count", count, 1)
        return rng.uniform(0, 2 * np.pi, (count, width))

    def _draws(
        self,
        weights: np.ndarray,
        chunk: int,
        rng: np.random.Generator,
        dtype: str,
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor | None]]:
        """Chunks of (angles of all symbols, states to start from)."""
        # All at once: what is drawn must not depend on the chunks.
        count = len(weights)
        fed = np.zeros((count, self._fed))
        if self._draws_features:
            fed = self._uniform(count, self._fed, rng)
        angles = tf.constant(np.hstack([fed, weights]), dtype)
        for start in range(0, count, chunk):
            some = angles[start : start + chunk]
            states = None
            if self._draws_amplitudes:
                vectors = rng.normal(size=(some.shape[0], 2**self.qubits))
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                states = tf.constant(vectors, dtype)
            yield some, states
