"""Adapting in place: several adapters, plain models, what is compiled."""

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from tests.adapters.zoo import (
    SPEC,
    difference,
    labels,
    make_backbone,
    make_method,
    make_task,
    run,
    stir,
    tokens,
)
from tests.tolerances import rounding
from tfq_hybrid import adapters
from tfq_hybrid.adapters.hosts import Functional
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import Telemetry

X = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
Y = np.random.default_rng(1).normal(size=(4, 2)).astype("float32")


def functional():
    inputs = keras.Input((5,))
    hidden = keras.layers.Dense(3, activation="relu", name="hidden")(inputs)
    both = keras.layers.Concatenate()([inputs, hidden])
    return keras.Model(inputs, keras.layers.Dense(2, name="last")(both))


def sequential():
    return keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(3, activation="relu", name="hidden"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(2, name="last"),
        ]
    )


@pytest.mark.parametrize("make", [functional, sequential])
@pytest.mark.parametrize(
    "method",
    [
        adapters.ReplaceDense(targets="hidden", circuit=SPEC, keep_base=True),
        adapters.QuantumAdapter(targets="last", circuit=SPEC),
        adapters.LoRA(targets=["hidden", "last"], rank=2),
        adapters.BottleneckAdapter(targets="dense", width=2),
        adapters.FullFineTuning(keep_base=True),
    ],
    ids=lambda method: type(method).__name__,
)
def test_plain_models(make, method, tmp_path):
    model = make()
    kind, before = type(model), np.array(model(X))
    model.compile("adam", "mse", run_eagerly=True)
    count = method.parameters(model)
    adapters.adapt(model, method)
    assert adapters.trainable_parameters(model) == count
    frozen = [np.array(v) for v in model.non_trainable_variables]
    model.fit(X, Y, epochs=2, verbose=0)
    after = np.array(model(X))
    assert difference(after, before) > 1e-5
    if method.freezes:
        for old, new in zip(frozen, model.non_trainable_variables, strict=True):
            np.testing.assert_array_equal(old, new)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for other in (loaded, adapters.clone(model)):
        assert type(other) is type(model)
        assert difference(np.array(other(X)), after) == 0.0
    adapters.unload(loaded)
    assert type(loaded) is kind
    assert difference(np.array(loaded(X)), before) == 0.0


def around(backbone, whole):
    """A head of one's own, around a backbone or on its graph."""
    outputs = backbone(backbone.input) if whole else backbone.output
    outputs = keras.layers.Dense(2, name="mine")(outputs["pooled_output"])
    return keras.Model(backbone.input, outputs)


@pytest.mark.parametrize("whole", [True, False])
def test_a_head_of_ones_own(whole, tmp_path):
    model = around(make_backbone("BERT"), whole)
    before = run(model)
    # On the graph there is no backbone any more, only its layers.
    words = ["query", "value"] if whole else [r".*/query", r".*/value"]
    method = adapters.LoRA(targets=words, train_head=True if whole else None)
    count = method.parameters(model)
    assert count == 2 * 8 * 32 + (34 if whole else 0)
    adapters.adapt(model, method)
    assert difference(run(model), before) == 0.0
    stir(model)
    after = run(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert difference(run(loaded), after) == 0.0
    assert adapters.trainable_parameters(loaded) == count
    adapters.unload(loaded)
    assert difference(run(loaded), before) == 0.0


def test_several_adapters_share_one_base():
    task = make_task("GPT-2")
    before, size = run(task), task.count_params()
    outputs = {}
    methods = {"a": "LoRA", "b": "QuantumAdapter", "c": "PrefixTuning"}
    new = 0
    for name, method in methods.items():
        method = make_method(method)
        adapters.adapt(task, method, name)
        new += method.parameters(task)
        stir(task)
        outputs[name] = run(task)
    assert task.count_params() == size + new
    for name, expected in outputs.items():
        adapters.activate(task, name)
        assert difference(run(task), expected) == 0.0
        count = make_method(methods[name]).parameters(task)
        assert adapters.trainable_parameters(task) == count
    copy = adapters.clone(task)
    assert difference(run(copy), outputs["c"]) == 0.0
    adapters.activate(copy, "a")
    assert difference(run(copy), outputs["a"]) == 0.0
    adapters.unload(task)
    assert difference(run(task), before) == 0.0
    assert task.count_params() == size


def test_disabled_until_activated_again():
    task = make_task("BERT")
    before = run(task)
    adapters.adapt(task, make_method("LoRA"))
    stir(task)
    after = run(task)
    adapters.disable(task)
    assert difference(run(task), before) == 0.0
    with pytest.raises(UserError, match=r"adapters\.activate"):
        task.fit(tokens(task), labels(task), verbose=0)
    adapters.activate(task, "default")
    assert difference(run(task), after) == 0.0
    task.fit(tokens(task), labels(task), verbose=0)


@pytest.mark.long
def test_what_was_compiled_before_trains_what_is_new():
    # Traced, as users run it: the stale functions must not be used.
    task = make_task("BERT")
    task.compile(optimizer=keras.optimizers.Adam(0.01), jit_compile=False)
    data = tokens(task), np.array([0, 2])
    task.fit(*data, verbose=0)
    logits = task.predict(data[0], verbose=0)
    adapters.adapt(task, make_method("QuantumAdapter"))
    assert isinstance(task.optimizer, keras.optimizers.Adam)
    assert float(task.optimizer.learning_rate) == pytest.approx(0.01)
    monitor = Telemetry(every=1)
    history = task.fit(*data, epochs=2, callbacks=[monitor], verbose=0).history
    circuits = [k for k in history if k.startswith("gradient_norm/quantum/")]
    assert len(circuits) == 2  # one after attention, one after the FFN
    assert all(history[name][-1] > 0.0 for name in circuits)
    assert difference(task.predict(data[0], verbose=0), logits) > 1e-6
    with adapters.disable(task):
        assert difference(task.predict(data[0], verbose=0), logits) < 1e-6


def test_an_optimizer_that_is_older_is_an_error():
    task = adapters.adapt(make_task("BERT"), make_method("LoRA"))
    task.fit(tokens(task), labels(task), verbose=0)
    task.backbone.token_embedding.trainable = True
    with pytest.raises(UserError, match="compile again"):
        task.fit(tokens(task), labels(task), verbose=0)
    task.backbone.token_embedding.trainable = False
    task.fit(tokens(task), labels(task), verbose=0)


def test_a_loss_that_is_no_config_leaves_the_model_uncompiled():
    model = functional()
    model.compile("adam", lambda y, z: keras.ops.mean((y - z) ** 2))
    adapters.adapt(model, adapters.LoRA(targets="dense"))
    with pytest.raises(ValueError, match="compile"):
        model.fit(X, Y, verbose=0)


def test_a_saved_task_goes_on_training(tmp_path):
    task = adapters.adapt(make_task("BERT"), make_method("LoRA"))
    task.fit(tokens(task), labels(task), verbose=0)
    task.save(tmp_path / "task.keras")
    loaded = keras.models.load_model(tmp_path / "task.keras")
    assert int(loaded.optimizer.iterations) == 1
    for old, new in zip(
        task.optimizer.variables, loaded.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(old, new)


def test_masked_lm_head():
    task = make_task("RoBERTa", "MaskedLM")
    before = run(task)
    adapters.adapt(task, adapters.HeadOnly())
    assert difference(run(task), before) == 0.0
    assert adapters.trainable_parameters(task) == 16 * 16 + 16
    stir(task)
    assert difference(run(task), before) > 1e-3
    adapters.unload(task)
    assert difference(run(task), before) == 0.0


def test_a_backbone_that_is_in_a_task_is_refused():
    task = make_task("BERT")
    for call in (
        lambda: adapters.adapt(task.backbone, adapters.LoRA()),
        lambda: adapters.unload(task.backbone),
    ):
        with pytest.raises(UserError, match="the outermost model"):
            call()


def test_a_task_around_an_adapted_backbone():
    backbone = make_backbone("BERT")
    adapters.adapt(backbone, make_method("LoRA"))
    stir(backbone)
    task = keras_hub.models.BertTextClassifier(backbone, num_classes=2)
    after = run(task)
    with adapters.disable(task):
        assert difference(run(task), after) > 1e-5
    assert difference(run(task), after) == 0.0
    adapters.adapt(task, make_method("QuantumAdapter"), "second")
    adapters.activate(task, "default")
    assert difference(run(task), after) == 0.0
    adapters.unload(task)
    assert type(task) is keras_hub.models.BertTextClassifier
    assert type(backbone) is keras_hub.models.BertBackbone


def lora_first(model):
    adapters.adapt(model, adapters.LoRA())


@pytest.mark.parametrize(
    "prepare,call,message",
    [
        (None, lambda m: adapters.adapt(m, "lora"), "adapters.LoRA"),
        (None, lambda m: adapters.adapt(m, adapters.LoRA(), "a/b"), "letters"),
        (None, adapters.unload, "adapters.adapt first"),
        (None, adapters.disable, "adapters.adapt first"),
        (lora_first, lambda m: adapters.adapt(m, adapters.LoRA()), "not taken"),
        (
            lora_first,
            lambda m: adapters.adapt(m, adapters.FullFineTuning(), "b"),
            "FullFineTuning to be alone",
        ),
        (lora_first, lambda m: adapters.activate(m, "dfault"), "'default'"),
        (
            None,
            lambda m: adapters.adapt(
                m, adapters.ReplaceDense(targets=["ffn", "up"])
            ),
            "replaced once",
        ),
        (
            None,
            lambda m: adapters.adapt(m, adapters.PrefixTuning(targets="up")),
            "attention layers",
        ),
    ],
)
def test_misuse_is_an_error(prepare, call, message):
    backbone = make_backbone("BERT")
    if prepare:
        prepare(backbone)
    with pytest.raises(UserError, match=message):
        call(backbone)


def test_functional_is_what_keras_makes_of_tensors():
    # The canary of a class without a public name.
    assert Functional is type(functional())


def test_other_models_are_refused():
    class Mine(keras.Model):
        pass

    with pytest.raises(UserError, match=r"a built model.*'mine'"):
        adapters.adapt(Mine(), adapters.LoRA())
    with pytest.raises(UserError, match=r"a Keras model\. Received: Dense"):
        adapters.adapt(keras.layers.Dense(2), adapters.LoRA())


def test_a_layer_whose_quantization_learns_is_refused():
    model = functional()
    model.get_layer("hidden").quantize("float8")
    with pytest.raises(UserError, match="Received: quantization_mode='float8'"):
        adapters.adapt(model, adapters.LoRA(targets="hidden"))
    lora = functional()
    lora.get_layer("hidden").enable_lora(1)
    with pytest.raises(UserError, match="Keras's own LoRA"):
        adapters.adapt(lora, adapters.LoRA(targets="hidden"))


def test_a_method_that_fails_leaves_nothing_behind():
    fails = adapters.QuantumAdapter(engine="tfq")  # which has no amplitudes
    backbone = make_backbone("BERT")
    paths = {v.path for v in backbone.weights}
    with pytest.raises(UserError, match="batched"):
        adapters.adapt(backbone, fails)
    assert type(backbone) is keras_hub.models.BertBackbone
    assert {v.path for v in backbone.trainable_weights} == paths
    adapters.adapt(backbone, adapters.LoRA())
    stir(backbone)
    after, count = run(backbone), backbone.count_params()
    with pytest.raises(UserError, match="batched"):
        adapters.adapt(backbone, fails, "second")
    assert backbone.adaptation.active == "default"
    assert difference(run(backbone), after) == 0.0
    assert backbone.count_params() == count


@pytest.mark.parametrize("is_adapted", [False, True])
def test_a_method_that_fails_keeps_what_was_frozen(is_adapted):
    task = make_task("BERT")
    if is_adapted:
        adapters.adapt(task, adapters.LoRA(targets="key"))
        task.backbone.get_layer("pooled_dense").trainable = True
    else:
        task.backbone.trainable = False
        task.backbone.get_layer("pooled_dense").trainable = True
        task.backbone.get_layer("pooled_dense").bias.trainable = False
    before = {v.path for v in task.trainable_variables}
    trains = [layer.trainable for _, layer in adapters.named_layers(task)]
    for block in task.backbone.transformer_layers:
        block._self_attention_layer._query_dense.quantize("float8")
    with pytest.raises(UserError, match="float8"):
        adapters.adapt(task, adapters.LoRA(), "second")
    assert {v.path for v in task.trainable_variables} == before
    layers = [layer for _, layer in adapters.named_layers(task)]
    assert [layer.trainable for layer in layers] == trains


@pytest.mark.parametrize("fails", [False, True])
def test_a_model_without_adapters_exports(fails, tmp_path):
    model = functional()
    if fails:
        model.get_layer("last").enable_lora(1)
        with pytest.raises(UserError, match="Keras's own LoRA"):
            adapters.adapt(model, adapters.LoRA(targets="dense"))
    else:
        adapters.adapt(model, adapters.LoRA(targets="dense"))
        adapters.unload(model)
    model.export(tmp_path, verbose=False)
    exported = tf.saved_model.load(str(tmp_path))
    # Two layers: 5 terms and a bias, 8 terms and a bias.
    most = rounding(15, 4.0)
    assert difference(np.array(exported.serve(X)), np.array(model(X))) < most


def test_a_newer_format_is_refused():
    backbone = adapters.adapt(make_backbone("BERT"), adapters.LoRA())
    config = backbone.get_config()
    config["adaptation"]["format"] += 1
    with pytest.raises(UserError, match="newer version"):
        type(backbone).from_config(config)
