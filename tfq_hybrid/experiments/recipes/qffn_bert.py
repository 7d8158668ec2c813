"""QFFN-BERT (arXiv 2507.02364) on SST-2 and DBpedia."""

import dataclasses

from tfq_hybrid.circuits import PRESETS
from tfq_hybrid.experiments.jobs import Block, Job, Recipe
from tfq_hybrid.experiments.report import LEAST_SEEDS, Goal, comparison
from tfq_hybrid.experiments.statistics import paired_difference, ratio_interval
from tfq_hybrid.experiments.trained import few_shot_file, train_and_test

MODELS = ("quantum", "ffn", "bottleneck")
BASELINES = ("ffn", "bottleneck")
SHOTS = (8, 16, 32, 64)
DEPTHS = tuple(range(1, 9))
# Seconds of an epoch over 10,000 sentences on one core, about.
EPOCH = 25.0
# What a job takes beside its epochs: to start, compile, evaluate and save.
START = 25.0
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
            )
        ]
    everything = 67_349
    part = {"limit": 10_000}
    return [
        Block(
            "sst2",
            "SST-2, all sentences: does the circuit do as well as the block "
            "that it replaces?",
            tuple(
                _job(model, seed, model, {}, everything)
                for seed in seeds
                for model in MODELS
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
                    20 * 2 * shots,
                )
                for seed in seeds
                for shots in SHOTS
                for model in MODELS
            ),
        ),
        Block(
            "ablation",
            "SST-2, 10,000 sentences: what of the circuit matters?",
            tuple(
                _job(name, seed, "quantum", {**part, "circuit": change}, 10_000)
                for seed in seeds
                for name, change in ABLATIONS.items()
            ),
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
                for seed in seeds
                for depth in DEPTHS
            ),
        ),
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
                for seed in seeds
                for model in ("quantum", "bottleneck")
                for tokens in ("all", "cls")
            ),
        ),
        Block(
            "dbpedia",
            "DBpedia, 14 classes, 5,600 abstracts: another task?",
            tuple(
                _job(
                    model,
                    seed,
                    model,
                    {"task": "dbpedia", "epochs": 6},
                    6 * 5_600,
                )
                for seed in seeds
                for model in MODELS
            ),
        ),
    ]


def _job(row, seed, model, arguments, examples):
    arguments = {"model": model, "task": "sst2", **arguments}
    return Job(row, seed, arguments, START + EPOCH * examples / 10_000)


def perform(arguments, seed, paths, folder):
    """Trains one model, selects on validation, and reads the test once."""
    from tfq_hybrid.training import TrainConfig

    task, model = arguments["task"], arguments["model"]
    data = paths[f"{task}_train"]
    if "shots" in arguments:
        data = few_shot_file(data, arguments["shots"], seed, folder)
    changes = arguments.get("circuit", {})
    options = {}
    if model != "ffn":
        changes = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in changes.items()
        }
        residual = changes.pop("residual", True)
        circuit = dataclasses.replace(PRESETS["qffn"], **changes)
        options = {
            "circuit": circuit,
            "tokens": arguments.get("tokens", "all"),
            "residual": residual,
        }
    config = TrainConfig(
        data=str(data),
        validation_data=paths.get(f"{task}_validation"),
        classical=None if model == "quantum" else model,
        options=options,
        limit=arguments.get("limit"),
        epochs=arguments.get("epochs", 1),
        batch_size=arguments.get("batch_size", 64),
        patience=arguments.get("epochs", 1),
        seed=seed,
    )
    return train_and_test(config, paths[f"{task}_test"], folder)


def sections(blocks, results):
    """The report's tables, one for each block."""
    columns = (
        ("block parameters", lambda n: f"{n['feed_forward']:,}"),
        ("of them angles", lambda n: f"{n['circuits']:,}"),
    )
    baselines = {
        "sst2": BASELINES,
        "ablation": ("as published",),
        "depth": ("depth 1",),
        "tokens": ("quantum, all",),
        "dbpedia": BASELINES,
    }
    made = []
    for block in blocks:
        if block.name == "few-shot":
            made += _few_shot(block, results, columns)
        else:
            against = baselines[block.name]
            made.append(
                comparison(block.title, block, results, against, "", columns)
            )
    return made


def _few_shot(block, results, columns):
    """A table for each number of examples."""
    made = []
    for shots in SHOTS:
        suffix = f", {shots} of each"
        part = dataclasses.replace(
            block,
            title=f"SST-2, {shots} sentences of each label",
            jobs=tuple(j for j in block.jobs if j.row.endswith(suffix)),
        )
        against = tuple(name + suffix for name in BASELINES)
        made.append(comparison(part.title, part, results, against, "", columns))
    return made


def goals(blocks, results):
    """What the project set out to reach, against what was found."""
    block = blocks[0]
    if len(results.complete_seeds(block)) < LEAST_SEEDS:
        return []
    ours, theirs = (results.scores(block, row) for row in ("quantum", "ffn"))
    difference = paired_difference(ours, theirs).scaled(100)
    ratio = ratio_interval(ours, theirs).scaled(100)
    return [
        Goal(
            "SST-2, all sentences: the lower bound of the difference to the "
            "`ffn` twin is above −1 point",
            f"{difference.value:+.2f} [{difference.low:+.2f}, "
            f"{difference.high:+.2f}] points",
            difference.low > -1,
        ),
        Goal(
            "The paper's 102 % of the `ffn` twin's accuracy",
            f"{ratio.value:.1f} [{ratio.low:.1f}, {ratio.high:.1f}] %",
            ratio.value >= 102,
        ),
    ]


RECIPE = Recipe(
    name="qffn-bert",
    title="QFFN-BERT beside its classical twins",
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
        "Few-shot examples are drawn anew for each seed.",
    ),
    published=(
        ("accuracy against the classical baseline", "up to 102.0 %", "paper"),
        ("parameters of the feed-forward blocks", "−99 % and more", "paper"),
        ("few-shot", "competitive", "paper"),
        ("a circuit that is not optimised", "failed to learn", "paper"),
    ),
)
