"""Validation accuracy or loss of methods of adaptation, by learning rate.

    python -m benchmarks.rates --data sst2_train.tsv --preset DIR \\
        [--methods LoRA,HeadOnly] [--rates default,0.001,0.01] [--seeds 3] \\
        [--readouts plain,standardised] [--layers 4,5] [--output rates.json]

Each run is that of `tfq-hybrid train --adapter METHOD --preset DIR`, without
its files: one epoch, and all else as by default. `default` is the method's
own rate. A run that the output holds already is not repeated. Beside each
accuracy stands the share of the majority class among the validation examples,
which is the accuracy of a model that learned nothing. Of text or dialogues it
is the validation loss in nats per token, beside that of the unigrams.
"""

import argparse
import json
import pathlib
import statistics
import tempfile
import time

from benchmarks.common import RESULTS, environment
from tfq_hybrid.adapters import METHODS

DEFAULT = "default"
GOAL = 0.7
CIRCUITS = ("QuantumAdapter", "ReplaceDense")
# What is measured, and what a model that learned nothing has of it.
MEASURES = {
    "classification": ("accuracy", "majority"),
    "generation": ("validation_loss", "unigram"),
}


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


def train(config, states):
    """One epoch: its rate, its measure, what needs no learning, the seconds.

    `states` is a folder for the outputs of frozen blocks, which all runs share.
    """
    import keras

    from tfq_hybrid.training import TASKS
    from tfq_hybrid.training.build import (
        build_model,
        compile_model,
        make_vocabulary,
    )
    from tfq_hybrid.training.frozen import above_frozen, only_learned

    task = TASKS[config.task]
    measure, without = MEASURES[config.task]
    parts = task.load(config)
    facts = task.facts(config, parts[0])
    keras.utils.set_random_seed(config.seed)
    vocabulary = make_vocabulary(config, parts[0].texts)
    model = build_model(config, vocabulary, task.outputs(facts))
    encoded = [task.encode(part, model, config) for part in parts]
    encoded = above_frozen(model, encoded, states)
    training, validation = only_learned(model, encoded)
    size = config.batch_size
    steps = -(-len(training) // size)
    compile_model(model, config, steps, training)
    began = time.perf_counter()
    with task.fed(model):
        history = model.fit(
            training.shuffled_batches(size, config.seed, 0),
            steps_per_epoch=steps,
            validation_data=validation.batches(size),
            shuffle=False,
            verbose=0,
        ).history
        [least] = task.baseline(model, training, validation).values()
        found = task.results(model, validation, size)
    seconds = time.perf_counter() - began
    accuracy = history["val_accuracy"][-1]
    keras.backend.clear_session()
    return {
        "learning_rate": config.learning_rate,
        measure: found.get(measure, accuracy),
        "loss": history["loss"][-1],
        without: float(least),
        "seconds": seconds,
    }


def rows_of(runs):
    """The runs by method, rate and readouts, in the order they were made."""
    rows = {}
    for key, run in runs.items():
        rows.setdefault(key.rpartition(" seed=")[0], []).append(run)
    return rows


def table(runs):
    """The lines of a table: a row for the seeds of each setting."""
    first = next(iter(runs.values()))
    measure, without = next(m for m in MEASURES.values() if m[0] in first)
    yield (
        f"{'method':<44}{'rate':>8}{'least':>8}{'mean':>8}{without:>10}"
        f"{'s':>6}  {measure}"
    )
    for name, row in rows_of(runs).items():
        found = [run[measure] for run in row]
        nothing = statistics.mean(run[without] for run in row)
        seconds = statistics.mean(run["seconds"] for run in row)
        yield (
            f"{name:<44}{row[0]['learning_rate']:>8g}{min(found):>8.3f}"
            f"{statistics.mean(found):>8.3f}{nothing:>10.3f}"
            f"{seconds:>6.0f}  {' '.join(f'{a:.3f}' for a in found)}"
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
    parser.add_argument("--preset", required=True, help="a pretrained base")
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
    with tempfile.TemporaryDirectory() as states:
        run_all(arguments, path, settings, runs, states)
    print(*table(runs), sep="\n")


def run_all(arguments, path, settings, runs, states):
    """Makes the runs that are not there yet, and writes each."""
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
                        config_of(arguments, method, rate, seed, readout),
                        states,
                    )
                    print(f"{key}: {runs[key]}", flush=True)
                    content = {
                        "environment": environment(),
                        "settings": settings,
                        **({"goal": GOAL} if "accuracy" in runs[key] else {}),
                        "runs": runs,
                    }
                    path.write_text(
                        json.dumps(content, indent=2) + "\n", encoding="utf-8"
                    )


if __name__ == "__main__":
    main()
