"""What a training has where nothing is given: model, task, values."""

import os
from collections.abc import Mapping
from typing import Any

from tfq_hybrid.config.values import nest
from tfq_hybrid.errors import match_choice
from tfq_hybrid.training.systems import SYSTEMS, System

# What `None` stands for, unless the system says otherwise.
DEFAULTS = {
    "vocabulary_size": 8192,
    "sequence_length": 48,
    "batch_size": 64,
    "optimizer": "adamw",
    "learning_rate": 1e-3,
    "weight_decay": 0.01,
}
# What the training of a task does not use.
UNUSED: dict[str, tuple[str, ...]] = {
    "classification": (),
    "generation": (
        "split",
        "text_columns",
        "label_column",
        "label_names",
        "data_dir",
    ),
    "regression": ("label_names",),
    "multi-label": (),
    "tokens": (
        "split",
        "text_column",
        "text_columns",
        "data_dir",
        "delimiter",
    ),
}
# The model, unless one is named: that of an adapter, and the first system.
ADAPTED, FIRST = "adapted", "qffn-bert"
# What is usual for another task than that of texts.
OF_TASK = {"generation": {"sequence_length": 128, "batch_size": 8}}


def model_of(name: str | None, options: Any) -> str:
    """The name of a model, or what is meant where there is none."""
    if name is not None:
        return match_choice("model", name, SYSTEMS)
    if isinstance(options, Mapping):
        adapter = nest(options).get("adapter")
    else:
        adapter = getattr(options, "adapter", None)
    return FIRST if adapter is None else ADAPTED


def usual_task(
    system: System, data: str | os.PathLike[str], text_column: str | None
) -> str:
    """The task of a system; where it has several, that of the data."""
    from tfq_hybrid.data import is_running_text

    if "generation" in system.tasks and is_running_text(data, text_column):
        return "generation"
    return system.task


def defaults_of(task: str, options: Any) -> dict[str, Any]:
    """What `None` stands for."""
    of_task = OF_TASK.get(task, {})
    return {**DEFAULTS, **of_task, **options.training_defaults}
