"""The report of `quantum-head`: tables, pictures, goals."""

import functools

from tfq_hybrid.comparison.reporting.accuracies import (
    compared,
    comparison,
    curves,
)
from tfq_hybrid.comparison.reporting.headlines import of_accuracy
from tfq_hybrid.comparison.reporting.report import (
    PICKED,
    Section,
    goal,
    percent,
    picked,
    too_few,
)
from tfq_hybrid.comparison.reporting.screened import screening_section
from tfq_hybrid.comparison.statistics import paired_difference, share_interval
from tfq_hybrid.models.quantum_head.jobs import (
    BASELINES,
    CIRCUITS,
    HEADS,
)

ALL_PARTS = "all parts"  # of the ablation
DISTANCES = (1, 2, 3, 5, 9)
# How the circuits are told apart where both stand.
WORDS = dict(zip(CIRCUITS, ("", ", a constant amplitude"), strict=True))
# Low and high levels of the screening; shots where the time allows.
FACTORS = {
    "qubits": (6, 10),
    "encoders": (1, 5),
    "reuploads": (1, 3),
    "depth": (1, 3),
    "distance": (1, 3),
    "rate": (1e-2, 5e-2),
}
SHOTS = (128, 1024)
OTHERS = [head for head in HEADS if head != "quantum"]
AGAINST = {
    "heads": OTHERS,
    "ablation": (ALL_PARTS,),
    "execution": ("exact",),
    "size": ("10 qubits, 5 encoders",),
    "distance": ("C = 2",),
}


def sections(blocks, results):
    """The report's tables and pictures, block by block."""
    columns = (("parameters", lambda n: f"{n['head']:,}"),)
    made = []
    for block in blocks:
        if block.name == "noise":
            made.append(_under_noise(block, results))
        elif block.name == "tuned":
            made.append(_tuned(block, blocks[0], results))
        elif block.name == "screening":
            made.append(_screened(block, results))
        else:
            made.append(
                comparison(
                    block.title,
                    block,
                    results,
                    AGAINST[block.name],
                    _note(block, results),
                    columns,
                )
            )
        if block.name == "distance":
            made.append(
                curves(
                    "accuracy-over-distance",
                    "Accuracy over the distance of the CNOTs",
                    block,
                    results,
                    "longest distance C",
                    {f"C = {c}": ("quantum", c) for c in DISTANCES},
                )
            )
    return made


def _note(block, results):
    """How wide the embeddings are, for the first table."""
    if block.name != "heads" or too_few(block, results):
        return ""
    width = results.all_found(block, "quantum")[0]["width"]
    return (
        f"Embeddings are {width} wide, so that an encoder has "
        f"{(width - 1).bit_length()} qubits. Circuits that start from "
        "amplitudes cannot tell x from −x; with a constant amplitude they "
        "can, as the classical heads do. What validation picked is a rate, C "
        "of logistic regression and of the SVM, the width of scikit-learn's "
        "MLP."
    )


def _under_noise(block, results):
    if missing := too_few(block, results):
        return Section(block.title, note=missing)
    scores = {"exact": results.scores(block, "exact")}
    for name in block.jobs[0].arguments["executions"]:
        scores[name] = results.scores(block, "exact", f"scores, {name}")
    return compared(block.title, scores, ("exact",), picture="noise")


def _tuned(block, frozen, results):
    """Tuned embeddings beside frozen ones, of the seeds that both have."""
    if missing := too_few(block, results):
        return Section(block.title, note=missing)
    row = block.rows[0]
    found = results.all_found(block, row)
    scores = {
        f"{head}, tuned": results.scores(block, row, f"scores, {head}")
        for head in HEADS
    }
    cells = {
        f"{head}, tuned": _picked([f["heads"][head] for f in found])
        for head in HEADS
    }
    baselines = [f"{head}, tuned" for head in OTHERS]
    if results.complete_seeds(frozen) == results.complete_seeds(block):
        for head in HEADS:
            scores[f"{head}, frozen"] = results.scores(frozen, head)
            cells[f"{head}, frozen"] = _picked(results.all_found(frozen, head))
        baselines.append("quantum, frozen")
    rounds = block.jobs[0].arguments["rounds"]
    note = (
        f"{rounds} {'round' if rounds == 1 else 'rounds'} of pairs of the "
        "training sentences (Tunstall et al. 2022)."
    )
    return compared(block.title, scores, baselines, note, cells, "tuned")


def _picked(found):
    return [(PICKED, picked(found))]


def _screened(block, results):
    factors = dict(FACTORS)
    if "shots" in block.jobs[0].arguments["levels"]:
        factors["shots"] = SHOTS
    return screening_section(
        block.title,
        block,
        results,
        factors,
        "validation_accuracy",
        "validation accuracy",
    )


def headlines(blocks, results):
    """The circuits' heads beside the best classical head of their size."""
    made = []
    for name, block in _questions(blocks).items():
        if too_few(block, results):
            continue
        best = _best_baseline(block, results)
        theirs = _scores(block, results, best)
        for circuit, words in WORDS.items():
            measure = f"SST-2, 435 sentences, {name} embeddings{words}"
            ours = _scores(block, results, circuit)
            made.append(of_accuracy(measure, ours, best, theirs))
    return made


def goals(blocks, results):
    """What the project set out to reach, against what was found."""
    questions = _questions(blocks)
    made = [
        goal(
            f"435 sentences, {name} embeddings{words}: the lower bound of the "
            "difference to the best classical head of about its size is above "
            "−1 point",
            block,
            results,
            functools.partial(_judge_difference, block, results, circuit),
        )
        for name, block in questions.items()
        for circuit, words in WORDS.items()
    ]

    def judge_accuracy():
        mean = share_interval(_scores(questions["tuned"], results, "quantum"))
        return f"{percent(mean)} %", mean.low >= 0.927

    claim = (
        "The paper's 92.70 % of several encoders, tuned embeddings, the whole "
        "interval at or above it"
    )
    block = questions.get("tuned")
    return [*made, goal(claim, block, results, judge_accuracy)]


def _judge_difference(block, results, circuit):
    best = _best_baseline(block, results)
    difference = paired_difference(
        _scores(block, results, circuit), _scores(block, results, best)
    )
    text = f"{percent(difference, 2, signed=True)} points beside `{best}`"
    return text, difference.low > -0.01


def _questions(blocks):
    """The blocks in which every head stands, by their embeddings."""
    names = {"heads": "frozen", "tuned": "tuned"}
    return {names[b.name]: b for b in blocks if b.name in names}


def _scores(block, results, head):
    if head in block.rows:
        return results.scores(block, head)
    [row] = block.rows
    return results.scores(block, row, f"scores, {head}")


def _best_baseline(block, results):
    """The baseline of the best mean validation accuracy."""

    def accuracy(head):
        if head in block.rows:
            found = results.all_found(block, head)
        else:
            [row] = block.rows
            found = [f["heads"][head] for f in results.all_found(block, row)]
        return sum(one["validation_accuracy"] for one in found)

    return max(BASELINES, key=accuracy)
