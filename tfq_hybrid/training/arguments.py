"""Every argument of a training, as the command line and searches list them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfq_hybrid.config.fields import Field, fields_of
from tfq_hybrid.training.config import TrainConfig, hints_of
from tfq_hybrid.training.defaults import (
    ADAPTED,
    DEFAULTS,
    defaults_of,
    model_of,
)
from tfq_hybrid.training.systems import SYSTEMS


def fields_of_training(
    model: str | None = None, chosen: Mapping[str, Any] | None = None
) -> list[Field]:
    """Every argument of a training of a published system.

    `chosen` names what is chosen for the objects of dotted keys, such as
    `circuit` and `adapter`. The model defaults to `None`, as in a config.

    >>> keys = [field.key for field in fields_of_training()]
    >>> "circuit.depth" in keys, "adapter.rank" in keys
    (True, False)
    >>> fields = fields_of_training(chosen={"adapter": "LoRA"})
    >>> [field.default for field in fields if field.key == "adapter.rank"]
    [8]
    """
    chosen = chosen or {}
    is_free = model is None
    model = model_of(model, {"adapter": chosen.get("adapter")})
    system = SYSTEMS[model]
    options = system.options()
    hints = hints_of()
    known: dict[str, dict[str, Any]] = {
        "model": {"default": model},
        "baseline": {"choices": tuple(system.baselines)},
        "task": {
            "default": None if model == ADAPTED else system.task,
            "choices": (system.task, *system.tasks),
            "hint": hints["task"],
        },
        **{name: {"hint": hints[name]} for name in DEFAULTS},
    }
    defaults = defaults_of(system.task, options)
    if chosen.get("adapter"):
        defaults["learning_rate"] = None  # as the method's arguments say
    general = fields_of(TrainConfig, defaults=defaults, skip=("options",))
    own = list(fields_of(options, chosen=chosen))
    if is_free and model != ADAPTED:  # which an adapter would choose
        more = fields_of(SYSTEMS[ADAPTED].options())
        own += [field for field in more if field.key == "adapter"]
    return [
        *(
            dataclasses.replace(f, **known.get(f.key, {}))
            for f in general
            if f.key != "baseline" or system.baselines
        ),
        *own,
    ]
