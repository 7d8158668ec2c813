"""HyQuT: the published arithmetic, exact restoring, both baselines."""

import cirq
import keras
import keras_hub
import numpy as np
import pytest

from tests.contracts import KerasHubContract
from tfq_hybrid.circuits import PRESETS, CircuitSpec
from tfq_hybrid.data import learn_merges
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers.quantum_dense import make_circuit_layer
from tfq_hybrid.models import (
    HyQuTBackbone,
    HyQuTCausalLM,
    HyQuTCausalLMPreprocessor,
    HyQuTTokenizer,
    reduction,
)
from tfq_hybrid.models.hyqut.model import KINDS
from tfq_hybrid.models.hyqut.system import MATRICES, SIZES
from tfq_hybrid.training.systems import SYSTEMS, Setting

SMALL = {
    "vocabulary_size": 300,
    "num_layers": 2,
    "num_query_heads": 2,
    "num_key_value_heads": 1,
    "hidden_dim": 8,
    "intermediate_dim": 12,
    "circuit": CircuitSpec(qubits=2, encoding="hadamard_angle", depth=1),
}
IDS = np.arange(10, dtype="int32").reshape(2, 5)
TOKENS = {"token_ids": IDS, "padding_mask": np.ones_like(IDS)}
TEXT = "The cat sat on the mat. The dog sat on the cat!\n" * 5


def make_lm(**options):
    tokenizer = HyQuTTokenizer.from_merges(learn_merges([TEXT], 290))
    size = {**SMALL, "vocabulary_size": tokenizer.vocabulary_size()}
    preprocessor = HyQuTCausalLMPreprocessor(tokenizer, sequence_length=12)
    return HyQuTCausalLM(HyQuTBackbone(**{**size, **options}), preprocessor)


class ContractTest(KerasHubContract):
    """keras-hub's own contract for backbones."""

    def test_backbone(self):
        self.run_backbone_test(
            HyQuTBackbone,
            init_kwargs=SMALL,
            input_data=TOKENS,
            expected_output_shape=(2, 5, 8),
            run_quantization_check=False,
        )


@pytest.mark.parametrize("name", ["hyqut_ring", "hyqut_pairwise"])
def test_80_gates_and_40_angles(name):
    circuit = PRESETS[name]
    gates = list(circuit.circuit.all_operations())
    hadamards = sum(gate.gate == cirq.H for gate in gates)
    # The ring's 80 gates do not count the H of the encoding.
    assert len(gates) - (hadamards if name == "hyqut_ring" else 0) == 80
    assert circuit.weight_count == 40
    assert circuit.feature_count == 20
    assert circuit.observable_count == 10
    model = HyQuTBackbone(**{**SMALL, "circuit": name})
    (layer, _) = model.replaced
    assert layer.pqc.count_params() == 40


def test_a_ring_makes_small_readouts():
    """As docs/systems.md says, of angles before any training."""
    features = np.random.default_rng(0).normal(scale=1.4, size=(1000, 20))
    spread = {}
    for name in ("hyqut_ring", "hyqut_pairwise"):
        keras.utils.set_random_seed(0)
        layer = make_circuit_layer(PRESETS[name])
        angles = PRESETS[name].angles(features.astype("float32"), np)
        spread[name] = np.array(layer(angles)).std(axis=0).mean()
    assert spread["hyqut_ring"] == pytest.approx(0.13, abs=0.04)
    assert spread["hyqut_pairwise"] == pytest.approx(0.46, abs=0.04)


def dense_parameters(size):
    """Parameters of a Llama with tied embeddings, by formula."""
    d, f = size["hidden_dim"], size["intermediate_dim"]
    kv = d * size["num_key_value_heads"] // size["num_query_heads"]
    layer = 2 * d * d + 2 * d * kv + 3 * d * f + 2 * d
    return size["num_layers"] * layer + size["vocabulary_size"] * d + d


def module_parameters(d, m):
    """Linear d -> 20, 40 angles, Linear 10 -> m."""
    return (d + 1) * 20 + 40 + (10 + 1) * m


def test_parameters_by_formula():
    size = {k: v for k, v in SMALL.items() if k != "circuit"}
    dense = HyQuTBackbone(**size, kind="dense")
    assert dense.count_params() == dense_parameters(size)
    for target, (d, m) in {
        "query": (8, 8),
        "key": (8, 4),
        "down": (12, 8),
    }.items():
        model = HyQuTBackbone(**size, targets=target)
        change = 2 * (module_parameters(d, m) - d * m)
        assert model.count_params() == dense.count_params() + change
        baseline = HyQuTBackbone(**size, targets=target, kind="bottleneck")
        # In place of 40 angles a Dense layer from 20 to 10.
        assert baseline.count_params() == model.count_params() + 2 * (210 - 40)
        found = reduction(model, length=5)["parameters"]
        assert found["model"] == model.count_params()
        assert found["dense"] == dense.count_params()


def test_sizes_come_near_what_they_are_called():
    assert dense_parameters(SIZES["8m"]) == pytest.approx(8e6, rel=0.03)
    assert dense_parameters(SIZES["150m"]) == pytest.approx(150e6, rel=0.03)
    assert SIZES["150m"]["hidden_dim"] == 1024  # the paper's
    model = HyQuTBackbone(**SIZES["8m"])
    change = 4 * (module_parameters(384, 384) - 384**2)
    assert model.count_params() == dense_parameters(SIZES["8m"]) + change


def test_operations_by_formula():
    size = {k: v for k, v in SMALL.items() if k != "circuit"}
    dense = HyQuTBackbone(**size, kind="dense")
    model = HyQuTBackbone(**size, layers=-1)
    # Matrices, attention over 5 tokens, logits.
    layer = 2 * (2 * 64 + 2 * 8 * 4 + 3 * 8 * 12) + 4 * 5 * 8
    flops = 2 * layer + 2 * 300 * 8
    assert reduction(dense, 5)["flops"]["model"] == flops
    found = reduction(model, 5)["flops"]
    assert found["dense"] == flops
    assert found["model"] == flops + 2 * (8 * 20 + 10 * 8 - 8 * 8)
    assert found["change"] == found["model"] / flops - 1


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [
        {"targets": ["query", "gate"]},
        pytest.param(
            {"targets": "all-attention", "layers": "0"}, marks=pytest.mark.long
        ),
        {"targets": "all-ffn", "layers": -1, "kind": "bottleneck"},
        pytest.param({"kind": "dense"}, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_trained_then_saved_and_restored(options, tmp_path):
    model = make_lm(**options)
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.optimizer.build(model.trainable_variables)  # or it traces twice
    before = [w.copy() for w in model.get_weights()]
    model.fit(np.array([TEXT, "A cat"]), verbose=0, epochs=2)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.abs(new - old).max() > 0  # all of it trains
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    assert type(restored) is HyQuTCausalLM
    np.testing.assert_array_equal(model(TOKENS), restored(TOKENS))
    assert restored.preprocessor.tokenizer.tokenize(
        TEXT
    ) == model.preprocessor.tokenizer.tokenize(TEXT)
    for old, new in zip(
        model.optimizer.variables, restored.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(old, new)


@pytest.mark.long
def test_preset_round_trip(tmp_path):
    model = make_lm(targets="gate")
    model.save_to_preset(str(tmp_path))
    restored = keras_hub.models.CausalLM.from_preset(str(tmp_path))
    assert type(restored) is HyQuTCausalLM
    np.testing.assert_array_equal(model(TOKENS), restored(TOKENS))
    for one in (model, restored):
        one.compile(sampler="greedy")
    assert restored.generate("The cat", 12) == model.generate("The cat", 12)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_cache_equals_a_loop_without_it(kind):
    model = make_lm(targets=MATRICES, kind=kind, tie_word_embeddings=False)
    # Large weights, so that the tokens depend on what came before.
    draw = np.random.default_rng(1).normal
    model.set_weights([draw(size=w.shape) for w in model.get_weights()])
    model.compile(sampler="greedy")
    preprocessor, model.preprocessor = model.preprocessor, None
    tokens = preprocessor.generate_preprocess(["The cat"])
    start = int(np.sum(tokens["padding_mask"]))
    found = model.generate(tokens, stop_token_ids=None)["token_ids"][0]
    ids = np.array(tokens["token_ids"])
    for index in range(start, 12):
        inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
        logits = np.array(model(inputs))
        ids[0, index] = np.argmax(logits[0, index - 1])
    np.testing.assert_array_equal(found, ids[0])
    assert len(set(ids[0, start:])) > 1


@pytest.mark.long
@pytest.mark.parametrize(
    "kind",
    [
        "quantum",
        *(
            pytest.param(kind, marks=pytest.mark.long)
            for kind in KINDS
            if kind != "quantum"
        ),
    ],
)
def test_mixed_precision(kind):
    targets = ["up", "down"]
    full = make_lm(kind=kind, targets=targets)
    mixed = make_lm(kind=kind, targets=targets, dtype="mixed_bfloat16")
    mixed.set_weights(full.get_weights())
    assert mixed.backbone(TOKENS).dtype == "bfloat16"
    np.testing.assert_allclose(full(TOKENS), mixed(TOKENS), atol=5e-3)
    mixed.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    mixed.optimizer.build(mixed.trainable_variables)  # or it traces twice
    before = mixed.get_weights()
    mixed.fit(np.array(["The cat sat"]), verbose=0)
    moved = [
        np.abs(new - old).max() > 0
        for old, new in zip(before, mixed.get_weights(), strict=True)
    ]
    assert all(moved)


def test_engines_agree():
    models = {
        engine: make_lm(engine=engine, targets=["query", "gate"])
        for engine in ("batched", "tfq")
    }
    models["tfq"].set_weights(models["batched"].get_weights())
    np.testing.assert_allclose(
        models["batched"](TOKENS), models["tfq"](TOKENS), atol=1e-5
    )


def test_dense_baseline_is_keras_hub_llama():
    options = {k: v for k, v in SMALL.items() if k != "circuit"}
    baseline = HyQuTBackbone(**options, kind="dense")
    llama = keras_hub.models.LlamaBackbone(**options, tie_word_embeddings=True)
    llama.set_weights(baseline.get_weights())
    np.testing.assert_array_equal(baseline(TOKENS), llama(TOKENS))


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"targets": "qeury"}, "Did you mean 'query'"),
        ({"targets": []}, "Expected targets"),
        ({"kind": "quantm"}, "Did you mean 'quantum'"),
        ({"layers": 2}, "nearest valid value is 1"),
        ({"circuit": "hyqut"}, "Did you mean 'hyqut_ring'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        HyQuTBackbone(**{**SMALL, **arguments})


def test_the_system_builds_what_its_options_say():
    system = SYSTEMS["hyqut"]
    assert system.task == "generation"
    merges = learn_merges([TEXT], 280)
    setting = Setting(merges, sequence_length=8, batch_size=2)
    for baseline in (None, *system.baselines):
        options = system.options(
            size="tiny", targets="gate", layers=[1], circuit=SMALL["circuit"]
        )
        assert system.options.from_dict(options.to_dict()) == options
        model = system.build(options, baseline, setting)
        assert model.backbone.kind == (baseline or "quantum")
        assert model.backbone.targets == ("gate",)
        assert len(system.parts(model)["matrices"]) == 1
        assert model.preprocessor.sequence_length == 8
        assert model.backbone.vocabulary_size == len(merges) + 260
    with pytest.raises(UserError, match="fit in memory"):
        options = system.options(circuit={"qubits": 30})
        system.build(options, None, setting)


@pytest.mark.parametrize("baseline", [None, "dense", "bottleneck"])
def test_blocks_whose_residual_is_scaled_to_nothing(baseline):
    system = SYSTEMS["hyqut"]
    merges = learn_merges([TEXT], 280)
    setting = Setting(merges, sequence_length=8, batch_size=2)
    options = system.options(
        size="tiny",
        targets=["output", "up"],
        circuit=SMALL["circuit"],
        residual_scale=0.0,
    )
    backbone = system.build(options, baseline, setting).backbone
    embedded = np.array(backbone.token_embedding(IDS))
    norm = np.sqrt(np.mean(embedded**2, -1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(backbone(TOKENS), embedded / norm, rtol=1e-4)
    with pytest.raises(UserError, match="residual_scale"):
        system.options(residual_scale=-1.0)


@pytest.mark.long
def test_tokenizer_gives_every_text_back(real_data):
    texts = [
        real_data("tinystories_sample.txt").read_text("utf-8")[:20_000],
        real_data("tinyshakespeare.txt").read_text("utf-8")[:20_000],
        real_data("zh_chatterbot.jsonl").read_text("utf-8")[:20_000],
        real_data("alpaca_4000.jsonl").read_text("utf-8")[:20_000],
    ]
    tokenizer = HyQuTTokenizer.from_merges(learn_merges(texts, 1000))
    assert tokenizer.vocabulary_size() == 1000
    for text in [*texts, "𝛼 naïve\u3000\t\n\n  “Ünï”…'s 12345 don't"]:
        tokens = tokenizer.tokenize(text)
        assert tokenizer.detokenize(tokens) == text
        # The same inside a TensorFlow graph, which an export is.
        lines = text.split("\n")[:60]
        in_graph = tokenizer._tokenize_tf(lines)
        for line, found in zip(lines, in_graph, strict=True):
            assert tokenizer.tokenize(line) == list(np.array(found)), line
