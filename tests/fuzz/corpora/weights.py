"""HDF5 files: adapters' weights, and checkpoints of a training."""

import json
import pathlib
import tempfile

import keras
import numpy as np

from tests.adapters.zoo import make_backbone, make_method
from tests.fuzz.mutations.attacks import METHODS
from tests.fuzz.target import Target
from tfq_hybrid import adapters
from tfq_hybrid.adapters.weights import read_weights
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.training import Checkpoint

SPEC = CircuitSpec(qubits=2, depth=1, ansatz=("ry", "cnot"))
SHARE_OF_BUILT = 0.15
SMALL = [
    adapters.LoRA(targets="first", rank=1),
    adapters.BottleneckAdapter(targets=["first", "second"], width=2),
    adapters.QuantumAdapter(targets="second", circuit=SPEC),
    adapters.ReplaceDense(targets="second", circuit=SPEC),
]


def small_base():
    """A model of two Dense layers, the same each time."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, name="first", kernel_initializer="ones"),
            keras.layers.Dense(2, name="second", kernel_initializer="ones"),
        ]
    )


def trained_model():
    """A compiled model with a random state."""
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(2),
            keras.layers.Dropout(0.5, seed=1),
        ]
    )
    model.compile("adam", "mse")
    return model


def corpus():
    """An adapter's file in a folder of its base's name; checkpoints."""
    found = [_checkpoint()] * 8
    for name, model in models().items():
        found += [{f"{name}/adapter.h5": _saved(model)}] * 4
    return found


def models():
    """Adapted models by their names, a dict."""
    found = {
        type(method).__name__: adapters.adapt(small_base(), method)
        for method in SMALL
    }
    backbone = adapters.adapt(make_backbone("GPT-2"), make_method("LoRA"))
    return {**found, "GPT-2": backbone}


def _saved(model):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "adapter.h5"
        adapters.save_weights(model, path)
        return path.read_bytes()


def _checkpoint():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model = trained_model()
        callback = Checkpoint(folder, "loss", "min")
        data = np.ones((4, 2), "float32")
        model.fit(data, data, verbose=0, callbacks=[callback])
        return {
            f"checkpoint/{path.name}": path.read_bytes()
            for path in folder.iterdir()
        }


def hostile():
    """An adapter's file with each of the attacks for its method."""
    import io

    import h5py

    good = _saved(adapters.adapt(small_base(), SMALL[0]))
    found = []
    for method in METHODS:
        memory = io.BytesIO(good)
        with h5py.File(memory, "r+") as file:
            file.attrs["method"] = json.dumps(method)
        found.append({"LoRA/adapter.h5": memory.getvalue()})
    return found


def reader():
    """`read_weights` and `load_weights`, or `Checkpoint.restore`."""
    trained, adapted = trained_model(), models()

    def read(folder, changed, random):
        for name, model in adapted.items():
            path = folder / name / "adapter.h5"
            if path.exists():
                read_weights(path)
                # To build a model takes ten times as long as the reading.
                is_small = name != "GPT-2" and random.random() < SHARE_OF_BUILT
                adapters.load_weights(small_base() if is_small else model, path)
                return
        checkpoint = Checkpoint(folder / "checkpoint", "loss", "min")
        checkpoint.restore(trained, random.choice(("last", "best")))

    return read


TARGET = Target(corpus, reader, attacks=METHODS, hostile=hostile)
