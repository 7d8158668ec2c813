"""Validation accuracy of every method of adaptation, by its learning rate.

    python -m benchmarks.rates --data sst2_train.tsv --preset DIR \\
        [--methods LoRA,HeadOnly] [--rates default,0.001,0.01] [--seeds 3] \\
        [--readouts plain,standardised] [--layers 4,5] [--output rates.json]

Each run is that of `tfq-hybrid train --adapter METHOD --preset DIR`, without
its files: one epoch, and all else as by default. `default` is the method's
own rate. A run that the output holds already is not repeated. Beside each
accuracy stands the share of the majority class among the validation examples,
which is the accuracy of a model that learned nothing.
"""

import argparse
import json
import pathlib
import statistics
import time

from benchmarks.common import RESULTS, environment
from tfq_hybrid.adapters import METHODS

DEFAULT = "default"
GOAL = 0.7
CIRCUITS = ("QuantumAdapter", "ReplaceDense")


def words(text):
    """The words of a list that is separated by commas."""
    return [word.strip() for word in text.split(",")]


def config_of(arguments, method, rate, seed, readout):
    """The config of a run."""
    from tfq_hybrid.training import TrainConfig

    adapter = {"method": method}
    if readout is not None:
        adapter["readout"] = readout
    if arguments.layers and method != "HeadOnly":
        adapter["layers"] = arguments.layers
    values = {
        "data": arguments.data,
        "preset": arguments.preset,
        "limit": arguments.limit,
        "seed": seed,
        "adapter": adapter,
    }
    if arguments.sequence_length is not None:
        values["sequence_length"] = arguments.sequence_length
    if rate != DEFAULT:
        values["learning_rate"] = float(rate)
    return TrainConfig.from_dict(values)


def train(config):
    """One epoch: its rate, its accuracy, the majority class, the seconds."""
    import keras
    import numpy as np

    from tfq_hybrid.training.build import (
        build_model,
        compile_model,
        make_vocabulary,
    )
    from tfq_hybrid.training.classification import load_splits

    training, validation = load_splits(config)
    keras.utils.set_random_seed(config.seed)
    vocabulary = make_vocabulary(config, training.texts)
    model = build_model(config, vocabulary, len(training.label_names))
    size = config.batch_size
    steps = -(-len(training) // size)
    compile_model(model, config, steps, training)
    began = time.perf_counter()
    history = model.fit(
        training.shuffled_batches(size, config.seed, 0),
        steps_per_epoch=steps,
        validation_data=validation.batches(size),
        shuffle=False,
        verbose=0,
    ).history
    counts = np.bincount(validation.labels)
    keras.backend.clear_session()
    return {
        "learning_rate": config.learning_rate,
        "accuracy": history["val_accuracy"][-1],
        "loss": history["loss"][-1],
        "majority": float(counts.max() / counts.sum()),
        "seconds": time.perf_counter() - began,
    }


def rows_of(runs):
    """The runs by method, rate and readouts, in the order they were made."""
    rows = {}
    for key, run in runs.items():
        rows.setdefault(key.rpartition(" seed=")[0], []).append(run)
    return rows


def table(runs):
    """The lines of a table: a row for the seeds of each setting."""
    yield (
        f"{'method':<44}{'rate':>8}{'least':>8}{'mean':>8}{'majority':>10}"
        f"{'s':>6}  accuracies"
    )
    for name, row in rows_of(runs).items():
        accuracies = [run["accuracy"] for run in row]
        majority = statistics.mean(run["majority"] for run in row)
        seconds = statistics.mean(run["seconds"] for run in row)
        yield (
            f"{name:<44}{row[0]['learning_rate']:>8g}{min(accuracies):>8.3f}"
            f"{statistics.mean(accuracies):>8.3f}{majority:>10.3f}"
            f"{seconds:>6.0f}  {' '.join(f'{a:.3f}' for a in accuracies)}"
        )


def settings_of(arguments):
    """What two runs must share to be compared."""
    names = ("limit", "sequence_length", "layers")
    found = {name: getattr(arguments, name) for name in names}
    for name in ("data", "preset"):
        found[name] = pathlib.Path(getattr(arguments, name)).name
    return found


def read(path, settings):
    """The runs that a file holds, if it is one of these settings."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text("utf-8"))
    if stored["settings"] != settings:
        raise SystemExit(
            f"Expected another --output than {path}, which holds runs of "
            f"{stored['settings']}. Received: {settings}"
        )
    return stored["runs"]


def parse(argv):
    """The arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--preset", required=True, help="a pretrained BERT")
    parser.add_argument("--methods", type=words, default=list(METHODS))
    parser.add_argument("--rates", type=words, default=[DEFAULT])
    parser.add_argument("--readouts", type=words, default=[None])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--layers", help="blocks to adapt, such as 4,5")
    parser.add_argument("--sequence-length", type=int)
    parser.add_argument("--output", default=RESULTS / "rates.json")
    arguments = parser.parse_args(argv)
    for method in arguments.methods:
        if method not in METHODS:
            parser.error(f"--methods: no {method} among {', '.join(METHODS)}")
    return arguments


def main(argv=None):
    arguments = parse(argv)
    path = pathlib.Path(arguments.output)
    settings = settings_of(arguments)
    runs = read(path, settings)
    for method in arguments.methods:
        for readout in arguments.readouts if method in CIRCUITS else [None]:
            for rate in arguments.rates:
                for seed in range(arguments.seeds):
                    key = f"{method} rate={rate}"
                    key += f" readout={readout}" if readout else ""
                    key += f" seed={seed}"
                    if key in runs:
                        continue
                    runs[key] = train(
                        config_of(arguments, method, rate, seed, readout)
                    )
                    print(f"{key}: {runs[key]}", flush=True)
                    content = {
                        "environment": environment(),
                        "settings": settings,
                        "goal": GOAL,
                        "runs": runs,
                    }
                    path.write_text(
                        json.dumps(content, indent=2) + "\n", encoding="utf-8"
                    )
    print(*table(runs), sep="\n")


if __name__ == "__main__":
    main()
