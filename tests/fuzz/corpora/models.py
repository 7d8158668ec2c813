"""Models as `.keras` files."""

import pathlib
import tempfile

import keras

import tfq_hybrid.models  # noqa: F401 - registers what the files name
from tests.adapters.zoo import make_backbone, make_method, make_task
from tests.fuzz.corpora.circuits import circuits
from tests.fuzz.corpora.names import keras_names
from tests.fuzz.mutations.archives import rebuilt
from tests.fuzz.mutations.attacks import CIRCUITS, CIRQ, KERAS
from tests.fuzz.target import Target
from tfq_hybrid import adapters
from tfq_hybrid.circuits import CircuitSpec, CustomCircuit
from tfq_hybrid.files.models import load_model
from tfq_hybrid.layers import QuantumDense

SPEC = CircuitSpec(qubits=2, depth=1, ansatz=("ry", "cnot"))


def corpus():
    """Small ones many times, those that take long to be built once."""
    quick = [sequential(), functional(), quantum(SPEC), adapted(), words()]
    own = quantum(CustomCircuit(circuits()[0]))
    backbone = adapters.adapt(make_backbone("GPT-2"), make_method("LoRA"))
    task = make_task("BERT")
    models = [*quick * 6, own, own, backbone, task]
    kept = {id(model): _saved(model) for model in models}
    return [{"model.keras": kept[id(model)]} for model in models]


def _saved(model):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def sequential():
    """Layers in a row, trained for a step, with its optimizer."""
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(2, activation="gelu", kernel_regularizer="l2"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(0.1, 10)
    model.compile(keras.optimizers.AdamW(rate), "mse", metrics=["mae"])
    model.fit(keras.ops.ones((2, 2)), keras.ops.ones((2, 1)), verbose=0)
    return model


def functional():
    """Branches, operations, slices and constants."""
    a, b = keras.Input((3,), name="a"), keras.Input((None,), name="b")
    x = keras.layers.Dense(2, kernel_initializer="he_normal")(a)
    y = keras.layers.Embedding(5, 2)(b)
    y = keras.layers.LayerNormalization()(keras.ops.mean(y, axis=1))
    z = keras.ops.exp(x) * 2.0 + y[:, ::1]
    z = keras.layers.Concatenate()([z, keras.layers.Rescaling(0.5)(x)])
    return keras.Model({"a": a, "b": b}, {"z": z, "x": x})


def quantum(circuit):
    """A circuit in a layer."""
    inputs = keras.Input((3,))
    return keras.Model(inputs, QuantumDense(2, circuit)(inputs))


def adapted():
    """Adapters around the layers of a small model, compiled."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, name="first"),
            keras.layers.Dense(2, name="second"),
        ]
    )
    model.compile("sgd", "mse")
    model = adapters.adapt(model, adapters.LoRA(targets="first", rank=1))
    method = adapters.BottleneckAdapter(targets="second", width=1)
    return adapters.adapt(model, method, "other")


def words():
    """A layer that keeps files of its own."""
    layer = keras.layers.TextVectorization(output_sequence_length=3)
    layer.set_vocabulary(["good", "bad", "film"])
    inputs = keras.Input((), dtype="string")
    hidden = keras.layers.Embedding(6, 2)(layer(inputs))
    return keras.Model(inputs, keras.ops.max(hidden, axis=1))


def hostile():
    """A good file with each of the attacks for its config or a layer."""
    import json

    base = _saved(sequential())
    found = []
    for value in KERAS:

        def into_layers(name, content, value=value):
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"].append(value)
                content = json.dumps(config).encode()
            return content

        def instead(name, content, value=value):
            whole = name == "config.json"
            return json.dumps(value).encode() if whole else content

        found += [rebuilt(base, into_layers), rebuilt(base, instead)]
    return [{"model.keras": content} for content in found]


def reader():
    """`load_model`, with the optimizer in part."""

    def read(folder, changed, random):
        compile = random.random() < 0.2
        load_model(folder / "model.keras", compile=compile).count_params()

    return read


TARGET = Target(
    corpus,
    reader,
    attacks=[*KERAS * 3, *CIRQ, *CIRCUITS],
    hostile=hostile,
    names=keras_names,
)
