"""What a recipe is made of: jobs in blocks."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable

SCALES = ("quick", "budget", "full")
FEWER_SEEDS = 3


@dataclasses.dataclass(frozen=True)
class Job:
    """One training from one seed, or one other thing to compute.

    Args:
        row: str. The row of the block's table that it belongs to.
        seed: int.
        arguments: dict of plain JSON types, what the recipe's `perform`
            takes.
        seconds: float. About how long it takes on one core.
    """

    row: str
    seed: int
    arguments: dict
    seconds: float


@dataclasses.dataclass(frozen=True)
class Block:
    """Jobs that answer one question together, and how the report shows it.

    Args:
        name: str, of a file and in `results.json`.
        title: str, the question.
        jobs: tuple of `Job`.
        tables: tuple of functions `(block, Results) -> list of Section`.
            Defaults to none.
        headline: function `(block, Results) -> list of rows` of the report's
            first table. Defaults to `None`: none.
    """

    name: str
    title: str
    jobs: tuple
    tables: tuple = ()
    headline: Callable | None = None

    @property
    def subject(self):
        """What the question is about: its title up to the colon."""
        return self.title.partition(":")[0]

    @property
    def rows(self):
        """The names of the rows, in order."""
        return list(dict.fromkeys(job.row for job in self.jobs))

    @property
    def seeds(self):
        """The seeds, in order."""
        return list(dict.fromkeys(job.seed for job in self.jobs))

    @property
    def seconds(self):
        """How long its jobs take on one core, one after the other."""
        return sum(job.seconds for job in self.jobs)

    def by_seed(self):
        """The jobs, whole seeds first: what is cut short has whole seeds."""
        return sorted(self.jobs, key=lambda job: self.seeds.index(job.seed))

    def key(self, job):
        """A name for the files of a job; other arguments give another.

        Example:

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
    """How much of a recipe is run.

    Args:
        name: `"quick"`, `"budget"` or `"full"`.
        seeds: int. Seeds of each row.
        minutes: float. The time that blocks have to fit into. Defaults to
            `None`: no limit.
    """

    name: str
    seeds: int
    minutes: float | None = None

    def all_seeds(self, first=0):
        """The seeds of the main questions, a range."""
        return range(first, first + self.seeds)

    def fewer_seeds(self, first=0):
        """The seeds of the others, at most `FEWER_SEEDS` but with `full`."""
        seeds = self.all_seeds(first)
        return seeds if self.name == "full" else seeds[:FEWER_SEEDS]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a published system is reproduced.

    Args:
        name: str, as in `reproduce NAME`.
        title: str.
        files: dict of a word and a file name: the data that it reads.
        blocks: function `(Scale, dict of paths) -> list of Block`, the most
            important first.
        perform: function `(arguments, seed, paths, folder) -> (dict, dict)`:
            what a job found, as plain JSON types, and as arrays by name.
        goals: tuple of `Goal`. Defaults to none.
        choices: tuple of str. What the paper does not give.
            Defaults to none.
        published: tuple of (claim, figure, tag). Defaults to none.
        encoder: bool. Whether it starts from a pretrained BERT. Defaults to
            `False`.
        base: bool. Whether it adapts a language model, which may be given.
            Defaults to `False`.
        optional: dict of a word and a pair (file name, TFDS name or `None`):
            data that it reads where they are to be had. Defaults to none.
    """

    name: str
    title: str
    files: dict
    blocks: Callable
    perform: Callable
    goals: tuple = ()
    choices: tuple = ()
    published: tuple = ()
    encoder: bool = False
    base: bool = False
    optional: dict = dataclasses.field(default_factory=dict)

    def sections(self, blocks, results):
        """The report's tables and pictures, block by block: `Section`s."""
        return [
            section
            for block in blocks
            for table in block.tables
            for section in table(block, results)
        ]

    def headlines(self, blocks, results):
        """The rows of the report's first table."""
        return [
            row
            for block in blocks
            if block.headline
            for row in block.headline(block, results)
        ]


def listed(rates):
    """Rates as words.

    Example:

    >>> listed((0.001, 3e-3, 1.0))
    '0.001, 0.003, 1'
    """
    return ", ".join(f"{rate:g}" for rate in rates)


def several(number, noun):
    """How many of a thing, as words.

    Example:

    >>> several(1, "qubit"), several(4, "qubit")
    ('1 qubit', '4 qubits')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
