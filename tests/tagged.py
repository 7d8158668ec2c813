"""A finished run that labels words, for the tests of several folders."""

import numpy as np

from tests.data.test_conllu import row
from tests.presets import one_block
from tests.training.conftest import QUICK
from tfq_hybrid.training import TrainConfig, train

SMALL = {**QUICK, "batch_size": 8}
WORDS = {"he": "PRON", "she": "PRON", "runs": "VERB", "sees": "VERB"}
WORDS |= {"a": "DET", "the": "DET", "film": "NOUN", "dog": "NOUN"}


def write(path, count, seed, longest=6):
    generator = np.random.default_rng(seed)
    lines = []
    for _ in range(count):
        words = generator.choice(list(WORDS), generator.integers(2, longest))
        for place, word in enumerate(words, start=1):
            lines.append(row(place, word, WORDS[word]))
        lines.append("")
    path.write_text("\n".join(lines))
    return path


def train_tagged(folder):
    """A finished run, and its test data."""
    config = TrainConfig(
        **{**SMALL, "data": str(write(folder / "a.conllu", 64, 0))},
        validation_data=str(write(folder / "b.conllu", 24, 1)),
        task="tokens",
        baseline="none",
        epochs=3,
        learning_rate=0.002,
    )
    with one_block():
        train(config, folder / "run", verbose=0, report=lambda line: None)
    return folder / "run", write(folder / "test.conllu", 24, 2)
