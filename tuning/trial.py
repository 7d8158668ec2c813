"""One trial: what it will take, and how it is run and recorded."""

import dataclasses
import math
import os
import pathlib
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import keras

from tfq_hybrid.engines import human_bytes
from tfq_hybrid.errors import StorageError, TrainingDivergedError, UserError
from tfq_hybrid.files import write_json, write_text
from tfq_hybrid.reading import read_json
from tfq_hybrid.training.build import circuit_bytes

if TYPE_CHECKING:
    from tfq_hybrid.tuning.trials import Trials

# A weight, its gradient and two moments of Adam, in single precision.
PARAMETER_BYTES = 16


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a trial will take.

    `bytes` are those of the circuits' states (`engines.estimate_bytes`, an
    upper bound) and 16 a parameter, without the activations of the classical
    layers; `seconds`, of the whole trial, are rough.
    """

    bytes: int
    seconds: float
    parameters: int
    step_seconds: float


def model_bytes(model: keras.Model, runs: int) -> int:
    """Bytes of a training step in which each circuit runs so often."""
    states = circuit_bytes(model, runs)
    return states + PARAMETER_BYTES * model.count_params()


def check_bytes(needed: int, max_bytes: int | None) -> None:
    """Raises `UserError` where a trial needs more than it may take."""
    if max_bytes is not None and needed > max_bytes:
        raise UserError(
            f"Expected a trial of at most {human_bytes(max_bytes)}. Received: "
            f"one that needs {human_bytes(needed)}"
        )


def forward_seconds(model: keras.Model, batch: Any) -> tuple[float, float]:
    """The first forward pass, which traces, and the fastest of three more."""
    times = []
    for _ in range(4):
        began = time.perf_counter()
        model.predict_on_batch(batch)
        times.append(time.perf_counter() - began)
    return times[0], min(times[1:])


def estimate(
    needed: int,
    parameters: int,
    forward: tuple[float, float],
    steps: int,
    epochs: int,
    validation_steps: int = 0,
) -> Prediction:
    """What a trial will take, from the forward passes of one batch.

    A training step counts as three forward passes, a validation step as one,
    and what is done once, the tracing of both, as ten tracings of a forward
    pass. Steps are those of an epoch.
    """
    first, later = forward
    seconds = epochs * (3 * steps + validation_steps) * later + 10 * first
    return Prediction(needed, seconds, parameters, 3 * later)


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


VALIDATION = "validation_"  # before the scores of a run
RECORD = "trial.json"


def read_record(folder: pathlib.Path) -> dict[str, Any] | None:
    """The record of a trial; `None` where there is none."""
    path = folder / RECORD
    return read_json(path, "a whole trial", Record) if path.is_file() else None


def run_trial(
    trials: "Trials",
    name: str,
    values: dict[str, Any],
    folder: str | os.PathLike[str],
    seeds: Sequence[int] = (0,),
    max_bytes: int | None = None,
    epochs: int | None = None,
    parent: str | os.PathLike[str] | None = None,
    report: Callable[[str], object] = print,
    objectives: Sequence[str] = (),
) -> dict[str, Any]:
    """Runs a trial and records it.

    What it will take is told before it runs. More than `max_bytes`, or
    values that make no model, end as `infeasible`; a training that diverges
    or breaks, or whose objective is undefined, as `failed`; neither raises.

    Args:
        trials: What estimates and trains.
        name: The trial's.
        values: The arguments that it sets.
        folder: Gets `trial.json` and a folder for each seed.
        seeds: One an execution; metrics are their means. Defaults to `(0,)`.
        max_bytes: Defaults to `None`: no limit.
        epochs: Defaults to `None`: as many as the trials say.
        parent: The folder of a trial to go on from. Defaults to `None`.
        report: Is called with each line of text. Defaults to `print`.
        objectives: The names of metrics that the trial must have where its
            task has them. Defaults to none.

    Returns:
        The record, as `trial.json` and `search.json` hold it.

    Raises:
        OSError, StorageError: nothing can be written any more.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    old = read_record(folder)
    if old and old["status"] != "running":
        return old
    record: dict[str, Any] = {
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
    write_json(folder / RECORD, record)
    began = time.perf_counter()
    try:
        if record["attempts"] > ATTEMPTS:
            raise RuntimeError(f"its process ended {ATTEMPTS} times")
        record |= _run(trials, record, folder, seeds, max_bytes, parent, report)
        lacking = [n for n in record.pop("undefined") if n in objectives]
        if lacking:
            record |= {
                "status": "failed",
                "reason": f"{lacking[0]} is undefined: the model answers the "
                "same to every text",
            }
    except UserError as error:
        record |= {"status": "infeasible", "reason": str(error)}
    except TrainingDivergedError as error:
        record |= {"status": "failed", "reason": str(error)}
    except KeyboardInterrupt:
        record["attempts"] -= 1  # the user's wish, not the trial's fault
        write_json(folder / RECORD, record)
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
    write_json(folder / RECORD, record)
    report(describe_end(record))
    keras.backend.clear_session()  # collects garbage too
    return record


def _run(
    trials: "Trials",
    record: dict[str, Any],
    folder: pathlib.Path,
    seeds: Sequence[int],
    max_bytes: int | None,
    parent: str | os.PathLike[str] | None,
    report: Callable[[str], object],
) -> dict[str, Any]:
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
    write_json(folder / RECORD, record)
    report(describe_start(record))
    results = []
    for number, seed in enumerate(seeds):
        run = f"run-{number}"
        old = None if parent is None else pathlib.Path(parent) / run
        result = trials.run({**values, "seed": seed}, folder / run, old)
        results.append(result)
    # The logs of the best epochs, and the scores of the models of these.
    runs = [
        _shown(r["history"][r["best_epoch"] - 1]) | _scores(r) for r in results
    ]
    shared = set.intersection(*map(set, runs))
    metrics = {k: sum(r[k] for r in runs) / len(runs) for k in sorted(shared)}
    metrics["parameters"] = prediction.parameters
    metrics["step_seconds"] = prediction.step_seconds
    metrics["seconds"] = sum(r.get("seconds", 0.0) for r in results)
    history = results[0]["history"]
    return {
        "status": "completed",
        "metrics": metrics,
        "curve": {
            name: [logs[name] for logs in history if name in logs]
            for name in _shown(history[0])
        },
        "runs": runs,
        "undefined": [
            *dict.fromkeys(n for r in results for n in _undefined(r))
        ],
    }


def _scores(result: Mapping[str, Any]) -> dict[str, float]:
    """The scores of a run on its validation data, under the logs' prefix.

    One that is undefined, as a correlation of constant answers, is left out.
    """
    return {
        f"val_{name.removeprefix(VALIDATION)}": value
        for name, value in result.items()
        if name.startswith(VALIDATION)
        and isinstance(value, float)
        and math.isfinite(value)
    }


def _undefined(result: Mapping[str, Any]) -> list[str]:
    """The scores that a run does not have, such as of constant answers."""
    return [
        f"val_{name.removeprefix(VALIDATION)}"
        for name, value in result.items()
        if name.startswith(VALIDATION) and value is None
    ]


def _shown(logs: Mapping[str, float]) -> dict[str, float]:
    """The finite logs, without those of gradients."""
    return {
        name: value
        for name, value in logs.items()
        if "gradient" not in name and math.isfinite(value)
    }


def describe_values(values: Mapping[str, Any]) -> str:
    """Values as a short text.

    >>> describe_values({"qubits": 4, "learning_rate": 0.00123456})
    'qubits=4, learning_rate=0.001235'
    """
    return ", ".join(
        f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}"
        for k, v in values.items()
    )


def describe_start(record: Mapping[str, Any]) -> str:
    """What a trial will take, a line."""
    predicted = record["predicted"]
    return (
        f"Trial {record['id']}: {describe_values(record['values'])}; "
        f"{record['parameters']:,} parameters, about "
        f"{human_bytes(predicted['bytes'])} and {predicted['seconds']:.0f} s"
    )


def describe_end(record: Mapping[str, Any]) -> str:
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
