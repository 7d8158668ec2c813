"""`Questions`: makes the blocks of a recipe from their rows."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from tfq_hybrid.comparison.jobs import Block, Job
from tfq_hybrid.comparison.reporting.measures import Measure
from tfq_hybrid.comparison.reporting.report import too_few
from tfq_hybrid.comparison.reporting.tables import comparison


@dataclasses.dataclass(frozen=True)
class Questions:
    """What the questions of a recipe have in common.

    Jobs have the common arguments where their row names no others.
    """

    measure: Measure  # that rows are compared by
    seconds: Callable[[dict], float]  # about how long a job takes
    counts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    columns: tuple = ()  # further ones; see `comparison`
    common: dict = dataclasses.field(default_factory=dict)

    def ask(
        self,
        name: str,
        title: str,
        rows: Mapping[str, dict | str],
        seeds: Sequence[int],
        *tables,
        against: Sequence = (),
        note: str | Callable = "",
        headline: Sequence[str] | Callable = (),
        **common,
    ) -> Block:
        """A block that runs every row from every seed.

        Args:
            name, title: see `Block`.
            rows: the arguments of the jobs of each row, or its `row` alone,
                such as `"qffn-bert:baseline=ffn"`; see `work.trained.perform`.
            seeds: of each row.
            *tables: see `Block`; they follow the comparison.
            against, note: see `comparison`; without `against` there is none.
            headline: rows that the first one is compared with in the report's
                first table, or a function as in `Block`.
            **common: further arguments of all jobs.
        """
        common = self.common | common
        named = {
            row: common | ({"row": one} if isinstance(one, str) else one)
            for row, one in rows.items()
        }
        jobs = tuple(
            Job(row, seed, arguments, self.seconds(arguments))
            for seed in seeds
            for row, arguments in named.items()
        )
        if against:
            table = comparison(self.measure, against, self.columns, note)
            tables = (table, *tables)
        found: Callable | None = None
        if callable(headline):
            found = headline
        elif headline:
            found = self._headline(next(iter(rows)), headline)
        return Block(
            name,
            title,
            jobs,
            tables,
            found,
            self.measure if against else None,
            self.counts,
        )

    def _headline(self, ours, baselines):
        measure = self.measure

        def rows(block, results):
            if too_few(block, results):
                return []
            subject = block.subject.partition(",")[0]
            scores = measure.read(results, block, ours)
            return [
                measure.headline(
                    subject, scores, row, measure.read(results, block, row)
                )
                for row in baselines
                if row in block.rows
            ]

        return rows
