"""Labelled texts and corpora: `.tsv`, `.csv`, `.jsonl` and `.txt`."""

import json

from tests.fuzz.target import Target
from tfq_hybrid.data import load_corpus, load_dataset

ROWS = [
    ("a fine film", 1),
    ("a bad one, and long", 0),
    ('it says "no"', 0),
    ("déjà vu 中", 1),
    ("10", 3),
]
TURNS = [
    {"role": "user", "content": "what is a qubit?"},
    {"role": "assistant", "content": "a system of two levels"},
]


def corpus():
    """Each format in each form, with other line ends and other columns."""
    tsv = "".join(f"{text}\t{label}\n" for text, label in ROWS)
    csv = "".join(
        '"{}",{}\n'.format(text.replace('"', '""'), label)
        for text, label in ROWS
    )
    jsonl = _lines([{"text": text, "label": n} for text, n in ROWS])
    words = _lines([{"sentence": t, "class": f"c{n}"} for t, n in ROWS])
    turns = _lines([{"conversations": TURNS}, {"conversations": TURNS * 2}])
    asked = _lines(
        [
            {"instruction": "add", "input": "1 2", "output": "3"},
            {"instruction": "say", "input": "", "output": "no"},
        ]
    )
    contents = {
        "a.tsv": f"text\tlabel\n{tsv}",
        "b.tsv": f"label\tid\tsentence\n{'1	2	c d' + chr(10)}",
        "a.csv": f"text,label\n{csv}",
        "b.csv": "\ufefftext,label\r\n" + csv.replace("\n", "\r\n"),
        "a.jsonl": jsonl,
        "b.jsonl": words,
        "dialogues.jsonl": turns,
        "instructions.jsonl": asked,
        "a.txt": "One line.\nAnother, déjà vu.\n<|endoftext|>\nThird.\n",
    }
    return [{name: text.encode()} for name, text in contents.items()]


def _lines(rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def hostile():
    """What is large, deep or cut short."""
    deep = "[" * 50_000
    contents = {
        "a.csv": 'text,label\n"' + "a\n" * 300_000,
        "b.csv": "text,label\n" + "a" * 2_000_000 + ",1\n",
        "a.tsv": "\t".join(["text", "label", *["x"] * 100_000]) + "\n",
        "b.tsv": "text\tlabel\na\t" + "9" * 5000 + "\nb\t" + "8" * 5000,
        "a.jsonl": f'{{"text": {deep}, "label": 1}}\n',
        "b.jsonl": f'{{"text": "a", "label": {"9" * 5000}}}\n',
        "c.jsonl": '{"text": "a", "text": "b", "label": 1e400}\n',
        "dialogues.jsonl": f'{{"conversations": {deep}}}\n',
        "a.txt": "\0" * 1000 + "\ud800",
    }
    return [
        {name: text.encode("utf-8", "surrogatepass")}
        for name, text in contents.items()
    ]


def reader():
    """`load_corpus` for what is a corpus, `load_dataset` for the others."""

    def read(folder, changed, random):
        for path in sorted(folder.iterdir()):
            is_corpus = path.name.startswith(("dialog", "instr", "a.txt"))
            if is_corpus:
                found = load_corpus(path)
                assert found.take(2).texts is not None
            else:
                found = load_dataset(path)
                assert len(found.labels) == len(found)
            found.fingerprint()

    return read


TARGET = Target(corpus, reader, hostile=hostile)
