"""The report of `hyqut`: tables, samples, goals."""

import numpy as np

from tfq_hybrid.comparison.reporting.headlines import of_losses
from tfq_hybrid.comparison.reporting.losses import (
    loss_comparison,
    loss_curves,
    loss_goal,
    quoted,
)
from tfq_hybrid.comparison.reporting.pictures import Line, line_picture
from tfq_hybrid.comparison.reporting.report import (
    PICKED,
    Section,
    picked,
    too_few,
)
from tfq_hybrid.comparison.statistics import mean_interval
from tfq_hybrid.models.hyqut.jobs import (
    LARGER_RATE,
    MODELS,
    STEP_SIZES,
)

BASELINES = ("dense", "bottleneck")
AT_LARGER_RATE = {name: f"{name} at {LARGER_RATE:g}" for name in MODELS}
NOTES = {
    "baselines": "Each model is trained at each of the rates; validation picks "
    "the rate and the check.",
    "matrices": "Each circuit's own baseline is a bottleneck of about its size "
    "in the same place: what that loses as well is lost to the narrow way, not "
    "to the circuit.",
}


def sections(blocks, results):
    """The report's tables, one for each block."""
    against = {
        "baselines": BASELINES,
        "matrices": ("dense",),
        "training-by-differences": ("exact",),
        "qubits": ("10 qubits",),
        "depth": ("2 circuit layers",),
        "shakespeare": ("dense",),
        "larger-rate": (AT_LARGER_RATE["dense"],),
    }
    columns = (
        ("parameters", lambda found: f"{found[0]['parameters']['total']:,}"),
        ("beside dense", lambda found: _change(found[0], "parameters")),
        ("FLOPs beside dense", lambda found: _change(found[0], "flops")),
    )
    made = []
    for block in blocks:
        if block.name == "gradients":
            made.append(_gradient_section(block, results))
        elif block.name == "chinese":
            made.append(_chinese_section(block, results))
        else:
            baselines = block.name == "baselines"
            own = {row: bottleneck_of(row) for row in block.rows}
            made.append(
                loss_comparison(
                    block,
                    results,
                    against[block.name],
                    NOTES.get(block.name, ""),
                    (*columns, (PICKED, picked)) if baselines else columns,
                    {a: b for a, b in own.items() if b in own},
                )
            )
        if block.name in ("baselines", "training-by-differences"):
            name = block.title.partition(":")[0]
            made.append(
                loss_curves(f"{name}: along the training", block, results)
            )
        if block.name in ("baselines", "shakespeare"):
            made += _samples(block, results)
    return made


def bottleneck_of(row):
    """The row of the bottleneck in the place of a row's circuits, a str."""
    return f"{row}, bottleneck"


def _change(found, name):
    if "reduction" not in found:
        return "–"
    return f"{found['reduction'][name]:+.1%}"


def _samples(block, results):
    """What the models of the first seed write, greedily."""
    seeds = results.complete_seeds(block)
    if not seeds:
        return []
    texts = {
        row: results.all_found(block, row)[0]["sample"] for row in block.rows
    }
    title = f"The likeliest token each time, seed {seeds[0]}:"
    name = block.title.partition(":")[0]
    return [Section(f"{name}: samples", note=quoted(title, texts))]


def _gradient_section(block, results):
    if missing := too_few(block, results):
        return Section(block.title, note=missing)
    errors = {
        name: results.scores(block, "step sizes", name)
        for name in ("angle_errors", "input_errors", "angle_cosines")
    }
    # The steps of a training follow from each other: their mean is one score.
    errors = {n: v.mean(-1, keepdims=True) for n, v in errors.items()}
    rows = []
    for place, size in enumerate(STEP_SIZES):
        cells = [f"{size:g}"]
        for values in errors.values():
            mean = mean_interval(values[:, place])
            cells.append(f"{mean.value:.2g} [{mean.low:.2g}, {mean.high:.2g}]")
        rows.append(tuple(cells))
    header = (
        "step, radians",
        "error of the angles' gradient",
        "of the inputs'",
        "cosine of the angles'",
    )
    logs = np.log10(errors["angle_errors"])
    line = Line(
        "angles",
        STEP_SIZES,
        tuple(mean_interval(logs[:, i]) for i in range(len(STEP_SIZES))),
    )
    picture = line_picture(
        "gradients",
        block.title,
        "step, radians",
        "log10 of the error",
        [line],
        is_log=True,
    )
    note = (
        "W_q of the first layer, from Llama's initial weights: behind "
        "matrices of zeros there is no gradient at first. An error is the "
        "length of the difference over that of the exact gradient, the mean "
        "over steps; intervals are over seeds. "
        "Short steps suffer from float32, long ones from the curve."
    )
    return Section(block.title, header, tuple(rows), note, picture)


def _chinese_section(block, results):
    if not results.complete_seeds(block):
        return Section(block.title, note="Not run.")
    (found,) = results.all_found(block, "chatterbot")
    back = "comes back" if found["comes_back"] else "does not come back"
    return Section(
        block.title,
        note=f"{found['curve_steps'][-1]} steps on dialogues; a text {back} "
        "unchanged from the tokens. This checks the path alone; no figure is "
        "drawn from it.",
    )


def headlines(blocks, results):
    """The circuit as W_q beside both baselines."""
    return [
        line
        for block in blocks
        if block.name in ("baselines", "shakespeare")
        for line in of_losses(
            block.title.partition(":")[0],
            block,
            results,
            "quantum",
            [baseline for baseline in BASELINES if baseline in block.rows],
        )
    ]


def goals(blocks, results):
    """What the project set out to reach, against what was found."""
    claim = (
        "8M, W_q: held-out loss within 1 % of the `dense` baseline's (the "
        "whole interval below +1 %)"
    )
    return [loss_goal(claim, blocks[0], results, "quantum", "dense", 1)]
