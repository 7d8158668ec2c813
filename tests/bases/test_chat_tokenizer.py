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
from tfq_hybrid.bases.chat_tokenizer import (
    ChatCausalLMPreprocessor,
    ChatTokenizer,
)
from tfq_hybrid.bases.chats import _LLAMA3, chat_of
from tfq_hybrid.bases.gguf_file import open_gguf
from tfq_hybrid.bases.gguf_tokenizer import read_tokenizer
from tfq_hybrid.data.dialogues import encode_prompt, stop_tokens
from tfq_hybrid.errors import UserError
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
    """In Python, and by the operations of a graph."""
    expected = [reference.encode(text).ids for text in texts]
    assert tokenizer(list(texts)) == expected
    found = tokenizer._tokenize_tf(tf.constant(list(texts)))
    assert found == expected
    one = tokenizer._tokenize_tf(tf.constant(texts[-1]))
    assert one.numpy().tolist() == expected[-1]


@pytest.mark.parametrize("rule", PATTERNS)
def test_a_hundred_texts_by_each_rule(rule, tmp_path):
    assert len(set(TEXTS)) == 100
    known = [*words(), UNMERGED]
    known.remove("Ä")  # the bytes 0xC4 and 0x1C have no token
    known.remove("Ĝ")
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
    in_graph = tokenizer._tokenize_tf(tf.constant([text]))
    assert in_graph == [expected]
    # What is not of control is shown.
    assert sorted(tokenizer.special_token_ids) == [0, 1, 2]
    assert tokenizer.detokenize(expected).endswith("<b><b>>")


def test_saved_and_restored(tmp_path):
    tokenizer = tokenizer_of(tmp_path)
    config = tokenizer.get_config() | {"sequence_length": 6}
    restored = ChatTokenizer.from_config(config)
    restored.set_vocabulary_and_merges(tokenizer.vocabulary, tokenizer.merges)
    assert restored.get_config() == config
    assert restored.chat == tokenizer.chat is not None
    texts = ["2012 abc", "hello"]
    in_graph = restored._tokenize_tf(tf.constant(texts)).numpy().tolist()
    pad = restored.pad_token_id
    expected = [(row + [pad] * 6)[:6] for row in tokenizer(texts)]
    assert restored(texts) == in_graph == expected
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


@pytest.fixture(scope="module")
def backbone():
    return keras_hub.models.Llama3Backbone(len(words()), 1, 2, 8, 4, 1)


@pytest.mark.parametrize(
    "rule,said,adds",
    [
        ("smollm", None, False),
        ("smollm", True, True),
        ("llama-bpe", None, True),
        ("llama-bpe", False, False),
    ],
)
def test_one_start_token_or_none(rule, said, adds, backbone, tmp_path):
    tokenizer = tokenizer_of(tmp_path, pre=rule, add_bos_token=said)
    preprocessor = ChatCausalLMPreprocessor(tokenizer, 9)
    model = keras_hub.models.Llama3CausalLM(backbone, preprocessor)
    expected = [1] * adds + tokenizer("hello")
    for text in ["hello", "<|im_start|>hello"] if adds else ["hello"]:
        for inputs in ([text], tf.constant([text])):
            found = preprocessor.generate_preprocess(inputs)
            assert kept(found) == expected
        assert TextStream(model).encode(text) == expected
    inputs, *_ = preprocessor(["hello"])
    row = np.array(inputs["token_ids"])[0].tolist()
    assert row[: len(expected) + 1] == [*expected, 2]


def kept(found):
    mask = np.array(found["padding_mask"])[0].astype(bool)
    return np.array(found["token_ids"])[0][mask].tolist()


@pytest.mark.long
def test_in_a_graph(tmp_path):
    """One is traced: it takes seconds, as with keras-hub's own."""
    tokenizer = tokenizer_of(tmp_path, add_bos_token=True)
    preprocessor = ChatCausalLMPreprocessor(tokenizer, 30)
    texts = ["2012 <|im_end|> x", "<|im_start|>  don't\n\n", "中 😀"]
    expected = [tokenizer(text) for text in texts]
    graph = tf.function(preprocessor.generate_preprocess)
    found = graph(tf.constant(texts))
    for row, tokens in enumerate(expected):
        found_row = {
            name: value[row : row + 1] for name, value in found.items()
        }
        assert kept(found_row) == ([1] * (row != 1) + tokens)


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
def test_either_end_ends_an_answer(end, backbone, tmp_path):
    """The weights say b after a, and then the end."""
    tokenizer = tokenizer_of(tmp_path)
    preprocessor = ChatCausalLMPreprocessor(tokenizer, 9)
    model = keras_hub.models.Llama3CausalLM(backbone, preprocessor)
    letter = words().index("b")
    for variable in backbone.variables:
        values = np.zeros(variable.shape, "f")
        if variable.path.endswith("/scale"):
            values[:] = 1
        elif variable.path.endswith("/embeddings"):
            values[:] = 1
            values[letter] = -1
        elif variable.path.endswith("/reverse_embeddings"):
            values[:, letter], values[:, end] = 1, -1
        variable.assign(values)  # the blocks add nothing
    model.compile(sampler="greedy", run_eagerly=True)
    assert model.generate("a", max_length=9) == "ab"
    pieces = [*TextStream(model)("a", 8, make_sampler(greedy=True))]
    assert [piece.text for piece in pieces] == ["b"]
    serve = text_function(model, preprocessor)
    one = tf.ones([1], tf.int32)
    text = serve(tf.constant(["a"]), 9 * one, tf.zeros([1]), one, one)["text"]
    assert np.array(text).tolist() in (["ab"], [b"ab"])


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
