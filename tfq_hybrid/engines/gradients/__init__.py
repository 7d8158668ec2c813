"""Gradient methods, one class each.

method             `GradientMethod`, the base class
backprop           exact: TensorFlow's gradient through the simulation
adjoint            exact: the circuit walked backwards
parameter_shift    the parameter-shift rule
finite_difference  central and forward differences
spsa               simultaneous perturbation
straight_through   from shots, the gradient of the exact expectation
shifts             weighted sums of shifted evaluations
"""

import dataclasses
from typing import Any

from tfq_hybrid.engines.gradients.adjoint import Adjoint
from tfq_hybrid.engines.gradients.backprop import Backprop, Simulated
from tfq_hybrid.engines.gradients.finite_difference import (
    CentralDifference,
    ForwardDifference,
)
from tfq_hybrid.engines.gradients.method import (
    DENSITY_MATRICES,
    EXACT,
    SHOTS,
    TRAJECTORIES,
    GradientMethod,
)
from tfq_hybrid.engines.gradients.parameter_shift import ParameterShift
from tfq_hybrid.engines.gradients.spsa import SPSA
from tfq_hybrid.engines.gradients.straight_through import StraightThrough
from tfq_hybrid.errors import UserError, check_choice, choice_error

GRADIENTS = {
    method.name: method
    for method in (
        Backprop,
        Adjoint,
        ParameterShift,
        CentralDifference,
        ForwardDifference,
        SPSA,
        StraightThrough,
    )
}


def as_gradient_method(value: Any) -> GradientMethod:
    """Accepts a `GradientMethod`, a name, or a dict of a name and arguments.

    Args:
        value: a method, returned as it is; a name in `GRADIENTS`; or a dict
            such as `to_dict` gives.

    Raises:
        UserError: the name is unknown; an argument is unknown, out of its
            range or has no effect.

    Example:

    >>> as_gradient_method("spsa")
    SPSA(step=None, draws=1)
    >>> as_gradient_method({"name": "central_difference", "step": 0.1})
    CentralDifference(step=0.1)
    """
    if isinstance(value, GradientMethod):
        return value
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict) or "name" not in value:
        raise UserError(
            "Expected the name of a differentiator. Received: "
            f"differentiator={value!r}"
        )
    name, arguments = value["name"], {**value}
    del arguments["name"]
    check_choice("differentiator", name, GRADIENTS)
    kind = GRADIENTS[name]
    known = [field.name for field in dataclasses.fields(kind)]
    for key, argument in list(arguments.items()):
        if key in known:
            continue
        if key not in _DEFAULTS:
            raise choice_error("differentiator argument", key, [*_DEFAULTS])
        if argument != _DEFAULTS[key]:
            raise UserError(
                f"Expected no {key} with {name!r}, which takes none. "
                f"Received: {key}={argument!r}"
            )
        del arguments[key]
    return kind(**arguments)


# Every argument of any method. Others may have them too, where they mean
# nothing, as in files that hold all of them.
_DEFAULTS = {"step": None, "draws": 1}

__all__ = [
    "Adjoint",
    "Backprop",
    "CentralDifference",
    "DENSITY_MATRICES",
    "EXACT",
    "ForwardDifference",
    "GRADIENTS",
    "GradientMethod",
    "ParameterShift",
    "SHOTS",
    "SPSA",
    "Simulated",
    "StraightThrough",
    "TRAJECTORIES",
    "as_gradient_method",
]
