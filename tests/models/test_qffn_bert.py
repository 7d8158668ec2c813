import h5py
import keras
import keras_hub
import numpy as np
import pytest

from tests.contracts import KerasHubContract
from tfq_hybrid.circuits import PRESETS, CircuitSpec
from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.models import (
    FEED_FORWARDS,
    QFFNBert,
    QFFNBertTextClassifier,
)
from tfq_hybrid.reading import reading

SMALL = {
    "vocabulary_size": 12,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 4,
    "intermediate_dim": 8,
    "max_sequence_length": 5,
    "circuit": CircuitSpec(qubits=2, depth=1),
}
TOKENS = {
    "token_ids": np.ones((2, 5), "int32"),
    "segment_ids": np.zeros((2, 5), "int32"),
    "padding_mask": np.ones((2, 5), "int32"),
}


def make_classifier(feed_forward="quantum", **options):
    vocabulary = [*SPECIAL_TOKENS, *"a good bad film cast plot the".split()]
    tokenizer = keras_hub.models.BertTokenizer(vocabulary, lowercase=True)
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(
        tokenizer, sequence_length=5
    )
    arguments = {**SMALL, "feed_forward": feed_forward, **options}
    return QFFNBertTextClassifier(
        QFFNBert(**arguments), num_classes=2, preprocessor=preprocessor
    )


class ContractTest(KerasHubContract):
    """keras-hub's own contract for backbones and tasks."""

    @pytest.mark.long
    def test_backbone(self):
        self.run_backbone_test(
            QFFNBert,
            init_kwargs=SMALL,
            input_data=TOKENS,
            expected_output_shape={
                "sequence_output": (2, 5, 4),
                "pooled_output": (2, 4),
            },
            run_quantization_check=False,
        )

    @pytest.mark.long
    def test_saved_model(self):
        for feed_forward in FEED_FORWARDS:
            self.run_model_saving_test(
                QFFNBert,
                init_kwargs={**SMALL, "feed_forward": feed_forward},
                input_data=TOKENS,
            )

    @pytest.mark.long
    def test_task(self):
        task = make_classifier()
        self.run_task_test(
            QFFNBertTextClassifier,
            init_kwargs={
                "backbone": task.backbone,
                "preprocessor": task.preprocessor,
                "num_classes": 2,
            },
            train_data=(["a good film", "a bad film"], [1, 0]),
            expected_output_shape=(2, 2),
        )


def block_parameters(model):
    return sum(part.count_params() for part in model.feed_forward_blocks[0])


def test_published_parameter_counts():
    # PAPERS, system 1: 131,712 a layer; 1,156 + 8 D at depth D.
    options = {"vocabulary_size": 10, "max_sequence_length": 4}
    baseline = block_parameters(QFFNBert(feed_forward="ffn", **options))
    assert baseline == 131_712
    for depth in (1, 2, 8):
        circuit = CircuitSpec(**{**PRESETS["qffn"].to_dict(), "depth": depth})
        options["circuit"] = circuit
        quantum = block_parameters(QFFNBert(**options))
        assert quantum == 1_156 + 8 * depth
        assert 1 - quantum / baseline > 0.99
        matched = block_parameters(
            QFFNBert(feed_forward="bottleneck", **options)
        )
        assert abs(matched / quantum - 1) < 0.05


def test_ffn_baseline_is_keras_hub_bert():
    baseline = QFFNBert(**{**SMALL, "feed_forward": "ffn"})
    names = "vocabulary_size num_layers num_heads hidden_dim intermediate_dim"
    bert = keras_hub.models.BertBackbone(
        **{name: SMALL[name] for name in names.split()}, max_sequence_length=5
    )
    bert.set_weights(baseline.get_weights())
    np.testing.assert_array_equal(
        bert(TOKENS)["sequence_output"], baseline(TOKENS)["sequence_output"]
    )


def test_without_a_block_the_residual_is_all():
    """A circuit block whose last projection is zero adds nothing either."""
    none = QFFNBert(**{**SMALL, "feed_forward": "none"})
    quantum = QFFNBert.from_bert(none, feed_forward="quantum")
    for block, _ in quantum.feed_forward_blocks:
        kernel = block.dense.output_projection.kernel
        kernel.assign(0 * kernel)
    np.testing.assert_array_equal(
        none(TOKENS)["sequence_output"], quantum(TOKENS)["sequence_output"]
    )
    assert block_parameters(none) == 0
    with pytest.raises(UserError, match="cannot do without it"):
        QFFNBert(**{**SMALL, "feed_forward": "none", "residual": False})


def test_engines_agree_in_a_whole_model():
    batched = QFFNBert(**SMALL, engine="batched")
    tfq = QFFNBert(**SMALL, engine="tfq")
    tfq.set_weights(batched.get_weights())
    np.testing.assert_allclose(
        batched(TOKENS)["pooled_output"],
        tfq(TOKENS)["pooled_output"],
        atol=1e-5,
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "feed_forward",
    ["quantum", "bottleneck", pytest.param("ffn", marks=pytest.mark.long)],
)
def test_trained_then_saved_and_restored(feed_forward, tmp_path):
    task = make_classifier(feed_forward, engine="auto")
    texts = np.array(["a good film", "a bad film", "the plot", "bad cast"])
    task.compile(optimizer=keras.optimizers.Adam(0.01), metrics=["accuracy"])
    task.optimizer.build(task.trainable_variables)  # or it traces twice
    before = [np.array(v) for v in task.trainable_variables]
    task.fit(texts, np.array([1, 0, 1, 0]), verbose=0)
    moved = [
        v.path
        for v, old in zip(task.trainable_variables, before, strict=True)
        if np.any(np.array(v) != old)
    ]
    trained = {path.rpartition("/")[0].rpartition("/")[2] for path in moved}
    if feed_forward == "quantum":
        parts = {"pqc", "input_projection", "output_projection"}
        assert parts <= trained
    expected = task.predict(texts, verbose=0)

    task.save(tmp_path / "task.keras")
    restored = keras.models.load_model(tmp_path / "task.keras")
    assert type(restored) is QFFNBertTextClassifier
    assert np.abs(restored.predict(texts, verbose=0) - expected).max() == 0
    # The optimizer goes on where it stopped.
    assert int(restored.optimizer.iterations) == 1
    for old, new in zip(
        task.optimizer.variables, restored.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(old, new)

    task.save_to_preset(str(tmp_path / "preset"))
    for kind in (QFFNBertTextClassifier, keras_hub.models.TextClassifier):
        restored = kind.from_preset(str(tmp_path / "preset"))
        assert type(restored) is QFFNBertTextClassifier
        assert np.abs(restored.predict(texts, verbose=0) - expected).max() == 0
    backbone = QFFNBert.from_preset(str(tmp_path / "preset"))
    assert backbone.circuit == SMALL["circuit"]


def test_a_file_of_before_slots_is_refused_by_name(tmp_path):
    path = tmp_path / "bert.weights.h5"
    bert = QFFNBert(**SMALL)
    bert.save_weights(path)
    bert.load_weights(path)
    with h5py.File(path, "a") as file:
        del file["vars/slots"]
    with (
        pytest.raises(UserError, match=r"QFFNBert with slots.*file of before"),
        reading("a whole checkpoint", path),
        calling_keras(),
    ):
        bert.load_weights(path)


def test_from_bert_keeps_all_but_the_blocks(tmp_path):
    names = "vocabulary_size num_layers num_heads hidden_dim intermediate_dim"
    bert = keras_hub.models.BertBackbone(
        **{name: SMALL[name] for name in names.split()}, max_sequence_length=5
    )
    bert.save_to_preset(str(tmp_path / "bert"))
    for source in (bert, str(tmp_path / "bert")):
        same = QFFNBert.from_bert(source, feed_forward="ffn")
        np.testing.assert_array_equal(
            bert(TOKENS)["pooled_output"], same(TOKENS)["pooled_output"]
        )
        quantum = QFFNBert.from_bert(source, circuit=SMALL["circuit"])
        np.testing.assert_array_equal(
            bert.token_embedding.embeddings, quantum.token_embedding.embeddings
        )
        assert quantum.count_params() < bert.count_params()


@pytest.mark.parametrize("feed_forward", ["quantum", "bottleneck"])
def test_tokens_decide_which_ones_the_block_sees(feed_forward):
    options = {**SMALL, "num_layers": 1, "feed_forward": feed_forward}
    every = QFFNBert(**options)
    first = QFFNBert(**options, tokens="cls")
    generator = np.random.default_rng(0)
    weights = [generator.normal(size=w.shape) for w in every.get_weights()]
    every.set_weights(weights)
    first.set_weights(weights)
    a = np.array(every(TOKENS)["sequence_output"])
    b = np.array(first(TOKENS)["sequence_output"])
    np.testing.assert_allclose(a[:, 0], b[:, 0], atol=1e-6)
    assert np.abs(a[:, 1:] - b[:, 1:]).max() > 1e-4


@pytest.mark.parametrize("training", [False, True])
def test_without_the_residual_only_the_block_goes_on(training, tmp_path):
    for residual in (True, False):
        bert = QFFNBert(**SMALL, residual=residual, dropout=0.5)
        for block, _ in bert.feed_forward_blocks:
            for weight in block.weights[-2:]:  # the projection back
                weight.assign(np.zeros(weight.shape))
        output = bert(TOKENS, training=training)["sequence_output"]
        # The norm of nothing is nothing.
        assert bool(np.any(output)) == residual
    bert.save(tmp_path / "bert.keras")
    again = keras.saving.load_model(tmp_path / "bert.keras")
    assert not np.any(again(TOKENS)["sequence_output"])


def test_from_bert_needs_every_layer():
    bert = QFFNBert(**{**SMALL, "feed_forward": "ffn", "num_layers": 2})
    with keras.name_scope("outer"):
        again = QFFNBert.from_bert(bert, feed_forward="ffn")
    np.testing.assert_array_equal(
        bert(TOKENS)["pooled_output"], again(TOKENS)["pooled_output"]
    )
    with pytest.raises(ValueError, match="transformer_layer_1"):
        QFFNBert.from_bert(bert, feed_forward="ffn", num_layers=1)


def test_bad_arguments():
    with pytest.raises(UserError, match="Did you mean 'quantum'"):
        QFFNBert(**{**SMALL, "feed_forward": "quantm"})
    with pytest.raises(UserError, match="Did you mean 'qffn'"):
        QFFNBert(**{**SMALL, "circuit": "qfn"})
