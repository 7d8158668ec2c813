"""What a step costs, against counts by hand."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.comparison.costs import count_flops
from tfq_hybrid.engines.gradients.parameter_shift import shifted_evaluations
from tfq_hybrid.engines.program import Program


def flops(model, *shape):
    call = tf.function(lambda x: model(x))
    return count_flops(call.get_concrete_function(tf.ones(shape)).graph)


def test_flops_of_layers():
    assert flops(keras.layers.Dense(5), 3, 4) == 2 * 3 * 4 * 5
    # Over tokens, and from the other side.
    assert flops(keras.layers.Dense(5), 2, 3, 4) == 2 * 6 * 4 * 5
    dense = keras.layers.EinsumDense("abc,cde->abde", (None, 5, 6))
    assert flops(dense, 2, 3, 4) == 2 * 2 * 3 * 4 * 5 * 6
    assert flops(lambda x: tf.matmul(x, x, transpose_a=True), 3, 4) == (
        2 * 3 * 4 * 4
    )
    assert flops(lambda x: tf.einsum("...a,ab->...b", x, x[0]), 2, 3, 3) == (
        2 * 2 * 3 * 3 * 3
    )


def test_flops_of_attention():
    layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
    tokens, width = 5, 6
    projections = 4 * 2 * tokens * width * 8
    attention = 2 * 2 * (tokens * tokens * 8)
    found = flops(lambda x: layer(x, x), 1, tokens, width)
    assert found == projections + attention


def test_evaluations_of_shared_and_idle_symbols():
    a, b, c = sympy.symbols("a b c")
    one, two, other = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(
        cirq.rx(a)(one),
        cirq.ry(b)(two),
        cirq.CNOT(one, two),
        cirq.rx(a)(two),  # shared: each of its gates is shifted alone
        cirq.rx(c)(other),  # outside the light cone of the observable
        cirq.rz(c)(two),  # right before a readout of Z
    )
    program = Program(circuit, (cirq.Z(two),), ("a",), ("b", "c"))
    assert shifted_evaluations(program) == 2 * 3


@pytest.mark.parametrize("exponent", [1.0, 0.5])
def test_evaluations_follow_the_rule(exponent):
    """A controlled rotation has two frequencies: four evaluations."""
    x = sympy.Symbol("x")
    one, two = cirq.LineQubit.range(2)
    gate = cirq.ControlledGate(cirq.rx(exponent * x))
    circuit = cirq.Circuit(cirq.H(one), gate(one, two))
    assert shifted_evaluations(Program(circuit, (cirq.Z(two),), ("x",))) == 4


@pytest.mark.long
def test_costs_of_a_config(tmp_path):
    from tfq_hybrid.comparison.costs import measure_costs
    from tfq_hybrid.training import TrainConfig

    rows = [f"film {i}\t{i % 2}" for i in range(20)]
    path = tmp_path / "data.tsv"
    path.write_text("text\tlabel\n" + "\n".join(rows) + "\n", "utf-8")
    config = TrainConfig(
        str(path),
        options={"circuit": {"qubits": 2, "depth": 1}},
        sequence_length=6,
        vocabulary_size=64,
        batch_size=4,
    )
    found = measure_costs(config)
    assert 0 < found["circuit_parameters"] < found["parameters"]
    assert found["parameters"] == found["total_parameters"]
    assert found["step_seconds"] > 0
    # The weights, and Adam's two moments of each, at the least.
    assert found["peak_bytes"] > 3 * 4 * found["parameters"]
    assert found["disk_bytes"] > 4 * found["parameters"]
    assert np.isfinite(found["flops"]) and found["flops"] > 0
    # Two layers, 4 texts of 6 tokens; of a circuit's six rotations the two
    # about Z are felt by no readout, the others take two evaluations each.
    assert found["executions"] == 2 * 4 * 6 * (1 + 2 * 4)
