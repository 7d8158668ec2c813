"""Time of the layers that users call, beside TensorFlow Quantum's own.

    python -m benchmarks.layers [--rounds 7]

`PQC` and `ControlledPQC` with the arguments of TensorFlow Quantum's layers and
the default engine: values, gradients, and a step of `model.fit`. Data circuits
are empty, or encode each example: rotations, entanglers and rotations of the
same structure with other angles. `ControlledPQC` is fed every symbol. Beside it
stands its engine alone, without data circuits. All in one process, in turn.
"""

import itertools
import os

# TensorFlow Quantum's layers are written for Keras 2.
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import cirq
import keras
import numpy as np
import tensorflow as tf
import tensorflow_quantum as tfq

from benchmarks.common import alternate, make_parser, ratio, summary, write
from tfq_hybrid import layers
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program, make_engine

# Qubits, batch, data circuits; what each layer shall be against stock TFQ.
POINTS = {
    (4, 4096, "empty"): {"ControlledPQC": 120, "PQC": 500},
    (8, 512, "empty"): {"ControlledPQC": 30, "PQC": 70},
    (10, 512, "empty"): {"ControlledPQC": 6, "PQC": 40},
    (4, 1024, "encoding"): {"ControlledPQC": 50, "PQC": 50},
    (8, 256, "encoding"): {"ControlledPQC": 25, "PQC": 25},
}
OURS, STOCK, ENGINE = "tfq_hybrid", "stock TFQ", "engine alone"


def data_circuits(qubits, batch, kind):
    """Serialised circuits: (batch,)."""
    if kind == "empty":
        return tf.repeat(tfq.convert_to_tensor([cirq.Circuit()]), batch)
    qids = cirq.GridQubit.rect(1, qubits)
    angles = np.random.default_rng(0).normal(size=(batch, 2, qubits))
    return tfq.convert_to_tensor(
        [
            cirq.Circuit(
                [cirq.ry(a)(q) for a, q in zip(first, qids, strict=True)],
                [cirq.CZ(*pair) for pair in itertools.pairwise(qids)],
                [cirq.rz(a)(q) for a, q in zip(second, qids, strict=True)],
            )
            for first, second in angles.tolist()
        ]
    )


def functions(call, sources):
    """Values, and gradients by the sources, as functions of nothing."""

    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(sources)
            loss = tf.reduce_sum(tf.square(call()))
        return tape.gradient(loss, sources)

    forward, gradient = tf.function(call), tf.function(gradients)
    return {
        "forward": lambda: forward().numpy(),
        "gradient": lambda: [x.numpy() for x in gradient()],
    }


def fit_step(layer, inputs, keras_of_layer):
    """A step of training on one batch."""
    shapes = [(x.shape[1:], x.dtype.name) for x in inputs]
    fed = [keras_of_layer.Input(shape, dtype=dtype) for shape, dtype in shapes]
    outputs = layer(fed if len(fed) > 1 else fed[0])
    scaled = keras_of_layer.layers.Dense(1)(outputs)
    model = keras_of_layer.Model(fed, scaled)
    model.compile("adam", "mse")
    target = np.zeros((inputs[0].shape[0], 1), "float32")
    return lambda: model.train_on_batch(list(inputs), target)


def runs(spec, batch, data, name):
    """Functions by mode and by who computes."""
    symbols = (*spec.features, *spec.weights)
    angles = np.random.default_rng(1).normal(size=(batch, len(symbols)))
    angles = tf.constant(angles, tf.float32)
    found = {"forward": {}, "gradient": {}, "fit": {}}
    for who, module, library in (
        (OURS, layers, keras),
        (STOCK, tfq.layers, tf.keras),
    ):
        layer = getattr(module, name)(spec.circuit, list(spec.operators))
        inputs, sources = (data,), None
        if name == "ControlledPQC":
            inputs, sources = (data, angles), [angles]
        else:
            layer.set_weights([angles[0].numpy()])
            sources = [
                v.value if isinstance(v, keras.Variable) else v
                for v in layer.trainable_variables
            ]
        given = list(inputs) if len(inputs) > 1 else inputs[0]
        each = functions(lambda layer=layer, given=given: layer(given), sources)
        for mode, function in each.items():
            found[mode][who] = function
        found["fit"][who] = fit_step(layer, inputs, library)
    if name == "ControlledPQC":
        program = Program(spec.circuit, spec.operators, symbols)
        engine, none = make_engine(program), tf.zeros([0])
        each = functions(lambda: engine(angles, none), [angles])
        for mode, function in each.items():
            found[mode][ENGINE] = function
    return found


def main(argv=None):
    parser = make_parser(__doc__, rounds=7)
    arguments = parser.parse_args(argv)
    rows = []
    for (qubits, batch, kind), goals in POINTS.items():
        spec = CircuitSpec(qubits=qubits, depth=2, entanglement="ring")
        data = data_circuits(qubits, batch, kind)
        for name, goal in goals.items():
            for mode, steps in runs(spec, batch, data, name).items():
                seconds = alternate(steps, arguments.rounds)
                row = {
                    "layer": name,
                    "qubits": qubits,
                    "batch": batch,
                    "data": kind,
                    "mode": mode,
                    "times": {who: summary(x) for who, x in seconds.items()},
                    "stock_over_ours": ratio(seconds[STOCK], seconds[OURS]),
                    "goal": goal if mode != "fit" else None,
                }
                if ENGINE in seconds:
                    row["ours_over_engine"] = ratio(
                        seconds[OURS], seconds[ENGINE]
                    )
                rows.append(row)
                print(
                    f"{name:<14}{qubits:>3} x {batch:<5}{kind:<9}{mode:<9}"
                    f"{row['times'][OURS]['median_ms']:>9.2f} ms"
                    f"{row['stock_over_ours']['median']:>9.1f} x stock"
                    f"  goal {row['goal']}  over the engine "
                    f"{row.get('ours_over_engine', {}).get('median')}",
                    flush=True,
                )
    write(
        arguments.output or "layers",
        about="Layers beside TensorFlow Quantum's, in one process, in turn.",
        rounds=arguments.rounds,
        rows=rows,
    )


if __name__ == "__main__":
    main()
