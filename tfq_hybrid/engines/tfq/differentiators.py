"""TensorFlow Quantum's differentiators as plain data, to save a layer."""

import inspect
from typing import Any, TypedDict

from tfq_hybrid.engines.gradients import (
    GradientMethod,
    as_gradient_method,
)
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.reading import foreign_code
from tfq_hybrid.shapes import check_shape


class Differentiator(TypedDict):
    """What `differentiator_config` gives for one of TensorFlow Quantum's."""

    class_name: str
    arguments: dict


def _central_difference(differentiator: Any) -> dict[str, Any]:
    """Order and spacing, read off the grid: it keeps neither itself."""
    grid = differentiator.perturbations.numpy()
    order = len(grid)
    return {"error_order": order, "grid_spacing": float(2 * grid[-1] / order)}


def _forward_difference(differentiator: Any) -> dict[str, Any]:
    return {
        "error_order": int(differentiator.error_order),
        "grid_spacing": float(differentiator.grid_spacing),
    }


# Class name -> function from a differentiator to its constructor arguments.
_ARGUMENTS = {
    "Adjoint": lambda differentiator: {},
    "ParameterShift": lambda differentiator: {},
    "ForwardDifference": _forward_difference,
    "CentralDifference": _central_difference,
}


def differentiator_config(differentiator: Any) -> dict[str, Any] | None:
    """A differentiator's class name and arguments; `None` for `None`.

    One of another class is refused: only its author could restore it.
    """
    if differentiator is None:
        return None
    if isinstance(differentiator, GradientMethod):
        return differentiator.to_dict()
    name = type(differentiator).__name__
    if name not in _ARGUMENTS:
        raise UserError(
            "Expected a differentiator that can be saved: "
            f"{', '.join(_ARGUMENTS)}. Received: differentiator={name}"
        )
    return {"class_name": name, "arguments": _ARGUMENTS[name](differentiator)}


def differentiator_from_config(config: Any) -> Any:
    """A new differentiator, of any that `differentiator_config` gives.

    An object serves one layer only.
    """
    if config is None:
        return None
    if "name" in check_shape(config, dict, "differentiator"):
        return as_gradient_method(config)
    from tfq_hybrid.engines.tfq.ops import tfq

    check_shape(config, Differentiator, "differentiator")
    name, arguments = config["class_name"], config["arguments"]
    check_choice("differentiator", name, _ARGUMENTS)
    kind = getattr(tfq.differentiators, name)
    with foreign_code():
        inspect.signature(kind).bind(**arguments)
        return kind(**arguments)
