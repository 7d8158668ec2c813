import math

import cirq
import keras
import keras_hub
import numpy as np
import pytest

from tests.bases.test_pretrained import PAIRS, minilm, preset  # noqa: F401
from tests.tolerances import rounding
from tfq_hybrid import adapters
from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS
from tfq_hybrid.encoders import embed
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import (
    QuantumHead,
    QuantumHeadOptions,
    QuantumHeadTextClassifier,
    make_head,
)

FEW = QuantumHeadOptions(qubits=3, depth=1)
TEXTS = np.array(["a good film", "a bad film", "the plot", "bad cast"])
LABELS = np.array([1, 0, 1, 0])
# A block of `make_bert` is a chain of about as many operations: three norms of
# 6 features, sums of 5, 6 and 8 terms, a softmax, GELU and tanh.
OF_BERT = rounding(100)


def vectors(count=4, width=6):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, width)).astype("float32")


def test_published_parameter_counts():
    # PAPERS, system 4: Q C L + Q = 28 angles a block, at 4, 2, 3.
    options = QuantumHeadOptions(qubits=4, depth=3, distance=2)
    assert options.parameters(16, 2) == 3 * 28 + 4  # encoder, PQC1, PQC2
    # The published 886 fit 14 qubits throughout, seven encoders of two
    # values each, one readout: 9 * (14 * 6 + 14) + 4. Ours, not the paper's.
    options = QuantumHeadOptions(qubits=14, encoders=7, encoder_qubits=14)
    assert options.parameters(768, 2) == 886


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"encoders": 2, "reuploads": 3, "readouts": 3},
        {"reuploads": 2, "share_weights": False, "depth": 2},
        {"distance": 9, "encoder_qubits": 4},
        {"entangled": False, "reuploads": 2},
        {"qubits": 1},
    ],
    ids=str,
)
def test_counts_without_building(options):
    options = QuantumHeadOptions(**{"qubits": 3, "depth": 1, **options})
    head = QuantumHead(2, options)
    head.build((None, 6))
    assert head.count_params() == options.parameters(6, 2)
    assert QuantumHeadOptions.from_dict(options.to_dict()) == options


def block(qubits, depth, distance, angles):
    """Fig. 3, written out: one block, a column of RY, further layers."""
    n, angles = len(qubits), iter(angles)
    for layer in range(depth):
        for d in range(1, distance + 1):
            for q in range(n):
                target = qubits[(q + d) % n]
                yield cirq.CNOT(qubits[q], target)
                yield cirq.ry(next(angles))(target)
        if layer == 0:
            yield [cirq.ry(next(angles))(q) for q in qubits]


def reference(head, inputs, noise):
    """The pipeline in Cirq: density matrices, gate by gate."""
    options = head.options
    wires = cirq.LineQubit.range(3)
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)

    def run(operations, count, state):
        circuit = cirq.Circuit(operations)
        if noise:
            circuit = circuit.with_noise(cirq.depolarize(noise))
        return simulator.simulate_expectation_values(
            circuit,
            [cirq.Z(q) for q in wires[:count]],
            qubit_order=wires,
            initial_state=state,
        )

    zero = np.eye(8)[0].astype("complex128")
    results = []
    for row in inputs.astype("float64"):
        state = row / np.linalg.norm(row)
        if options.constant_amplitude:
            state = np.append(state, options.constant_amplitude)
        state = np.pad(state, (0, 8 - len(state)))
        state = (state / np.linalg.norm(state)).astype("complex128")
        values = []
        for encoder, count in zip(
            head.encoders, options.values_read, strict=True
        ):
            angles = np.array(encoder.parameters).tolist()
            values += run(block(wires, 2, 2, angles), count, state)
        values = np.real(values)
        if head.norms:
            values = np.tanh(normed(head.norms[0], values))
        values = values * options.angle_range
        angles = np.array(head.pqc.parameters).tolist()
        size = 3 * 2 * 2 + 3
        sets = [angles[i : i + size] for i in range(0, len(angles), size)]
        if options.share_weights:
            sets = [sets[0]] * options.reuploads + [sets[1]]
        operations = []
        for index, one in enumerate(sets):
            if index < options.reuploads:
                operations += [
                    cirq.ry(x)(q) for x, q in zip(values, wires, strict=True)
                ]
            operations += list(block(wires, 2, 2, one))
        results.append(run(operations, options.readouts, zero))
    results = np.real(results)
    if head.norms:
        results = normed(head.norms[1], results)
    kernel, bias = map(np.array, head.logits.weights)
    return results @ kernel + bias


def normed(norm, values):
    return (values - norm.moving_mean) / np.sqrt(norm.moving_variance + 1e-6)


def test_standardised_readouts_against_cirq():
    options = {"qubits": 3, "depth": 2, "readout": "standardised"}
    head, inputs = QuantumHead(2, QuantumHeadOptions(**options)), vectors(16)
    plain = QuantumHead(2, {**options, "readout": "plain"})
    plain.build(inputs.shape)
    for _ in range(200):  # the running means come to those of the batch
        head(inputs, training=True)
    plain.set_weights([np.array(v) for v in head.trainable_variables])
    encoded = np.array(plain.encoders[0](inputs))
    np.testing.assert_allclose(
        head.norms[0].moving_mean, encoded.mean(axis=0), atol=1e-5
    )
    np.testing.assert_allclose(
        head.norms[0].moving_variance, encoded.var(axis=0), rtol=1e-3
    )
    expected = reference(head, inputs, 0.0)
    np.testing.assert_allclose(head(inputs), expected, atol=1e-4)
    assert np.std(head(inputs)) > 2 * np.std(plain(inputs))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"encoders": 2, "reuploads": 2, "readouts": 2},
        {"constant_amplitude": 0.7},
        {"reuploads": 2, "share_weights": False, "noise": 0.02},
    ],
    ids=str,
)
def test_the_whole_pipeline_against_cirq(options):
    options = QuantumHeadOptions(**{"qubits": 3, "depth": 2, **options})
    head, inputs = QuantumHead(2, options), vectors()
    found = np.array(head(inputs))
    expected = reference(head, inputs, options.noise)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_a_constant_amplitude_tells_an_embedding_from_its_mirror_image():
    inputs = vectors()
    for constant in (0.0, 0.5):
        head = QuantumHead(2, {"qubits": 3, "constant_amplitude": constant})
        same = np.allclose(head(inputs), head(-inputs), atol=1e-5)
        assert same == (constant == 0.0)
        # The length of an embedding says nothing.
        np.testing.assert_allclose(head(3 * inputs), head(inputs), atol=1e-5)
    for constant, qubits in ((0.0, 9), (1.0, 10)):
        options = QuantumHeadOptions(encoders=2, constant_amplitude=constant)
        assert options.qubits_of_encoders(512) == qubits


def test_shots_scatter_around_the_exact_values():
    exact = QuantumHead(2, {"qubits": 3, "depth": 1})
    shots = QuantumHead(2, {"qubits": 3, "depth": 1, "shots": 4000}, seed=5)
    inputs = vectors()
    expected = np.array(exact(inputs))
    shots.build(inputs.shape)
    for new, old in zip(
        shots.trainable_variables, exact.trainable_variables, strict=True
    ):
        new.assign(old)
    found = np.array(shots(inputs))
    assert 0 < np.abs(found - expected).max() < 0.2
    # Two times the readout error of a half makes every bit a coin.
    coins = QuantumHead(2, {"qubits": 3, "depth": 1, "readout_error": 0.5})
    coins.build(inputs.shape)
    np.testing.assert_allclose(coins(inputs), np.zeros((4, 2)), atol=1e-6)


STANDARDISED = QuantumHeadOptions(qubits=3, depth=1, readout="standardised")


@pytest.mark.parametrize(
    ("options", "baseline"),
    [(FEW, None), (STANDARDISED, None), (FEW, "linear"), (FEW, "mlp")],
)
def test_on_embeddings_trains_and_comes_back(options, baseline, tmp_path):
    layer = make_head(6, 2, options, baseline)
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(
        keras.optimizers.Adam(0.05),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    before = [np.array(v) for v in model.weights]
    model.fit(vectors(), LABELS, batch_size=2, epochs=2, verbose=0)
    for variable, old in zip(model.weights, before, strict=True):
        assert np.any(np.array(variable) != old), variable.path
    model.save(tmp_path / "head.keras")
    restored = keras.models.load_model(tmp_path / "head.keras")
    difference = np.abs(restored(vectors()) - model(vectors()))
    assert float(np.max(difference)) == 0.0


def test_baselines_have_nearly_the_same_size():
    options = QuantumHeadOptions(qubits=10, encoders=2, distance=4, depth=5)
    counts = {}
    for baseline in (None, "linear", "mlp"):
        head = make_head(384, 2, options, baseline)
        head.build((None, 384))
        counts[baseline] = head.count_params()
    assert counts[None] == options.parameters(384, 2) == 2 * 189 + 2 * 210 + 4
    assert counts["linear"] == 770
    assert counts["mlp"] == 2 * 385 + 6


def make_bert(**options):
    return keras_hub.models.BertBackbone(
        vocabulary_size=12,
        num_layers=1,
        num_heads=2,
        hidden_dim=6,
        intermediate_dim=8,
        max_sequence_length=5,
        **options,
    )


def make_preprocessor():
    vocabulary = [*SPECIAL_TOKENS, *"a good bad film cast plot the".split()]
    return keras_hub.models.BertTextClassifierPreprocessor(
        keras_hub.models.BertTokenizer(vocabulary, lowercase=True),
        sequence_length=5,
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "head,train_encoder",
    [("quantum", False), ("quantum", True), ("mlp", False)],
)
def test_classifier_of_texts(head, train_encoder, tmp_path):
    options = QuantumHeadOptions(qubits=3, depth=1, train_encoder=train_encoder)
    model = QuantumHeadTextClassifier.from_base(
        make_bert(), 2, make_preprocessor(), head=head, options=options
    )
    before = {v.path: np.array(v) for v in model.weights}
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.fit(TEXTS, LABELS, batch_size=2, verbose=0)
    moved = {
        v.path for v in model.weights if np.any(np.array(v) != before[v.path])
    }
    frozen = {v.path for v in model.backbone.weights}
    assert bool(moved & frozen) == train_encoder
    assert moved - frozen == {v.path for v in model.head.weights}
    expected = model.predict(TEXTS, verbose=0)
    model.save(tmp_path / "model.keras")
    restored = [keras.models.load_model(tmp_path / "model.keras")]
    if head == "quantum" and not train_encoder:
        path = str(tmp_path / "preset")
        model.save_to_preset(path)
        restored.append(QuantumHeadTextClassifier.from_preset(path))
    for again in restored:
        assert type(again).__name__ == "QuantumHeadBertTextClassifier"
        assert type(again.backbone) is keras_hub.models.BertBackbone
        difference = again.predict(TEXTS, verbose=0) - expected
        assert np.abs(difference).max() == 0.0
        assert again.backbone.trainable == train_encoder


@pytest.mark.long
def test_the_classifier_is_the_head_on_embeddings():
    model = QuantumHeadTextClassifier.from_base(
        make_bert(), 2, make_preprocessor(), options=FEW
    )
    embedded = embed(model.backbone, model.preprocessor, TEXTS, batch_size=3)
    states = model.backbone(model.preprocessor(TEXTS))["sequence_output"]
    states = np.array(states)[0, :5]
    np.testing.assert_allclose(embedded[0], states.mean(0), atol=OF_BERT)
    np.testing.assert_allclose(
        model.head(embedded), model.predict(TEXTS, verbose=0), atol=1e-5
    )


def test_embeddings_are_kept_for_their_encoder_and_texts(tmp_path):
    bert, preprocessor = make_bert(), make_preprocessor()
    first = embed(bert, preprocessor, TEXTS, cache=tmp_path)
    [file] = tmp_path.iterdir()
    np.save(file, first + 1)  # to see that it is what is read
    again = embed(bert, preprocessor, TEXTS, cache=tmp_path)
    np.testing.assert_array_equal(again, first + 1)
    other = embed(bert, preprocessor, TEXTS[:2], cache=tmp_path)
    np.testing.assert_allclose(other, first[:2], atol=OF_BERT)
    bert.set_weights([w + 0.1 for w in bert.get_weights()])
    tuned = embed(bert, preprocessor, TEXTS, cache=tmp_path)
    assert np.abs(tuned - first).max() > 1e-3
    assert len(list(tmp_path.iterdir())) == 3
    adapters.adapt(bert, adapters.LoRA(rank=1, alpha=1))
    for weight in bert.trainable_variables:
        weight.assign(keras.ops.ones_like(weight))
    adapted = embed(bert, preprocessor, TEXTS, cache=tmp_path)
    np.testing.assert_allclose(
        adapted, embed(bert, preprocessor, TEXTS), atol=1e-6
    )
    assert np.abs(adapted - tuned).max() > 1e-3
    with adapters.disable(bert):
        bare = embed(bert, preprocessor, TEXTS, cache=tmp_path)
    np.testing.assert_allclose(bare, tuned, atol=OF_BERT)
    first = np.array(bert(preprocessor(TEXTS))["sequence_output"])[:, 0]
    np.testing.assert_allclose(
        embed(bert, preprocessor, TEXTS, "cls"), first, atol=OF_BERT
    )
    pooled = embed(bert, preprocessor, TEXTS, "pooled")
    assert pooled.shape == (4, 6) and np.abs(pooled - adapted).max() > 1e-3


@pytest.mark.long
def test_real_sentences(preset):  # noqa: F811
    model = QuantumHeadTextClassifier.from_base(
        preset, 2, sequence_length=16, options=QuantumHeadOptions(qubits=4)
    )
    left, right = (
        embed(model.backbone, model.preprocessor, side)
        for side in zip(*PAIRS, strict=True)
    )
    left, right = (
        x / np.linalg.norm(x, axis=1)[:, None] for x in (left, right)
    )
    cosines = left @ right.T
    assert np.diagonal(cosines).min() > 0.5
    assert (cosines.argmax(1) == np.arange(4)).all()
    # 384 amplitudes on 9 qubits: the head's own circuit has four.
    assert model.head.encoders[0].program.qubits == 9
    assert model.head_parameters == 2 * 28 + 9 * 7 + 4


@pytest.mark.long
def test_mixed_precision_trains():
    head = QuantumHead(2, FEW, dtype="mixed_bfloat16")
    model = keras.Sequential([keras.Input((6,)), head])
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.fit(vectors(), LABELS, verbose=0)
    assert all(v.dtype == "float32" for v in model.trainable_variables)
    assert head(vectors()).dtype == "bfloat16"


def test_bad_arguments():
    for options, message in (
        ({"qubits": 0}, "qubits"),
        ({"qubits": 3, "encoders": 4}, "at most one encoder"),
        ({"readouts": 11}, "readouts"),
        ({"noise": 1.0}, "noise"),
        ({"angle_range": math.inf}, "angle_range"),
        ({"engine": "tfq"}, "engine"),
    ):
        with pytest.raises(UserError, match=message):
            QuantumHeadOptions(**options)
    with pytest.raises(UserError, match="Did you mean 'reuploads'"):
        QuantumHead(2, {"reupload": 2})
    with pytest.raises(UserError, match="at least 5 qubits"):
        QuantumHead(2, {"encoder_qubits": 4, "qubits": 4}).build((None, 17))
    with pytest.raises(UserError, match="classes"):
        QuantumHead(0)
    with pytest.raises(UserError, match="known width"):
        QuantumHead(2).build((None, None))
    with pytest.raises(UserError, match="Did you mean 'linear'"):
        make_head(6, 2, baseline="linea")
