"""QFFN-BERT (arXiv 2507.02364) on SST-2 and DBpedia: questions and tables."""

import numpy as np

from tfq_hybrid.comparison.jobs import FEWER_SEEDS, Recipe
from tfq_hybrid.comparison.questions import Questions
from tfq_hybrid.comparison.reporting.measured import measured
from tfq_hybrid.comparison.reporting.measures import ACCURACY, shown
from tfq_hybrid.comparison.reporting.report import Goal
from tfq_hybrid.comparison.reporting.tables import (
    by_execution,
    comparison,
    curves,
    goal_beside,
    part,
)
from tfq_hybrid.comparison.statistics import ratio_interval
from tfq_hybrid.comparison.work.trained import perform

# Seconds on one core, about: of an epoch over 10,000 sentences, of what a job
# takes beside its epochs, of measuring a circuit, and of the test data under
# noise. The validation data are read as fast as READ sentences are learned.
EPOCH, START, MEASURING, EXECUTING = 25.0, 25.0, 1.5, 20.0
READ = 400
EXAMPLES = {"sst2": 67_349, "dbpedia": 5_600}
PART = {"limit": 10_000}

# Rows as `compare` takes them.
MODELS = {
    "quantum": "qffn-bert",
    "ffn": "qffn-bert:baseline=ffn",
    "bottleneck": "qffn-bert:baseline=bottleneck",
}
_, *BASELINES = MODELS
NOTHING = "no block"  # in its place: the residual alone
COMPARED = {**MODELS, NOTHING: "qffn-bert:baseline=none"}
_, *OTHERS = COMPARED
SHOTS = (8, 16, 32, 64)
FEW_SHOT = {
    f"{model}, {shots} of each": (model, shots)
    for shots in SHOTS
    for model in MODELS
}
DEPTHS = {f"depth {n}": f"qffn-bert:depth={n}" for n in range(1, 9)}
ABLATIONS = {
    "as published": "qffn-bert",
    "without RZ": "qffn-bert:ansatz=ry,cnot",
    "without entanglement": "qffn-bert:entanglement=none",
    "without the residual": "qffn-bert:residual=false",
    "without all three": "qffn-bert:ansatz=ry:entanglement=none:residual=false",
    NOTHING: COMPARED[NOTHING],
}
# Rows whose circuit is measured.
CIRCUITS = DEPTHS | {
    row: ABLATIONS[row]
    for row in ("without RZ", "without entanglement", "without all three")
}
# How a circuit that was trained exactly runs on the test data.
EXECUTIONS = {
    "1,024 shots": {"repetitions": 1024},
    "128 shots": {"repetitions": 128},
    "0.1 % depolarized": {"depolarizing": 0.001},
    "1 % depolarized": {"depolarizing": 0.01},
    "5 % depolarized": {"depolarizing": 0.05},
    "2 % of bits misread": {"readout_error": 0.02},
}


def blocks(scale, paths):
    """The questions, the most important first."""
    seeds, few = scale.all_seeds(), scale.fewer_seeds()
    if scale.name == "quick":
        small = {"limit": 600, "epochs": 1}
        names = ("128 shots", "1 % depolarized")
        return [
            QUESTIONS.ask(
                "sst2",
                "SST-2, 600 sentences: does the pipe work?",
                MODELS,
                seeds,
                against=BASELINES,
                headline=BASELINES,
                **small,
            ),
            _noise(seeds, small, names),
            _measured({"depth 2": DEPTHS["depth 2"]}),
        ]
    draws = 3 if scale.name == "full" else 1
    ablation = QUESTIONS.ask(
        "ablation",
        "SST-2, 10,000 sentences: what of the circuit matters?",
        ABLATIONS,
        few,
        against=("as published", NOTHING),
        **PART,
    )
    depth = QUESTIONS.ask(
        "depth",
        "SST-2, 10,000 sentences: how deep?",
        DEPTHS,
        few,
        curves(
            "accuracy-over-depth",
            "Accuracy over depth",
            "depth (layers)",
            {row: ("quantum", n) for n, row in enumerate(DEPTHS, 1)},
        ),
        against=("depth 1",),
        **PART,
    )
    return [
        QUESTIONS.ask(
            "sst2",
            "SST-2, all sentences: does the circuit do as well as the block "
            "that it replaces?",
            COMPARED,
            seeds,
            against=OTHERS,
            headline=OTHERS,
        ),
        QUESTIONS.ask(
            "few-shot",
            "SST-2, a few sentences of each label: which does better?",
            {
                row: {"row": MODELS[model], "shots": shots}
                for row, (model, shots) in FEW_SHOT.items()
            },
            range(len(few) * draws),
            *_few_shot_tables(),
            epochs=20,
            batch_size=16,
        ),
        ablation,
        depth,
        _measured(CIRCUITS, depth, ablation),
        _noise(few, PART, EXECUTIONS),
        QUESTIONS.ask(
            "tokens",
            "SST-2, 10,000 sentences: the first token only, as in the paper?",
            {
                f"{model}, {tokens}": f"{MODELS[model]}:tokens={tokens}"
                for model in ("quantum", "bottleneck")
                for tokens in ("all", "cls")
            },
            few,
            against=("quantum, all", "bottleneck, cls"),
            **PART,
        ),
        QUESTIONS.ask(
            "dbpedia",
            "DBpedia, 14 classes, 5,600 abstracts: another task?",
            COMPARED,
            few,
            against=OTHERS,
            headline=OTHERS,
            task="dbpedia",
            epochs=6,
        ),
    ]


def _seconds(arguments):
    examples = arguments.get("limit", EXAMPLES[arguments["task"]])
    if "shots" in arguments:
        examples = 2 * arguments["shots"] + READ
    epochs = arguments.get("epochs", 1)
    noise = EXECUTING * len(arguments.get("executions", ()))
    return START + EPOCH * epochs * examples / 10_000 + noise


def _few_shot_tables():
    """A curve of each model, and a table for each number of examples."""
    yield curves(
        "few-shot",
        None,
        "sentences of each label",
        FEW_SHOT,
        is_log=True,
        note=_majority,
    )
    for shots in SHOTS:
        rows = [row for row in FEW_SHOT if FEW_SHOT[row][1] == shots]
        yield part(
            f"SST-2, {shots} sentences of each label",
            rows,
            comparison(ACCURACY, rows[1:], is_drawn=False),
        )


def _majority(block, results):
    labels = results.scores(block, block.rows[0], "labels")[0]
    share = 100 * np.bincount(labels).max() / len(labels)
    return f"Majority-class baseline: {share:.1f} %."


def _noise(seeds, arguments, executions):
    return QUESTIONS.ask(
        "noise",
        f"SST-2, {arguments['limit']:,} sentences, trained exactly: how does "
        "the test go from shots and under noise?",
        {"exact": "qffn-bert"},
        seeds,
        by_execution(
            "A qubit is depolarized after each moment of the circuit with the "
            "probability that is given."
        ),
        executions={name: EXECUTIONS[name] for name in executions},
        **arguments,
    )


def _measured(circuits, *trained):
    """Circuits are measured once: their intervals are over random angles."""
    return Questions(ACCURACY, lambda arguments: MEASURING).ask(
        "circuits",
        "Expressibility and entangling capability: do they say how well a "
        "circuit does?",
        circuits,
        [0],
        measured(trained, "`without all three` has no residual either."),
        is_measured=True,
    )


def _is_above(block, results):
    scores = (results.scores(block, row) for row in ("quantum", "ffn"))
    ratio = ratio_interval(*scores).scaled(100)
    return f"{shown(ratio)} %", ratio.low >= 102


QUESTIONS = Questions(
    ACCURACY,
    _seconds,
    {"block parameters": "feed_forward", "of them angles": "circuits"},
    common={"task": "sst2"},
)

RECIPE = Recipe(
    name="qffn-bert",
    title="QFFN-BERT beside its classical baselines",
    files={
        "sst2_train": "sst2_train.tsv",
        "sst2_validation": "sst2_dev.tsv",
        "sst2_test": "sst2_test.tsv",
        "dbpedia_train": "dbpedia14_train.tsv",
        "dbpedia_test": "dbpedia14_test.tsv",
    },
    blocks=blocks,
    perform=perform,
    goals=(
        goal_beside(
            "SST-2, all sentences: the lower bound of the difference to the "
            "`ffn` baseline is above −1 point",
            "sst2",
            ACCURACY,
            "quantum",
            "ffn",
            lambda difference: difference.low > -1,
        ),
        Goal(
            "The paper's 102 % of the `ffn` baseline's accuracy, the whole "
            "interval at or above it",
            "sst2",
            _is_above,
        ),
    ),
    choices=(
        "Random weights: BERT-tiny is trained from scratch, with a "
        "vocabulary of 8,192 learned from the training texts.",
        "Every token goes through the circuit, but where `cls` is said; the "
        "paper takes the first one only.",
        "Depth 2; pi · tanh scaling and RY encoding; pairs (0, 1)(2, 3) in "
        "even layers and (1, 2)(3, 0) in odd ones.",
        "AdamW, peak rate 1e-3 with warm-up and cosine, batch 64, one epoch "
        "of all sentences or of 10,000, 20 epochs of few, 6 of DBpedia; 48 "
        "tokens.",
        "With --budget the questions after the first have "
        f"{FEWER_SEEDS} seeds.",
        "Few-shot examples are drawn anew for each seed; --full takes three "
        "times as many draws. All 872 labels of the validation data choose "
        "the epoch, which is more than a few shots.",
        "SST-2's training data are GLUE's, which are phrases for the most "
        "part. DBpedia's are a sample of 5,600 abstracts of 14 classes, of "
        "which a tenth selects.",
        "Shots, noise and their strengths: on the test data alone.",
    ),
    published=(
        ("accuracy against the classical baseline", "up to 102.0 %", "paper"),
        ("parameters of the feed-forward blocks", "−99 % and more", "paper"),
        ("few-shot", "competitive", "paper"),
        ("a circuit that is not optimised", "failed to learn", "paper"),
    ),
)
