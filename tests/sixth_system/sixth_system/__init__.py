"""A system of another package: a circuit on the mean of word vectors."""

import dataclasses

from tfq_hybrid.comparison.jobs import Block, Job, Recipe
from tfq_hybrid.comparison.reporting.headlines import of_accuracies
from tfq_hybrid.comparison.work.trained import train_and_test
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.systems import Options, System


@dataclasses.dataclass(frozen=True, kw_only=True)
class WordsOptions(Options):
    """The arguments of the system."""

    width: int = 16
    qubits: int = 2
    depth: int = 1


def perform(arguments, seed, paths, folder):
    """Trains a model and answers the test data."""
    config = TrainConfig(
        paths["train"],
        model=SYSTEM.name,
        baseline=None if arguments["row"] == "circuit" else "dense",
        validation_data=paths["train"],
        limit=40,
        seed=seed,
    )
    return train_and_test(config, paths["test"], folder)


def blocks(scale, paths):
    """One question."""
    jobs = tuple(
        Job(row, seed, {"row": row}, 5.0)
        for seed in range(scale.seeds)
        for row in ("circuit", "dense")
    )
    return [Block("words", "Does the circuit do as well?", jobs)]


RECIPE = Recipe(
    name="circuit-on-words",
    title="A circuit on words",
    files={"train": "train.tsv", "test": "test.tsv"},
    blocks=blocks,
    perform=perform,
    sections=lambda blocks, results: [],
    headlines=lambda blocks, results: of_accuracies(
        "words", blocks[0], results, "circuit", ["dense"]
    ),
    goals=lambda blocks, results: [],
    choices=("All of it.",),
    published=(),
)

SYSTEM = System(
    name="circuit-on-words",
    task="classification",
    options=WordsOptions,
    baselines={"dense": ("qubits", "depth")},
    model="sixth_system.classifier",
    recipe="sixth_system:RECIPE",
    searched=("qubits", "learning_rate"),
)
