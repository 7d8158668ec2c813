"""Models that nobody meant harm with are loaded as they were saved.

Every backbone class of keras-hub, every layer and system of this package; for
what Keras itself has see `test_honest_parts`. A family that is slow to build
or of no language model is behind the marker `long`.
"""

from functools import partial

import cirq
import keras
import keras_hub
import numpy as np
import pytest
import sympy

from tests.adapters import zoo
from tests.files import families
from tests.files.saving import assert_same, saved_and_loaded
from tests.models.test_hybrid_bert import make as make_hybrid_bert
from tests.models.test_hyqut import make_lm as make_hyqut
from tests.models.test_qffn_bert import make_classifier as make_qffn_bert
from tfq_hybrid import adapters, layers
from tfq_hybrid.circuits import CircuitSpec, Probabilities, Variance
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.models import make_head

SLOW = ("T5Backbone", *families.OTHER_FAMILIES)  # T5 takes seconds to build


def test_no_family_is_missing():
    assert {*families.classes()} == {*families.FAMILIES}


# T5 warns of this while it is built.
@pytest.mark.filterwarnings("ignore:.*this layer does not support masking")
@pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=[pytest.mark.long] * (name in SLOW))
        for name in families.FAMILIES
    ],
)
def test_families_of_keras_hub(family, tmp_path):
    backbone = families.make(family)
    assert_same(backbone, saved_and_loaded(backbone, tmp_path))
    backbone.save_to_preset(str(tmp_path))
    again = from_preset(keras_hub.models.Backbone, tmp_path)
    assert type(again) is type(backbone)
    for old, new in zip(backbone.weights, again.weights, strict=True):
        np.testing.assert_array_equal(old, new)


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "fine", "film"]
PAIRS = {"<s>": 0, "<pad>": 1, "</s>": 2, "<mask>": 3, "<|endoftext|>": 4} | {
    text: 5 + i for i, text in enumerate(["a", "Ġ", "b", "ab", "Ġab", "<unk>"])
}
MERGES = ["a b", "Ġ ab"]


def sentence_piece(path, names):
    """The bytes of a tiny SentencePiece model, with special tokens."""
    sentencepiece = pytest.importorskip("sentencepiece")
    (path / "corpus.txt").write_text("a fine film\nthe bad cast\n" * 9)
    sentencepiece.SentencePieceTrainer.Train(
        input=str(path / "corpus.txt"),
        model_prefix=str(path / "pieces"),
        vocab_size=24,
        model_type="unigram",
        minloglevel=2,
        hard_vocab_limit=False,
        **names,
    )
    return (path / "pieces.model").read_bytes()


def bert_classifier(path):
    models = keras_hub.models
    task = models.BertTextClassifier(
        families.make("BertBackbone"),
        num_classes=2,
        preprocessor=models.BertTextClassifierPreprocessor(
            models.BertTokenizer(WORDS), sequence_length=6
        ),
    )
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 10, alpha=0.1)
    task.compile(
        optimizer=keras.optimizers.AdamW(schedule, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)],
    )
    return task, "a fine film"


def gpt2(path):
    models = keras_hub.models
    task = models.GPT2CausalLM(
        families.make("GPT2Backbone"),
        preprocessor=models.GPT2CausalLMPreprocessor(
            models.GPT2Tokenizer(PAIRS, MERGES), sequence_length=6
        ),
    )
    task.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        sampler=keras_hub.samplers.TopKSampler(k=3, temperature=0.7, seed=1),
        weighted_metrics=["accuracy"],
    )
    return task, "ab ab"


def roberta_masked_lm(path):
    models = keras_hub.models
    task = models.RobertaMaskedLM(
        families.make("RobertaBackbone"),
        preprocessor=models.RobertaMaskedLMPreprocessor(
            models.RobertaTokenizer(PAIRS, MERGES), sequence_length=6
        ),
    )
    task.compile(keras.optimizers.Lion(1e-3), "sparse_categorical_crossentropy")
    return task, "ab ab"


def gemma(path):
    models = keras_hub.models
    proto = sentence_piece(
        path,
        {
            "pad_id": 0,
            "eos_id": 1,
            "bos_id": 2,
            "unk_id": 3,
            "pad_piece": "<pad>",
            "eos_piece": "<eos>",
            "bos_piece": "<bos>",
            "unk_piece": "<unk>",
        },
    )
    task = models.GemmaCausalLM(
        families.make("GemmaBackbone"),
        preprocessor=models.GemmaCausalLMPreprocessor(
            models.GemmaTokenizer(proto), sequence_length=6
        ),
    )
    task.compile(sampler="top_p")
    return task, "a fine film"


def albert(path):
    models = keras_hub.models
    proto = sentence_piece(
        path,
        {
            "pad_id": 0,
            "unk_id": 1,
            "bos_id": 2,
            "eos_id": 3,
            "pad_piece": "<pad>",
            "unk_piece": "<unk>",
            "bos_piece": "[CLS]",
            "eos_piece": "[SEP]",
            "user_defined_symbols": "[MASK]",
        },
    )
    task = models.AlbertTextClassifier(
        families.make("AlbertBackbone"),
        num_classes=3,
        activation="softmax",
        preprocessor=models.AlbertTextClassifierPreprocessor(
            models.AlbertTokenizer(proto), sequence_length=6
        ),
    )
    return task, "a fine film"


def bytes_of_text(path):
    """A tokenizer that needs no file, in a model of its own."""
    tokenizer = keras_hub.tokenizers.ByteTokenizer(sequence_length=4)
    inputs = keras.Input((), dtype="string")
    embedding = keras.layers.Embedding(256, 3)
    return keras.Model(inputs, embedding(tokenizer(inputs))), "ab"


TASKS = (bert_classifier, gpt2, roberta_masked_lm, gemma, albert, bytes_of_text)


# keras-hub's tasks say nothing about how they were compiled: Keras warns.
@pytest.mark.long
@pytest.mark.filterwarnings("ignore:`compile\\(\\)` was not called")
# It does not close the files of SentencePiece either.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*vocabulary.spm")
@pytest.mark.parametrize("make", TASKS, ids=lambda make: make.__name__)
def test_tasks_with_their_tokenizers(make, tmp_path):
    task, text = make(tmp_path)
    loaded = saved_and_loaded(task, tmp_path, compile=True)
    assert_same(task, loaded)
    if make is bytes_of_text:
        return
    expected, found = (
        each.preprocessor.tokenizer(text) for each in (task, loaded)
    )
    np.testing.assert_array_equal(expected, found)
    (tmp_path / "preset").mkdir()
    task.save_to_preset(str(tmp_path / "preset"))
    again = from_preset(type(task), tmp_path / "preset")
    np.testing.assert_array_equal(expected, again.preprocessor.tokenizer(text))


SPEC = CircuitSpec(qubits=2, depth=1)


def own_layers():
    """Each layer of this package, with the shape of its input."""
    x, w = sympy.symbols("x w")
    a, b = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(cirq.rx(x)(a), cirq.ry(w)(b), cirq.CNOT(a, b))
    alone = cirq.Circuit(cirq.rx(w)(a))
    operators = [cirq.Z(a), 0.5 * cirq.X(b)]
    trained = {"trained_symbols": ["w"]}
    noisy = {
        "repetitions": 4,
        "sample_based": False,
        "noise_model": cirq.depolarize(0.1),
    }
    weights = cirq.Circuit(cirq.ry(w)(b), cirq.CNOT(a, b))
    measured = {"symbol_names": ["w"], "operators": operators}
    return {
        "AddCircuit": (partial(layers.AddCircuit(), append=circuit), None),
        "Expectation": (partial(layers.Expectation(), **measured), None),
        "SampledExpectation": (
            partial(layers.SampledExpectation(), repetitions=4, **measured),
            None,
        ),
        "Sample": (partial(layers.Sample(), repetitions=4), None),
        "State": (layers.State(), None),
        "Unitary": (layers.Unitary(), None),
        "PQC": (layers.PQC(alone, cirq.Z(a)), None),
        "NoisyPQC": (layers.NoisyPQC(alone, cirq.Z(a), **noisy), None),
        "ControlledPQC": (
            layers.ControlledPQC(circuit, operators, **trained),
            (1,),
        ),
        "ControlledPQC of outputs": (
            layers.ControlledPQC(
                circuit, [Probabilities([b, a]), Variance(cirq.Z(a))], **trained
            ),
            (1,),
        ),
        "QuantumKernel": (layers.QuantumKernel(circuit, **trained), (1,)),
        "NoisyControlledPQC": (
            layers.NoisyControlledPQC(circuit, operators, **trained, **noisy),
            (1,),
        ),
        "AmplitudePQC": (layers.AmplitudePQC(weights, operators), (4,)),
        "NoisyAmplitudePQC": (
            layers.NoisyAmplitudePQC(weights, operators, **noisy),
            (4,),
        ),
        "QuantumDense": (layers.QuantumDense(3, SPEC), (5,)),
        "QuantumDense of a circuit": (layers.QuantumDense(3, circuit), (5,)),
        "QuantumDense of amplitudes": (layers.QuantumDense(3, "qaa"), (5,)),
        "BottleneckDense": (layers.BottleneckDense(3, 2, 2), (5,)),
        "QuantumFeedForward": (layers.QuantumFeedForward(SPEC), (3, 4)),
        "BottleneckFeedForward": (layers.BottleneckFeedForward(2, 2), (3, 4)),
        "NoFeedForward": (layers.NoFeedForward(), (3, 4)),
        "QuantumHead": (make_head(6, 2, {"qubits": 3, "depth": 1}), (6,)),
    }


OTHERS = ("TOKENS", "IdentityBlocks")  # exported beside the layers
OWN = [
    *sorted({*layers.__all__} - {*OTHERS}),
    "QuantumDense of a circuit",
    "QuantumDense of amplitudes",
    "QuantumHead",
]


@pytest.mark.parametrize("name", OWN)
def test_layers_of_ours(name, tmp_path):
    layer, shape = own_layers()[name]
    inputs = keras.Input(shape or (), dtype=None if shape else "string")
    model = keras.Model(inputs, layer(inputs))
    model.compile("adam", "mse")
    assert_same(model, saved_and_loaded(model, tmp_path, compile=True))


@pytest.mark.parametrize("method", zoo.EXAMPLES)
def test_adapted_models(method, tmp_path):
    family = "GPT-2" if method != "HeadOnly" else "BERT"
    task = zoo.make_task(family)
    adapters.adapt(task, zoo.make_method(method))
    zoo.stir(task)
    assert_same(task, saved_and_loaded(task, tmp_path, compile=True))
    task.save_to_preset(str(tmp_path / "preset"))
    again = from_preset(type(task), tmp_path / "preset")
    assert zoo.difference(zoo.run(task), zoo.run(again)) == 0.0


@pytest.mark.long
@pytest.mark.parametrize("make", [make_hyqut, make_qffn_bert, make_hybrid_bert])
def test_models_of_ours(make, tmp_path):
    task = make()
    task.compile(optimizer=keras.optimizers.Adam(0.01))
    assert_same(task, saved_and_loaded(task, tmp_path, compile=True))
    task.save_to_preset(str(tmp_path / "preset"))
    again = from_preset(type(task), tmp_path / "preset")
    assert type(again) is type(task)
