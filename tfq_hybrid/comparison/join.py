"""`join`: the rows of finished comparisons beside each other."""

import dataclasses
import os
import pathlib
from typing import Any, NotRequired, TypedDict

from tfq_hybrid.comparison.beside import OTHER, metrics_of
from tfq_hybrid.comparison.finished import found_of
from tfq_hybrid.comparison.found import (
    FILE,
    Comparison,
    Found,
    content_of,
    metric_of,
)
from tfq_hybrid.comparison.jobs import Block, Job
from tfq_hybrid.comparison.parts import PARTS, columns
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.errors import UserError, match_choice
from tfq_hybrid.reading import read_json

EXPECTED = "a finished comparison"
BLOCKS = ("costs", "rates", "seeds")


class _Config(TypedDict):
    kind: str
    data: list[str]
    beside: NotRequired[dict]
    other: NotRequired[str]


class _Job(TypedDict):
    row: str
    seed: int
    arguments: dict


class _Block(TypedDict):
    title: str
    jobs: list[_Job]


class _Blocks(TypedDict):
    costs: _Block
    rates: _Block
    seeds: _Block


class _Results(TypedDict):
    config: _Config
    blocks: _Blocks


class _Metric(TypedDict):
    name: str


class _Content(TypedDict):
    source: str
    parts: list[int]
    dropped: int
    label_names: list[str]
    batch_size: int
    epochs: int
    rates: int
    seeds: list[int]
    skipped: dict[str, str]
    task: str
    metrics: list[_Metric]


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished comparison: its content, its parts and its rows."""

    folder: pathlib.Path
    content: dict[str, Any]
    data: list[str]
    results: Results
    blocks: list[Block]

    @classmethod
    def read(cls, folder):
        folder = pathlib.Path(folder)
        for name in ("results.json", FILE):
            if not (folder / name).is_file():
                raise UserError(
                    f"Expected the folder of {EXPECTED}. Received: {folder}, "
                    f"which has no {name}"
                )
        content = read_json(folder / FILE, EXPECTED, _Content)
        stored = read_json(folder / "results.json", EXPECTED, _Results)
        blocks = [
            Block(
                name,
                stored["blocks"][name]["title"],
                tuple(
                    Job(job["row"], job["seed"], job["arguments"], 0.0)
                    for job in stored["blocks"][name]["jobs"]
                ),
            )
            for name in BLOCKS
        ]
        config = stored["config"]
        results = Results(folder, config)  # type: ignore[arg-type]
        return cls(folder, content, config["data"], results, blocks)

    def facts(self):
        """What joined comparisons have in common, by its name."""
        return {
            "task": self.content["task"],
            "metric": self.content["metrics"][0]["name"],
            "labels": ", ".join(self.content["label_names"]),
            **{
                f"{name} data": f"{count:,} examples, {digest[:8]}"
                for name, count, digest in zip(
                    PARTS, self.content["parts"], self.data, strict=True
                )
            },
            "seeds": ", ".join(map(str, self.content["seeds"])),
            **self._beside(),
        }

    def _beside(self):
        """What else was asked, and of which other text."""
        stored = self.results.config
        asked = {**stored.get("beside", {})}
        asked.pop(OTHER, None)
        return {
            "other data": stored.get("other", "none")[:8],
            "questions": ", ".join(f"{k}={v}" for k, v in asked.items())
            or "none",
        }

    def rows(self) -> list[Found]:
        """What was found of each row."""
        seeds = self.blocks[-1]
        return [found_of(self.results, self.blocks, row) for row in seeds.rows]

    def texts(self) -> list[str]:
        """The test texts."""
        from tfq_hybrid.training import TASKS, TrainConfig

        values = self.blocks[-1].jobs[0].arguments.get("config", {})
        config = TrainConfig.from_dict(values)
        config = dataclasses.replace(config, **columns(config))
        path = next((self.folder / "data").glob("test.*"), None)
        if path is None:
            raise UserError(
                f"Expected the folder of {EXPECTED}. Received: {self.folder}, "
                "which has no data/test"
            )
        task = TASKS[config.task]
        return task.shown_texts(task.read(config, str(path), "test"))


def join(*folders: str | os.PathLike[str]) -> Comparison:
    """Compares the rows of finished comparisons, as if they were one.

    Rows of the same name get that of their folder behind theirs. Intervals,
    differences and sentences are those of all rows together; nothing is
    trained, and nothing is written.

    Args:
        *folders: two or more, as `compare` wrote them.

    Raises:
        UserError: a folder holds no finished comparison, or they differ in
            task, labels, data or seeds.

    Example:

    >>> join("results/adapters", "results/heads").table()  # doctest: +SKIP
    """
    paths = [pathlib.Path(folder).resolve() for folder in folders]
    if len(set(paths)) < max(2, len(paths)):
        raise UserError(
            "Expected two or more folders of comparisons, each once. Received: "
            f"{', '.join(map(str, folders)) or 'none'}"
        )
    first, *others = runs = [Run.read(folder) for folder in folders]
    for run in others:
        ours, theirs = first.facts(), run.facts()
        for name, fact in ours.items():
            if theirs[name] != fact:
                raise UserError(
                    f"Expected comparisons of the same {name}. Received: "
                    f"{first.folder} with {fact}, {run.folder} with "
                    f"{theirs[name]}"
                )
    rows = _named(runs)
    about = {
        **{
            name: _same([run.content[name] for run in runs])
            for name in ("source", "epochs", "batch_size", "rates")
        },
        **{
            name: first.content[name]
            for name in ("task", "parts", "dropped", "seeds", "label_names")
        },
        "skipped": {},
    }
    from tfq_hybrid.training import TASKS

    task = match_choice("task", first.content["task"], TASKS)
    return Comparison(
        content_of(
            TASKS[task],
            metric_of(task, first.content["metrics"][0]["name"]),
            rows,
            first.texts(),
            about,
            rows[-1].name,
            _beside(first),
        )
    )


def _beside(run):
    """What a run measured beside the metrics of the task."""
    names = {one["name"] for one in run.content["metrics"]}
    return [one for one in metrics_of(True, True) if one.name in names]


def _named(runs):
    """The rows of all runs, the one that learns nothing once and last."""
    found = [(run, row) for run in runs for row in run.rows()]
    names = [row.name for _, row in found]
    folders = [run.folder.name for run in runs]
    rows: list[Found] = []
    for run, row in found:
        if row.kind == "floor":
            continue
        if names.count(row.name) > 1:
            folder = run.folder
            is_unique = folders.count(folder.name) == 1
            name = f"{row.name} ({folder.name if is_unique else folder})"
            row = dataclasses.replace(row, name=name)
        rows.append(row)
    return [*rows, next(row for _, row in found if row.kind == "floor")]


def _same(values):
    """A value, or the different ones as a text."""
    different = dict.fromkeys(values)
    if len(different) == 1:
        return values[0]
    return "; ".join(map(str, different))
