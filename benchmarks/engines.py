"""Time of an expectation and its gradients, on both engines, side by side.

    python benchmarks/engines.py [--rounds 5]

The circuit is an angle encoding and a ring ansatz (RY, RZ, CNOT) of depth 2;
the gradient is with respect to inputs and weights.
"""

import argparse

import numpy as np
import tensorflow as tf
from common import alternate, ratio, summary, write

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched import BatchedEngine
from tfq_hybrid.engines.tfq import TFQEngine

SIZES = [(4, 512), (4, 4096), (6, 512), (8, 512), (10, 512)]
SEED = 0


def make_step(engine, fed, trained, jit_compile=False):
    """A compiled function: expectations and both gradients."""

    @tf.function(jit_compile=jit_compile)
    def step(fed, trained):
        with tf.GradientTape() as tape:
            tape.watch((fed, trained))
            loss = tf.reduce_mean(tf.square(engine(fed, trained)))
        return loss, *tape.gradient(loss, (fed, trained))

    return lambda: [tensor.numpy() for tensor in step(fed, trained)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    rows = []
    print(
        f"{'qubits':>6}{'batch':>7}{'tfq ms':>10}{'batched ms':>12}"
        f"{'xla ms':>9}{'tfq / batched':>15}"
    )
    for qubits, batch in SIZES:
        spec = CircuitSpec(qubits=qubits, depth=2, entanglement="ring")
        program = Program(
            spec.circuit, spec.operators, spec.features, spec.weights
        )
        generator = np.random.default_rng(SEED)
        fed = generator.normal(size=(batch, spec.feature_count))
        trained = generator.normal(size=spec.weight_count)
        values = tf.constant(fed, tf.float32), tf.constant(trained, tf.float32)
        batched = BatchedEngine(program)
        seconds = alternate(
            {
                "tfq": make_step(TFQEngine(program), *values),
                "batched": make_step(batched, *values),
                "xla": make_step(batched, *values, jit_compile=True),
            },
            rounds,
        )
        speedup = ratio(seconds["tfq"], seconds["batched"])
        rows.append(
            {
                "qubits": qubits,
                "batch": batch,
                **{name: summary(s) for name, s in seconds.items()},
                "tfq_over_batched": speedup,
            }
        )
        medians = [rows[-1][n]["median_ms"] for n in ("tfq", "batched", "xla")]
        print(
            f"{qubits:>6}{batch:>7}{medians[0]:>10.1f}{medians[1]:>12.2f}"
            f"{medians[2]:>9.2f}{speedup['median']:>15.0f}",
            flush=True,
        )
    write("engines", seed=SEED, rounds=rounds, rows=rows)


if __name__ == "__main__":
    main()
