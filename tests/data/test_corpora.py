"""Text for language models: files, windows, byte pairs."""

import json

import numpy as np
import pytest

from tfq_hybrid.data import (
    ChatFormat,
    Corpus,
    byte_pair_vocabulary,
    encode_corpus,
    learn_merges,
    load_corpus,
    token_bytes,
)
from tfq_hybrid.errors import UserError


class Letters:
    """A tokenizer whose tokens are the letters' numbers."""

    pad_token_id, start_token_id, end_token_id = 0, 1, 1
    special = {"<end>": 1, "<user>": 2, "<assistant>": 3}
    chat = ChatFormat(
        "",
        {"user": "<user>", "assistant": "<assistant>"},
        {"user": "", "assistant": "<end>"},
    )

    def tokenize(self, texts):
        if isinstance(texts, str):
            if texts in self.special:
                return [self.special[texts]]
            return [ord(letter) for letter in texts]
        return [self.tokenize(text) for text in texts]


def write(path, *rows):
    lines = [r if isinstance(r, str) else json.dumps(r) for r in rows]
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_plain_text_is_one_stream(tmp_path):
    corpus = load_corpus(write(tmp_path / "a.txt", "abc", "defgh"))
    assert corpus.texts == ["abc\n", "defgh"]
    found = encode_corpus(corpus, Letters(), 4, "a.txt")
    stream = [1, *map(ord, "abc\ndefgh")]
    assert found.token_ids.tolist() == [stream[:4], stream[4:8]]
    assert found.targets.tolist() == [stream[1:5], stream[5:9]]
    assert found.learned == 8
    assert found.padding_mask.all()
    with pytest.raises(UserError, match="more than sequence_length=10"):
        encode_corpus(corpus, Letters(), 10, "a.txt")


def test_only_the_assistant_is_learned(tmp_path):
    turns = [("user", "hi"), ("assistant", "yo"), ("user", "?")]
    turns = [{"role": role, "content": said} for role, said in turns]
    rows = [
        {"conversations": turns},
        {"conversations": [{"role": "assistant", "content": "a" * 9}]},
    ]
    corpus = load_corpus(write(tmp_path / "a.jsonl", *rows))
    found = encode_corpus(corpus, Letters(), 8, "a.jsonl")
    h, i, y, o, a = map(ord, "hiyoa")
    assert found.token_ids[0].tolist() == [1, 2, h, i, 3, y, o, 1]
    assert found.targets[0].tolist() == [2, h, i, 3, y, o, 1, 2]
    assert found.weights[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 0]
    assert found.token_ids[1].tolist() == [1, 3, *[a] * 6]
    assert found.weights[1].tolist() == [0, *[1] * 7]
    padded = encode_corpus(corpus, Letters(), 13, "a.jsonl")
    assert padded.padding_mask.sum(axis=1).tolist() == [10, 12]
    assert padded.learned == 3 + 10
    assert padded.targets[0][9:].tolist() == [0] * 4
    with pytest.raises(UserError, match="first response begins within"):
        encode_corpus(corpus.take(1), Letters(), 3, "a.jsonl")


def test_instructions_and_columns(tmp_path):
    rows = [
        {"instruction": "Add", "input": "1 1", "output": "2"},
        {"instruction": "Go", "input": "", "output": "ok"},
        {"instruction": "Stay", "input": "", "output": ""},
    ]
    path = write(tmp_path / "a.jsonl", *rows)
    corpus = load_corpus(path)
    assert corpus.rows == [
        [("user", "Add\n1 1"), ("assistant", "2")],
        [("user", "Go"), ("assistant", "ok")],
    ]
    plain = load_corpus(path, text_column="instruction")
    assert plain.format == "plain"
    assert plain.texts[0] == "Add<|endoftext|>"
    assert plain.fingerprint() != corpus.fingerprint()
    assert corpus.take(1).fingerprint() != corpus.fingerprint()


def test_the_end_is_held_out(tmp_path):
    lines = [f"{number:03}" for number in range(100)]
    corpus = load_corpus(write(tmp_path / "a.txt", *lines))
    training, held_out = corpus.split(0.1)
    assert training.rows + held_out.rows == corpus.rows
    # Nine tenths of the letters, in whole lines.
    assert held_out.rows[0] == "089\n"
    parts = corpus.split(0.2, 0.1)
    assert [len(part) for part in parts] == [69, 20, 11]
    assert [row for part in parts for row in part.rows] == corpus.rows
    # Something is held out, be the end as long as it may.
    training, held_out = Corpus(["a", "b" * 99], "plain").split(0.1)
    assert (training.rows, held_out.rows) == (["a"], ["b" * 99])


def test_a_split_is_by_length():
    """As many whole rows as fit before the held-out share of the letters."""
    generator = np.random.default_rng(0)
    rows = ["x" * n for n in generator.integers(1, 40, 200)]
    sizes = [len(json.dumps(row)) for row in rows]
    for share in (0.05, 0.1, 0.5, 0.9):
        training, held_out = Corpus(rows, "plain").split(share)
        cut = len(training)
        assert training.rows + held_out.rows == rows
        wanted = (1 - share) * sum(sizes)
        assert sum(sizes[:cut]) <= wanted < sum(sizes[: cut + 1])


@pytest.mark.parametrize(
    "name,rows,options,message",
    [
        ("a.md", ["x"], {}, "a .txt or .jsonl file"),
        ("a.txt", [" ", ""], {}, "all blank"),
        ("a.txt", ["x"], {"text_column": "x"}, "no text_column"),
        ("a.jsonl", [{"text": "x"}], {}, "text_column"),
        ("a.jsonl", [{"text": "x"}], {"text_column": "txt"}, "mean 'text'"),
        ("a.jsonl", ["x"], {}, "one JSON object"),
        ("a.jsonl", [{"conversations": 1}], {}, "lists of turns"),
        ("a.jsonl", [{"conversations": ["a"]}], {}, "role and a content"),
        ("a.jsonl", [{"prompt": 1, "answer": "x"}], {}, "Received: int 1"),
        (
            "a.jsonl",
            [{"conversations": [{"role": "usr", "content": "x"}]}],
            {},
            "Did you mean 'user'",
        ),
    ],
)
def test_bad_text(name, rows, options, message, tmp_path):
    with pytest.raises(UserError, match=message):
        load_corpus(write(tmp_path / name, *rows), **options)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        load_corpus(tmp_path / "none.txt")


def test_every_byte_has_a_token():
    tokens = byte_pair_vocabulary([])
    letters = [token for token in tokens if len(token) == 1]
    assert sorted(map(token_bytes, letters)) == [bytes([b]) for b in range(256)]


def test_merges_are_learned_by_frequency():
    merges = learn_merges(["low low low lower", "<|endoftext|>"], 400)
    assert merges[:3] == ["l o", "lo w", "Ġ low"]
    assert not any("endoftext" in merge for merge in merges)


def test_nothing_to_merge():
    with pytest.raises(UserError, match="text with words"):
        learn_merges(["a", "b"], 300)
    with pytest.raises(UserError, match="nearest valid value is 261"):
        learn_merges(["abc"], 260)


def test_real_dialogues(real_data):
    for name in ("zh_chatterbot", "zh_minimind_identity", "alpaca_4000"):
        corpus = load_corpus(real_data(f"{name}.jsonl"))
        assert corpus.format == "dialogue"
        found = encode_corpus(corpus.take(50), Letters(), 64, name)
        assert len(found) == 50
        assert 0 < found.learned < np.prod(found.weights.shape)
