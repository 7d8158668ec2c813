"""Data circuits before a program, each simulated once.

TensorFlow Quantum parses and simulates every data circuit at every step. Here
what a circuit prepares is kept (`prepared`), and read into the batch: the
factors of product states, whatever the gates, else the states.
"""

import itertools
import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.estimated import EstimatedEngine
from tfq_hybrid.engines.choice import EngineChoice
from tfq_hybrid.engines.prepared import (
    NoStateError,
    PreparedStates,
    product_states,
)
from tfq_hybrid.errors import UserError

_PRODUCTS, _STATES, _NO_STATES = range(3)


class DataCircuitEngine:
    """A program after data circuits, on the batched engine.

    Args:
        engine: of the program.
        fallback: the choice of TensorFlow Quantum's engine, for batches with
            a circuit that acts on qubits which the program lacks, or that
            holds symbols or channels. `None` refuses such a batch.
    """

    def __init__(
        self,
        engine: BatchedEngine | EstimatedEngine,
        fallback: EngineChoice | None,
    ):
        self.program = engine.program
        self._engine: Any = engine
        # Shots are drawn for each example anew, also for equal ones.
        self._is_exact = isinstance(engine, BatchedEngine)
        self._reads_factors = self._is_exact and not self.program.is_noisy
        self._prepared = PreparedStates(self.program.qids)
        self._fallback = fallback

    def __call__(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        circuits: tf.Tensor,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Expectations for a batch, as for `BatchedEngine`.

        Args:
            features, weights, seed: as there.
            circuits: string tensor of shape (batch,) of serialised circuits
                without symbols, each run before the program. They have no
                gradient.
        """
        circuits = _checked(circuits, features)
        unique, places = tf.unique(circuits)
        if tf.executing_eagerly():  # what it raises is then raised as it is
            kind, factors, states = map(
                tf.convert_to_tensor, self._look_up(unique.numpy())
            )
        else:
            kind, factors, states = tf.numpy_function(
                self._look_up, [unique], [tf.int32, tf.complex128, tf.complex64]
            )
        qubits = self.program.qubits
        kind = tf.ensure_shape(kind, [])
        factors = tf.ensure_shape(factors, [None, qubits, 2])
        states = tf.ensure_shape(states, [None, 2**qubits])
        if self._is_exact and not self.program.features:
            # Equal circuits have equal expectations.
            fed, rows = features[: tf.shape(unique)[0]], None
        else:
            fed, rows = features, places
            factors = tf.gather(factors, rows)

        def each_state():
            return states if rows is None else tf.gather(states, rows)

        if self._reads_factors:
            is_product = kind != _STATES
            result = self._engine.after_data(
                fed, weights, is_product, factors, each_state
            )
        else:
            result = self._engine(fed, weights, each_state(), seed)
        if rows is None:
            result = tf.gather(result, places)
        if self._fallback is None:
            return result

        def without_states():
            self._fallback.engine.is_fallback = True
            return self._fallback.engine(
                features, weights, seed=seed, circuits=circuits
            )

        has_states = kind != _NO_STATES
        other = tf.cond(has_states, lambda: result, without_states)
        return tf.where(has_states, result, other)

    def _look_up(self, strings: np.ndarray):
        """What circuits prepare: its kind, the factors, and the states.

        There are states only where they are needed; then factors are zeros.
        """
        qubits = self.program.qubits
        factors = np.zeros([len(strings), qubits, 2], "complex128")
        factors[..., 0] = 1
        kind, found = _PRODUCTS, [*factors]
        try:
            found = self._prepared(strings.tolist())
        except NoStateError:
            self._say_fallback()
            kind = _NO_STATES
        products = [one.dtype == factors.dtype for one in found]
        if any(products):
            some = itertools.compress(found, products)
            factors[products] = [*some]
        if all(products) and self._reads_factors:
            return np.int32(kind), factors, np.zeros([0, 2**qubits], "c8")
        states = product_states(factors).astype("complex64")
        others = [not one for one in products]
        if any(others):
            kind = _STATES
            states[others] = [*itertools.compress(found, others)]
        return np.int32(kind), factors, states

    def _say_fallback(self):
        message = (
            "Expected data circuits on the qubits of model_circuit, without "
            "symbols and channels. Received: others"
        )
        if self._fallback is None:
            raise UserError(f"{message}. Use engine='tfq'.")
        warnings.warn(f"{message}: TensorFlow Quantum runs them", stacklevel=2)


def _checked(circuits, features):
    circuits = tf.convert_to_tensor(circuits)
    if circuits.dtype != tf.string or circuits.shape.rank not in (1, None):
        raise UserError(
            "Expected data circuits as a string tensor of shape (batch,). "
            f"Received: {circuits.dtype.name} of shape {circuits.shape}"
        )
    check = tf.debugging.assert_equal(
        tf.shape(circuits)[0],
        tf.shape(features)[0],
        "Expected as many data circuits as rows of values",
    )
    with tf.control_dependencies([] if check is None else [check]):
        return tf.identity(circuits)
