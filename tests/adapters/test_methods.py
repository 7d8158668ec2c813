"""What each method computes, against NumPy, and its parameters."""

import dataclasses

import cirq
import keras
import numpy as np
import pytest

from tests.adapters.zoo import (
    EXAMPLES,
    SPEC,
    difference,
    labels,
    make_backbone,
    make_method,
    make_task,
    run,
    stir,
    tokens,
)
from tests.tolerances import rounding
from tfq_hybrid import adapters
from tfq_hybrid.adapters.classical_layers import SoftThreshold
from tfq_hybrid.adapters.patterns import resolve
from tfq_hybrid.circuits import CircuitSpec, preset
from tfq_hybrid.engines import estimate_bytes
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import QuantumDense


def dense_model():
    layer = keras.layers.Dense(3, activation="tanh", name="dense")
    return keras.Sequential([keras.Input((4,)), layer])


INPUTS = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
# Sums of four terms, tanh, and a circuit of few gates at most.
ROUNDING = rounding(64)


def adapted(method):
    model = dense_model()
    model.layers[0].bias.assign([0.1, -0.2, 0.3])
    adapters.adapt(model, method)
    stir(model)
    slot = model.layers[0]
    return model, slot, slot.adapters["default"]


@pytest.mark.parametrize("name", ["LoRA", "SoRA"])
def test_low_rank_is_one_more_matrix(name):
    options = {"targets": "dense", "rank": 2, "alpha": 6}
    model, slot, adapter = adapted(adapters.METHODS[name](**options))
    values = [np.array(w) for w in adapter.weights]
    a, b = values[:2]
    if name == "SoRA":
        a = a * np.array(adapter.gate)
    matrix = np.array(slot.kernel) + 3.0 * a @ b
    expected = np.tanh(INPUTS @ matrix + np.array(slot.bias))
    np.testing.assert_allclose(model(INPUTS), expected, atol=ROUNDING)


def test_low_rank_drops_out_in_training_only():
    model, _, _ = adapted(adapters.LoRA(targets="dense", rank=2, dropout=0.9))
    fixed = np.array(model(INPUTS))
    np.testing.assert_array_equal(model(INPUTS), fixed)
    assert difference(np.array(model(INPUTS, training=True)), fixed) > 1e-3


def test_bottleneck_adds_after_the_activation():
    method = adapters.BottleneckAdapter(
        targets="dense", width=2, activation="relu"
    )
    model, slot, adapter = adapted(method)
    y = np.tanh(INPUTS @ np.array(slot.kernel) + np.array(slot.bias))
    down, up = adapter.down, adapter.up
    inner = np.maximum(y @ np.array(down.kernel) + np.array(down.bias), 0)
    expected = y + inner @ np.array(up.kernel) + np.array(up.bias)
    np.testing.assert_allclose(model(INPUTS), expected, atol=ROUNDING)


def test_quantum_adapter_adds_a_quantum_dense():
    method = adapters.QuantumAdapter(targets="dense", circuit=SPEC)
    model, slot, adapter = adapted(method)
    y = np.tanh(INPUTS @ np.array(slot.kernel) + np.array(slot.bias))
    baseline = QuantumDense(3, SPEC)
    baseline.build((None, 3))
    baseline.set_weights(adapter.get_weights())
    np.testing.assert_allclose(model(INPUTS), y + baseline(y), atol=ROUNDING)


def test_qaa_adds_a_circuit_on_the_normalised_output():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6)])
    adapters.adapt(model, adapters.QuantumAdapter(targets="dense", depth=2))
    stir(model)
    slot = model.layers[0]
    circuit = slot.adapter.dense.circuit
    assert (circuit.qubits, circuit.depth) == (3, 2)
    y = INPUTS @ np.array(slot.kernel) + np.array(slot.bias)
    states = np.zeros((5, 8), "complex64")
    states[:, :6] = y / np.linalg.norm(y, axis=1, keepdims=True)
    angles, up = slot.adapter.get_weights()
    values = dict(zip(circuit.weights, angles, strict=True))
    expected = []
    for state in states:
        final = cirq.final_state_vector(
            cirq.resolve_parameters(circuit.circuit, values),
            initial_state=state,
            qubit_order=circuit.qids,
        )
        qubits = {qubit: i for i, qubit in enumerate(circuit.qids)}
        expected.append(
            [
                operator.expectation_from_state_vector(final, qubits).real
                for operator in circuit.operators
            ]
        )
    np.testing.assert_allclose(
        model(INPUTS), y + np.array(expected) @ up, atol=1e-5
    )


def test_published_parameter_counts_of_qaa():
    # PAPERS, system 5: n + n d a place, 10 qubits at d = 768, 12 blocks.
    gpt2 = make_backbone("GPT-2", num_layers=12, hidden_dim=768, num_heads=12)
    both = adapters.QuantumAdapter()
    one = adapters.QuantumAdapter(targets="ffn")
    assert one.parameters(gpt2) == 12 * (10 + 10 * 768) == 92_280
    assert both.parameters(gpt2) == 184_560
    assert adapters.LoRA(rank=4).parameters(gpt2) == 147_456
    adapters.adapt(gpt2, both)
    assert adapters.trainable_parameters(gpt2) == 184_560


def test_memory_on_seven_billion_parameters_as_the_readme_says():
    method = adapters.QuantumAdapter()
    target = adapters.Target("x", "down", 0, (11_008,), (4_096,))
    assert method.parameters_of(target) == 49_164
    assert 64 * 49_164 == 3_146_496
    assert round(16 * 3_146_496 / 2**20) == 48
    assert estimate_bytes(12, 12, 1, 512, layers=64) // 2**30 == 11


def test_replaced_dense_keeps_the_activation():
    method = adapters.ReplaceDense(targets="dense", circuit=SPEC)
    model, _, adapter = adapted(method)
    baseline = QuantumDense(3, SPEC)
    baseline.build((None, 4))
    baseline.set_weights(adapter.get_weights())
    np.testing.assert_allclose(
        model(INPUTS), np.tanh(baseline(INPUTS)), atol=ROUNDING
    )
    assert model.count_params() == baseline.count_params()


@pytest.mark.parametrize(
    "family,block,activation",
    [
        ("BERT", "transformer_layer_0", None),
        ("BLOOM", "transformer_layer_0", "gelu_tanh"),
        ("Llama 3", "transformer_layer_0", "silu"),
        ("Gemma", "decoder_block_0", "gelu_tanh"),
        ("Gemma 3", "decoder_block_0", "gelu_tanh"),
        ("Qwen 3", "transformer_layer_0", "silu"),
        ("Falcon", "transformer_layer_0", None),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_block_as_one_reads_what_the_block_read(
    family, block, activation, dtype
):
    backbone = make_backbone(family, dtype=dtype)
    target = resolve(backbone, [f"{block}/ffn"])[0]
    adapters.adapt(backbone, adapters.ReplaceDense(targets="ffn", circuit=SPEC))
    x = np.random.default_rng(0).normal(size=(2, 3, 16))
    x = keras.ops.cast(x, dtype)
    parts = target.layers
    up = parts["up"](x)
    if "gate" in parts:
        up = ACTIVATIONS[activation](parts["gate"](x)) * up
    elif activation:
        up = ACTIVATIONS[activation](up)
    circuit = parts["down"].adapter.dense
    got = keras.ops.cast(parts["down"](up), "float32")
    expected = keras.ops.cast(circuit(x), "float32")
    tolerance = {"float32": 1e-5, "bfloat16": 3e-2}[dtype]
    exact = activation is None or "gate" in parts
    np.testing.assert_allclose(
        got, expected, atol=0.0 if exact else tolerance, rtol=0.0
    )


ACTIVATIONS = {
    "silu": keras.activations.silu,
    "gelu_tanh": lambda x: keras.activations.gelu(x, approximate=True),
}


def test_a_prefix_is_more_keys_and_values():
    backbone = make_backbone("BERT")
    adapters.adapt(backbone, adapters.PrefixTuning(length=3))
    stir(backbone)
    layer = resolve(
        backbone, ["attention"], groups={"attention": ("attention",)}
    )
    layer = layer[0].layer
    x = np.random.default_rng(0).normal(size=(2, 5, 16)).astype("float32")
    mask = np.ones((2, 5, 5), bool)
    mask[:, :, 3:] = False

    def heads(dense):
        kernel, bias = (np.array(w) for w in dense.weights)
        return np.einsum("btm,mnh->btnh", x, kernel) + bias

    query = heads(layer._query_dense)
    prefix = layer.adapter
    key, value = (
        np.concatenate([np.tile(np.array(p), (2, 1, 1, 1)), heads(d)], axis=1)
        for p, d in (
            (prefix.keys, layer._key_dense),
            (prefix.values, layer._value_dense),
        )
    )
    scores = np.einsum("btnh,bsnh->bnts", query, key) / np.sqrt(8)
    scores[:, :, :, 6:] = -np.inf  # three of the prefix, three that are seen
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    mixed = np.einsum("bnts,bsnh->btnh", weights, value)
    kernel, bias = (np.array(w) for w in layer._output_dense.weights)
    expected = np.einsum("btnh,nhm->btm", mixed, kernel) + bias
    np.testing.assert_allclose(
        layer(x, x, attention_mask=mask), expected, atol=1e-5
    )


def test_the_gate_of_sora_thins_out():
    task = make_task("BERT")
    method = make_method("SoRA", threshold=0.4)
    adapters.adapt(task, method)
    task.fit(tokens(task), labels(task), epochs=3, verbose=0)
    gates = [v for v in task.trainable_variables if v.name == "gate"]
    assert gates and all(np.all(np.array(g) == 0.0) for g in gates)
    assert difference(SoftThreshold(0.5)(np.array([-0.2])), 0.0) == 0.0


def test_full_fine_tuning_of_some_blocks():
    task = make_task("BERT", num_layers=3)
    method = adapters.FullFineTuning(layers=[-1])
    count = method.parameters(task)
    adapters.adapt(task, method)
    assert adapters.trainable_parameters(task) == count
    paths = {v.path.split("/")[0] for v in task.trainable_variables}
    assert paths == {"transformer_layer_2", "logits"}


def test_heads_share_one_backbone():
    task = make_task("BERT")
    before = run(task)
    for name in ("first", "second"):
        adapters.adapt(task, adapters.HeadOnly(), name)
        assert difference(run(task), before) == 0.0
        stir(task)
    second = run(task)
    adapters.activate(task, "first")
    assert difference(run(task), second) == 0.0  # stirred alike
    stir(task)
    assert difference(run(task), second) > 1e-3
    adapters.unload(task)
    assert difference(run(task), before) == 0.0


SIZED = [name for name in EXAMPLES if make_method(name).size is not None]
SIZED.remove("FullFineTuning")


@pytest.mark.parametrize("name", SIZED)
def test_asked_for_a_parameter_count(name):
    backbone = make_backbone("GPT-2", num_layers=2)
    said = []
    method = make_method(name)
    sizes = method.sizes(backbone)
    size = sizes[min(2, len(sizes) - 2)]
    wanted = method.at_size(size).parameters(backbone)
    for count in (wanted, wanted + 1, 1):
        found = method.for_parameters(backbone, count, report=said.append)
        reached = found.parameters(backbone)
        nearest = method.at_size(sizes[0] if count == 1 else size)
        assert found == nearest
        assert f"{reached:,}" in said[-1] and f"{count:,}" in said[-1]
    adapters.adapt(backbone, method.at_size(size))
    assert adapters.trainable_parameters(backbone) == wanted


def test_asked_for_a_parameter_count_with_amplitudes():
    backbone = make_backbone("GPT-2")
    for method in (
        adapters.QuantumAdapter(),
        adapters.QuantumAdapter(circuit=preset("qaa", qubits=4)),
    ):
        count = method.parameters(backbone) + 2 * 4  # one more layer each
        said = []
        found = method.for_parameters(backbone, count, said.append)
        assert found.parameters(backbone) == count
        assert "depth=2" in said[0]


def test_asked_for_a_parameter_count_without_a_size():
    task = make_task("BERT", num_layers=3)
    full = adapters.FullFineTuning().for_parameters(task, 2000, print)
    assert full.layers == (-1,)
    for method in (adapters.HeadOnly(), adapters.IA3(), adapters.BitFit()):
        with pytest.raises(UserError, match="size to choose"):
            method.for_parameters(task, 100)
    method = adapters.QuantumAdapter(circuit=CircuitSpec().circuit)
    with pytest.raises(UserError, match="CircuitSpec"):
        method.for_parameters(task, 100)


@pytest.mark.parametrize("name", EXAMPLES)
def test_saved_as_json(name):
    method = make_method(
        name, **({"layers": "0"} if name != "HeadOnly" else {})
    )
    assert adapters.method_from_dict(method.to_dict()) == method
    config = {**method.to_dict(), "rnk": 3}
    with pytest.raises(UserError, match=f"{name.split()[0]} argument"):
        adapters.method_from_dict(config)
    assert dataclasses.is_dataclass(method)


@pytest.mark.parametrize(
    "name,options,message",
    [
        ("LoRA", {"rank": 0}, "rank"),
        ("LoRA", {"dropout": 1.0}, "dropout"),
        ("LoRA", {"alpha": "8"}, "alpha"),
        ("LoRA", {"targets": 3}, "targets"),
        ("LoRA", {"layers": "8-"}, "layers"),
        ("LoRA", {"layers": []}, "layers"),
        ("LoRA", {"train_head": "yes"}, "train_head"),
        ("SoRA", {"threshold": -1.0}, "threshold"),
        ("BottleneckAdapter", {"width": 1.5}, "nearest valid value is 2"),
        ("BottleneckAdapter", {"activation": "gelo"}, "activation"),
        ("PrefixTuning", {"length": 0}, "length"),
        ("QuantumAdapter", {"circuit": "qfnn"}, "Did you mean 'qffn'"),
        ("QuantumAdapter", {"engine": "batch"}, "Did you mean 'batched'"),
        ("QuantumAdapter of angles", {"depth": 2}, "has its own"),
        ("ReplaceDense", {"targets": ()}, "all-ffn"),
        ("HeadOnly", {"layers": 1}, "no effect"),
        ("FullFineTuning", {"targets": "query"}, "no effect"),
        ("FullFineTuning", {"train_head": True}, "no effect"),
        ("FullFineTuning", {"train_head": False}, "no effect"),
    ],
)
def test_bad_arguments(name, options, message):
    with pytest.raises(UserError, match=message):
        make_method(name, **options)


def test_a_head_that_is_not_there_is_no_head_to_train():
    dense = keras.layers.Dense(3, name="dense")
    model = keras.Sequential([keras.Input((4,)), dense])
    with pytest.raises(UserError, match="which has none"):
        adapters.adapt(model, adapters.LoRA(targets="dense", train_head=True))
    assert dense.trainable  # nothing was changed
