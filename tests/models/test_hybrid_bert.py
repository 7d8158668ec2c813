import dataclasses
import math
import shutil

import cirq
import keras
import keras_hub
import numpy as np
import pytest

from tests.presets import save_bert
from tests.tolerances import has_no_gradient
from tfq_hybrid.bases.mpnet.backbone import MPNetBackbone as MPNet
from tfq_hybrid.circuits import preset
from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS
from tfq_hybrid.encoders.bert import from_preset
from tfq_hybrid.encoders.pooling import sequence_output
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.models import (
    HYBRID_BERT_HEADS,
    HybridBertOptions,
    HybridTextClassifier,
    ProbabilityMSE,
    WeightedCrossEntropy,
    balanced_weights,
    hybrid_head,
)

DistilBert = keras_hub.models.DistilBertBackbone
TEXTS = np.array(["a good film", "a bad film", "the plot", "bad cast"])
LABELS = np.array([1, 0, 1, 0])
IDS = np.random.default_rng(0).integers(1, 12, (3, 5)).astype("int32")
TOKENS = {
    "token_ids": IDS,
    "segment_ids": np.zeros((3, 5), "int32"),
    "padding_mask": np.ones((3, 5), "int32"),
}


def few(depth=1, **options):
    circuit = preset("hybrid_bert", qubits=2, depth=depth)
    return HybridBertOptions(circuit=circuit, **options)


FEW = few()


def make_bert(hidden_dim=6, **options):
    return keras_hub.models.BertBackbone(
        vocabulary_size=12,
        num_layers=1,
        num_heads=2,
        hidden_dim=hidden_dim,
        intermediate_dim=8,
        max_sequence_length=5,
        **options,
    )


def make(options=FEW, baseline=None, **kwargs):
    vocabulary = [*SPECIAL_TOKENS, *"a good bad film cast plot the".split()]
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(
        keras_hub.models.BertTokenizer(vocabulary, lowercase=True),
        sequence_length=5,
    )
    bert = make_bert(dtype=kwargs.pop("dtype", None))
    return HybridTextClassifier.from_options(
        bert, 2, options, baseline, preprocessor=preprocessor, **kwargs
    )


def test_published_parameter_counts():
    # PAPERS, system 2: 775 n + 2 for two classes.
    for qubits in (2, 4, 6, 8):
        options = HybridBertOptions(
            circuit=preset("hybrid_bert", qubits=qubits)
        )
        assert options.parameters(768, 2) == 775 * qubits + 2
        assert HybridBertOptions.from_dict(options.to_dict()) == options
    heads = {
        head: HybridTextClassifier.from_base(
            make_bert(hidden_dim=768), 2, head=head
        )
        for head in HYBRID_BERT_HEADS
    }
    counts = {head: model.head_parameters for head, model in heads.items()}
    assert counts == {"quantum": 3_102, "linear": 1_538, "mlp": 3_086}
    for head, model in heads.items():  # the encoder is frozen
        trained = sum(math.prod(v.shape) for v in model.trainable_variables)
        assert trained == counts[head]


def test_the_head_is_the_published_circuit():
    model = make(HybridBertOptions())
    head = model.head
    pooled = np.array(model.backbone(TOKENS)["pooled_output"])
    kernel, bias = map(np.array, head.input_projection.weights)
    angles = math.pi / 2 * np.tanh(pooled @ kernel + bias)
    weights = iter(np.array(head.pqc.parameters).tolist())
    qubits = cirq.LineQubit.range(4)
    layers = cirq.Circuit()
    for _ in range(4):
        for a, b in ((0, 1), (2, 3), (1, 2)):
            layers += cirq.CNOT(qubits[a], qubits[b])
        layers += [cirq.ry(next(weights))(q) for q in qubits]
    values = []
    for row in angles.tolist():
        circuit = cirq.Circuit(cirq.H.on_each(*qubits))
        circuit += [cirq.ry(x)(q) for x, q in zip(row, qubits, strict=True)]
        values.append(
            cirq.Simulator().simulate_expectation_values(
                circuit + layers, [cirq.Z(q) for q in qubits]
            )
        )
    kernel, bias = map(np.array, head.output_projection.weights)
    expected = np.real(values) @ kernel + bias
    np.testing.assert_allclose(model(TOKENS), expected, atol=1e-5)


def test_the_linear_baseline_is_the_classifier_of_keras_hub():
    baseline = make(baseline="linear")
    bert = make_bert()
    bert.set_weights(baseline.backbone.get_weights())
    task = keras_hub.models.BertTextClassifier(bert, 2)
    task.output_dense.set_weights(baseline.head.get_weights())
    np.testing.assert_array_equal(task(TOKENS), baseline(TOKENS))


def values_of(variables):
    return {v.path: np.array(v) for v in variables}


def moved(model, before):
    return {
        v.path for v in model.weights if np.any(np.array(v) != before[v.path])
    }


@pytest.mark.long
@pytest.mark.parametrize(
    "options,baseline",
    [
        (FEW, None),
        (few(train_encoder=True), None),
        (few(depth=2, train_angles=False), None),
        (few(loss="mse"), None),
        (FEW, "linear"),
        (FEW, "mlp"),
    ],
)
def test_trains_what_it_should_and_comes_back(options, baseline, tmp_path):
    model = make(dataclasses.replace(options, dropout=0.1), baseline)
    model.compile(
        optimizer=keras.optimizers.AdamW(0.01),
        loss=options.make_loss(balanced_weights(LABELS, 2)),
        run_eagerly=True,
    )
    before = values_of(model.weights)
    model.fit(TEXTS, LABELS, batch_size=2, verbose=0)
    changed = moved(model, before)
    trained = model.trainable_variables
    maybe = {v.path for v in trained if has_no_gradient(v)}
    assert changed | maybe == {v.path for v in trained}
    assert ("head/pqc/parameters" in changed) == (
        baseline is None and options.train_angles
    )
    of_the_encoder = {v.path for v in model.backbone.weights}
    assert bool(changed & of_the_encoder) == options.train_encoder
    expected = np.array(model(TOKENS))

    model.save(tmp_path / "task.keras")
    restored = [keras.models.load_model(tmp_path / "task.keras")]
    if options is FEW:
        preset = str(tmp_path / "preset")
        model.save_to_preset(preset)
        restored.append(HybridTextClassifier.from_preset(preset))
        again = restored[-1].predict(TEXTS, verbose=0)
        assert again.shape == (4, 2)
    for again in restored:
        assert type(again) is type(model)
        assert type(again).__name__ == "HybridBertTextClassifier"
        assert np.abs(again(TOKENS) - expected).max() == 0.0
        assert len(again.trainable_variables) == len(model.trainable_variables)


@pytest.mark.parametrize(
    ("kind", "prefix", "pooling"),
    [
        (DistilBert, "DistilBert", None),  # which has no pooler
        (DistilBert, "DistilBert", "cls"),
        (MPNet, "MPNet", "mean"),
    ],
)
def test_another_encoder_and_pooling(kind, prefix, pooling, tmp_path):
    backbone = kind(
        vocabulary_size=12,
        num_layers=1,
        num_heads=2,
        hidden_dim=6,
        intermediate_dim=8,
        max_sequence_length=5,
    )
    model = HybridTextClassifier.from_base(
        backbone, 2, pooling=pooling, circuit=FEW.circuit
    )
    assert type(model).__name__ == f"Hybrid{prefix}TextClassifier"
    mask = np.array([[1, 1, 1, 0, 0]] * 3)
    inputs = {"token_ids": IDS, "padding_mask": mask}
    states = np.array(sequence_output(backbone(inputs)))
    is_mean = pooling != "cls"
    vectors = states[:, :3].mean(axis=1) if is_mean else states[:, 0]
    expected = model.head(vectors)
    np.testing.assert_allclose(model(inputs), expected, atol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(inputs), model(inputs))
    assert again.pooling == (pooling or "mean")
    assert len(again.trainable_variables) == 5  # the head alone


@pytest.mark.parametrize("train_angles", [True, False])
def test_a_head_on_its_own_goes_on_training(train_angles, tmp_path):
    head = hybrid_head(3, 2, train_angles=train_angles)
    model = keras.Sequential([keras.Input((3,)), head])
    model.compile("adam", "mse", run_eagerly=True)
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "head.keras")
    loaded = keras.models.load_model(tmp_path / "head.keras")
    assert len(loaded.trainable_variables) == 4 + train_angles
    assert int(loaded.optimizer.iterations) == 1
    older = head.get_config()
    del older["train_angles"]
    assert QuantumDense.from_config(older).train_angles


def test_presets_of_bert_are_still_those_of_keras_hub(tmp_path):
    # A preset finds its task by its backbone's class, among all registered.
    make_bert().save_to_preset(str(tmp_path))
    task = keras_hub.models.TextClassifier.from_preset(
        str(tmp_path), num_classes=2, preprocessor=None
    )
    assert type(task) is keras_hub.models.BertTextClassifier


def test_a_frozen_encoder_has_no_dropout():
    model = make()
    again = [np.array(model(TOKENS, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(*again)
    tuned = make(few(train_encoder=True))
    again = [np.array(tuned(TOKENS, training=True)) for _ in range(2)]
    assert np.abs(again[0] - again[1]).max() > 0


def test_starts_from_the_weights_of_a_bert(tmp_path):
    bert = make_bert()
    bert.save_to_preset(str(tmp_path))
    expected = np.array(bert(TOKENS)["pooled_output"])
    vocabulary = [*SPECIAL_TOKENS, *"a good bad film cast plot the".split()]
    keras_hub.models.BertTokenizer(vocabulary).save_to_preset(str(tmp_path))
    model = HybridTextClassifier.from_base(
        str(tmp_path), 3, circuit=preset("hybrid_bert", qubits=2)
    )
    found = model.backbone(TOKENS)["pooled_output"]
    np.testing.assert_array_equal(found, expected)
    assert model.predict(TEXTS, verbose=0).shape == (4, 3)


@pytest.mark.parametrize(
    "spoil,reason",
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "model.weights.h5").write_bytes(b"no"), "not begin as"),
        (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json"),
        (shutil.rmtree, "preset to be one of: .*bert_base_en"),
    ],
)
def test_a_folder_without_a_preset_is_an_error(spoil, reason, tmp_path):
    folder = tmp_path / "preset"
    save_bert(folder, "a b")
    spoil(folder)
    with pytest.raises(UserError, match=reason) as error:
        from_preset(keras_hub.models.BertBackbone, str(folder))
        from_preset(keras_hub.models.BertTokenizer, str(folder))
    assert str(folder) in str(error.value)


def test_losses_against_numpy():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(5, 3)).astype("float32")
    labels = np.array([0, 2, 1, 1, 0])
    weights = np.array([0.5, 2.0, 1.0])
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    nll = -np.log(probabilities[np.arange(5), labels])
    chosen = weights[labels]
    loss = WeightedCrossEntropy(weights)
    expected = (chosen * nll).sum() / chosen.sum()
    for given in (labels, labels[:, None]):
        assert float(loss(given, logits)) == pytest.approx(expected, rel=1e-5)
    plain = WeightedCrossEntropy()(labels, logits)
    assert float(plain) == pytest.approx(nll.mean(), rel=1e-5)
    expected = np.square(probabilities - np.eye(3)[labels]).mean()
    found = float(ProbabilityMSE()(labels, logits))
    assert found == pytest.approx(expected, rel=1e-5)
    again = WeightedCrossEntropy.from_config(loss.get_config())
    assert float(again(labels, logits)) == float(loss(labels, logits))
    assert type(HybridBertOptions(loss="mse").make_loss()) is ProbabilityMSE
    unweighted = HybridBertOptions(class_weighted=False)
    assert unweighted.make_loss([1, 2]).weights is None


def test_mixed_precision_trains():
    options = few(train_encoder=True)
    model = make(options, dtype="mixed_bfloat16")
    model.compile("adam", options.make_loss(), run_eagerly=True)
    before = values_of(model.weights)
    model.fit(TEXTS, LABELS, verbose=0)
    assert "head/pqc/parameters" in moved(model, before)


def test_bad_arguments():
    backbone = make_bert()
    for arguments, message in (
        ({"head": "quantm"}, "Did you mean 'quantum'"),
        ({"circuit": "hybrid_brt"}, "Did you mean 'hybrid_bert'"),
        ({"circuit": "qaa"}, "inputs are angles"),
        ({"num_classes": 0}, "num_classes"),
    ):
        with pytest.raises(UserError, match=message):
            HybridTextClassifier(backbone, **{"num_classes": 2, **arguments})
    for options, message in (
        ({"circuit": "qaa"}, "inputs are angles"),
        ({"dropout": 1}, "dropout"),
        ({"loss": "cross-entropy"}, "Did you mean 'cross_entropy'"),
    ):
        with pytest.raises(UserError, match=message):
            HybridBertOptions(**options)
    with pytest.raises(UserError, match="all 3 classes"):
        balanced_weights([0, 1], 3)
    with pytest.raises(UserError, match="positive"):
        WeightedCrossEntropy([1.0, 0.0])
