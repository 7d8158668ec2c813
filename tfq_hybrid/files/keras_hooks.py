"""Keras's own savers and loaders, for models with classes of this package.

Keras opens a file before it asks the layers for their configs, so that a layer
that cannot be saved would cost the file that was there; and it knows a class
once somebody has imported its module.
"""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

import keras
from keras.src.legacy.saving import legacy_h5_format
from keras.src.models import cloning
from keras.src.saving import object_registration, saving_lib

from tfq_hybrid.errors import UserError
from tfq_hybrid.files.homes import PACKAGE, import_class
from tfq_hybrid.files.writing import replacing

_PREPARED: list[Callable[[keras.Model], None]] = []


def prepare_to_save(
    prepare: Callable[[keras.Model], None],
) -> Callable[[keras.Model], None]:
    """Has a function called on each model with classes of this package.

    It is called before Keras opens the file.
    """
    _PREPARED.append(prepare)
    return prepare


# What `Model.save` and `Model.save_weights` come to, on any path.
SAVERS = (
    (saving_lib, "save_model"),
    (saving_lib, "save_weights_only"),
    (legacy_h5_format, "save_model_to_hdf5"),
)
# Keras's own deserialization, and what keras-hub asks.
FINDERS = (object_registration, keras.saving)
FINDER = "get_registered_object"
find_registered = object_registration.get_registered_object
# What copies a model layer by layer, without what is in a layer.
CLONERS = (cloning, keras.models)
CLONER = "clone_model"
_clone_by_layers = cloning.clone_model


@functools.cache
def extend_keras() -> None:
    """Lets Keras save models of this package whole, and find their classes.

    `model.save` and `model.save_weights` of a model that holds a layer of this
    package write a file whole or not at all. A file that names a class of this
    package, or of an installed system, has its module imported. A model that
    can be `made_anew` is, by `keras.models.clone_model`.
    """
    for module, name in SAVERS:
        setattr(module, name, _saving_whole(getattr(module, name)))
    for module in FINDERS:
        setattr(module, FINDER, _find)
    for module in CLONERS:
        setattr(module, CLONER, _clone_model)


def _saving_whole(save: Callable) -> Callable:
    signature = inspect.signature(save)

    @functools.wraps(save)
    def save_whole(model, filepath, *args, **kwargs):
        options = signature.bind(model, filepath, *args, **kwargs).arguments
        is_ours = _prepare(model)
        is_file = options.get("zipped", True) and not options.get(
            "max_shard_size"
        )
        if not is_file or not _is_local(filepath) or not is_ours:
            return save(model, filepath, *args, **kwargs)
        with replacing(filepath) as partial:
            return save(model, str(partial), *args, **kwargs)

    return save_whole


def _prepare(model):
    """Whether a model holds what is of this package; then it is prepared."""
    is_ours = _is_ours(model)
    for prepare in _PREPARED if is_ours else ():
        prepare(model)
    return is_ours


@functools.wraps(_clone_by_layers)
def _clone_model(model, *args, **kwargs):
    if isinstance(model, keras.Model):
        _prepare(model)
    if not hasattr(model, "made_anew"):
        return _clone_by_layers(model, *args, **kwargs)
    if args or kwargs:
        name = next(iter(kwargs), "input_tensors")
        raise UserError(
            f"Expected clone_model(model) without {name}, as layers hold "
            f"others that it does not know. Received: {type(model).__name__}"
        )
    copy = model.made_anew()
    if model.compiled:
        copy.compile_from_config(model.get_compile_config())
    return copy


def _is_local(path: Any) -> bool:
    """Whether it is the path of a file that can be renamed over."""
    if not isinstance(path, (str, os.PathLike)) or "://" in str(path):
        return False
    return os.path.isfile(path) or not os.path.exists(path)


def _is_ours(model: keras.Layer) -> bool:
    """Whether a model is, or holds, an object of a class of this package."""
    return any(
        base.__module__.partition(".")[0] == PACKAGE
        for kind in {type(layer) for layer in model._flatten_layers()}
        for base in kind.__mro__
    )


@functools.wraps(find_registered)
def _find(name, custom_objects=None, module_objects=None):
    found = find_registered(name, custom_objects, module_objects)
    if found is None and ">" in str(name):
        found = find_registered(name, import_class(name, custom_objects))
    return found
