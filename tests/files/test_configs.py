"""Configs: what a model is made of passes, and whatever else is refused."""

import keras
import pytest

from tfq_hybrid import models  # noqa: F401  registers its classes
from tfq_hybrid.files.classes import (
    CALLERS,
    HOMES,
    REFUSED,
    activation_names,
    candidates,
    is_allowed_class,
    is_allowed_function,
    pure_functions,
)
from tfq_hybrid.files.configs import DEEPEST, check_config

WRITER = "keras_hub>compute_word_piece_vocabulary"
DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {}}


def layer(**changes):
    return {**DENSE, "registered_name": None, **changes}


def function(name, module="builtins", registered_name="function"):
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": registered_name,
    }


def test_a_registered_name_is_what_counts():
    """Keras would take it, and not the class that stands beside it."""
    check_config(layer())
    with pytest.raises(ValueError, match="names Dense"):
        check_config(layer(registered_name=WRITER))
    with pytest.raises(ValueError, match="names Dense"):
        check_config(layer(registered_name="keras_nlp>upload_preset"))


@pytest.mark.parametrize(
    "node",
    [
        layer(class_name="Lambda"),
        layer(module="keras", class_name="layers.Lambda"),
        layer(module="keras.src.layers.core.lambda_layer", class_name="Lambda"),
        layer(module=None, class_name="Lambda"),
        layer(class_name="TFSMLayer"),
        layer(class_name="TorchModuleWrapper"),
        layer(class_name="JaxLayer"),
        layer(module="keras.utils", class_name="get_file"),
        layer(module="keras.ops", class_name="ones"),
        layer(module="os", class_name="system"),
        layer(module="subprocess", class_name="Popen"),
        layer(module="tensorflow", class_name="io.write_file"),
        layer(module="tfq_hybrid.files", class_name="write_text"),
        layer(module="keras_hub.src.utils.preset_utils", class_name="get_file"),
        layer(class_name="NoSuchLayer"),
        layer(class_name=WRITER),
        layer(class_name="__lambda__", config={"value": "4wEA"}),
        layer(class_name="__typespec__", config=[]),
        layer(class_name="__numpy__", config={"value": 1, "dtype": "U99999"}),
        layer(
            class_name="__tensor__", config={"value": "a", "dtype": "string"}
        ),
        layer(class_name=["Dense"]),
        layer(module=3, class_name="Unknown"),
        function("compute_word_piece_vocabulary"),
        layer(config={"activation": function(WRITER)}),
        layer(config={"activation": function("upload_preset")}),
        layer(config={"activation": function("deserialize")}),
        layer(config={"activation": function("ones", "keras.ops")}),
        layer(config={"activation": WRITER}),
        layer(config={"activation": {"class_name": WRITER}}),
        layer(config={"units": function("relu")}),
        layer(config={"kernel_initializer": "keras_hub>serialize"}),
        layer(config={"vocabulary": "/etc/hostname"}),
        layer(config={"proto": "/etc/hostname"}),
        layer(config={"units": 10**30}),
        layer(config={"name": "../../x"}),
        layer(inbound_nodes=[{"args": [[1.0]], "kwargs": {}}]),
        layer(inbound_nodes=[[["input", 0, 0, {}]]]),
        layer(build_config=layer(class_name="Lambda")),
        {"compile_config": {"loss": function(WRITER)}},
        {"anything": [{"at": {"all": layer(class_name="Lambda")}}]},
    ],
    ids=lambda node: str(node)[:70],
)
def test_refused(node):
    with pytest.raises(ValueError):
        check_config(node)


def test_nested_without_end():
    node = layer()
    for _ in range(DEEPEST):
        node = layer(class_name="Sequential", config={"layers": [node]})
    with pytest.raises(ValueError, match="nested"):
        check_config(node)


@pytest.mark.parametrize(
    "node",
    [
        layer(config={"activation": "relu", "name": "dense"}),
        layer(config={"activation": function("gelu")}),
        layer(config={"activation": function("keras_hub>gelu_approximate")}),
        layer(config={"vocabulary": ["a", "b"], "merges": None}),
        {"compile_config": {"loss": function("mean_squared_error")}},
        {"compile_config": {"loss": {"label": function("hinge")}}},
        layer(config={"text": "__import__('os').system('true')"}),
        layer(module="keras_nlp.src.models.bert", class_name="BertBackbone",
              registered_name="keras_nlp>BertBackbone"),
    ],
    ids=lambda node: str(node)[:70],
)  # fmt: skip
def test_taken(node):
    check_config(node)


class Mine(keras.layers.Layer):
    """Nobody vouches for it but whoever names it."""


def test_a_class_of_the_users_is_named():
    node = layer(module="mine", class_name="Mine")
    with pytest.raises(ValueError, match="custom_objects"):
        check_config(node)
    check_config(node, {"Mine": Mine})
    assert not is_allowed_class(Mine)
    # What somebody registers, the user does not vouch for by that.
    with (
        keras.saving.custom_object_scope({"Mine": Mine}),
        pytest.raises(ValueError, match="safe to load"),
    ):
        check_config(node)


def test_what_is_registered_is_judged():
    """Each function that is registered is pure or refused."""
    known = keras.saving.get_custom_objects()
    functions = {k: v for k, v in known.items() if not isinstance(v, type)}
    allowed = {k for k, v in functions.items() if is_allowed_function(v)}
    assert {k.split(">")[1] for k in allowed} == {"gelu_approximate"}
    assert len(functions) > len(allowed)


def test_private_names_of_keras():
    """A canary: what `classes` takes from inside Keras is still there."""
    assert keras.activations.relu in pure_functions()
    assert keras.losses.mean_squared_error in pure_functions()
    assert keras.metrics.binary_accuracy in pure_functions()
    assert not is_allowed_function(keras.activations.deserialize)
    assert {"gelu", "linear", "silu"} <= {*activation_names()}
    assert keras.layers.Dense.__module__.startswith(HOMES)
    node = {"module": "keras.layers", "class_name": "Dense"}
    assert candidates(node) == [keras.layers.Dense]
    for kind in (*REFUSED, *CALLERS):
        assert issubclass(kind, keras.Operation)
        assert not is_allowed_class(kind)
