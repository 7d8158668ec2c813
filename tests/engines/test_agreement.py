"""Two engines, one meaning: a pairwise design over circuits."""

import numpy as np
import pytest
import tensorflow as tf
from allpairspy import AllPairs

from tests.reference import cirq_expectations
from tfq_hybrid.circuits import ENCODINGS, ENTANGLEMENTS, CircuitSpec
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.tfq.engine import TFQEngine

ANSATZE = [
    ("ry", "rz", "cnot"),
    ("cnot", "rz", "ry"),
    ("rx", "cz", "ry"),
    ("rz", "rx", "rz", "cnot"),
    ("ry", "cnot", "cz"),
]
OBSERVABLES = [(), ("X0", "Y1"), ("Z0*Z1", "X0*Y1")]
DESIGN = list(
    AllPairs(
        [
            [2, 3, 4, 5, 6],
            # Amplitudes enter as states, which the tfq engine cannot take.
            [name for name in ENCODINGS if name != "amplitude"],
            ANSATZE,
            list(ENTANGLEMENTS),
            [1, 2, 3],
            [(0, False), (1, False), (2, True)],
            OBSERVABLES,
        ]
    )
)


@pytest.mark.parametrize("row", DESIGN, ids=str)
def test_engines_agree(row):
    qubits, encoding, ansatz, entanglement, depth, uploads, observables = row
    spec = CircuitSpec(
        qubits=qubits,
        encoding=encoding,
        ansatz=ansatz,
        entanglement=entanglement,
        depth=depth,
        reuploads=uploads[0],
        share_weights=uploads[1],
        observables=observables,
    )
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    generator = np.random.default_rng(0)
    features = generator.uniform(-np.pi, np.pi, (4, len(program.features)))
    weights = generator.uniform(-np.pi, np.pi, len(program.weights))
    mix = generator.normal(size=(4, len(program.operators)))
    mix = tf.constant(mix / len(mix), tf.float32)
    outputs = {}
    for engine in (TFQEngine(program), BatchedEngine(program)):
        inputs = [tf.constant(v, tf.float32) for v in (features, weights)]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            values = engine(*inputs)
            loss = tf.reduce_sum(values * mix)
        outputs[engine.name] = (values, *tape.gradient(loss, inputs))
    values, by_features, by_weights = outputs["batched"]
    np.testing.assert_allclose(values, outputs["tfq"][0], atol=1e-5)
    np.testing.assert_allclose(by_features, outputs["tfq"][1], atol=1e-4)
    np.testing.assert_allclose(by_weights, outputs["tfq"][2], atol=1e-4)
    expected = cirq_expectations(program, features, weights)
    np.testing.assert_allclose(values, expected, atol=1e-5)
