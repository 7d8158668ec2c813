"""Trials per hour of a search: two workers, one worker, one core and two.

    python -m benchmarks.search [--data FILE] [--trials 8] \\
        [--rounds 3] [--limit 2000] [--epochs 1]

The same trials each time, in fresh folders, the arms in turn:

    two workers      `tune --workers 2`, each on a core of its own
    one core         `tune`, on one of these cores
    both cores       `tune`, on both of them

Trials per hour are counted from the first trial's start to the last one's
end, so that the processes' own start is not among them; the whole command's
time stands beside it. Measure on an otherwise idle machine.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from benchmarks.common import make_parser, ratio, spread, write
from tfq_hybrid.tuning.workers import THREADS

COMMAND = [sys.executable, "-c", "from tfq_hybrid.cli.main import main; main()"]
SEED = 0
# Name: workers, and how many cores they have together.
ARMS = {
    "two workers": (2, 2),
    "one core": (1, 1),
    "both cores": (1, 2),
}


def measure(arm, options, folder):
    """Runs a search of `ARMS`: its trials per hour, and seconds in all.

    Raises:
        RuntimeError: a trial was not completed.
    """
    workers, count = ARMS[arm]
    cores = sorted(os.sched_getaffinity(0))[:count]
    arguments = [
        *("tune", "--json", "--data", options.data, "--tuner", "random"),
        *("--max-trials", options.trials, "--limit", options.limit),
        *("--epochs", options.epochs, "--seed", SEED),
        *("--workers", workers, "--output", folder),
    ]
    began = time.perf_counter()
    process = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **dict.fromkeys(THREADS, str(count))},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    records = [
        json.loads(path.read_text("utf-8"))
        for path in pathlib.Path(folder).glob("trials/*/trial.json")
    ]
    done = [r for r in records if r["status"] == "completed"]
    if process.returncode or len(done) < options.trials:
        raise RuntimeError(
            f"Expected {options.trials} completed trials. Received: "
            f"{len(done)}; {process.stderr.strip()[-300:]}"
        )
    first = min(record["started"] for record in done)
    last = max(record["ended"] for record in done)
    return {
        "trials_per_hour": 3600 * len(done) / (last - first),
        "seconds": seconds,
    }


def main():
    parser = make_parser(__doc__, rounds=3, data=True)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=1)
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("expected at least two cores. Received: one")
    figures = {arm: [] for arm in ARMS}
    for _ in range(options.rounds):
        for arm in ARMS:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "search"
                figures[arm].append(measure(arm, options, path))
            print(arm, figures[arm][-1], flush=True)
    rates = {
        arm: [figure["trials_per_hour"] for figure in rows]
        for arm, rows in figures.items()
    }
    ratios = {arm: ratio(rates[arm], rates["one core"]) for arm in ARMS}
    for arm in ARMS:
        print(f"{arm:<16}{spread(rates[arm], 2)} {ratios[arm]}")
    write(
        options.output or "search",
        about=(
            "Trials per hour of the same random search, in turn; ratios to "
            "one worker on one core."
        ),
        seed=SEED,
        rounds=options.rounds,
        trials=options.trials,
        data=options.data.rpartition("/")[2],
        limit=options.limit,
        epochs=options.epochs,
        trials_per_hour={arm: spread(rates[arm], 2) for arm in ARMS},
        seconds={
            arm: spread([figure["seconds"] for figure in rows], 2)
            for arm, rows in figures.items()
        },
        over_one_core=ratios,
    )


if __name__ == "__main__":
    main()
