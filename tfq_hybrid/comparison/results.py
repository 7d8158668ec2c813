"""`Results`: the folder of a reproduction, a file for each finished job."""

import hashlib
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from tfq_hybrid.environment import versions
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import check_links, replacing, write_json
from tfq_hybrid.files.archives import read_arrays
from tfq_hybrid.reading import open_file, read_json, reading

if TYPE_CHECKING:
    from tfq_hybrid.comparison.jobs import Block, Job

EXPECTED = "the results of a reproduction"
PACKAGES = ("tensorflow", "tensorflow-quantum", "cirq-core", "keras")


class ResultsFile(TypedDict):
    """What is used of `results.json`."""

    config: dict


class Results:
    """What has been found so far.

        results.json   config, versions, seeds, every job
        jobs/          KEY.json, and KEY.npz with arrays, of each job

    The config has plain JSON types: recipe, version, scale, seeds and the
    digests of the data.
    """

    def __init__(self, folder: str | os.PathLike[str], config: dict):
        self.folder = pathlib.Path(folder)
        self.config = config
        self.jobs = self.folder / "jobs"
        self._arrays: dict[str, Mapping[str, np.ndarray]] = {}

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        config: dict,
        overwrite: bool = False,
    ) -> "Results":
        """Begins a reproduction, or goes on with the one that is there.

        Raises:
            UserError: the folder holds something else, or a reproduction of
                another recipe, version, scale or data.
        """
        results = cls(folder, config)
        path = results.folder / "results.json"
        there = sorted(results.folder.glob("*"))
        if there and not path.is_file():
            raise UserError(
                "Expected a new folder, or that of the same "
                f"reproduction. Received: {folder}, which holds something else"
            )
        check_links(results.folder, EXPECTED)
        if path.is_file() and not overwrite:
            results._check_same(path)
        elif path.is_file():
            for old in results.jobs.glob("*"):
                old.unlink()
        return results

    def _check_same(self, path):
        stored = read_json(path, EXPECTED, ResultsFile)["config"]
        for key in sorted({*stored, *self.config}):
            if stored.get(key) != self.config.get(key):
                raise UserError(
                    f"Expected the same reproduction as in {path.parent}, "
                    f"whose {key} is {stored.get(key)!r}. Received: {key}="
                    f"{self.config.get(key)!r}. Use overwrite=True to begin "
                    "anew."
                )

    def is_done(self, key: str) -> bool:
        """Whether a job is finished."""
        return (self.jobs / f"{key}.json").is_file()

    def has(self, block: "Block", job: "Job") -> bool:
        """Whether a job of a block is finished."""
        return self.is_done(block.key(job))

    def unfinished(self, block: "Block") -> "list[Job]":
        """The jobs of a block that are not finished, whole seeds first."""
        jobs = block.by_seed()
        return [job for job in jobs if not self.is_done(block.key(job))]

    def add(
        self, key: str, found: dict, arrays: Mapping[str, np.ndarray]
    ) -> None:
        """Keeps what a job found; the JSON is written last."""
        self.jobs.mkdir(parents=True, exist_ok=True)
        self._arrays.pop(key, None)
        if arrays:
            with replacing(self.jobs / f"{key}.npz") as partial:
                np.savez_compressed(partial, **arrays)
        write_json(self.jobs / f"{key}.json", found)

    def found(self, key: str) -> dict:
        """What a finished job found."""
        return read_json(self.jobs / f"{key}.json", EXPECTED)

    def array(self, key: str, name: str) -> np.ndarray:
        """An array of a finished job."""
        path = self.jobs / f"{key}.npz"
        with reading(EXPECTED, path):
            if key not in self._arrays:
                self._arrays[key] = read_arrays(path)
            if name not in self._arrays[key]:
                raise ValueError(f"{name} is missing")
            return self._arrays[key][name]

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """All arrays of a finished job."""
        path = self.jobs / f"{key}.npz"
        with reading(EXPECTED, path):
            return dict(read_arrays(path))

    def complete_seeds(self, block: "Block") -> list[int]:
        """The seeds of a block from which every row is finished."""
        cut_short = {job.seed for job in self.unfinished(block)}
        return [seed for seed in block.seeds if seed not in cut_short]

    def scores(
        self, block: "Block", row: str, name: str = "scores"
    ) -> np.ndarray:
        """An array of each complete seed of a row: (seeds, examples)."""
        keys = self._keys(block, row)
        return np.stack([self.array(key, name) for key in keys])

    def all_arrays(
        self, block: "Block", row: str
    ) -> list[dict[str, np.ndarray]]:
        """The arrays of each complete seed of a row."""
        return [self.arrays(key) for key in self._keys(block, row)]

    def all_found(self, block: "Block", row: str) -> list[dict]:
        """What each complete seed of a row found."""
        return [self.found(key) for key in self._keys(block, row)]

    def _keys(self, block, row):
        return [
            block.key(job)
            for seed in self.complete_seeds(block)
            for job in block.jobs
            if (job.row, job.seed) == (row, seed)
        ]

    def write(self, blocks: "list[Block]", skipped: Mapping[str, str]) -> None:
        """Writes `results.json`, and why blocks by name were not run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {
            "config": self.config,
            "environment": versions(PACKAGES),
            "skipped": skipped,
            "blocks": {
                block.name: {
                    "title": block.title,
                    "jobs": [
                        {
                            "row": job.row,
                            "seed": job.seed,
                            "arguments": job.arguments,
                            "found": self.found(block.key(job))
                            if self.is_done(block.key(job))
                            else None,
                        }
                        for job in block.jobs
                    ],
                }
                for block in blocks
            },
        }
        write_json(self.folder / "results.json", content)


def digest(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
