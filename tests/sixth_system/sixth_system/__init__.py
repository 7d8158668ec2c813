"""A system of another package: a circuit on the mean of word vectors."""

import dataclasses

from tfq_hybrid.comparison.jobs import Recipe
from tfq_hybrid.comparison.questions import Questions
from tfq_hybrid.comparison.reporting.measures import ACCURACY
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


QUESTIONS = Questions(ACCURACY, lambda arguments: 5.0)


def blocks(scale, paths):
    """One question."""
    return [
        QUESTIONS.ask(
            "words",
            "Does the circuit do as well?",
            {row: {"row": row} for row in ("circuit", "dense")},
            scale.all_seeds(),
            against=("dense",),
            headline=("dense",),
        )
    ]


RECIPE = Recipe(
    name="circuit-on-words",
    title="A circuit on words",
    files={"train": "train.tsv", "test": "test.tsv"},
    blocks=blocks,
    perform=perform,
    choices=("All of it.",),
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
