"""Tokens of GGUF vocabularies in Python and in graphs; chats and their ends."""

import jinja2
import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
import tokenizers
from tokenizers import models, pre_tokenizers

from tests.bases.gguf_files import (
    CHATML,
    CONTROL,
    MERGES,
    SIZES,
    weights_of,
    words,
    write,
)
from tests.bases.tokenizer_texts import TEXTS
from tfq_hybrid import bases
from tfq_hybrid.bases.chat_tokenizer import ChatTokenizer
from tfq_hybrid.bases.chats import _LLAMA3, chat_of
from tfq_hybrid.bases.gguf_file import open_gguf
from tfq_hybrid.bases.gguf_tokenizer import read_tokenizer
from tfq_hybrid.data.dialogues import encode_prompt, stop_tokens
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.serving.sampling import text_function
from tfq_hybrid.serving.streaming import TextStream, make_sampler

# As llama.cpp's llama-vocab.cpp has them, with what it does to the rest.
_GPT2 = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
    r"|\s+(?!\S)|\s+"
)
PATTERNS = {
    "gpt-2": [_GPT2],
    "smollm": [r"\p{N}", _GPT2],
    "llama-bpe": [
        r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
        r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ],
    "default": [r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
}
# Words that no merges make are whole by the rule of Llama 3 alone.
UNMERGED = "Ġtime"


def tokenizer_of(folder, **changes):
    """The tokenizer of a tiny file, with keys of its metadata changed."""
    path = folder / "a.gguf"
    changes = {f"ggml.{key}": value for key, value in changes.items()}
    changes["chat_template"] = changes.pop("ggml.chat_template", CHATML)
    write(path, {"w": np.ones(1, "f")}, SIZES, tokenizer=changes)
    with open_gguf(path) as file:
        return read_tokenizer(file)


def independent(vocabulary, merges, special, rule):
    """The `tokenizers` package by the words, the merges and the rule."""
    merges = [tuple(merge.split()) for merge in merges]
    model = models.BPE(vocabulary, merges, ignore_merges=rule == "llama-bpe")
    found = tokenizers.Tokenizer(model)
    splits = [
        pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
        for pattern in PATTERNS[rule]
    ]
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    found.pre_tokenizer = pre_tokenizers.Sequence([*splits, letters])
    found.add_special_tokens(special)
    return found


def assert_same_tokens(tokenizer, reference, texts=TEXTS):
    """In Python, and in a graph of many texts and of one."""
    expected = [reference.encode(text).ids for text in texts]
    assert tokenizer(list(texts)) == expected
    in_graph = tf.function(tokenizer.tokenize)
    assert in_graph(tf.constant(list(texts))).to_list() == expected
    one = in_graph(tf.constant(texts[-1]))
    assert one.numpy().tolist() == expected[-1]


@pytest.mark.parametrize("rule", PATTERNS)
def test_a_hundred_texts_by_each_rule(rule, tmp_path):
    assert len(set(TEXTS)) == 100
    known = [*words(), UNMERGED]
    known.remove("Ä")  # the byte 0xC4 has no token
    types = [3] * len(CONTROL) + [1] * (len(known) - len(CONTROL))
    tokenizer = tokenizer_of(tmp_path, pre=rule, tokens=known, token_type=types)
    vocabulary = {word: number for number, word in enumerate(known)}
    reference = independent(vocabulary, MERGES, CONTROL, rule)
    assert_same_tokens(tokenizer, reference, [*TEXTS, "Ċa", "\u0130", "x time"])
    whole = tokenizer("x time")[-1] == vocabulary[UNMERGED]
    assert whole == (rule == "llama-bpe")


def test_digits(tmp_path):
    def pieces(rule, text):
        tokenizer = tokenizer_of(tmp_path, pre=rule)
        return [tokenizer.id_to_token(token) for token in tokenizer(text)]

    assert pieces("smollm", "2012") == ["2", "0", "1", "2"]
    assert pieces("gpt-2", "2012") == ["2", "0", "12"]
    assert pieces("llama3", "0012") == ["0", "0", "1", "2"]


def test_a_special_token_is_one_wherever_it_stands(tmp_path):
    types = [3] * len(CONTROL) + [1] * (len(words()) - 3) + [4, 4]
    tokenizer = tokenizer_of(
        tmp_path, tokens=[*words(), "<b>", "<b>>"], token_type=types
    )
    text = "a<|im_end|>2<b><b>>"
    expected = [*tokenizer("a"), 2, *tokenizer("2"), len(types) - 2]
    expected.append(len(types) - 1)
    assert tokenizer(text) == expected
    in_graph = tf.function(tokenizer.tokenize)(tf.constant([text]))
    assert in_graph.to_list() == [expected]
    # What is not of control is shown.
    assert sorted(tokenizer.special_token_ids) == [0, 1, 2]
    assert tokenizer.detokenize(expected).endswith("<b><b>>")


@pytest.mark.parametrize("dense", [None, 6])
def test_saved_and_restored(dense, tmp_path):
    tokenizer = tokenizer_of(tmp_path)
    config = tokenizer.get_config() | {"sequence_length": dense}
    restored = ChatTokenizer.from_config(config)
    restored.set_vocabulary_and_merges(tokenizer.vocabulary, tokenizer.merges)
    assert restored.get_config() == config
    assert restored.chat == tokenizer.chat is not None
    python = restored(["2012 a", "hello"])
    graph = tf.function(restored.tokenize)(tf.constant(["2012 a", "hello"]))
    if dense:
        assert graph.shape[1] == dense
        assert graph.numpy().tolist() == python
        assert python[1][-1] == restored.pad_token_id
    else:
        assert graph.to_list() == python == tokenizer(["2012 a", "hello"])
    config["chat"]["before"].pop("user")
    with pytest.raises(ValueError, match=r"'chat.before.user' is missing"):
        ChatTokenizer.from_config(config)
    with pytest.raises(UserError, match="Did you mean 'smollm'"):
        ChatTokenizer(rule="smolm")


def test_named_tokens_and_ends(tmp_path):
    tokenizer = tokenizer_of(tmp_path)
    assert tokenizer.start_token == "<|im_start|>"
    assert stop_tokens(tokenizer) == [2, 0]
    # keras-hub takes a pad token that is an end for the end.
    assert tokenizer.pad_token_id not in (0, 1, 2)
    tokenizer = tokenizer_of(tmp_path, eos_token_id=0, bos_token_id=None)
    assert stop_tokens(tokenizer) == [0, 2]
    assert tokenizer.start_token_id == 0 and not tokenizer.adds_start
    tokenizer = tokenizer_of(tmp_path, padding_token_id=1, bos_token_id=0)
    assert tokenizer.pad_token_id == 1
    tokenizer = tokenizer_of(tmp_path, eot_token_id=1, bos_token_id=0)
    assert stop_tokens(tokenizer) == [2, 1]


@pytest.mark.parametrize(
    "rule,said,adds",
    [
        ("smollm", None, False),
        ("smollm", True, True),
        ("llama-bpe", None, True),
        ("llama-bpe", False, False),
    ],
)
def test_one_start_token_or_none(rule, said, adds, tmp_path):
    path = tmp_path / "a.gguf"
    changes = {"ggml.pre": rule, "ggml.add_bos_token": said}
    sizes = {**SIZES, "blocks": 1}
    write(path, weights_of(sizes), sizes, tokenizer=changes)
    preset = bases.as_preset(path, tmp_path / "cache")
    model = from_preset(keras_hub.models.CausalLM, preset)
    preprocessor = model.preprocessor
    tokenizer = preprocessor.tokenizer
    assert type(tokenizer) is ChatTokenizer
    assert preprocessor.sequence_length == 64
    expected = [1] * adds + tokenizer("hello")
    texts = ["hello", "<|im_start|>hello"] if adds else ["hello"]

    @tf.function
    def graph(text):
        return preprocessor.generate_preprocess(text, sequence_length=9)

    for text in texts:
        for found in (
            preprocessor.generate_preprocess([text], sequence_length=9),
            graph(tf.constant([text])),
        ):
            mask = np.array(found["padding_mask"])[0].astype(bool)
            assert np.array(found["token_ids"])[0][mask].tolist() == expected
            assert mask.sum() == len(expected)
        assert TextStream(model).encode(text) == expected
    inputs, *_ = preprocessor(["hello"], sequence_length=9)
    length = len(expected) + 1  # and the end token
    row = np.array(inputs["token_ids"])[0].tolist()
    assert row[:length] == [*expected, 2]
    loaded = keras_hub.tokenizers.Tokenizer.from_preset(preset)
    assert loaded.get_config() == tokenizer.get_config()


BAD = {
    "model": ("llama", "whose tokenizer is of the kind 'llama'"),
    "pre": ("qwen2", "by the rule 'qwen2', and not by one of gpt-2, smollm"),
    "merges": (["h zz"], "'zz' that"),
    "tokens": ([*words()[:-1], "!"], "a token is there twice"),
    "token_type": ([1, 1], "have no types, or not all"),
    "eos_token_id": (None, "it has no end token"),
    "bos_token_id": (10**6, "its bos token is 1000000"),
    "add_bos_token": (1, "add_bos_token is neither true nor false"),
}


@pytest.mark.parametrize("key", BAD)
def test_bad_vocabularies_are_one_line(key, tmp_path):
    value, message = BAD[key]
    with pytest.raises(UserError, match=message):
        tokenizer_of(tmp_path, **{key: value})


def test_as_many_tokens_as_vectors(tmp_path):
    path = tmp_path / "a.gguf"
    weights = weights_of(SIZES)
    weights["token_embd.weight"] = weights["token_embd.weight"][:-1]
    write(path, weights, SIZES)
    with pytest.raises(UserError, match=r"with \d+ tokens and \d+ vectors"):
        bases.as_preset(path, tmp_path / "cache")


TURNS = [("user", "Hi"), ("assistant", "Hello."), ("user", "Why?")]
PLAIN = CHATML.replace(
    CHATML[CHATML.index("{% if l") : CHATML.index("{{'")], ""
)


@pytest.mark.parametrize("template", [CHATML, PLAIN, *_LLAMA3])
def test_a_known_template_as_jinja_renders_it(template):
    special = [*CONTROL, "<|start_header_id|>", "<|end_header_id|>"]
    chat = chat_of(template, [*special, "<|eot_id|>"])
    messages = [{"role": role, "content": said} for role, said in TURNS]
    expected = jinja2.Template(template, keep_trailing_newline=True).render(
        messages=messages, add_generation_prompt=True, bos_token=""
    )
    assert chat.prompt(TURNS) == expected
    escaped = template.replace("\n", "\\n")
    assert chat_of(escaped, [*special, "<|eot_id|>"]) == chat
    assert chat_of(template, []) is None
    assert chat_of(template + "{{ 1 }}", special) is None


def test_an_unknown_template_is_not_run(tmp_path):
    harm = "{{ ''.__class__.__mro__ }}"
    assert tokenizer_of(tmp_path, chat_template=harm).chat is None
    assert tokenizer_of(tmp_path, chat_template=None).chat is None


@pytest.mark.parametrize("end", [2, 0])
def test_either_end_ends_an_answer(end, tmp_path):
    """The weights are such that the end token follows whatever it sees."""
    sizes = {**SIZES, "blocks": 1}
    weights = weights_of(sizes, tied=False)
    for name, values in weights.items():
        if "attn_output" in name or "ffn_down" in name:
            values[:] = 0  # the last token alone decides
    embeddings, head = weights["token_embd.weight"], weights["output.weight"]
    embeddings[:] = np.abs(embeddings)
    weights["output_norm.weight"][:] = 1
    head[:] = 0
    letter = words().index("b")
    embeddings[letter] = -np.abs(embeddings[letter])
    head[letter], head[end] = 1, -1  # a -> b -> the end
    path = tmp_path / "a.gguf"
    write(path, weights, sizes)
    preset = bases.as_preset(path, tmp_path / "cache")
    model = from_preset(keras_hub.models.CausalLM, preset)
    model.compile(sampler="greedy", jit_compile=False)
    assert model.generate("a", max_length=9) == "ab"
    pieces = [*TextStream(model)("a", 8, make_sampler(greedy=True))]
    assert [piece.text for piece in pieces] == ["b"]
    serve = tf.function(text_function(model, model.preprocessor))
    one = tf.ones([1], tf.int32)
    text = serve(tf.constant(["a"]), 9 * one, tf.zeros([1]), one, one)["text"]
    assert text.numpy().tolist() == [b"ab"]


def test_a_dialogue_is_what_the_template_says(tmp_path):
    tokenizer = tokenizer_of(tmp_path)
    tokens = encode_prompt(TURNS, tokenizer)
    assert tokens == tokenizer(tokenizer.chat.prompt(TURNS))
    assert tokens.count(1) == 5 and tokens.count(2) == 4


def test_what_is_private_of_keras_hub():
    """Fails where keras-hub renames what `ChatTokenizer` overrides."""
    kind = keras_hub.tokenizers.BytePairTokenizer
    for name in (
        "_tokenize_tf",
        "_set_vocabulary_and_merges_tokenizers",
        "_bpe_merge_and_update_cache_tf",
    ):
        assert name in vars(kind) and name in vars(ChatTokenizer)
    assert keras.saving.get_registered_object("tfq_hybrid>ChatTokenizer")
