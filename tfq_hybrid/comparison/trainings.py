"""The trainings of a comparison: their task, configs, sizes and bases."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfq_hybrid.bases import as_preset
from tfq_hybrid.comparison.plan import of_head
from tfq_hybrid.comparison.rows import Row
from tfq_hybrid.errors import UserError, is_same_name
from tfq_hybrid.files.manifest import folder_digest
from tfq_hybrid.training.defaults import ADAPTED, usual_task
from tfq_hybrid.training.systems import SYSTEMS

if TYPE_CHECKING:
    from tfq_hybrid.comparison.parts import Parts
    from tfq_hybrid.training import TrainConfig

# The share by which the size of a method may miss what is asked for.
WITHIN = 0.05


def task_of(
    methods: Iterable[str] | Mapping[str, Any],
    data: str | os.PathLike[str],
    text_column: str | None,
) -> str:
    """The task of the first published system, or what the data are for."""
    values = methods.values() if isinstance(methods, Mapping) else methods
    for value in values:
        name = value.partition(":")[0] if isinstance(value, str) else None
        if isinstance(value, Mapping):
            name = value.get("model")
        for system in SYSTEMS:
            if name is not None and is_same_name(str(name).strip(), system):
                return usual_task(SYSTEMS[system], data, text_column)
    return usual_task(SYSTEMS[ADAPTED], data, text_column)


def configs_of(
    rows: Sequence[Row], shared: Mapping[str, Any]
) -> "dict[str, TrainConfig]":
    """The training of each row that is one, by name.

    Raises:
        UserError: an argument of a row is not known, or does not fit.
    """
    configs = {}
    for row in rows:
        if row.kind != "train":
            continue
        try:
            configs[row.name] = row.config(shared)
        except UserError as error:
            raise UserError(f"{row.name}: {error}") from None
    return configs


def alone(shared: Mapping[str, Any]) -> "TrainConfig":
    """The data of a comparison without trainings."""
    from tfq_hybrid.training import TrainConfig

    known = {k: v for k, v in shared.items() if k in TrainConfig.names()}
    return TrainConfig.from_dict(known)


def matched(
    configs: "Mapping[str, TrainConfig]",
    count: int,
    parts: "Parts",
    report: Callable[[str], object],
) -> "tuple[dict[str, TrainConfig], dict[str, str]]":
    """The configs, each method in the size of so many parameters.

    Returns:
        The configs, and of each row that has no such size the reason.
    """
    from tfq_hybrid.adapters import HeadOnly, unload
    from tfq_hybrid.adapters.sizing import NoSuchSizeError
    from tfq_hybrid.training import TASKS
    from tfq_hybrid.training.build import build_model, make_vocabulary

    found, unsized = {}, {}
    for name, config in configs.items():
        method = getattr(config.options, "adapter", None)
        if method is None or isinstance(method, HeadOnly):
            pass  # there is nothing to choose
        elif not method.freezes:
            report(f"{name} trains its base too, and keeps its own size.")
        else:
            vocabulary = make_vocabulary(config, parts.training.texts)
            task = TASKS[config.task]
            facts = task.facts(config, parts.training)
            # A language model takes no `HeadOnly`, but every method leaves.
            model = unload(build_model(config, vocabulary, task.outputs(facts)))
            try:
                sized = method.for_parameters(model, count, report, WITHIN)
            except NoSuchSizeError as error:
                unsized[name] = str(error)
                report(f"{name} has no such size. {error}")
                continue
            options = dataclasses.replace(config.options, adapter=sized)
            config = dataclasses.replace(config, options=options)
        found[name] = config
    return found, unsized


def bases_of(
    configs: "Mapping[str, TrainConfig]", shared: Mapping[str, Any]
) -> dict[str, str]:
    """A digest of each preset that lies here, whatever its name."""
    names = [getattr(c.options, "preset", None) for c in configs.values()]
    names.append(shared.get("preset"))
    folders = {str(name): as_preset(name) for name in names if name}
    return {
        name: folder_digest(folder)
        for name, folder in sorted(folders.items())
        if os.path.isdir(folder)
    }


def identity_of(
    row: Row,
    configs: "Mapping[str, TrainConfig]",
    shared: Mapping[str, Any],
) -> dict[str, Any]:
    """All that what a row finds depends on, beside the data and the seed."""
    if row.name in configs:
        return configs[row.name].to_dict()
    return {"kind": row.kind, **row.arguments, **of_head(shared)}
