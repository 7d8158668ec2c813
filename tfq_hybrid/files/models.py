"""Load `.keras` files without running code from them."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.files.archives import (
    check_members,
    open_archive,
    open_member,
    read_member,
)
from tfq_hybrid.files.budget import Budget, spending
from tfq_hybrid.files.configs import UnknownClassError, check_config
from tfq_hybrid.files.hdf5 import check_hdf5
from tfq_hybrid.files.homes import objects_of, system_entries, systems_in
from tfq_hybrid.reading import (
    LARGEST_JSON,
    foreign_code,
    parse_json,
    reading,
)

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
# Keras does not compress; a member that somebody has is allowed this much.
EXPANSION = 10


def load_model(
    path: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = False,
    expected: str | None = None,
) -> keras.Model:
    """Loads a model from a `.keras` file without running code from it.

    What `keras.models.load_model` would build is looked through first: its
    config names only layers, optimizers, losses and other parts of models of
    Keras, keras-hub, this package and installed systems; its arrays are as
    large as the file. The classes need not be imported before.

    Args:
        path: The file.
        custom_objects: Classes and functions of your own that the file may
            name, by name, as for Keras. Defaults to `None`: none.
        compile: Whether to compile the model as it was when saved. Defaults
            to `False`.
        expected: What it should be, for the message. Defaults to `None`: `"a
            whole .keras file"`.

    Returns:
        The model.

    Raises:
        UserError: it is damaged, too large, or names anything else.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.keras"
    >>> inputs = keras.Input((2,))
    >>> keras.Model(inputs, keras.layers.Dense(3)(inputs)).save(path)
    >>> load_model(path).count_params()
    9
    """
    with reading(expected or "a whole .keras file", path):
        size, custom_objects = check_model_file(path, custom_objects)
        with spending(Budget.of_weights(size)), calling_keras():
            return keras.models.load_model(
                path,
                custom_objects=custom_objects,
                compile=compile,
                safe_mode=True,
            )


@contextlib.contextmanager
def calling_keras() -> Iterator[None]:
    """`foreign_code` for Keras and TensorFlow.

    They leave their own frames out of tracebacks, so that what they raise
    would seem to be raised by the line of this package that called them.
    """
    switches = [
        switch
        for switch in (keras.config, tf.debugging)
        if switch.is_traceback_filtering_enabled()
    ]
    for switch in switches:
        switch.disable_traceback_filtering()
    try:
        with foreign_code():
            yield
    finally:
        for switch in switches:
            switch.enable_traceback_filtering()


def check_model_file(
    path: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Checks a `.keras` file without building anything.

    Returns the size of its weights in bytes, and the custom objects with
    those of the installed systems that it needs.

    Raises:
        ValueError, OSError: it is damaged, too large, or names what
            `check_config` refuses.
    """
    with open_archive(path) as archive:
        names = check_members(archive, EXPANSION)
        for name in (CONFIG, WEIGHTS):
            if name not in names:
                raise ValueError(f"{name} is missing")
        if archive.getinfo(CONFIG).file_size > LARGEST_JSON:
            raise ValueError(f"{CONFIG} has more than {LARGEST_JSON:,} bytes")
        text = read_member(archive, CONFIG).decode("utf-8")
        found = _check_names(text, custom_objects or {})
        check_hdf5(open_member(archive, WEIGHTS))
        return archive.getinfo(WEIGHTS).file_size, found


def _check_names(text: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Checks a config; imports systems only where a class is not known.

    Those that it mentions come first, and then all: a class may have moved
    to another module since.
    """
    config = parse_json(text, finite=False)
    for names in ((), systems_in(text), system_entries()):
        found = {**objects_of(names), **own}
        try:
            check_config(config, found)
            return found
        except UnknownClassError as error:
            unknown = error
    raise unknown
