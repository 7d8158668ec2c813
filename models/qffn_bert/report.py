"""The report of `qffn-bert`: tables, pictures, goals."""

import dataclasses

import numpy as np

from tfq_hybrid.comparison.reporting.accuracies import (
    compared,
    comparison,
    curves,
)
from tfq_hybrid.comparison.reporting.headlines import of_accuracies
from tfq_hybrid.comparison.reporting.pictures import Point, cloud_picture
from tfq_hybrid.comparison.reporting.report import (
    Section,
    goal,
    percent,
    too_few,
)
from tfq_hybrid.comparison.statistics import (
    paired_difference,
    ratio_interval,
    share_interval,
)
from tfq_hybrid.estimate import Estimate

MODELS = ("quantum", "ffn", "bottleneck")
BASELINES = ("ffn", "bottleneck")
NOTHING = "no block"  # in its place: the residual alone
SHOTS = (8, 16, 32, 64)
DEPTHS = tuple(range(1, 9))
# Nats: below it a divergence is not told from zero by thousands of pairs.
FLOOR = 2e-3


def sections(blocks, results):
    """The report's tables and pictures, block by block."""
    columns = (
        ("block parameters", lambda n: f"{n['feed_forward']:,}"),
        ("of them angles", lambda n: f"{n['circuits']:,}"),
    )
    baselines = {
        "sst2": (*BASELINES, NOTHING),
        "ablation": ("as published", NOTHING),
        "depth": ("depth 1",),
        "tokens": ("quantum, all", "bottleneck, cls"),
        "dbpedia": (*BASELINES, NOTHING),
    }
    made = []
    for block in blocks:
        if block.name == "few-shot":
            made += _few_shot(block, results, columns)
        elif block.name == "noise":
            made.append(_under_noise(block, results))
        elif block.name == "circuits":
            made += _measured(block, blocks, results)
        else:
            # With --quick nothing stands in a block's place.
            against = [b for b in baselines[block.name] if b in block.rows]
            made.append(
                comparison(block.title, block, results, against, "", columns)
            )
        if block.name == "depth":
            made.append(
                curves(
                    "accuracy-over-depth",
                    "Accuracy over depth",
                    block,
                    results,
                    "depth (layers)",
                    {f"depth {d}": ("quantum", d) for d in DEPTHS},
                )
            )
    return made


def _few_shot(block, results, columns):
    """A curve of each model, and a table for each number of examples."""
    places = {
        f"{model}, {shots} of each": (model, shots)
        for model in MODELS
        for shots in SHOTS
    }
    made = [
        curves(
            "few-shot",
            block.title,
            block,
            results,
            "sentences of each label",
            places,
            is_log=True,
        )
    ]
    if not too_few(block, results):
        labels = results.scores(block, block.rows[0], "labels")[0]
        share = 100 * np.bincount(labels).max() / len(labels)
        note = f"Majority-class baseline: {share:.1f} %."
        made = [dataclasses.replace(made[0], note=note)]
    for shots in SHOTS:
        suffix = f", {shots} of each"
        part = dataclasses.replace(
            block,
            title=f"SST-2, {shots} sentences of each label",
            jobs=tuple(j for j in block.jobs if j.row.endswith(suffix)),
        )
        against = tuple(name + suffix for name in BASELINES)
        made.append(
            comparison(part.title, part, results, against, "", columns, False)
        )
    return made


def _under_noise(block, results):
    """One training, its test data answered in several ways."""
    if missing := too_few(block, results):
        return Section(block.title, note=missing)
    names = block.jobs[0].arguments["executions"]
    scores = {"exact": results.scores(block, "exact")}
    for name in names:
        scores[name] = results.scores(block, "exact", f"scores, {name}")
    note = (
        "A qubit is depolarized after each moment of the circuit with the "
        "probability that is given."
    )
    return compared(block.title, scores, ("exact",), note, picture="noise")


def _measured(block, blocks, results):
    """Measures of each circuit against its accuracy, as far as it is known."""
    if not results.complete_seeds(block):
        return [Section(block.title, note="Not measured yet.")]
    accuracies = {}
    for other in blocks:
        if other.name in ("depth", "ablation") and not too_few(other, results):
            for row in other.rows:
                scores = results.scores(other, row)
                accuracies[row] = share_interval(scores).scaled(100)
    rows, points = [], {"expressibility": [], "entangling_capability": []}
    for name in block.rows:
        cells = [name]
        for measure, made in points.items():
            interval = Estimate(**results.all_found(block, name)[0][measure])
            cells.append(
                f"{interval.value:.3f} [{interval.low:.3f}, "
                f"{interval.high:.3f}]"
            )
            if name in accuracies:
                group = "depth" if name.startswith("depth") else "ablation"
                if measure == "expressibility":
                    parts = (interval.value, interval.low, interval.high)
                    interval = Estimate(*(max(p, FLOOR) for p in parts))
                made.append(Point(name, interval, accuracies[name], group))
        cells.append(
            f"{accuracies[name].value:.1f}" if name in accuracies else "–"
        )
        rows.append(tuple(cells))
    header = (
        "circuit",
        "expressibility, nats (0: as random states)",
        "entangling capability",
        "accuracy, %",
    )
    note = (
        "Both are measured on the ansatz alone (Sim et al. 2019), 5,000 pairs "
        "of random angles. `without all three` has no residual either. The "
        f"picture takes a divergence below {FLOOR:g} for {FLOOR:g}: so few "
        "pairs do not tell it from zero."
    )
    made = [Section(block.title, header, tuple(rows), note)]
    labels = {
        "expressibility": (
            "expressibility (nats): the lower, the more expressive"
        ),
        "entangling_capability": "entangling capability",
    }
    for measure, cloud in points.items():
        if len(cloud) > 2:
            title = f"Accuracy against {measure.replace('_', ' ')}"
            picture = cloud_picture(
                measure.replace("_", "-"),
                title,
                labels[measure],
                "accuracy, %",
                cloud,
                is_log=measure == "expressibility",
            )
            made.append(Section(title, note=_rank(cloud), picture=picture))
    return made


def _rank(cloud):
    """How the order of the circuits agrees, in a sentence."""
    from scipy.stats import spearmanr

    rho = spearmanr(
        [point.x.value for point in cloud], [point.y.value for point in cloud]
    ).statistic
    return (
        f"Spearman's rank correlation over these {len(cloud)} circuits is "
        f"{rho:+.2f}; so few of them say little."
    )


def headlines(blocks, results):
    """The circuit beside both baselines, and nothing in its place."""
    tasks = {"sst2": "SST-2", "dbpedia": "DBpedia"}
    return [
        line
        for block in blocks
        if block.name in tasks
        for line in of_accuracies(
            tasks[block.name],
            block,
            results,
            "quantum",
            [row for row in block.rows if row != "quantum"],
        )
    ]


def goals(blocks, results):
    """What the project set out to reach, against what was found."""
    block = blocks[0]

    def scores():
        return (results.scores(block, row) for row in ("quantum", "ffn"))

    def judge_difference():
        difference = paired_difference(*scores())
        text = f"{percent(difference, 2, signed=True)} points"
        return text, difference.low > -0.01

    def judge_ratio():
        ratio = ratio_interval(*scores())
        return f"{percent(ratio)} %", ratio.low >= 1.02

    return [
        goal(
            "SST-2, all sentences: the lower bound of the difference to the "
            "`ffn` baseline is above −1 point",
            block,
            results,
            judge_difference,
        ),
        goal(
            "The paper's 102 % of the `ffn` baseline's accuracy, the whole "
            "interval at or above it",
            block,
            results,
            judge_ratio,
        ),
    ]
