"""`run_trial`: one trial, estimated, trained and recorded, whatever comes."""

import math
import pathlib
import time
import traceback
from typing import NotRequired, TypedDict

import keras

from tfq_hybrid.engines import human_bytes
from tfq_hybrid.errors import (
    StorageError,
    TrainingDivergedError,
    UserError,
)
from tfq_hybrid.files import write_json, write_text
from tfq_hybrid.reading import read_json

# How often a trial may be found unfinished before it counts as failed.
ATTEMPTS = 5


class Predicted(TypedDict):
    """What a trial was estimated to take."""

    bytes: float | None
    seconds: float | None


class Record(TypedDict):
    """The content of `trial.json`."""

    id: str
    status: str
    values: dict[str, object]
    epochs: int | None
    metrics: dict[str, float]
    curve: dict[str, list[float]]
    predicted: Predicted
    seconds: float | None
    parameters: int | None
    reason: str | None
    attempts: int
    started: float
    ended: NotRequired[float]
    runs: NotRequired[list[dict[str, float]]]


def record_file(folder):
    """The file of a trial's record."""
    return pathlib.Path(folder) / "trial.json"


def read_record(folder):
    """The record of a trial, a dict; `None` where there is none."""
    path = record_file(folder)
    return read_json(path, "a whole trial", Record) if path.is_file() else None


def run_trial(
    trials,
    name,
    values,
    folder,
    seeds=(0,),
    max_bytes=None,
    epochs=None,
    parent=None,
    report=print,
):
    """Runs a trial and records it.

    What it will take is told before it runs. More than `max_bytes`, or
    values that make no model, end as `infeasible`; a training that diverges
    or breaks as `failed`; neither raises.

    Args:
        trials: `SystemTrials` or `FunctionTrials`.
        name: str, the trial's.
        values: dict of arguments.
        folder: path. Gets `trial.json` and a folder for each seed.
        seeds: sequence of int, one an execution; metrics are their means.
            Defaults to `(0,)`.
        max_bytes: int. Defaults to `None`: no limit.
        epochs: int. Defaults to `None`: as many as the trials say.
        parent: path of the folder of a trial to go on from. Defaults to
            `None`.
        report: function of a str. Defaults to `print`.

    Returns:
        The record, a dict, as `trial.json` and `search.json` hold it.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    old = read_record(folder)
    if old and old["status"] != "running":
        return old
    record = {
        "id": name,
        "status": "running",
        "values": values,
        "epochs": epochs,
        "metrics": {},
        "curve": {},
        "predicted": {"bytes": None, "seconds": None},
        "seconds": None,
        "parameters": None,
        "reason": None,
        "attempts": old["attempts"] + 1 if old else 1,
        "started": old["started"] if old else time.time(),
    }
    write_json(record_file(folder), record)
    began = time.perf_counter()
    try:
        if record["attempts"] > ATTEMPTS:
            raise RuntimeError(f"its process ended {ATTEMPTS} times")
        record |= _run(trials, record, folder, seeds, max_bytes, parent, report)
    except UserError as error:
        record |= {"status": "infeasible", "reason": str(error)}
    except TrainingDivergedError as error:
        record |= {"status": "failed", "reason": str(error)}
    except KeyboardInterrupt:
        record["attempts"] -= 1  # the user's wish, not the trial's fault
        write_json(record_file(folder), record)
        raise
    except (OSError, StorageError):
        raise  # a full disk is no property of the trial
    except Exception as error:
        # Whatever a trial's values bring about is the trial's own end. Should
        # it be a bug, the file says where.
        write_text(folder / "traceback.txt", traceback.format_exc())
        reason = (str(error) or type(error).__name__).splitlines()[0]
        record |= {
            "status": "failed",
            "reason": f"{type(error).__name__}: {reason[:300]}",
        }
    record["seconds"] = round(time.perf_counter() - began, 3)
    record["ended"] = time.time()
    write_json(record_file(folder), record)
    report(describe_end(record))
    keras.backend.clear_session()  # collects garbage too
    return record


def _run(trials, record, folder, seeds, max_bytes, parent, report):
    """The part of a record that a trial which works adds."""
    values = dict(record["values"])
    if record["epochs"] is not None:
        values["epochs"] = record["epochs"]
    prediction = trials.predict({**values, "seed": seeds[0]}, max_bytes)
    record["predicted"] = {
        "bytes": prediction.bytes,
        "seconds": round(prediction.seconds * len(seeds), 3),
    }
    record["parameters"] = prediction.parameters
    write_json(record_file(folder), record)
    report(describe_start(record))
    results = []
    for number, seed in enumerate(seeds):
        old = parent and pathlib.Path(parent) / f"run-{number}"
        run = folder / f"run-{number}"
        results.append(trials.run({**values, "seed": seed}, run, old))
    runs = [_metrics(result) for result in results]
    shared = set.intersection(*map(set, runs))
    metrics = {k: sum(r[k] for r in runs) / len(runs) for k in sorted(shared)}
    metrics["parameters"] = prediction.parameters
    metrics["step_seconds"] = prediction.step_seconds
    metrics["seconds"] = sum(r.get("seconds", 0.0) for r in results)
    return {
        "status": "completed",
        "metrics": metrics,
        "curve": _curve(results[0]["history"]),
        "runs": runs,
    }


def _metrics(result):
    """The logs of the best epoch, without those of gradients."""
    best = result["history"][result["best_epoch"] - 1]
    return {k: v for k, v in best.items() if _is_shown(k, v)}


def _is_shown(name, value):
    return "gradient" not in name and math.isfinite(value)


def _curve(history):
    names = [k for k, v in history[0].items() if _is_shown(k, v)]
    return {
        name: [logs[name] for logs in history if name in logs] for name in names
    }


def describe_values(values):
    """Values as a short text.

    Example:

    >>> describe_values({"qubits": 4, "learning_rate": 0.00123456})
    'qubits=4, learning_rate=0.001235'
    """
    return ", ".join(
        f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}"
        for k, v in values.items()
    )


def describe_start(record):
    """What a trial will take, a line."""
    predicted = record["predicted"]
    return (
        f"Trial {record['id']}: {describe_values(record['values'])}; "
        f"{record['parameters']:,} parameters, about "
        f"{human_bytes(predicted['bytes'])} and {predicted['seconds']:.0f} s"
    )


def describe_end(record):
    """What became of a trial, a line."""
    if record["status"] == "completed":
        metrics = record["metrics"]
        shown = [k for k in metrics if k.startswith("val_")]
        return f"Trial {record['id']}: " + describe_values(
            {k: metrics[k] for k in shown}
            | {"seconds": round(record["seconds"])}
        )
    return (
        f"Trial {record['id']} ({describe_values(record['values'])}): "
        f"{record['status']}: {record['reason']}"
    )
