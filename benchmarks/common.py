"""What the benchmarks share: options, models, turns, and what they write."""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psutil

from tfq_hybrid.version import __version__

RESULTS = pathlib.Path(__file__).parent / "results"
PACKAGES = (
    "tensorflow",
    "tensorflow-quantum",
    "cirq-core",
    "keras",
    "keras-hub",
)


def make_parser(about: str, rounds: int, data: bool = False):
    """A parser with the options that most benchmarks have."""
    parser = argparse.ArgumentParser(
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if data:
        parser.add_argument("--data", default="embedded")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--output", help="a .json file")
    return parser


def classifier(config, changes: Mapping[str, Any] | None = None):
    """A compiled classifier of the data's vocabulary, and one batch of it.

    The batch is tokens and labels; the model takes tokens, not strings.
    """
    import keras

    from tfq_hybrid.data import learn_vocabulary, load_dataset
    from tfq_hybrid.training import TrainConfig
    from tfq_hybrid.training.build import build_model, compile_model

    keras.utils.set_random_seed(0)
    dataset = load_dataset(config.data).take(20_000)
    vocabulary = learn_vocabulary(dataset.texts, config.vocabulary_size)
    batch = dataset.take(config.batch_size)
    config = TrainConfig.from_dict({**config.to_dict(), **(changes or {})})
    model = build_model(config, vocabulary, 2)
    compile_model(model, config, steps_per_epoch=10_000)
    tokens = model.preprocessor(batch.texts)
    model.preprocessor = None
    return model, tokens, batch.labels


def environment() -> dict[str, Any]:
    """Versions and the machine."""
    return {
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "tfq-hybrid": __version__,
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _processor():
    """The processor's name as Linux gives it."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line for line in file if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def write(path: str | os.PathLike[str], **content: Any) -> None:
    """Writes JSON to a file, with the environment first.

    A bare name stands for `results/NAME.json`.
    """
    path = pathlib.Path(path)
    if not path.suffix:
        path = RESULTS / f"{path}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"environment": environment(), **content}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten to {path}")


def alternate(
    functions: Mapping[str, Callable[[], Any]],
    rounds: int,
    least_seconds: float = 0.3,
) -> dict[str, list[float]]:
    """Times functions in turn, so that drift of the machine hits all alike.

    A function is called again within its turn until the turn has lasted for
    `least_seconds`. Returns the seconds of one call, a turn each.
    """
    repeats = {}
    for name, function in functions.items():
        function()  # traces, compiles
        began = time.perf_counter()
        function()
        spent = time.perf_counter() - began
        repeats[name] = max(1, round(least_seconds / spent))
    seconds = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            began = time.perf_counter()
            for _ in range(repeats[name]):
                function()
            spent = (time.perf_counter() - began) / repeats[name]
            seconds[name].append(spent)
    return seconds


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Median, minimum and maximum."""
    kinds = {"median": statistics.median, "min": min, "max": max}
    return {name: round(of(values), digits) for name, of in kinds.items()}


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median, minimum and maximum in milliseconds."""
    found = spread([second * 1e3 for second in seconds])
    return {f"{name}_ms": value for name, value in found.items()}


def ratio(a: Sequence[float], b: Sequence[float]) -> dict[str, float]:
    """Median, minimum and maximum of a / b, turn by turn."""
    return spread([x / y for x, y in zip(a, b, strict=True)])
