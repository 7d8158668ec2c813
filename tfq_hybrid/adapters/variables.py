"""The variables of a model by path: the base's, and each adapter's."""

import hashlib
import math

import keras
import numpy as np

from tfq_hybrid.adapters.paths import all_layers, named_layers

SAMPLES = 256


@keras.saving.register_keras_serializable("tfq_hybrid")
class KeptWeights(keras.layers.Layer):
    """Copies of variables, never trained, saved with the model.

    Args:
        variables: dict of a key and the variable to copy.
    """

    def __init__(self, variables, **kwargs):
        super().__init__(**kwargs)
        self.values = {
            key: self.add_weight(
                shape=variable.shape,
                dtype=variable.dtype,
                initializer="zeros",
                trainable=False,
                name=f"kept_{index}",
            )
            for index, (key, variable) in enumerate(variables.items())
        }
        for key, variable in variables.items():
            self.values[key].assign(variable)
        self.built = True

    def save_own_variables(self, store):
        for index, value in enumerate(self.values.values()):
            store[str(index)] = keras.ops.convert_to_numpy(value)

    def load_own_variables(self, store):
        for index, value in enumerate(self.values.values()):
            value.assign(store[str(index)])


def size_of(variable):
    """How many values a variable has, an int."""
    return math.prod(variable.shape)


def own_variables(layer, trained=False):
    """The variables that a layer holds itself, by name.

    Not those of the layers inside it, and no random state.
    """
    inside = {id(v) for child in layer._layers for v in child.weights}
    if trained:
        inside |= {id(v) for v in layer._non_trainable_variables}
    found = {}
    for variable in layer.weights:
        if id(variable) not in inside:
            name = variable.name
            while name in found:
                name += "_"
            found[name] = variable
    return found


def base_variables(model, trained=False):
    """The variables of the base by path: all but the adapters'.

    Args:
        model: adapted or not.
        trained: bool. Leaves out those that no training moves by gradients,
            such as the averages of a batch normalisation. Defaults to
            `False`.

    Returns:
        A dict. The weights of the head are under `head/`.
    """
    return {
        key: variable
        for key, variable, adapter in _all_variables(model, trained)
        if adapter is None
    }


def adapter_variables(model, name):
    """The variables of the adapter of a name, by path without that name."""
    return {
        key: variable
        for key, variable, adapter in _all_variables(model)
        if adapter == name
    }


def _all_variables(model, trained=False):
    """Path, variable, and the name of the adapter or `None`."""
    owners = {}  # of the layers in an adapter: its name, their path without
    for path, layer in all_layers(model):
        if isinstance(layer, KeptWeights):
            continue
        adapter, place = owners.get(id(layer), (None, path))
        for name, variable in own_variables(layer, trained).items():
            yield f"{place}/{name}", variable, adapter
        for name, inner in getattr(layer, "adapters", {}).items():
            owners[id(inner)] = (name, path)
            for rest, part in named_layers(inner):
                owners[id(part)] = (name, f"{path}/{rest}")


def fingerprint(model):
    """A short text that tells one base from another.

    SHA-256 over path, shape and evenly spaced values of each variable of the
    backbone: all of a small one, else 256 to 511. A head is left out, which
    differs by task.

    Args:
        model: a model whose base is whole.

    Returns:
        str of 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for key, variable in base_variables(model).items():
        if key.startswith("head/"):
            continue
        values = keras.ops.reshape(variable, (-1,))
        step = max(1, size_of(variable) // SAMPLES)
        values = keras.ops.cast(values[::step], "float32")
        digest.update(f"{key} {tuple(variable.shape)} ".encode())
        digest.update(np.asarray(values).tobytes())
    return digest.hexdigest()
