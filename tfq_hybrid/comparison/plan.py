"""The jobs of a comparison: what a step costs, which rate, every seed."""

import dataclasses
from typing import TYPE_CHECKING, Any

from tfq_hybrid.comparison.finished import cost_of, losses_of
from tfq_hybrid.comparison.jobs import Block, Job
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.comparison.rows import Row
from tfq_hybrid.encoders.pooling import POOLINGS
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.estimate import duration

if TYPE_CHECKING:
    from tfq_hybrid.training import TrainConfig

# The rates that are tried: these factors of a row's own.
FACTORS = {1: (1.0,), 3: (1 / 3, 1.0, 3.0), 5: (0.1, 1 / 3, 1.0, 3.0, 10.0)}
# Seconds of a job beside its steps: to load, to build, to trace.
AROUND = 25.0
COST = 20.0  # seconds of a job that measures a step


def of_head(shared):
    """What the embeddings of a classical head depend on.

    Raises:
        UserError: there is no such pooling.
    """
    pooling = shared.get("pooling")
    if pooling is not None:
        check_choice("pooling", pooling, POOLINGS)
    return {
        "preset": shared.get("preset"),
        "pooling": pooling,
        "sequence_length": shared["sequence_length"],
    }


@dataclasses.dataclass(frozen=True)
class Plan:
    """The jobs of a comparison: costs, then rates, then seeds.

    Args:
        rows: what is compared.
        configs: the trainings among them, by name.
        data: a config that reads the data as they do.
        shared: arguments of all rows.
        seeds: of each row.
        rates: how many are tried for each row: a key of `FACTORS`.
        examples: that are trained on.
        beside: see `Beside.asked`. Defaults to none.
    """

    rows: list[Row]
    configs: "dict[str, TrainConfig]"
    data: "TrainConfig"
    shared: dict[str, Any]
    seeds: int
    rates: int
    examples: int
    beside: dict[str, Any] = dataclasses.field(default_factory=dict)

    def tried(self, row: Row) -> list[float]:
        """The rates that are tried for a row; one that is set, alone."""
        if row.kind != "train":
            return []
        rate = self.configs[row.name].learning_rate
        if row.keeps_rate or rate == 0:
            return [rate]
        return [float(f"{rate * f:.2g}") for f in FACTORS[self.rates]]

    def costs(self, results: Results, blocks: list[Block]) -> Block:
        """A job for each training, that measures a step.

        Args:
            results: what was found so far.
            blocks: those made so far, as for the methods that follow.
        """
        jobs = [
            self._job(row, 0, "cost", COST)
            for row in self.rows
            if row.kind == "train"
        ]
        return Block("costs", "What does a step cost?", tuple(jobs))

    def rates_of(self, results: Results, blocks: list[Block]) -> Block:
        """A job for each rate of each training that has a choice, of seed 0."""
        jobs = [
            self._job(row, 0, "rate", self._seconds(row, results, blocks), rate)
            for row in self.rows
            for rate in self.tried(row)
            if len(self.tried(row)) > 1
        ]
        return Block("rates", "Which learning rate?", tuple(jobs))

    def seeds_of(self, results: Results, blocks: list[Block]) -> Block:
        """A job for each row from each seed, which reads the test data once.

        Raises:
            UserError: at no rate a row trains.
        """
        jobs = [
            self._job(
                row,
                seed,
                "test",
                self._seconds(row, results, blocks),
                self.picked(row, results, blocks),
            )
            for seed in range(self.seeds)
            for row in self.rows
        ]
        title = "How do the rows compare?"
        return Block("seeds", title, tuple(jobs), by_seeds=True)

    def picked(
        self, row: Row, results: Results, blocks: list[Block]
    ) -> float | None:
        """The rate of the lowest validation loss; `None` of no training.

        Raises:
            UserError: at no rate the row trains.
        """
        tried = self.tried(row)
        if len(tried) < 2:
            return tried[0] if tried else None
        losses = losses_of(results, blocks[1], row.name)
        found = {
            rate: loss for rate, loss in losses.items() if loss is not None
        }
        if not found:
            raise UserError(
                f"Expected a rate at which {row.name} trains. Received: "
                f"{', '.join(f'{rate:g}' for rate in tried)}, at which its "
                "loss is no number"
            )
        return min(found, key=lambda rate: found[rate])

    def estimate(
        self, results: Results, blocks: list[Block], workers: int
    ) -> str:
        """A line on how long all takes on so many processes."""
        rows = [row for row in self.rows if row.kind == "train"]
        seconds = sum(
            self._seconds(row, results, blocks)
            * (self.seeds + (len(self.tried(row)) if self.rates > 1 else 0))
            for row in rows
        )
        return (
            f"{len(rows)} rows train {self._steps:,} steps from each of "
            f"{self.seeds} seeds, after {self.rates} rates from seed 0: about "
            f"{duration(seconds / workers)}."
        )

    @property
    def _steps(self):
        config = next(iter(self.configs.values()))
        return config.epochs * -(-self.examples // config.batch_size)

    def _seconds(self, row, results, blocks):
        if row.kind != "train":
            return AROUND
        step = cost_of(results, blocks[0], row.name).get("step_seconds", 1.0)
        return AROUND + self._steps * step

    def _job(self, row, seed, aim, seconds, rate=None):
        config = self.configs.get(row.name, self.data).to_dict()
        if row.kind == "train" and rate is not None:
            config["learning_rate"] = rate
        arguments: dict[str, Any] = {
            "kind": row.kind,
            "aim": aim,
            "config": config,
        }
        if self.beside and aim == "test":
            arguments["beside"] = self.beside
        if row.kind == "head":
            arguments["head"] = {**row.arguments, **of_head(self.shared)}
        return Job(row.name, seed, arguments, seconds)
