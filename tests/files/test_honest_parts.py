"""What Keras's own models consist of is loaded as it was saved."""

import keras
import numpy as np
import pytest

from tests.files import keras_layers
from tests.files.saving import assert_same, saved_and_loaded, text_of
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.configs import check_config
from tfq_hybrid.files.models import load_model
from tfq_hybrid.models import ProbabilityMSE


def test_no_layer_of_keras_is_missing():
    rows = {*keras_layers.ROWS, *keras_layers.WRAPPED}
    assert {*keras_layers.kinds()} == rows


@pytest.mark.parametrize(
    "name", sorted({*keras_layers.kinds()} - {*keras_layers.UNCALLED})
)
def test_layers_of_keras(name, tmp_path):
    model = keras_layers.make_model(name)
    assert_same(model, saved_and_loaded(model, tmp_path))


@pytest.mark.parametrize("name", keras_layers.UNCALLED)
def test_layers_that_are_called_on_dicts(name):
    arguments, _ = keras_layers.ROWS[name]
    layer = keras_layers.kinds()[name](**arguments)
    check_config(keras.saving.serialize_keras_object(layer))


class Scaled(keras.layers.Layer):
    """A layer of the user's."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return self.factor * inputs

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def swapped(labels, outputs):
    """A loss of the user's."""
    return keras.losses.mean_squared_error(outputs, labels)


def dense(units=3, **options):
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(units, **options)]
    )


def of_operations():
    x, y = keras.Input((6, 4)), keras.Input((4,))
    ops = keras.ops
    first = x[:, 0] + 2.0 * y
    rest = ops.concatenate([x[:, 1:3], x[:, ::2]], axis=1)
    mixed = ops.where(rest > 0, rest, np.float32(0.5))
    scaled = ops.einsum("bij,j->bi", mixed, np.arange(4, dtype="float32"))
    padded = ops.pad(scaled, [[0, 0], [1, 0]], constant_values=1.0)
    clipped = ops.clip(ops.transpose(x, (0, 2, 1))[..., -1], -1.0, 1.0)
    means = [ops.mean(each, axis=-1) for each in (first, padded, clipped)]
    return keras.Model([x, y], ops.stack(means, axis=-1))


def nested():
    inner_inputs = keras.Input((4,))
    inner = keras.Model(
        inner_inputs, keras.layers.Dense(4)(inner_inputs), name="inner"
    )
    shared = keras.layers.Dense(4, name="shared")
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    block = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4), keras.layers.ReLU()],
        name="block",
    )
    outputs = {"sum": shared(a) + shared(b), "product": block(inner(a)) * b}
    return keras.Model({"a": a, "b": b}, outputs)


def recurrent():
    cells = [keras.layers.LSTMCell(3), keras.layers.GRUCell(2)]
    return keras.Sequential(
        [
            keras.Input((5, 4)),
            keras.layers.Bidirectional(
                keras.layers.RNN(cells, return_sequences=True),
                merge_mode="concat",
            ),
            keras.layers.TimeDistributed(keras.layers.Dense(2)),
            keras.layers.Bidirectional(
                keras.layers.LSTM(2),
                backward_layer=keras.layers.GRU(2, go_backwards=True),
            ),
        ]
    )


def with_parts():
    """Objects and names of every kind that a layer takes."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(
                4,
                activation=keras.activations.gelu,
                kernel_initializer=keras.initializers.TruncatedNormal(seed=1),
                bias_initializer="ones",
                kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
                bias_regularizer="l2",
                activity_regularizer="l1",
                kernel_constraint=keras.constraints.MinMaxNorm(0.1, 2.0),
                bias_constraint="non_neg",
            ),
            keras.layers.Dense(
                4,
                activation=keras.layers.LeakyReLU(0.1),
                kernel_initializer=keras.initializers.Constant(0.5),
                kernel_regularizer=keras.regularizers.OrthogonalRegularizer(),
                kernel_constraint=keras.constraints.UnitNorm(),
            ),
            keras.layers.Activation("hard_swish"),
        ]
    )


def with_policies():
    policy = keras.dtype_policies.DTypePolicyMap()
    # Keras forgets the name of any other policy, in a map.
    policy[".*second"] = keras.dtype_policies.DTypePolicy("float32")
    inputs = keras.Input((4,))
    first = keras.layers.Dense(4, dtype="mixed_float16", name="first")
    second = keras.layers.Dense(4, dtype=policy, name="second")
    return keras.Model(inputs, second(first(inputs)))


def quantized(mode):
    model = dense(4, name="dense")
    model.layers[0].quantize(mode)
    return model


def with_rank():
    model = dense(4, lora_rank=2, lora_alpha=4)
    model.layers[0].lora_kernel_b.assign(np.ones((2, 4)))
    return model


MODELS = {
    "operations": of_operations,
    "nested": nested,
    "recurrent": recurrent,
    "parts": with_parts,
    "policies": with_policies,
    "int8": lambda: quantized("int8"),
    "int4": lambda: quantized("int4"),
    "float8": lambda: quantized("float8"),
    "lora": with_rank,
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_models_of_keras(make, tmp_path):
    model = make()
    loaded = saved_and_loaded(model, tmp_path)
    assert type(model) is type(loaded)
    assert text_of(model) == text_of(loaded)
    inputs = [
        np.random.default_rng(1).normal(size=(2, *each.shape[1:]))
        for each in model.inputs
    ]
    names = [each.name for each in model.inputs]
    if make is nested:
        inputs = dict(zip(names, inputs, strict=True))
    # LoRA is merged into the kernel that is saved.
    keras.tree.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5),
        model(inputs if len(names) > 1 else inputs[0]),
        loaded(inputs if len(names) > 1 else inputs[0]),
    )


SCHEDULES = keras.optimizers.schedules
OPTIMIZERS = {
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1)
    ),
    "muon": lambda: keras.optimizers.Muon(0.01),
    "steps": lambda: keras.optimizers.SGD(
        SCHEDULES.PiecewiseConstantDecay([2], [0.1, 0.01]), momentum=0.9
    ),
    "decay": lambda: keras.optimizers.Adam(SCHEDULES.ExponentialDecay(1, 2, 3)),
} | {
    name: lambda name=name: getattr(keras.optimizers, name)()
    for name in (
        "Adadelta",
        "Adafactor",
        "Adagrad",
        "Adam",
        "Adamax",
        "AdamW",
        "Ftrl",
        "Lamb",
        "Lion",
        "Nadam",
        "RMSprop",
        "SGD",
    )
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizers_and_their_state(make, tmp_path):
    model = dense(2)
    model.compile(make(), loss="mse", metrics=["mae", "accuracy"])
    model.optimizer.build(model.trainable_variables)
    loaded = saved_and_loaded(model, tmp_path, compile=True)
    assert text_of(loaded.optimizer) == text_of(model.optimizer)
    for old, new in zip(
        model.optimizer.variables, loaded.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "categorical_crossentropy", "metrics": ["accuracy", "auc"]},
        {"loss": keras.losses.kl_divergence},
        {"loss": keras.losses.Huber(delta=0.5), "loss_weights": 0.5},
        {"loss": ["mse"], "metrics": [["mape"]]},
        {"loss": keras.losses.CosineSimilarity(axis=-1, reduction="sum")},
        {"loss": "mse", "metrics": ["root_mean_squared_error"]},
        {"loss": ProbabilityMSE()},
        {"loss": "mse", "weighted_metrics": ["mae"], "jit_compile": False},
        {"loss": "mse", "run_eagerly": True, "steps_per_execution": 1},
    ],
)
def test_losses_and_metrics(options, tmp_path):
    model = dense(2)
    model.compile("sgd", **options)
    loaded = saved_and_loaded(model, tmp_path, compile=True)
    assert loaded.compiled
    assert str(loaded.get_compile_config()) == str(model.get_compile_config())


def test_what_is_the_users_own(tmp_path):
    model = keras.Sequential([keras.Input((4,)), Scaled(3.0)])
    model.compile("sgd", loss=swapped)
    model.save(tmp_path / "model.keras")
    with pytest.raises(UserError, match="custom_objects"):
        load_model(tmp_path / "model.keras")
    own = {"Scaled": Scaled, "swapped": swapped}
    loaded = load_model(tmp_path / "model.keras", own, compile=True)
    assert loaded.layers[0].factor == 3.0
    assert loaded.loss is swapped
