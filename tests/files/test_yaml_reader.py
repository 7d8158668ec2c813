"""YAML: plain data, and every line that is anything else is named."""

import itertools

import pytest

from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.cli.given import read_circuit
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.yaml_reader import (
    DEEPEST,
    LARGEST_YAML,
    parse_yaml,
    read_yaml,
)

TYPES = """
# a comment
integer: -3
float: 2.5e-3
short: 1e-3
null: ~
none:
yes: true
"no": no
text: "1"
block: |
  two
  lines
list: [1, [2.0, off]]
inner:
  time: 12:30
  date: 2020-01-01
"""


def test_types_are_those_of_json():
    """And not YAML 1.1's, in which `no` is false and `12:30` is 750."""
    assert parse_yaml(TYPES) == {
        "integer": -3,
        "float": 0.0025,
        "short": 0.001,
        "null": None,
        "none": None,
        "yes": True,
        "no": "no",
        "text": "1",
        "block": "two\nlines\n",
        "list": [1, [2.0, "off"]],
        "inner": {"time": "12:30", "date": "2020-01-01"},
    }


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in itertools.pairwise("abcdefghi")
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: the key 'c' is there twice"),
        ("a: !!python/object/apply:os.system ['true']", "line 1: the tag"),
        ("a: 1\nb: !!python/name:os.system", "line 2: the tag"),
        ("!!python/object/new:tuple [[1]]", "line 1: the tag"),
        ("a: !mine {}", "line 1: the tag"),
        ("a: &x 1\nb: *x", "line 1: anchors and aliases"),
        ("a: 1\n<<: *x", "line 2: anchors and aliases"),
        (LAUGHS, "line 1: anchors and aliases"),
        ("a: 1\n? [1, 2]\n: 3", "line 2: a key is no text"),
        ("- 1", "not a mapping"),
        ("", "not a mapping"),
        ("a: 1\n---\nb: 2", "line 2"),
        ("a: 1\nb: [", "line 2"),
        ("a: 1\n\tb: 2", "line 2"),
        ("a: 1e999", "line 1: 1e999 is not finite"),
        ("a: " + "[" * 1000, f"nested more than {DEEPEST} deep"),
    ],
)
def test_refused_in_one_line(text, reason, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as found:
        read_yaml(path)
    assert reason in str(found.value)


def test_large_files_are_not_parsed(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: " + "1" * LARGEST_YAML)
    with pytest.raises(UserError, match="at most"):
        read_yaml(path)


def test_a_circuit_in_yaml(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("qubits: 3\nansatz: [ry, cnot]\nentanglement: linear\n")
    circuit = as_circuit(read_circuit(str(path)))
    assert (circuit.qubits, circuit.ansatz) == (3, ("ry", "cnot"))
    path.write_text("qubits: 3\nqubits: 4\n")
    with pytest.raises(UserError, match="line 2: the key 'qubits'"):
        read_circuit(str(path))
