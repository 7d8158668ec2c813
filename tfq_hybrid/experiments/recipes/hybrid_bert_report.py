"""The report of `hybrid-bert`: tables and pictures."""

from tfq_hybrid.experiments.reporting.accuracies import curves
from tfq_hybrid.experiments.reporting.f1 import f1_comparison, macro_f1

TWINS = ("linear", "mlp")
QUBITS = (1, 2, 4, 6, 8)
LENGTHS = (6, 12, 25, 50)


def sections(blocks, results):
    """The report's tables and pictures, block by block."""
    columns = (("head's parameters", lambda n: f"{n['head']:,}"),)
    against = {
        "qubits": ("linear",),
        "loss": ("linear, weighted cross-entropy",),
        "range": ("½π tanh, as published",),
        "length": ("linear, 25 tokens",),
        "encoder": ("linear, frozen",),
    }
    made = []
    for block in blocks:
        baselines = against.get(block.name, TWINS)
        made.append(
            f1_comparison(block.title, block, results, baselines, "", columns)
        )
        if block.name == "qubits":
            made.append(_over_qubits(block, results))
        if block.name == "length":
            made.append(_over_length(block, results))
    return made


def _over_qubits(block, results):
    places = {}
    for qubits in QUBITS:
        row = f"quantum, {qubits} qubits"
        places[row] = ("angles trained", qubits)
        places[f"{row}, angles frozen"] = ("angles frozen", qubits)
        places[f"mlp of the size of {qubits} qubits"] = (
            "mlp of the same size",
            qubits,
        )
    return curves(
        "f1-over-qubits",
        "Macro F1 over qubits",
        block,
        results,
        "qubits",
        places,
        y_label="macro F1, %",
        measure=macro_f1(block, results),
        reference="linear",
    )


def _over_length(block, results):
    places = {
        f"{head}, {tokens} tokens": (head, tokens)
        for head in ("quantum", "linear")
        for tokens in LENGTHS
    }
    return curves(
        "f1-over-length",
        "Macro F1 over the length of a text",
        block,
        results,
        "tokens",
        places,
        is_log=True,
        y_label="macro F1, %",
        measure=macro_f1(block, results),
    )
