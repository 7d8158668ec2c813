"""Run folders: finished and unfinished ones."""

import pathlib
import tempfile

from tests.fuzz.corpora.names import keras_names
from tests.fuzz.corpora.texts import ROWS
from tests.fuzz.mutations.attacks import CIRCUITS, CIRQ, KERAS
from tests.fuzz.target import Target
from tests.fuzz.trees import read_tree
from tests.presets import save_bert
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.manifest import MANIFEST
from tfq_hybrid.training import (
    Checkpoint,
    RunFolder,
    TrainConfig,
    load_trained,
    train,
)
from tfq_hybrid.training.telemetry.writers import keep_rows_until
from tfq_hybrid.verify import _verify_checkpoints, verify

# What takes long to be read, and is fuzzed by itself, changes less often.
WEIGHTS = {"model.keras": 0.25, ".h5": 0.7}
SHARE_OF_WHOLE = 0.03  # of readings by `verify`, where quick ones would do
WORDS = "film good bad one a fine it says long and no"


def corpus():
    """A run of a classifier, finished, and as a kill would leave it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        save_bert(folder / "bert", WORDS, hidden_dim=4, intermediate_dim=4)
        rows = "".join(f"{text}\t{label}\n" for text, label in ROWS * 4)
        (folder / "a.tsv").write_text(f"text\tlabel\n{rows}", "utf-8")
        config = TrainConfig(
            data=str(folder / "a.tsv"),
            options={
                "circuit": {"qubits": 2, "depth": 1},
                "preset": str(folder / "bert"),
            },
            sequence_length=4,
            batch_size=8,
            gradient_every=1,
        )
        train(config, folder / "run", verbose=0, report=lambda line: None)
        finished = {
            name: content
            for name, content in read_tree(folder / "run").items()
            if "tfevents" not in name and name != MANIFEST
        }
    unfinished = {
        name: content
        for name, content in finished.items()
        if name not in ("model.keras", "metrics.json")
    }
    return [finished, unfinished]


def weights(name):
    """How often a file is changed."""
    return next((w for end, w in WEIGHTS.items() if name.endswith(end)), 1)


def reader():
    """`verify`, `load_trained`, or the readers of what was changed alone."""

    def read(folder, changed, random):
        run = RunFolder(folder)
        is_whole = random.random() < SHARE_OF_WHOLE
        if is_whole or "model.keras" in changed:
            if random.random() < 0.5:
                load_trained(folder)
                return
            found = verify(folder)
            if not found.is_whole:
                raise UserError(found.problem)
            return
        run.read()
        run.facts()
        if run.is_finished:
            run.metrics()
        if any(name.startswith("checkpoints") for name in changed) and (
            (folder / "checkpoints/state.json").is_file()
        ):
            for _ in _verify_checkpoints(run):
                pass
            assert Checkpoint(folder / "checkpoints").epoch >= 0
        if "logs/telemetry.csv" in changed:
            keep_rows_until(folder / "logs/telemetry.csv", 10)

    return read


TARGET = Target(
    corpus,
    reader,
    attacks=[*KERAS, *CIRQ, *CIRCUITS],
    names=keras_names,
    weights=weights,
)
