"""Methods of adaptation at equal numbers of parameters.

    python -m benchmarks.methods --data sst2_train.tsv \\
        --test-data sst2_test.tsv --output runs/methods [--sizes 500,2000]
    python -m benchmarks.methods --output runs/methods \\
        --page docs/methods.md

One `comparison.compare` for each size: all methods in the last two blocks, each
in the size of so many parameters beside the head, to 5 %, five seeds, one
epoch, and the best of three learning rates on the validation data, picked at
the first size that a method has. One that its own size does not bring there
adapts fewer matrices; else its cell says "no such size". The same command goes
on with what is left. `--page` adds the cells that are finished to
results/methods.json and writes the page of it: the test accuracy of every cell,
and the differences of unitaries and circuits to classical methods of their
size, with intervals that all hold at once (Bonferroni, over all sizes).
"""

import argparse
import json
import pathlib

from benchmarks.common import RESULTS, write
from tfq_hybrid.adapters import METHODS

SIZES = (2_000, 500, 6_000, 20_000)
HEAD = 384 * 2 + 2  # of a classifier of two classes on MiniLM
LAYERS = (4, 5)
MATRICES = ("query", "value", "up", "down")
CIRCUIT = {
    "encoding": "amplitude",
    "qubits": 5,
    "ansatz": ["ry", "cz"],
    "entanglement": "linear",
}
CIRCUITS = {
    "UnitaryAdapter, orthogonal": {"targets": MATRICES},
    "UnitaryAdapter, of pairs": {"targets": MATRICES, "is_complex": True},
    "UnitaryAdapter, of circuits": {"targets": MATRICES, "circuit": CIRCUIT},
    "QuanTA": {"targets": MATRICES},
    "QuantumPEFT": {"targets": MATRICES},
    "QuantumAdapter": {},
}
CLASSICAL = {
    "LoRA": {"targets": MATRICES},
    "OFT": {"targets": MATRICES},
    "VeRA": {"targets": MATRICES},
    "LoRA_XS": {"targets": MATRICES},
    "IA3": {},
    "BitFit": {},
    "BottleneckAdapter": {},
}
REFERENCE = "HeadOnly"


def rows_of(without, rates):
    """The rows of a comparison, by name; with a rate that was picked before."""
    rows = {} if REFERENCE in without else {REFERENCE: METHODS[REFERENCE]()}
    for name, options in {**CIRCUITS, **CLASSICAL}.items():
        if name not in without:
            kind = METHODS[name.partition(",")[0]]
            rows[name] = kind(layers=LAYERS, **options)
    return {
        name: {"adapter": method.to_dict(), "learning_rate": rates[name]}
        if name in rates
        else method
        for name, method in rows.items()
    }


def measure(arguments):
    """Compares the methods at each size, or goes on with it."""
    from tfq_hybrid.comparison import compare

    shared = {
        "preset": arguments.preset,
        "limit": arguments.limit,
        "sequence_length": arguments.sequence_length,
        "epochs": 1,
    }
    rates: dict[str, float] = {}
    for size in arguments.sizes:
        found = compare(
            rows_of(arguments.without.get(size, ()), rates),
            shared=shared,
            output=arguments.output / str(size),
            data=arguments.data,
            test_data=arguments.test_data,
            match_parameters=size + HEAD,
            seeds=arguments.seeds,
            workers=arguments.workers,
            report=lambda line: print(line, flush=True),
        )
        for row in found.content["rows"]:
            if row.get("rate") is not None:
                rates.setdefault(row["name"], row["rate"])


def left_out(text):
    """`METHOD@SIZE;…` as the methods of each size."""
    found = {}
    for word in text.split(";"):
        name, _, size = word.partition("@")
        found.setdefault(int(size), []).append(name.strip())
    return found


def make_parser():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data")
    parser.add_argument("--test-data")
    parser.add_argument("--preset", default="minilm")
    parser.add_argument("--limit", type=int, default=3_000)
    parser.add_argument("--sequence-length", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(word) for word in text.split(",")],
        default=SIZES,
    )
    parser.add_argument(
        "--without",
        type=left_out,
        default={},
        help="METHOD@SIZE;…, cells that are not measured",
    )
    parser.add_argument("--page", type=pathlib.Path)
    return parser


def main(argv=None):
    arguments = make_parser().parse_args(argv)
    if arguments.page is None:
        measure(arguments)
        return
    from benchmarks.methods_page import cells_of, content_of, page

    path = RESULTS / "methods.json"
    sizes = {}
    if path.is_file():
        sizes = json.loads(path.read_text("utf-8"))["sizes"]
    for size, found in cells_of(arguments.output).items():
        known = sizes.get(size, {"cells": {}})
        found["cells"] = {**known["cells"], **found["cells"]}
        sizes[size] = found
    content = content_of(sizes)
    write(path, **content)
    arguments.page.write_text(page(content), "utf-8")


if __name__ == "__main__":
    main()
