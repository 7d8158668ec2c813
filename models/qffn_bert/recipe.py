"""QFFN-BERT (arXiv 2507.02364) on SST-2 and DBpedia."""

import dataclasses

from tfq_hybrid.comparison.jobs import Block, Job, Recipe
from tfq_hybrid.models.qffn_bert.jobs import EXECUTIONS, perform
from tfq_hybrid.models.qffn_bert.report import (
    DEPTHS,
    MODELS,
    NOTHING,
    SHOTS,
    goals,
    headlines,
    sections,
)

# Seconds of an epoch over 10,000 sentences on one core, about.
EPOCH = 25.0
# What a job takes beside its epochs: to start, compile, evaluate and save.
START = 25.0
COMPARED = {**{model: model for model in MODELS}, NOTHING: "none"}
ABLATIONS = {
    "as published": {},
    "without RZ": {"ansatz": ("ry", "cnot")},
    "without entanglement": {"entanglement": "none"},
    "without the residual": {"residual": False},
    "without all three": {
        "ansatz": ("ry",),
        "entanglement": "none",
        "residual": False,
    },
}
# Rows whose circuit is measured, and how it differs from the published one.
CIRCUITS = {
    **{f"depth {depth}": {"depth": depth} for depth in DEPTHS},
    "without RZ": ABLATIONS["without RZ"],
    "without entanglement": ABLATIONS["without entanglement"],
    "without all three": {"ansatz": ("ry",), "entanglement": "none"},
}
# As many sentences learned take as long as the validation data read.
READ = 400
MEASURING = 1.5  # seconds of a circuit
EXECUTING = 20.0  # seconds of the test data under noise
FEWER_SEEDS = 3  # of the questions after the first, with --budget


def blocks(scale, paths):
    """The questions, the most important first."""
    seeds = range(scale.seeds)
    if scale.name == "quick":
        small = {"limit": 600, "epochs": 1}
        return [
            Block(
                "sst2",
                "SST-2, 600 sentences: does the pipe work?",
                tuple(
                    _job(model, seed, model, small, 600)
                    for seed in seeds
                    for model in MODELS
                ),
            ),
            _noise(seeds, small, 600, ("128 shots", "1 % depolarized")),
            _circuits(("depth 2",)),
        ]
    everything = 67_349
    few = seeds if scale.name == "full" else seeds[:FEWER_SEEDS]
    draws = 3 if scale.name == "full" else 1
    part = {"limit": 10_000}
    return [
        Block(
            "sst2",
            "SST-2, all sentences: does the circuit do as well as the block "
            "that it replaces?",
            tuple(
                _job(row, seed, model, {}, everything)
                for seed in seeds
                for row, model in COMPARED.items()
            ),
        ),
        Block(
            "few-shot",
            "SST-2, a few sentences of each label: which does better?",
            tuple(
                _job(
                    f"{model}, {shots} of each",
                    seed,
                    model,
                    {"shots": shots, "epochs": 20, "batch_size": 16},
                    20 * (2 * shots + READ),
                )
                for seed in range(len(few) * draws)
                for shots in SHOTS
                for model in MODELS
            ),
        ),
        Block(
            "ablation",
            "SST-2, 10,000 sentences: what of the circuit matters?",
            tuple(
                _job(name, seed, "quantum", {**part, "circuit": change}, 10_000)
                for seed in few
                for name, change in ABLATIONS.items()
            )
            + tuple(_job(NOTHING, seed, "none", part, 10_000) for seed in few),
        ),
        Block(
            "depth",
            "SST-2, 10,000 sentences: how deep?",
            tuple(
                _job(
                    f"depth {depth}",
                    seed,
                    "quantum",
                    {**part, "circuit": {"depth": depth}},
                    10_000,
                )
                for seed in few
                for depth in DEPTHS
            ),
        ),
        _circuits(CIRCUITS),
        _noise(few, part, 10_000, EXECUTIONS),
        Block(
            "tokens",
            "SST-2, 10,000 sentences: the first token only, as in the paper?",
            tuple(
                _job(
                    f"{model}, {tokens}",
                    seed,
                    model,
                    {**part, "tokens": tokens},
                    10_000,
                )
                for seed in few
                for model in ("quantum", "bottleneck")
                for tokens in ("all", "cls")
            ),
        ),
        Block(
            "dbpedia",
            "DBpedia, 14 classes, 5,600 abstracts: another task?",
            tuple(
                _job(
                    row,
                    seed,
                    model,
                    {"task": "dbpedia", "epochs": 6},
                    6 * 5_600,
                )
                for seed in few
                for row, model in COMPARED.items()
            ),
        ),
    ]


def _noise(seeds, arguments, examples, executions):
    jobs = []
    for seed in seeds:
        names = {"executions": list(executions)}
        job = _job("exact", seed, "quantum", {**arguments, **names}, examples)
        seconds = job.seconds + EXECUTING * len(executions)
        jobs.append(dataclasses.replace(job, seconds=seconds))
    return Block(
        "noise",
        f"SST-2, {examples:,} sentences, trained exactly: how does the test "
        "go from shots and under noise?",
        tuple(jobs),
    )


def _circuits(names):
    """Circuits are measured once: their intervals are over random angles."""
    return Block(
        "circuits",
        "Expressibility and entangling capability: do they say how well a "
        "circuit does?",
        tuple(
            Job(name, 0, {"measure": CIRCUITS[name]}, MEASURING)
            for name in names
        ),
    )


def _job(row, seed, model, arguments, examples):
    arguments = {"model": model, "task": "sst2", **arguments}
    return Job(row, seed, arguments, START + EPOCH * examples / 10_000)


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
    sections=sections,
    headlines=headlines,
    goals=goals,
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
