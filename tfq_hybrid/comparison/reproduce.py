"""`reproduce`: run the recipe of a system into a folder of results."""

import collections.abc
import os
import pathlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tfq_hybrid.cluster import check_address, cluster
from tfq_hybrid.comparison.jobs import SCALES, Scale
from tfq_hybrid.comparison.reporting.report import content_of
from tfq_hybrid.comparison.results import Results, digest
from tfq_hybrid.comparison.runner import run
from tfq_hybrid.comparison.work.texts import default_encoder, find_optional
from tfq_hybrid.errors import (
    UserError,
    check_choice,
    check_integer,
    match_choice,
)
from tfq_hybrid.estimate import duration
from tfq_hybrid.files import check_output_folder, write_json
from tfq_hybrid.files.locks import writing
from tfq_hybrid.reports import write_report
from tfq_hybrid.training.systems import SYSTEMS
from tfq_hybrid.version import __version__

if TYPE_CHECKING:
    from tfq_hybrid.comparison.jobs import Recipe


class Recipes(collections.abc.Mapping):
    """The recipes by name, each loaded when first asked for."""

    def __iter__(self):
        return (name for name in SYSTEMS if SYSTEMS[name].recipe)

    def __len__(self):
        return len(list(iter(self)))

    def __getitem__(self, name):
        return pkgutil.resolve_name(SYSTEMS[name].recipe)


RECIPES = Recipes()
FILE = "reproduction.json"


SEEDS = {"quick": 1, "budget": 5, "full": 5}


def reproduce(
    name: str,
    data: str | os.PathLike[str],
    output: str | os.PathLike[str],
    scale: str = "quick",
    seeds: int | None = None,
    minutes: float | None = None,
    workers: int = 2,
    encoder: str | os.PathLike[str] | None = None,
    base: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    report: Callable[[str], object] = print,
    status: Callable[[str], object] = lambda line: None,
    where: dict[str, Any] | None = None,
) -> pathlib.Path:
    """Runs a recipe, or what is left of it, and writes its report.

    Args:
        name: a name in `RECIPES`.
        data: the folder of the data files.
        output: the folder of the results.
        scale: `"quick"`, `"budget"` or `"full"`. Defaults to `"quick"`.
        seeds: of each row. Defaults to 1 for `"quick"`, else 5.
        minutes: the budget of `"budget"`. Defaults to `None`: no limit.
        workers: processes, each on cores of its own. Defaults to 2.
        encoder: what `as_preset` takes, for a recipe that starts from a
            pretrained BERT. Defaults to `None`: all-MiniLM-L6-v2, the kept
            preset `minilm` or where its wheel is installed.
        base: what the recipe adapts, where it adapts a language model: a
            run folder, a `.keras` file or a preset of a GPT-2. Defaults to
            `None`: one that the recipe trains.
        overwrite: whether to begin anew. Defaults to `False`.
        report: is given each line that stays. Defaults to `print`.
        status: is given each line that the next one replaces. Defaults to none.
        where: `scheduler`, `insecure` and `tls`, as for `cluster`: a dask
            scheduler that runs the jobs. Defaults to `None`: `workers`
            processes of this machine.

    Returns:
        The path of the page, `report.html`, beside which are `report.md` and
        the pictures.

    Raises:
        UserError: something in the input is wrong; nothing was written.
    """
    name = match_choice("recipe", name, RECIPES)
    check_choice("scale", scale, SCALES)
    if seeds is None:
        seeds = SEEDS[scale]
    check_integer("seeds", seeds, minimum=1)
    check_integer("workers", workers, minimum=1)
    where = where or {}
    if where.get("scheduler"):
        check_address(**where)
    recipe = RECIPES[name]
    paths = find_files(recipe, data)
    chosen = {}
    if recipe.encoder:
        paths["encoder"] = str(encoder or default_encoder())
        name_of = str(encoder or "all-MiniLM-L6-v2")
        chosen = {"encoder": name_of}
    elif encoder is not None:
        raise UserError(
            f"Expected no encoder with {name}, which starts from random "
            f"weights. Received: encoder={encoder}"
        )
    if base is not None and not recipe.base:
        raise UserError(
            f"Expected no base with {name}, which adapts no language model. "
            f"Received: base={base}"
        )
    if base is not None:
        paths["base"] = str(base)
        chosen["base"] = str(base)
    check_output_folder(output)
    optional, missing = find_optional(  # after what may be wrong: it takes long
        recipe.optional, data, may_download=scale != "quick"
    )
    paths |= optional
    amount = Scale(scale, seeds, minutes)
    blocks = recipe.blocks(amount, paths)
    config = {
        "recipe": name,
        # Another version may train otherwise under the same arguments.
        "version": __version__,
        "scale": scale,
        "seeds": seeds,
        "data": {
            word: digest(paths[word])
            if pathlib.Path(paths[word]).is_file()
            else f"TFDS {paths[word]}"
            for word in (*recipe.files, *optional)
        },
        **chosen,
    }
    with writing(output):
        results = Results.open(output, config, overwrite)
        jobs = sum(len(block.jobs) for block in blocks)
        kept = jobs - sum(len(results.unfinished(b)) for b in blocks)
        seconds = sum(block.seconds for block in blocks) / workers
        report(
            f"{recipe.title}: {jobs} jobs in {len(blocks)} blocks"
            + (f", {kept} of them done already" if kept else "")
            + f"; all of them take about {duration(seconds)}"
            + (f", the budget is {minutes:g} min." if minutes else ".")
        )
        results.write(blocks, missing)
        with cluster(workers, report=report, **where) as processes:
            skipped = missing | run(
                processes,
                recipe.perform,
                blocks,
                paths,
                results,
                minutes,
                workers,
                report,
                status,
            )
        results.write(blocks, skipped)
        content = content_of(recipe, amount, blocks, results, skipped)
        write_json(pathlib.Path(output) / FILE, content)
    return write_report(output).page


def find_files(
    recipe: "Recipe", data: str | os.PathLike[str]
) -> dict[str, str]:
    """The paths of a recipe's data files; raises `UserError` without one."""
    folder = pathlib.Path(data)
    paths = {}
    for word, file in recipe.files.items():
        path = folder / file
        if not path.is_file():
            raise UserError(
                f"Expected {file} in the folder of the data. Received: "
                f"{folder}, which lacks it"
            )
        paths[word] = str(path)
    return paths
