"""`compare`: which method, on one's own data, in one command."""

import os
import pathlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tfq_hybrid.cluster import cluster
from tfq_hybrid.comparison.beside import OTHER, Beside
from tfq_hybrid.comparison.cells import perform
from tfq_hybrid.comparison.finished import found_of
from tfq_hybrid.comparison.found import (
    FILE,
    Comparison,
    content_of,
    metric_of,
)
from tfq_hybrid.comparison.jobs import Block
from tfq_hybrid.comparison.parts import (
    PARTS,
    make_parts,
    write_part,
    write_parts,
)
from tfq_hybrid.comparison.plan import FACTORS, Plan
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.comparison.rows import read_rows
from tfq_hybrid.comparison.runner import run
from tfq_hybrid.comparison.trainings import (
    alone,
    bases_of,
    configs_of,
    identity_of,
    matched,
    task_of,
)
from tfq_hybrid.config.values import check_keys, nest
from tfq_hybrid.errors import (
    UserError,
    check_integer,
    match_choice,
)
from tfq_hybrid.files import check_output_folder, write_json
from tfq_hybrid.files.locks import writing
from tfq_hybrid.training.defaults import DEFAULTS
from tfq_hybrid.version import __version__

if TYPE_CHECKING:
    import keras


BUILT = ("epochs", "batch_size")
# What all rows have in common unless it is given, by task.
PINNED = {
    "generation": {
        "batch_size": 8,
        "sequence_length": 128,
        "vocabulary_size": 4096,
    }
}


def compare(
    methods: Iterable[str] | Mapping[str, Any],
    shared: Mapping[str, Any] | None = None,
    output: str | os.PathLike[str] | None = None,
    build: "Callable[[], keras.Model] | None" = None,
    data: Any = None,
    test_data: str | None = None,
    metric: str | None = None,
    beside: Beside | None = None,
    match_parameters: int | None = None,
    seeds: int = 5,
    rates: int = 3,
    minutes: float | None = None,
    workers: int = 2,
    overwrite: bool = False,
    report: Callable[[str], object] = print,
    status: Callable[[str], object] = lambda line: None,
    where: Mapping[str, Any] | None = None,
) -> "Comparison":
    """Compares methods on data of one task, or goes on with it.

    Every row has the same parts of the data, seeds, order of examples and
    number of steps. Its learning rate is picked on the validation data from
    seed 0, out of as many as any other row has; the test data is read once.

    Args:
        methods: the rows, as for `read_rows`.
        shared: arguments of a training that all rows share, such as
            `task`, `preset`, `epochs`; nested, or with dotted keys. Defaults
            to none: the task is then that of the first published system; of
            methods alone generation where the data are text or dialogues,
            else classification.
        output: the folder of the results.
        build: instead of texts, a function that gives a new Keras model, in
            memory; see `built.compare_models`. The data are then training,
            validation and test data, pairs of arrays and classes, shared are
            `epochs` and `batch_size` at most, and there is no folder.
        data: the texts: a file, a TFDS name or `"embedded"`. Defaults to
            `None`: as `shared` says.
        test_data: as for `make_parts`. Defaults to `None`: of the data.
        metric: of the task's metrics the one that rows are compared by.
            Defaults to `None`: the first.
        beside: what language models are asked beside the metric. Defaults to
            `None`: nothing.
        match_parameters: parameters that every method is to train, to 5 % of
            those beside a head's. One that its size does not bring there
            adapts fewer matrices, which are named, and a row that those do
            not bring there is left out. Defaults to `None`: each in its own
            size.
        seeds: of each row. Defaults to 5.
        rates: how many rates are tried for each row: 1, 3 or 5, around its
            own. Defaults to 3.
        minutes: the budget. Defaults to `None`: no limit.
        workers: processes, each on cores of its own. Defaults to 2.
        overwrite: whether to begin anew. Defaults to `False`.
        report: is given each line that stays. Defaults to `print`.
        status: is given each line that the next one replaces. Defaults to none.
        where: as for `reproduce`.

    Returns:
        A `Comparison`, whose content is in `comparison.json` too, of which
        `tfq-hybrid report` makes a page.

    Raises:
        UserError: something in the input is wrong, and nothing was written;
            or no row fits into the budget, and what was found is kept.
    """
    shared = dict(shared or {})
    if build is not None:
        from tfq_hybrid.comparison.built import compare_models

        check_keys("shared argument with build", shared, BUILT)
        if beside is not None:
            raise UserError(
                "Expected beside with texts alone. Received: beside with build"
            )
        return compare_models(
            build,
            data,
            dict(methods),  # type: ignore[arg-type]
            seeds,
            rates=rates,
            report=report,
            metric=metric,
            **shared,
        )
    if data is not None:
        shared["data"] = os.fspath(data)
    if shared.get("data") is None or output is None:
        name = "data" if output is not None else "output"
        raise UserError(f"Expected the argument {name}. Received: none")
    check_integer("seeds", seeds, minimum=1)
    check_integer("workers", workers, minimum=1)
    if match_parameters is not None:
        check_integer("match_parameters", match_parameters, minimum=1)
    if rates not in FACTORS:
        raise UserError(
            f"Expected rates to be one of: {', '.join(map(str, FACTORS))}. "
            f"Received: rates={rates!r}"
        )
    from tfq_hybrid.training import TASKS

    shared = nest(shared)
    text_column = shared.get("text_column")
    task_name = shared.get("task") or task_of(
        methods, shared["data"], text_column
    )
    task_name = match_choice("task", task_name, TASKS)
    task = TASKS[task_name]
    chosen = metric_of(task_name, metric)
    rows = read_rows(methods, task_name, task.floor)
    pinned = {
        name: DEFAULTS[name] for name in ("batch_size", "sequence_length")
    }
    pinned |= PINNED.get(task_name, {})
    shared = {**pinned, **shared, "task": task_name}
    configs = configs_of(rows, shared)
    check_output_folder(output)
    first = next(iter(configs.values()), None) or alone(shared)
    parts = make_parts(first, test_data)
    heads = [row.name for row in rows if row.kind == "head"]
    if heads and not shared.get("preset"):
        raise UserError(
            f"Expected a preset for {', '.join(heads)}, on whose embeddings "
            "it is fitted. Received: none"
        )
    beside = (beside or Beside()).checked(task_name, parts.test)
    other = beside.read_other(task, first)
    by_name = dict(zip(PARTS, parts, strict=False))
    if other is not None:
        by_name[OTHER] = other
    task.check_rows(configs or {first.model: first}, by_name)
    report(_described(rows, parts, seeds, shared))
    unsized: dict[str, str] = {}
    if match_parameters is not None:
        configs, unsized = matched(configs, match_parameters, parts, report)
        rows = [row for row in rows if row.name not in unsized]
        if len(rows) < 2:
            raise UserError(next(iter(unsized.values())))
    settings = {
        "kind": "comparison",
        "version": __version__,
        "rows": {row.name: identity_of(row, configs, shared) for row in rows},
        "data": [part.fingerprint() for part in parts[:3]],
        "bases": bases_of(configs, shared),
        "seeds": seeds,
        "rates": rates,
    }
    if beside.metrics:
        settings["beside"] = beside.asked()
    if other is not None:
        settings["other"] = other.fingerprint()
    with writing(output):
        results = Results.open(output, settings, overwrite)
        results.write([], {})
        paths = write_parts(parts, results.folder / "data")
        if other is not None:
            paths[OTHER] = write_part(other, OTHER, results.folder / "data")
        paths["states"] = str(results.folder / "states")
        plan = Plan(
            rows,
            configs,
            first,
            shared,
            seeds,
            rates,
            len(parts.training),
            beside.asked(),
        )
        blocks: list[Block] = []
        skipped: dict[str, str] = {}
        clock = _Budget(minutes)
        with cluster(workers, report=report, **(where or {})) as processes:
            for make in (plan.costs, plan.rates_of, plan.seeds_of):
                blocks.append(make(results, blocks))
                if len(blocks) == 2 and configs:
                    report(plan.estimate(results, blocks, workers))
                skipped |= run(
                    processes,
                    perform,
                    blocks,
                    paths,
                    results,
                    clock.left,
                    workers,
                    report,
                    status,
                )
                results.write(blocks, skipped)
                if skipped:
                    break
        if not results.complete_seeds(blocks[-1]) or len(blocks) < 3:
            why = next(iter(skipped.values()), "nothing was run")
            raise UserError(
                "Expected a budget in which every row fits for one seed. "
                f"Received: one in which {blocks[-1].name} {why}. What was "
                f"found is kept in {output}: the same command goes on."
            )
        about = {
            "source": str(shared["data"]),
            "parts": [len(part) for part in parts[:3]],
            "dropped": parts.dropped,
            "batch_size": first.batch_size,
            "epochs": first.epochs,
            "skipped": unsized | skipped,
            "seeds": results.complete_seeds(blocks[-1]),
            "rates": rates,
        }
        names = getattr(parts.test, "label_names", ())
        content = content_of(
            task,
            chosen,
            [found_of(results, blocks, row.name) for row in rows],
            task.shown_texts(parts.test),
            {**about, "task": task_name, "label_names": [*map(str, names)]},
            task.floor,
            beside.metrics,
        )
        content["sentences"] += [
            f"{name} has no such size, and is left out." for name in unsized
        ]
        write_json(pathlib.Path(output) / FILE, content)
        # They take much space, and nothing reads them any more.
        shutil.rmtree(paths["states"], ignore_errors=True)
    return Comparison(content)


def _described(rows, parts, seeds, shared):
    sizes = " / ".join(f"{len(part):,}" for part in parts[:3])
    dropped = ""
    if parts.dropped:
        dropped = (
            f"; {parts.dropped:,} training examples are dropped, whose texts "
            "are in another part too"
        )
    return (
        f"{len(rows)} rows, {seeds} seeds, on {shared['data']}: {sizes} "
        f"examples train, validate, test{dropped}."
    )


class _Budget:
    """What is left of so many minutes."""

    def __init__(self, minutes):
        import time

        self._now = time.monotonic
        self._ends = None if minutes is None else self._now() + 60 * minutes

    @property
    def left(self):
        if self._ends is None:
            return None
        return max(0.0, (self._ends - self._now()) / 60)
