"""GPT-Neo against NumPy, its generation, and its directories."""

import json

import keras
import keras_hub
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.adapters.zoo import difference
from tests.bases.test_pretrained import tanh_gelu
from tests.contracts import KerasHubContract
from tfq_hybrid import bases
from tfq_hybrid.bases.gpt_neo import (
    GPTNeoBackbone,
    GPTNeoCausalLM,
    GPTNeoCausalLMPreprocessor,
    GPTNeoTokenizer,
)
from tfq_hybrid.errors import UserError

HEADS, WIDTH, INNER, WINDOW, LENGTH = 2, 4, 6, 3, 12
VOCABULARY = ["<|endoftext|>", *"abcdefgh", "ab", "Ġ", "Ġab"]
MERGES = "#version: 0.2\na b\nĠ ab\n"
KINDS = ("global", "local", "local")
CONFIG = {
    "model_type": "gpt_neo",
    "vocab_size": len(VOCABULARY),
    "num_layers": len(KINDS),
    "num_heads": HEADS,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "max_position_embeddings": LENGTH,
    "window_size": WINDOW,
    "activation_function": "gelu_new",
    "attention_types": [[["global"], 1], [["local"], 2]],
}


def tensors():
    """Random tensors under the names of Hugging Face."""
    shapes = {
        "wte.weight": (len(VOCABULARY), WIDTH),
        "wpe.weight": (LENGTH, WIDTH),
        "ln_f.weight": (WIDTH,),
        "ln_f.bias": (WIDTH,),
    }
    for block in range(len(KINDS)):
        inside = {
            "ln_1.weight": (WIDTH,),
            "ln_1.bias": (WIDTH,),
            "attn.attention.q_proj.weight": (WIDTH, WIDTH),
            "attn.attention.k_proj.weight": (WIDTH, WIDTH),
            "attn.attention.v_proj.weight": (WIDTH, WIDTH),
            "attn.attention.out_proj.weight": (WIDTH, WIDTH),
            "attn.attention.out_proj.bias": (WIDTH,),
            "ln_2.weight": (WIDTH,),
            "ln_2.bias": (WIDTH,),
            "mlp.c_fc.weight": (INNER, WIDTH),
            "mlp.c_fc.bias": (INNER,),
            "mlp.c_proj.weight": (WIDTH, INNER),
            "mlp.c_proj.bias": (WIDTH,),
        }
        shapes |= {f"h.{block}.{name}": s for name, s in inside.items()}
    generator = np.random.default_rng(0)
    return {
        name: generator.normal(size=shape).astype("float32")
        for name, shape in shapes.items()
    }


def write(folder, arrays=None, **config):
    """A directory as Hugging Face writes it."""
    folder.mkdir(exist_ok=True)
    save_file(arrays or tensors(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
    words = {word: i for i, word in enumerate(VOCABULARY)}
    (folder / "vocab.json").write_text(json.dumps(words))
    (folder / "merges.txt").write_text(MERGES)
    return folder


def numpy_logits(weights, ids, mask):
    """Logits of a GPT-Neo in NumPy, in float64."""
    weights = {name: w.astype("float64") for name, w in weights.items()}

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def split(x):
        return x.reshape(*x.shape[:2], HEADS, -1).transpose(0, 2, 1, 3)

    time = ids.shape[1]
    x = weights["wte.weight"][ids] + weights["wpe.weight"][:time]
    for block, kind in enumerate(KINDS):
        sees = np.tril(np.ones((time, time), bool))
        if kind == "local":
            sees ^= np.tril(sees, -WINDOW)
        sees = sees & mask[:, None, None, :].astype(bool)
        begin = f"h.{block}.attn.attention"
        normed = norm(x, f"h.{block}.ln_1")
        q, k, v = (split(linear(normed, f"{begin}.{r}_proj")) for r in "qkv")
        scores = np.where(sees, q @ k.transpose(0, 1, 3, 2), -1e9)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        mixed = mixed.transpose(0, 2, 1, 3).reshape(x.shape)
        x = x + linear(mixed, f"{begin}.out_proj")
        inner = linear(norm(x, f"h.{block}.ln_2"), f"h.{block}.mlp.c_fc")
        x = x + linear(tanh_gelu(inner), f"h.{block}.mlp.c_proj")
    return norm(x, "ln_f") @ weights["wte.weight"].T


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpt_neo")
    preset = bases.as_preset(write(folder / "source"), folder / "cache")
    return keras_hub.models.CausalLM.from_preset(preset)


def batch():
    generator = np.random.default_rng(1)
    ids = generator.integers(0, len(VOCABULARY), (2, 10)).astype("int32")
    mask = np.ones_like(ids)
    mask[1, 7:] = 0
    return {"token_ids": ids, "padding_mask": mask}


def test_logits_are_those_of_numpy(task):
    assert type(task) is GPTNeoCausalLM
    inputs = batch()
    seen = inputs["padding_mask"].astype(bool)
    got = np.array(task(inputs))[seen]
    expected = numpy_logits(tensors(), *inputs.values())[seen]
    assert difference(got, expected) < 1e-5 * np.abs(expected).max()


def test_other_ways_to_write_the_same_model(tmp_path):
    """With the prefix, masks and a copy of the embedding; in bfloat16."""
    arrays = {
        f"transformer.{name}": array.astype(ml_dtypes.bfloat16)
        for name, array in tensors().items()
    }
    mask = np.ones((1, 1, LENGTH, LENGTH), bool)
    for block in range(len(KINDS)):
        attention = f"transformer.h.{block}.attn.attention"
        arrays[f"{attention}.bias"] = mask
        arrays[f"{attention}.masked_bias"] = np.array(-1e9, "float32")
    arrays["lm_head.weight"] = arrays["transformer.wte.weight"].copy()
    source = write(tmp_path / "source", arrays, attention_layers=list(KINDS))
    settings = source / "tokenizer_config.json"
    settings.write_text('{"add_prefix_space": true}')
    preset = bases.as_preset(source, tmp_path / "cache")
    task = keras_hub.models.CausalLM.from_preset(preset)
    assert task.preprocessor.tokenizer("ab") == [VOCABULARY.index("Ġab")]
    weights = {
        name.removeprefix("transformer."): array
        for name, array in load_file(source / "model.safetensors").items()
    }
    inputs = batch()
    seen = inputs["padding_mask"].astype(bool)
    expected = numpy_logits(weights, *inputs.values())[seen]
    got = np.array(task(inputs))[seen]
    assert difference(got, expected) < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("eagerly", [True, False])
def test_generates_what_full_passes_of_numpy_do(task, eagerly):
    """Prompts of two lengths, and three windows of text after them."""
    task = GPTNeoCausalLM(task.backbone)
    task.compile(sampler="greedy", run_eagerly=eagerly, jit_compile=False)
    weights, ids = tensors(), batch()["token_ids"]
    prompts = np.arange(ids.shape[1]) < np.array([[1], [3]])
    expected = np.where(prompts, ids, 0)
    for place in range(1, ids.shape[1]):
        logits = numpy_logits(weights, expected, np.ones_like(ids))
        chosen = logits[:, place - 1].argmax(-1)
        expected[:, place] = np.where(
            prompts[:, place], expected[:, place], chosen
        )
    inputs = {"token_ids": np.where(prompts, ids, 0), "padding_mask": prompts}
    got = task.generate(inputs, stop_token_ids=None)
    np.testing.assert_array_equal(got["token_ids"], expected)
    assert len(set(expected[:, 3:].ravel())) > 3


def test_text_goes_in_and_comes_out(task):
    preprocessor = task.preprocessor
    assert type(preprocessor) is GPTNeoCausalLMPreprocessor
    assert preprocessor.tokenizer("ab abc") == [9, 11, 3]
    task.compile(sampler="greedy")
    assert task.generate("ab ab", max_length=6).startswith("ab ab")


def test_text_is_split_as_by_gpt_2():
    """By the pattern of openai/gpt-2; Llama's would allow other merges."""
    words = ["<|endoftext|>", "a", ".", *"1234", "Ġ", "Ċ", "ĉ"]
    merges = ["Ċ Ċ", "1 2", "3 4", "12 34", ". Ċ", "ĉ a"]
    words += [merge.replace(" ", "") for merge in merges]
    tokenizer = GPTNeoTokenizer({w: i for i, w in enumerate(words)}, merges)
    tokens = "a Ċ Ċ a Ġ 1234 . Ċ ĉ a".split()
    text = "a\n\na 1234.\n\ta"
    assert [words[i] for i in tokenizer(text)] == tokens
    assert tokenizer.detokenize(tokenizer(text)) == text


class TestGPTNeoBackbone(KerasHubContract):
    def test_contract(self):
        self.run_backbone_test(
            cls=GPTNeoBackbone,
            init_kwargs={
                "vocabulary_size": 10,
                "num_layers": 2,
                "num_heads": 2,
                "hidden_dim": 4,
                "intermediate_dim": 8,
                "attention_types": ["local", "global"],
                "window_size": 2,
                "max_sequence_length": 5,
            },
            input_data={
                "token_ids": keras.ops.ones((2, 5), "int32"),
                "padding_mask": keras.ops.ones((2, 5), "int32"),
            },
            expected_output_shape=(2, 5, 4),
            run_quantization_check=False,
        )


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-5])


def without(name):
    arrays = tensors()
    del arrays[name]
    return arrays


def with_more(name, array):
    return {**tensors(), name: np.array(array, "float32")}


@pytest.mark.parametrize(
    "spoil,message",
    [
        (cut, "can be converted.*incomplete metadata"),
        (
            lambda f: write(f, without("h.1.mlp.c_fc.bias")),
            "without the tensors h.1.mlp.c_fc.bias",
        ),
        (
            lambda f: write(f, with_more("ln_f.bias", [1])),
            r"ln_f.bias is of shape \(1,\) and F32, and not of \(4,\)",
        ),
        (
            lambda f: write(f, with_more("score.weight", [1])),
            "score.weight is one too many",
        ),
        (
            lambda f: write(f, with_more("transformer.ln_f.bias", [1] * 4)),
            "ln_f.bias is one too many",
        ),
        (
            lambda f: write(f, with_more("lm_head.weight", [1])),
            "another matrix than the embedding",
        ),
        (
            lambda f: write(f, {**tensors(), "ln_f.bias": np.arange(4)}),
            "and I64, and not of",
        ),
        (lambda f: write(f, activation_function="relu"), "'relu', and not"),
        (lambda f: write(f, tie_word_embeddings=False), "tie_word_embeddings"),
        (lambda f: write(f, num_layers=10**9), "from 1 to 10000"),
        (
            lambda f: write(f, attention_types=[[["local"], 10**12]]),
            "1000000000000 layers, and not 3",
        ),
        (lambda f: write(f, attention_layers=["far"] * 3), "global, local"),
        (lambda f: write(f, num_heads=3), "num_heads to divide"),
        (lambda f: write(f, window_size=0), "window_size"),
        (lambda f: write(f, hidden_size="4"), "hidden_size is not an int"),
        (lambda f: (f / "merges.txt").write_text("a b c"), "the line 'a b c'"),
        (lambda f: (f / "vocab.json").write_text('{"a": 99}'), "0 to 11"),
        (lambda f: (f / "vocab.json").write_text("{}"), "vocab.json is empty"),
        (lambda f: (f / "vocab.json").write_text('{"a": 1}'), "Merge rule"),
        (lambda f: (f / "vocab.json").unlink(), "vocab.json"),
    ],
)
def test_a_bad_directory_is_one_line(spoil, message, tmp_path):
    source, cache = write(tmp_path / "source"), tmp_path / "cache"
    spoil(source)
    with pytest.raises(UserError, match=message):
        bases.as_preset(source, cache)
    assert not cache.exists() or not list(cache.iterdir())


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"attention_types": []}, "at least one layer"),
        ({"attention_types": ["locl"]}, "Did you mean 'local'"),
        ({"num_heads": 3}, "num_heads to divide hidden_dim"),
        ({"window_size": 0}, "window_size to be an integer from 1"),
    ],
)
def test_arguments_are_checked(arguments, message):
    sizes = {
        "vocabulary_size": 5,
        "num_layers": 1,
        "num_heads": 2,
        "hidden_dim": 4,
        "intermediate_dim": 4,
    }
    with pytest.raises(UserError, match=message):
        GPTNeoBackbone(**{**sizes, **arguments})
