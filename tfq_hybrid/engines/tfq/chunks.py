"""TensorFlow Quantum's operations, a few examples at a time.

At few qubits these operations spend their time on memory: each parses the
programs of the whole batch, hundreds of small allocations an example, before
it simulates the first. In chunks the programs stay in the processor's cache,
and the chunks run side by side on the cores.
"""

import functools
from collections.abc import Callable

import tensorflow as tf

CHUNK = 32  # the best of 16 to 256 at 4 and 8 qubits, batch 512 and 4,096
# Beyond, the states outweigh the programs, and chunks side by side would
# hold several times as many of them.
MOST_QUBITS = 10


def in_chunks(op: Callable, qubits: int) -> Callable:
    """The same operation, run on chunks of the batch up to `MOST_QUBITS`.

    It takes `programs`, `symbol_names`, `symbol_values`, `pauli_sums` and
    perhaps one tensor more, all but `symbol_names` with the batch as their
    first axis, and gives a float32 tensor of shape (batch, outputs).
    """
    if qubits > MOST_QUBITS:
        return op

    # A function even in eager mode: only a graph runs chunks side by side.
    @tf.function(reduce_retracing=True, autograph=False)
    def run(symbol_names, columns):
        batch = tf.shape(columns[0])[0]
        count = tf.maximum(1, (batch + CHUNK - 1) // CHUNK)

        def run_chunk(i, results):
            start, end = i * CHUNK, (i + 1) * CHUNK
            programs, *others = (column[start:end] for column in columns)
            result = op(programs, symbol_names, *others)
            return i + 1, results.write(i, result)

        results = tf.TensorArray(tf.float32, count, infer_shape=False)
        _, results = tf.while_loop(
            lambda i, _: i < count, run_chunk, [0, results]
        )
        # Its gradient is given to it by a differentiator: without the stop, a
        # tape around `run` would look for one inside the loop.
        return tf.stop_gradient(results.concat())

    # The signature stays: by it TensorFlow Quantum tells exact from sampled.
    @functools.wraps(op)
    def chunked(programs, symbol_names, *others):
        return run(symbol_names, [programs, *others])

    return chunked
