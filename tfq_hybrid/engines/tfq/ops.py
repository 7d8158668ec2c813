"""The one door to TensorFlow Quantum, and to the operations below its layers.

Importing `tensorflow_quantum` draws from Python's generator: its layers have
initializers as defaults, and each takes a seed when it is made. A training
would then depend on whether its engine was the first to need TensorFlow
Quantum, so the generator is put back.
"""

import random

_STATE = random.getstate()
try:
    import tensorflow_quantum as tfq
    from tensorflow_quantum.core.ops import (
        circuit_execution_ops,
        cirq_ops,
        tfq_adj_grad_op,
        tfq_simulate_ops,
        tfq_unitary_op,
    )
    from tensorflow_quantum.core.ops.noise import (
        noisy_expectation_op,
        noisy_sampled_expectation_op,
        noisy_samples_op,
    )
    from tensorflow_quantum.core.ops.tfq_utility_ops import append_circuit
    from tensorflow_quantum.core.proto import pauli_sum_pb2, program_pb2
    from tensorflow_quantum.core.serialize import serializer
finally:
    random.setstate(_STATE)

__all__ = [
    "append_circuit",
    "circuit_execution_ops",
    "cirq_ops",
    "noisy_expectation_op",
    "noisy_sampled_expectation_op",
    "noisy_samples_op",
    "pauli_sum_pb2",
    "program_pb2",
    "serializer",
    "tfq",
    "tfq_adj_grad_op",
    "tfq_simulate_ops",
    "tfq_unitary_op",
]
