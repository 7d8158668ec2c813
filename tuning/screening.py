"""`screen`: a designed experiment over the arguments of a training."""

import dataclasses
import functools
import json
import os
import pathlib
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import psutil

from tfq_hybrid.engines import human_bytes
from tfq_hybrid.errors import (
    SearchStoppedError,
    UserError,
    check_integer,
    choice_error,
)
from tfq_hybrid.estimate import duration
from tfq_hybrid.files import write_json, write_text
from tfq_hybrid.files.locks import writing
from tfq_hybrid.jobs import run_jobs
from tfq_hybrid.reports.document import markdown_table
from tfq_hybrid.training.baselines import has_learned
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.tuning.designs import estimate_effects, make_design, rows_of
from tfq_hybrid.tuning.learning import (
    PREFIX,
    effects_are_noise,
    remarks_on_screening,
    without_learning,
)
from tfq_hybrid.tuning.objectives import COSTS
from tfq_hybrid.tuning.results import SearchFolder
from tfq_hybrid.tuning.trial import describe_end, describe_values, run_trial
from tfq_hybrid.tuning.trials import SystemTrials


@dataclasses.dataclass(frozen=True)
class Screening:
    """A designed experiment.

    Args:
        trials: What is trained.
        factors: The low and the high level of each argument, as
            `read_factors` makes them.
        response: A metric of the trainings. Defaults to `"val_accuracy"`.
        design: `"plackett-burman"`, `"fractional"` or `"full"`. Defaults to
            `"plackett-burman"`.
        resolution: Of a fractional design. Defaults to `None`: as for
            `make_design`.
        replicates: Trainings of each row of the design, with seeds that
            follow each other. Defaults to 2.
        seed: The first seed. Defaults to 0.

    Raises:
        UserError: an argument is out of its range, or a row of the design
            makes no model.
    """

    trials: SystemTrials
    factors: dict[str, tuple]
    response: str = "val_accuracy"
    design: str = "plackett-burman"
    resolution: int | None = None
    replicates: int = 2
    seed: int = 0

    def __post_init__(self):
        check_integer("replicates", self.replicates, 1)
        check_integer("seed", self.seed, 0)
        known = [*self.trials.metrics(), *COSTS]
        if self.response not in known:
            raise choice_error("response", self.response, known)
        rows_of(self.trials.config, self.factors, self.levels)

    @functools.cached_property
    def levels(self) -> np.ndarray:
        """Of shape (rows, factors), of -1 and 1."""
        return make_design(self.design, len(self.factors), self.resolution)

    def to_dict(self) -> dict[str, Any]:
        """As `study.json` holds it."""
        return {
            "kind": "screening",
            **self.trials.identity(),
            "factors": {name: [*ends] for name, ends in self.factors.items()},
            "response": self.response,
            "design": self.design,
            "levels": self.levels.tolist(),
            "replicates": self.replicates,
            "seed": self.seed,
        }

    def runs(self) -> list[dict[str, Any]]:
        """All runs, in the random order in which they are made.

        Returns:
            Dicts with `id`, `levels`, `values` and `seed`.
        """
        rows = rows_of(self.trials.config, self.factors, self.levels)
        signs = self.levels.astype(int).tolist()
        runs = [
            {
                "id": f"{index:03d}-{replicate}",
                "levels": dict(zip(self.factors, signs[index], strict=True)),
                "values": values,
                "seed": self.seed + replicate,
            }
            for replicate in range(self.replicates)
            for index, values in enumerate(rows)
        ]
        random.Random(self.seed).shuffle(runs)
        return runs


def screen(
    screening: Screening,
    output: str | os.PathLike[str],
    max_bytes: int | None = None,
    report: Callable[[str], object] = print,
    workers: int = 1,
    where: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Makes all runs of a screening, or those that are left, and judges.

    Args:
        screening: What is compared.
        output: A new folder, or one of the same screening.
        max_bytes: A run that needs more is infeasible. Defaults to `None`:
            the memory that is free.
        report: Is called with each line of text. Defaults to `print`.
        workers, where: As for `tfq_hybrid.jobs.run_jobs`: runs are made
            side by side. Default to this process alone.

    Returns:
        The content of `screening.json`.

    Raises:
        UserError: the folder holds something else; nothing was written.
        SearchStoppedError: too few runs were completed to say anything.
    """
    folder = SearchFolder(output)
    content = screening.to_dict()
    folder.check(content)
    if max_bytes is None:
        max_bytes = psutil.virtual_memory().available // workers
    runs = screening.runs()
    alone = workers == 1 and not (where or {}).get("scheduler")
    if not alone and type(screening.trials) is not SystemTrials:
        raise UserError(
            "Expected SystemTrials with more than one worker, as each loads "
            f"its own. Received: {type(screening.trials).__name__}"
        )
    with writing(folder.path):
        folder.begin(content)
        # Elsewhere the data are loaded there.
        trials = screening.trials if alone else screening.trials.config
        tell = report if alone else None
        jobs = {
            number: (trials, run, folder.trials / run["id"], max_bytes, tell)
            for number, run in enumerate(runs)
        }
        for number, record in run_jobs(_run, jobs, workers, where, report):
            if not alone:
                report(describe_end(record))
            run = runs[number]
            run["status"] = record["status"]
            run["response"] = record["metrics"].get(screening.response)
            run["learned"] = has_learned(record["metrics"], PREFIX)
            run |= without_learning(record["metrics"])
        result = judge(screening, runs)
        write_json(folder.path / "screening.json", result)
        write_text(folder.report_file, markdown(result))
    return result


def _run(
    trials: SystemTrials | TrainConfig,
    run: Mapping[str, Any],
    folder: pathlib.Path,
    max_bytes: int,
    report: Callable[[str], object] | None,
) -> dict[str, Any]:
    if isinstance(trials, TrainConfig):
        trials = _loaded(json.dumps(trials.to_dict()))
    return run_trial(
        trials,
        run["id"],
        run["values"],
        folder,
        (run["seed"],),
        max_bytes,
        report=report or (lambda line: None),
    )


@functools.lru_cache(maxsize=1)
def _loaded(config: str) -> SystemTrials:
    """The trials of a config, whose data a process loads once."""
    return SystemTrials(TrainConfig.from_dict(json.loads(config)))


def describe_screening(screening: Screening) -> Iterator[str]:
    """Lines about a screening: factors, how many runs, how long.

    Args:
        screening: What is compared.

    Yields:
        A line each. The time is that of the config's own values.
    """
    for name, (low, high) in screening.factors.items():
        yield f"  {name}: {low} and {high}"
    prediction = screening.trials.predict({"seed": screening.seed})
    count = len(screening.levels) * screening.replicates
    yield (
        f"{count} runs ({screening.design}, {len(screening.levels)} rows, "
        f"{screening.replicates} seeds): about "
        f"{human_bytes(prediction.bytes)} and {duration(prediction.seconds)} "
        f"a run, {duration(prediction.seconds * count)} in all, as the config "
        "stands"
    )


def judge(screening: Screening, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of `screening.json`, of runs with response and status.

    Effects that the runs cannot tell are `None`.
    """
    done = [run for run in runs if run["response"] is not None]
    names = list(screening.factors)
    try:
        if not done:
            raise ValueError("no run was completed")
        effects = estimate_effects(
            [[run["levels"][name] for name in names] for run in done],
            [run["response"] for run in done],
            names,
            [run["seed"] for run in done],
            interactions=screening.design != "plackett-burman",
        )
    except ValueError as error:
        raise SearchStoppedError(
            "Expected enough completed runs to tell the factors apart. "
            f"Received: {len(done)} of {len(runs)}; the records in trials "
            "say why"
        ) from error
    rows = effects.rows
    if effects_are_noise(done, screening.response):
        unknown = dict.fromkeys(("effect", "low", "high"))
        rows = [{"factor": row["factor"], **unknown} for row in rows]
    return {
        "kind": "screening",
        "design": screening.design,
        "resolution": screening.resolution,
        "response": screening.response,
        "replicates": screening.replicates,
        "factors": {name: [*ends] for name, ends in screening.factors.items()},
        "runs": runs,
        "effects": rows,
        "interval": {
            "method": effects.method,
            "confidence": 0.95,
            "degrees_of_freedom": effects.degrees_of_freedom,
        },
        "aliases": effects.aliases,
        "remarks": [*remarks_on_screening(done, screening.response)],
    }


def largest_first(effects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of effects in the order of their sizes, the unknown last."""
    return sorted(effects, key=lambda row: -abs(row["effect"] or 0.0))


def markdown(result: Mapping[str, Any]) -> str:
    """The effects as a Markdown text."""
    interval = result["interval"]
    method = {
        "t": "Student's t over the residuals",
        "lenth": "Lenth's method, for want of residuals",
    }[interval["method"]]
    failed = sum(run["response"] is None for run in result["runs"])
    lines = [
        "# Screening",
        "",
        f"{len(result['runs'])} runs of a {result['design']} design, "
        f"{failed} of them without a result. Response: {result['response']}. "
        "An effect is the mean at the high level less that at the low one, "
        f"seeds taken out as blocks; 95 % intervals by {method} "
        f"({interval['degrees_of_freedom']:.3g} degrees of freedom). Circuits "
        "are simulated.",
        "",
    ]
    for remark in result["remarks"]:
        lines += [remark, ""]
    rows = []
    for row in largest_first(result["effects"]):
        low, high = result["factors"].get(row["factor"], ("", ""))
        if row["effect"] is None:
            rows.append([row["factor"], low, high, "not determined", ""])
            continue
        clear = row["low"] * row["high"] > 0
        interval = f"{row['low']:+.4g} to {row['high']:+.4g}"
        interval += ", excludes 0" if clear else ""
        effect = f"{row['effect']:+.4g}"
        rows.append([row["factor"], low, high, effect, interval])
    head = ["factor", "low", "high", "effect", "95 % interval"]
    lines.append(markdown_table(head, rows))
    if result["aliases"]:
        lines += ["", "Not told apart by this design:", ""]
        lines += [f"- {alias}" for alias in result["aliases"]]
    reasons = [run for run in result["runs"] if run["response"] is None]
    for run in reasons:
        lines += [
            "",
            f"Run {run['id']} ({describe_values(run['values'])}): "
            f"{run['status']}.",
        ]
    return "\n".join(lines) + "\n"
