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
        tfq_adj_grad_op,
        tfq_simulate_ops,
    )
    from tensorflow_quantum.core.ops.noise import (
        noisy_expectation_op,
        noisy_sampled_expectation_op,
    )
    from tensorflow_quantum.core.ops.tfq_utility_ops import append_circuit
    from tensorflow_quantum.core.proto import program_pb2
finally:
    random.setstate(_STATE)

__all__ = [
    "append_circuit",
    "circuit_execution_ops",
    "noisy_expectation_op",
    "noisy_sampled_expectation_op",
    "program_pb2",
    "tfq",
    "tfq_adj_grad_op",
    "tfq_simulate_ops",
]
