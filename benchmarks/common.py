"""What every benchmark writes beside its figures."""

import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import time

RESULTS = pathlib.Path(__file__).parent / "results"
PACKAGES = (
    "tensorflow",
    "tensorflow-quantum",
    "cirq-core",
    "keras",
    "keras-hub",
)


def environment():
    """Versions and cores, as a dict."""
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }


def write(name, **content):
    """Writes `results/NAME.json`."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    content = {"environment": environment(), **content}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten to {path.relative_to(pathlib.Path.cwd())}")


def alternate(functions, rounds, least_seconds=0.3):
    """Times functions in turn, so that drift of the machine hits all alike.

    Args:
        functions: dict of a name and a function without arguments.
        rounds: int. Turns that count.
        least_seconds: float. A function is called again within its turn
            until the turn has lasted this long. Defaults to 0.3.

    Returns:
        A dict of a name and a list of seconds for one call, a turn each.
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


def summary(seconds):
    """Median, minimum and maximum in milliseconds."""
    return {
        "median_ms": round(statistics.median(seconds) * 1e3, 3),
        "min_ms": round(min(seconds) * 1e3, 3),
        "max_ms": round(max(seconds) * 1e3, 3),
    }


def ratio(a, b):
    """Median, minimum and maximum of a / b, turn by turn."""
    ratios = [x / y for x, y in zip(a, b, strict=True)]
    return {
        "median": round(statistics.median(ratios), 3),
        "min": round(min(ratios), 3),
        "max": round(max(ratios), 3),
    }
