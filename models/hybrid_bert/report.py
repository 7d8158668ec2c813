"""The report of `hybrid-bert`: tables and pictures."""

from tfq_hybrid.comparison.reporting.accuracies import (
    curves,
    f1_comparison,
    macro_f1,
)
from tfq_hybrid.comparison.reporting.headlines import of_f1

BASELINES = ("linear", "mlp")
QUBITS = (1, 2, 4, 6, 8)
LENGTHS = (6, 12, 25, 50)


def rows_of(qubits):
    """The rows of a number of qubits: trained, frozen, and their baseline.

    Example:

    >>> rows_of(1)[::2]
    ('quantum, 1 qubit', 'mlp of the size of 1 qubit')
    """
    size = f"{qubits} qubit{'s' if qubits > 1 else ''}"
    return (
        f"quantum, {size}",
        f"quantum, {size}, angles frozen",
        f"mlp of the size of {size}",
    )


def sections(blocks, results):
    """The report's tables and pictures, block by block."""
    columns = (("head's parameters", lambda n: f"{n['head']:,}"),)
    made = []
    for block in blocks:
        others = _others(block)
        made.append(f1_comparison(block.title, block, results, others, columns))
        if block.name == "qubits":
            made.append(_over_qubits(block, results))
        if block.name == "length":
            made.append(_over_length(block, results))
    return made


def _others(block):
    """What the rows of a block are compared with, as `f1_comparison` takes."""
    if block.name == "qubits":
        trios = [rows_of(qubits) for qubits in QUBITS]
        return {
            "the mlp of its size": {
                row: baseline for *rows, baseline in trios for row in rows
            },
            "linear": _all_but(block, "linear"),
        }
    if block.name == "range":
        first = "½π tanh, as published"
        return {first: _all_but(block, first)}
    baselines = _with_head(block, "linear")
    if block.name in ("loss", "length"):
        return {"the linear head": baselines}
    if block.name == "encoder":
        frozen = {
            row: row.replace("fine-tuned", "frozen")
            for row in block.rows
            if "fine-tuned" in row
        }
        return {"the linear head": baselines, "the frozen encoder": frozen}
    return {baseline: _all_but(block, baseline) for baseline in BASELINES}


def _all_but(block, other):
    return {row: other for row in block.rows if row != other}


def _with_head(block, head):
    """Of rows `HEAD, …` the same with another head."""
    pairs = {row: f"{head},{row.partition(',')[2]}" for row in block.rows}
    return {row: other for row, other in pairs.items() if row != other}


def _over_qubits(block, results):
    lines = ("angles trained", "angles frozen", "mlp of the same size")
    places = {
        row: (line, qubits)
        for qubits in QUBITS
        for row, line in zip(rows_of(qubits), lines, strict=True)
    }
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


def headlines(blocks, results):
    """The circuit beside both baselines on every task; the mlp has its size."""
    return [
        line
        for block in blocks
        if set(block.rows) == {"quantum", *BASELINES}
        for line in of_f1(
            block.title.partition(":")[0], block, results, "quantum", BASELINES
        )
    ]
