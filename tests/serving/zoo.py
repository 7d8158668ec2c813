"""One tiny model of every kind that is exported, and what to ask it."""

import dataclasses

import keras
import keras_hub
import numpy as np

from tests.adapters.zoo import make_backbone, stir
from tests.models.test_qffn_bert import make_classifier
from tfq_hybrid import adapters
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.layers import QuantumDense

TEXTS = ["a good film", "the bad plot", "good unknownword é", ""]
PROMPTS = ["the cat", "an apple and a pear, the", "", "é à 中"]
CIRCUIT = CircuitSpec(qubits=2, depth=1, ansatz=("ry", "cnot"))
LENGTH = 24
SPECIALS = {
    "GPT-2": ["<|endoftext|>"],
    "Llama 3": [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
    ],
}
CLASSES = {"GPT-2": "GPT2", "Llama 3": "Llama3"}


@dataclasses.dataclass
class Example:
    """A model, how it is exported, and requests with the right answers.

    `requests` is a list of triples: the signature, the inputs as a dict of
    arrays, and the expected outputs as a dict of arrays.
    """

    model: keras.Model
    options: dict
    requests: list


def byte_pair_vocabulary(family):
    """Every byte, and a few pairs that are merged."""
    merges = ["t h", "th e", "Ġ the", "a n", "Ġ a", "Ġ an"]
    # GPT-2's letters for bytes: printable ones stand for themselves.
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    tokens = [chr(byte) for byte in plain]
    tokens += [chr(256 + place) for place in range(256 - len(plain))]
    tokens += [merge.replace(" ", "") for merge in merges]
    tokens += SPECIALS[family]
    return {token: place for place, token in enumerate(tokens)}, merges


def make_language_model(family):
    """A random causal language model with a tokenizer, adapted."""
    vocabulary, merges = byte_pair_vocabulary(family)
    name = CLASSES[family]
    tokenizer = getattr(keras_hub.models, f"{name}Tokenizer")(
        vocabulary=vocabulary, merges=merges
    )
    preprocessor = getattr(keras_hub.models, f"{name}CausalLMPreprocessor")(
        tokenizer, sequence_length=LENGTH
    )
    options = {"max_sequence_length": LENGTH} if family == "GPT-2" else {}
    backbone = make_backbone(family, vocabulary_size=len(vocabulary), **options)
    task = getattr(keras_hub.models, f"{name}CausalLM")
    model = task(backbone, preprocessor=preprocessor)
    adapters.adapt(model, adapters.QuantumAdapter(circuit=CIRCUIT))
    stir(model)
    generator = np.random.default_rng(1)
    for variable in model.weights:  # so that its words vary
        noise = 0.3 * generator.normal(size=variable.shape)
        variable.assign_add(noise.astype("float32"))
    model.compile(sampler="greedy", run_eagerly=True)
    return model


def generation(family, max_length=20):
    """A causal language model, asked greedily."""
    model = make_language_model(family)
    rows = len(PROMPTS)
    prompt = np.array(PROMPTS, object)
    settings = {
        "prompt": prompt,
        "max_length": np.full(rows, max_length, "int32"),
        "temperature": np.ones(rows, "float32"),
        "top_k": np.ones(rows, "int32"),
        "seed": np.arange(rows, dtype="int32"),
    }
    texts = model.generate(PROMPTS, max_length=max_length)
    tokens = as_int32(model.preprocessor.generate_preprocess(PROMPTS))
    expected = {"logits": np.array(model(tokens))}
    requests = [
        ("serve", settings, {"text": np.array(texts, object)}),
        ("serve_tokens", tokens, expected),
    ]
    return Example(model, {}, requests)


def classification():
    """QFFN-BERT on TensorFlow Quantum."""
    model = make_classifier(engine="tfq")
    model.fit(np.array(TEXTS), np.array([1, 0, 1, 0]), verbose=0)
    logits = model.predict(np.array(TEXTS), verbose=0)
    probabilities = np.array(keras.ops.softmax(logits))
    labels = np.array(["bad", "good"], object)[
        np.argmax(probabilities, axis=-1)
    ]
    tokens = as_int32(model.preprocessor(np.array(TEXTS)))
    texts = {"text": np.array(TEXTS, object)}
    requests = [
        ("serve", texts, {"probabilities": probabilities, "label": labels}),
        ("serve_tokens", tokens, {"probabilities": probabilities}),
    ]
    return Example(model, {"label_names": ["bad", "good"]}, requests)


def words():
    """A token classifier over BERT, asked for texts and for words."""
    tokenizer = make_classifier().preprocessor.tokenizer
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(
        tokenizer, sequence_length=6
    )
    base = make_backbone(
        "BERT",
        vocabulary_size=tokenizer.vocabulary_size(),
        max_sequence_length=6,
    )
    model = TokenClassifier(base, 3, preprocessor)
    names = ["ADJ", "DET", "NOUN"]
    # Four words fit beside both ends of a sequence.
    rows = [["a", "good", "film", "!"], [], ["the", "bad", "plot", "the", "a"]]
    texts = ["a good  film!", "", "the bad plot the a"]
    known = {"!": "[UNK]"}
    pieces = [
        ["[CLS]", *(known.get(word, word) for word in row[:4]), "[SEP]"]
        for row in rows
    ]
    ids = [
        [tokenizer.token_to_id(piece) for piece in row]
        + [tokenizer.pad_token_id] * (6 - len(row))
        for row in pieces
    ]
    mask = [[len(row) > i for i in range(6)] for row in pieces]
    tokens = {"token_ids": ids, "padding_mask": mask}
    tokens["segment_ids"] = np.zeros((3, 6))
    tokens = as_int32(tokens)
    probabilities = np.array(keras.ops.softmax(model(tokens)))
    labels = np.full((3, 5), "", object)
    best = np.zeros((3, 5), "float32")
    for row, count in enumerate((4, 0, 4)):
        for word in range(count):
            found = probabilities[row, word + 1]
            labels[row, word] = names[int(np.argmax(found))]
            best[row, word] = found.max()
    padded = np.array([row + [""] * (5 - len(row)) for row in rows], object)
    told = {
        "labels": labels,
        "probabilities": best,
        "missed": np.array([0, 0, 1], "int32"),
    }
    first = {k: v if k == "missed" else v[:, :4] for k, v in told.items()}
    requests = [
        (
            "serve",
            {"text": np.array(texts, object)},
            {"words": padded[:, :4], **first},
        ),
        ("serve_words", {"words": padded}, told),
        ("serve_tokens", tokens, {"probabilities": probabilities}),
    ]
    return Example(model, {"label_names": names}, requests)


def embeddings():
    """The encoder of a classifier, adapted on TensorFlow Quantum."""
    task = make_classifier(feed_forward="ffn")
    base = keras_hub.models.BertBackbone(
        vocabulary_size=task.backbone.vocabulary_size,
        num_layers=1,
        num_heads=2,
        hidden_dim=4,
        intermediate_dim=8,
        max_sequence_length=5,
    )
    method = adapters.QuantumAdapter(circuit=CIRCUIT, engine="tfq")
    model = adapters.adapt(base, method)
    stir(model)
    tokens = as_int32(task.preprocessor(np.array(TEXTS)))
    hidden = np.array(model(tokens)["sequence_output"])
    mask = tokens["padding_mask"][..., None]
    mean = (hidden * mask).sum(axis=1) / mask.sum(axis=1)
    requests = [
        ("serve", {"text": np.array(TEXTS, object)}, {"embedding": mean}),
        ("serve_tokens", tokens, {"embedding": mean, "hidden_states": hidden}),
    ]
    return Example(model, {"preprocessor": task.preprocessor}, requests)


def tensors():
    """A plain Keras model with a circuit."""
    inputs = keras.Input((3,), name="features")
    outputs = QuantumDense(2, CIRCUIT)(inputs)
    model = keras.Model(inputs, outputs)
    features = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    expected = {"outputs": np.array(model(features))}
    requests = [("serve_tokens", {"features": features}, expected)]
    return Example(model, {}, requests)


def sequential():
    """A model of layers in a row, on TensorFlow Quantum."""
    model = keras.Sequential(
        [
            keras.Input((3,), name="features"),
            QuantumDense(2, CIRCUIT, engine="tfq"),
            keras.layers.Dense(2),
        ]
    )
    features = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    expected = {"outputs": np.array(model(features))}
    requests = [("serve_tokens", {"features": features}, expected)]
    return Example(model, {}, requests)


EXAMPLES = {
    "classification": classification,
    "tokens": words,
    "embeddings": embeddings,
    "gpt2": lambda: generation("GPT-2"),
    "llama3": lambda: generation("Llama 3"),
    "tensors": tensors,
    "sequential": sequential,
}


def as_int32(tokens):
    """Tokens as a signature takes them."""
    return {name: np.array(value, "int32") for name, value in tokens.items()}
