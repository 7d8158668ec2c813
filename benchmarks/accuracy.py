"""Accuracy of QFFN-BERT beside its classical baselines, over seeds.

    python -m benchmarks.accuracy --data sst2_train.tsv \\
        --validation-data sst2_dev.tsv --test-data sst2_test.tsv [--seeds 3]

Trains every model for one epoch from each seed; all else is the default of
`tfq-hybrid train`. The interval is that of the mean over seeds (Student's t,
95 %); with three seeds it is wide, and it should be.
"""

import argparse
import statistics
import tempfile

import scipy.stats

from benchmarks.common import write
from tfq_hybrid.training import TrainConfig, evaluate, train

MODELS = ("quantum", "ffn", "bottleneck")


def interval(values):
    """Half the width of the 95 % interval of the mean."""
    if len(values) < 2:
        return float("nan")
    spread = statistics.stdev(values) / len(values) ** 0.5
    return float(spread * scipy.stats.t.ppf(0.975, len(values) - 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--validation-data", required=True)
    parser.add_argument("--test-data", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--name", default="accuracy")
    options = parser.parse_args()
    runs = []
    for seed in range(options.seeds):
        for name in MODELS:
            config = TrainConfig(
                data=options.data,
                validation_data=options.validation_data,
                baseline=None if name == "quantum" else name,
                epochs=options.epochs,
                seed=seed,
            )
            with tempfile.TemporaryDirectory() as folder:
                metrics = train(
                    config,
                    f"{folder}/run",
                    verbose=0,
                    report=lambda line: None,
                )
                test = evaluate(f"{folder}/run", options.test_data)
            run = {
                "model": name,
                "seed": seed,
                "validation_accuracy": metrics["validation_accuracy"],
                "test_accuracy": test["accuracy"],
                "block_parameters": metrics["parameters"]["feed_forward"],
            }
            runs.append(run)
            print(run, flush=True)
    table = {}
    for name in MODELS:
        mine = [run for run in runs if run["model"] == name]
        table[name] = {"block_parameters": mine[0]["block_parameters"]}
        for key in ("validation_accuracy", "test_accuracy"):
            values = [run[key] for run in mine]
            table[name][key] = {
                "mean": round(statistics.mean(values), 4),
                "half_interval": round(interval(values), 4),
            }
        print(name, table[name])
    write(options.name, epochs=options.epochs, table=table, runs=runs)


if __name__ == "__main__":
    main()
