"""The classes and functions that a Keras config may name.

Keras builds whatever class or function a config names, out of all that it,
keras-hub and every imported package have registered: among them are functions
that write files and layers that load programs. Here only the kinds of object
that a saved model consists of are allowed.
"""

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

import keras
import keras_hub
from keras.src import api_export, layers, ops  # not by public names

from tfq_hybrid.files.homes import adapted_class, home_of
from tfq_hybrid.files.keras_hooks import find_registered

KINDS = (
    keras.layers.Layer,  # also models, tasks, backbones, tokenizers
    keras.Operation,
    keras.initializers.Initializer,
    keras.regularizers.Regularizer,
    keras.constraints.Constraint,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.dtype_policies.DTypePolicy,
    keras.dtype_policies.DTypePolicyMap,
    keras.quantizers.Quantizer,
    keras.quantizers.QuantizationConfig,
    keras_hub.samplers.Sampler,
)
HOMES = ("keras.src.", "keras_hub.src.", "tfq_hybrid.")

# Layers that run code or load programs that their config names.
REFUSED = (
    keras.layers.Lambda,
    keras.layers.TFSMLayer,
    keras.layers.JaxLayer,
    keras.layers.FlaxLayer,
    keras.layers.TorchModuleWrapper,
)
# Operations that call a function which a config would have to name.
CALLERS = (
    ops.core.Map,
    ops.core.Scan,
    ops.core.AssociativeScan,
    ops.core.Switch,
    ops.core.WhileLoop,
    ops.core.ForiLoop,
    ops.core.Cond,
    ops.core.VectorizedMap,
)
# Where Keras looks for a class by its bare name.
_SHELVES = (
    keras.layers,
    keras.models,
    keras.initializers,
    keras.regularizers,
    keras.constraints,
    keras.optimizers,
    keras.optimizers.schedules,
    keras.losses,
    keras.metrics,
    keras.activations,
    keras.dtype_policies,
    keras.quantizers,
)
# Functions among them that build what they are given the config of.
_BUILDERS = ("deserialize", "get", "serialize")
PACKAGES = ("keras", "keras_hub", "keras_nlp", "tfq_hybrid")
# Those of which Keras imports any module that a config names.
IMPORTED = ("keras", "keras_hub", "keras_cv", "keras_nlp")
# Classes and functions by name that the user vouches for.
Objects = Mapping[str, Any] | None


@functools.cache
def pure_functions() -> frozenset[Callable]:
    """The functions that a config may name.

    Keras's activations, losses and metrics, and keras-hub's activation.
    """
    found = {registered("keras_hub>gelu_approximate")}
    for shelf in (keras.activations, keras.losses, keras.metrics):
        functions = dict(inspect.getmembers(shelf, inspect.isfunction))
        found |= {f for name, f in functions.items() if name not in _BUILDERS}
    return frozenset(found)


def activation_names() -> list[str]:
    """The names of Keras's activations."""
    functions = inspect.getmembers(keras.activations, inspect.isfunction)
    return [name for name, _ in functions if name not in _BUILDERS]


def registered(name: object, custom_objects: Objects = None) -> Any:
    """What is registered with Keras under a name, or `None`.

    A class of this package is imported where it has not been yet.
    """
    if not isinstance(name, str):
        return None
    found = find_registered(name, custom_objects)
    if found is not None:
        return found
    home = home_of(name)
    if home is not None:
        importlib.import_module(home)
    return find_registered(name) or adapted_class(name, custom_objects)


def registered_endings(name: object) -> list:
    """What is registered under a name of any package.

    Keras takes these for functions that Keras 3.6 and before saved.
    """
    known = keras.saving.get_custom_objects()
    return [v for key, v in known.items() if key.endswith(f">{name}")]


def candidates(node: dict, custom_objects: Objects = None) -> list:
    """Every object that Keras might resolve a config's names to.

    `registered_name` wins over `module` and `class_name` in one way, and the
    bare `class_name` over both in another. Nothing is imported but classes
    of this package.

    Raises:
        ValueError: a name is no text.
    """
    name, module = node["class_name"], node.get("module")
    names = [node.get("registered_name"), name]
    if isinstance(node.get("config"), str):
        names.append(node["config"])
    found = [registered(each, custom_objects) for each in names]
    is_registered = any(each is not None for each in found)
    for each in names[1:]:
        found += [getattr(shelf, each, None) for shelf in _SHELVES]
        # Layers without a module, which Keras 2 saved, come from there.
        found.append(vars(layers).get(each))
        if module is not None:
            found += _from_module(module, each, is_registered)
    if name == "function":
        found += registered_endings(node.get("config"))
    return list({id(each): each for each in found if each is not None}.values())


def _from_module(module: object, name: str, is_registered: bool) -> list:
    """What a module holds, if Keras would look there, and it is imported."""
    if not isinstance(module, str):
        raise ValueError(f"module is {module!r}, not a text")
    package = module.split(".")[0]
    found = [api_export.get_symbol_from_name(f"{module}.{name}")]
    if module in sys.modules and package in PACKAGES:
        found.append(vars(sys.modules[module]).get(name))
    elif package in IMPORTED and found == [None] and not is_registered:
        raise ValueError(f"the module {module[:60]!r} is none of models")
    return found


def is_allowed_class(kind: object, custom_objects: Objects = None) -> bool:
    """Whether a config may name a class.

    An adapted class is as the class that was adapted.
    """
    if isinstance(kind, type):
        kind = vars(kind).get("adapted_from", kind)
    if any(kind is own for own in (custom_objects or {}).values()):
        return True
    return (
        isinstance(kind, type)
        and issubclass(kind, KINDS)
        and not issubclass(kind, (*REFUSED, *CALLERS))
        and not is_of_others(kind)
    )


def is_of_others(kind: object) -> bool:
    """Whether it is a class of a package for which only a user can vouch."""
    return isinstance(kind, type) and not kind.__module__.startswith(HOMES)


def is_allowed_function(
    function: object, custom_objects: Objects = None
) -> bool:
    """Whether a config may name a function."""
    own = (custom_objects or {}).values()
    return any(function is f for f in (*own, *pure_functions()))
