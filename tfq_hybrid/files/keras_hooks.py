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
from keras.src.saving import object_registration, saving_lib

from tfq_hybrid.files.homes import PACKAGE, import_class
from tfq_hybrid.files.writing import replacing

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


@functools.cache
def extend_keras() -> None:
    """Lets Keras save models of this package whole, and find their classes.

    `model.save` and `model.save_weights` of a model that holds a layer of this
    package write a file whole or not at all. A file that names a class of this
    package, or of an installed system, has its module imported.
    """
    for module, name in SAVERS:
        setattr(module, name, _saving_whole(getattr(module, name)))
    for module in FINDERS:
        setattr(module, FINDER, _find)


def _saving_whole(save: Callable) -> Callable:
    signature = inspect.signature(save)

    @functools.wraps(save)
    def save_whole(model, filepath, *args, **kwargs):
        options = signature.bind(model, filepath, *args, **kwargs).arguments
        is_file = options.get("zipped", True) and not options.get(
            "max_shard_size"
        )
        if not is_file or not _is_local(filepath) or not _is_ours(model):
            return save(model, filepath, *args, **kwargs)
        with replacing(filepath) as partial:
            return save(model, str(partial), *args, **kwargs)

    return save_whole


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
        found = find_registered(name, import_class(name))
    return found
