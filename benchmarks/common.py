"""What every benchmark writes beside its figures."""

import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import time

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


def environment():
    """Versions and the machine, as a dict."""
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


def write(path, **content):
    """Writes JSON to a file, with the environment first.

    Args:
        path: of the file; a bare name stands for `results/NAME.json`.
    """
    path = pathlib.Path(path)
    if not path.suffix:
        path = RESULTS / f"{path}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"environment": environment(), **content}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten to {path}")


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
