"""`Questions`: makes the blocks of a recipe from their rows."""

import dataclasses
from collections.abc import Callable

from tfq_hybrid.comparison.jobs import Block, Job
from tfq_hybrid.comparison.reporting.measures import Measure
from tfq_hybrid.comparison.reporting.report import too_few
from tfq_hybrid.comparison.reporting.tables import comparison


@dataclasses.dataclass(frozen=True)
class Questions:
    """What the questions of a recipe have in common.

    Args:
        measure: `Measure` that rows are compared by.
        seconds: function of a job's arguments: about how long it takes.
        columns: see `comparison`. Defaults to none.
        common: dict of arguments that a job has where its row names no
            others. Defaults to none.
    """

    measure: Measure
    seconds: Callable
    columns: tuple = ()
    common: dict = dataclasses.field(default_factory=dict)

    def ask(
        self,
        name,
        title,
        rows,
        seeds,
        *tables,
        against=(),
        note="",
        headline=(),
        **common,
    ):
        """A block that runs every row from every seed.

        Args:
            name, title: see `Block`.
            rows: dict of a row and the arguments of its jobs.
            seeds: sequence of int.
            *tables: see `Block`; they follow the comparison.
            against, note: see `comparison`; without `against` there is none.
            headline: rows that the first one is compared with in the report's
                first table, or a function as in `Block`. Defaults to none.
            **common: further arguments, as those of all questions.
        """
        common = self.common | common
        rows = {row: common | arguments for row, arguments in rows.items()}
        jobs = tuple(
            Job(row, seed, arguments, self.seconds(arguments))
            for seed in seeds
            for row, arguments in rows.items()
        )
        if against:
            table = comparison(self.measure, against, self.columns, note)
            tables = (table, *tables)
        if headline and not callable(headline):
            headline = self._headline(next(iter(rows)), headline)
        return Block(name, title, jobs, tables, headline or None)

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
