"""What a recipe is made of: jobs in blocks."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfq_hybrid.comparison.reporting.measures import Measure
    from tfq_hybrid.comparison.reporting.report import Goal, Section
    from tfq_hybrid.comparison.results import Results

SCALES = ("quick", "budget", "full")
FEWER_SEEDS = 3


@dataclasses.dataclass(frozen=True)
class Job:
    """One training from one seed, or one other thing to compute."""

    row: str  # of the block's table
    seed: int
    arguments: dict  # plain JSON types, what the recipe's `perform` takes
    seconds: float  # about how long it takes on one core


@dataclasses.dataclass(frozen=True)
class Block:
    """Jobs that answer one question together, and how the report shows it.

    Args:
        name: of a file and in `results.json`.
        title: the question.
        jobs: what to compute.
        tables: functions of the block and its results to `Section`s.
        headline: a function of them to rows of the report's first table.
        measure: what its rows are compared by, if they are.
        counts: of parameters: what each is called, and its name in what jobs
            found; the first is the size of a row.
        by_seeds: whether it is begun seed by seed, as far as a budget goes,
            and not only where all of it fits.
    """

    name: str
    title: str
    jobs: tuple[Job, ...]
    tables: tuple[Callable[..., list["Section"]], ...] = ()
    headline: Callable | None = None
    measure: "Measure | None" = None
    counts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    by_seeds: bool = False

    @property
    def subject(self) -> str:
        """What the question is about: its title up to the colon."""
        return self.title.partition(":")[0]

    @property
    def rows(self) -> list[str]:
        """The names of the rows, in order."""
        return list(dict.fromkeys(job.row for job in self.jobs))

    @property
    def seeds(self) -> list[int]:
        """The seeds, in order."""
        return list(dict.fromkeys(job.seed for job in self.jobs))

    @property
    def seconds(self) -> float:
        """How long its jobs take on one core, one after the other."""
        return sum(job.seconds for job in self.jobs)

    def by_seed(self) -> list[Job]:
        """The jobs, whole seeds first: what is cut short has whole seeds."""
        seeds = self.seeds
        return sorted(self.jobs, key=lambda job: seeds.index(job.seed))

    def groups(self) -> list[list[Job]]:
        """The jobs that are begun together, or not at all."""
        jobs = self.by_seed()
        if not self.by_seeds:
            return [jobs]
        return [[job for job in jobs if job.seed == s] for s in self.seeds]

    def key(self, job: Job) -> str:
        """A name for the files of a job; other arguments give another.

        >>> job = Job("4 qubits, ring", 0, {}, 1.0)
        >>> Block("depth", "How deep?", (job,)).key(job)
        'depth-4-qubits-ring-seed0-44136fa3'
        """
        row = re.sub(r"[^a-z0-9.]+", "-", job.row.lower()).strip("-")
        text = json.dumps(job.arguments, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{self.name}-{row}-seed{job.seed}-{digest}"


@dataclasses.dataclass(frozen=True)
class Scale:
    """How much of a recipe is run: `"quick"`, `"budget"` or `"full"`."""

    name: str
    seeds: int  # of each row
    minutes: float | None = None  # the time that blocks have to fit into

    def all_seeds(self, first: int = 0) -> range:
        """The seeds of the main questions."""
        return range(first, first + self.seeds)

    def fewer_seeds(self, first: int = 0) -> range:
        """The seeds of the others, at most `FEWER_SEEDS` but with `full`."""
        seeds = self.all_seeds(first)
        return seeds if self.name == "full" else seeds[:FEWER_SEEDS]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a published system is reproduced.

    Args:
        name: as in `reproduce NAME`.
        title: of the report.
        files: the file names of the data that it reads, by a word.
        blocks: function of a `Scale` and paths by word to blocks, the most
            important first.
        perform: function `(arguments, seed, paths, folder) -> (dict, dict)`:
            what a job found, as plain JSON types, and as arrays by name.
        goals: what the project set out to reach.
        choices: what the paper does not give.
        published: claims, each with its figure and tag.
        encoder: whether it starts from a pretrained BERT.
        base: whether it adapts a language model, which may be given.
        optional: the file and the TFDS name, or `None`, of data that it reads
            where they are to be had, by a word.
    """

    name: str
    title: str
    files: dict[str, str]
    blocks: Callable[[Scale, dict], list[Block]]
    perform: Callable[[dict, int, dict, str], tuple[dict, dict]]
    goals: tuple["Goal", ...] = ()
    choices: tuple[str, ...] = ()
    published: tuple[tuple[str, str, str], ...] = ()
    encoder: bool = False
    base: bool = False
    optional: dict[str, tuple[str, str | None]] = dataclasses.field(
        default_factory=dict
    )

    def sections(
        self, blocks: Iterable[Block], results: "Results"
    ) -> "list[Section]":
        """The report's tables and pictures, block by block: `Section`s."""
        return [
            section
            for block in blocks
            for table in block.tables
            for section in table(block, results)
        ]

    def headlines(
        self, blocks: Iterable[Block], results: "Results"
    ) -> list[tuple]:
        """The rows of the report's first table."""
        return [
            row
            for block in blocks
            if block.headline
            for row in block.headline(block, results)
        ]


def listed(rates: Sequence[float]) -> str:
    """Rates as words.

    >>> listed((0.001, 3e-3, 1.0))
    '0.001, 0.003, 1'
    """
    return ", ".join(f"{rate:g}" for rate in rates)


def several(number: int, noun: str) -> str:
    """How many of a thing, as words.

    >>> several(1, "qubit"), several(4, "qubit")
    ('1 qubit', '4 qubits')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
