"""The time of a training step on both engines, by a model of the cost.

Measured by `python -m benchmarks.choice` on one processor with two cores, for
values and gradients of 32 examples. Ratios carry over to other processors
better than times do.
"""

import tensorflow as tf

from tfq_hybrid.engines.batched.costs import plan_cost
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.program import Program

# Below, states lie in the processor's cache, and batching always wins.
LEAST_QUBITS = 12
# TensorFlow Quantum, for each gate of each example: of its own, and of each
# amplitude. Nanoseconds, as the costs of the batched engine's steps.
GATE, AMPLITUDE = 6_000.0, 1.4


def batched_over_tfq(program: Program) -> float:
    """The time of the batched engine over that of TensorFlow Quantum.

    Args:
        program: without noise, which both engines run.

    Returns:
        0 where the batched engine is taken without a look: on few qubits, and
        beside a GPU, which TensorFlow Quantum does not use.

    Example:

    >>> from tfq_hybrid.circuits import CircuitSpec
    >>> spec = CircuitSpec(qubits=4)
    >>> batched_over_tfq(
    ...     Program(spec.circuit, spec.operators, spec.features, spec.weights)
    ... )
    0.0
    """
    qubits = program.qubits
    if qubits < LEAST_QUBITS or tf.config.list_physical_devices("GPU"):
        return 0.0
    batched = plan_cost(BatchedEngine(program).plan)
    gates = sum(1 for _ in program.circuit.all_operations())
    tfq = gates * (GATE / 2**qubits + AMPLITUDE)
    return batched / tfq if tfq else 0.0
