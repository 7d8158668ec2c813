import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from tfq_hybrid import adapters
from tfq_hybrid.adapters.variables import base_variables
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import (
    QAA_BASELINES,
    QAAOptions,
    apply_qaa,
    qaa_base,
    qaa_baseline,
)
from tfq_hybrid.training import ResidualMonitor, Telemetry

SMALL = {
    "vocabulary_size": 30,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 12,
    "intermediate_dim": 16,
    "max_sequence_length": 6,
    "dropout": 0.0,
}
GENERATOR = np.random.default_rng(0)
IDS = GENERATOR.integers(1, 30, (4, 6)).astype("int32")
TOKENS = {"token_ids": IDS, "padding_mask": np.ones_like(IDS)}


def make_lm(dtype=None, eagerly=True):
    backbone = qaa_base("tiny", dtype=dtype, **SMALL)
    task = keras_hub.models.GPT2CausalLM(backbone)
    task.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=eagerly,
        jit_compile=False,
    )
    return task


def test_published_parameter_counts():
    # PAPERS, system 5: n + n d a module; 12 modules, or 24.
    for place, depth, expected in (
        ("attention", 1, 92_280),
        ("ffn", 1, 92_280),
        ("both", 1, 184_560),
        ("both", 4, 24 * (40 + 7_680)),
    ):
        options = QAAOptions(place=place, depth=depth)
        assert options.parameters(768, 12) == expected
    # The paper's own figure: each amplitude of 1,024 would be projected to.
    assert QAAOptions().parameters(1024, 12) == 123_000


@pytest.mark.long
def test_counts_of_a_model_of_125m():
    # Full width and depth; what has no adapter is small, to be quick.
    base = qaa_base("125m", vocabulary_size=4, intermediate_dim=1)
    assert (base.num_layers, base.hidden_dim, base.num_heads) == (12, 768, 12)
    for place in ("attention", "both"):
        options = QAAOptions(place=place)
        reached = options.method.parameters(base)
        assert reached == options.parameters(768, 12)
    matched = {
        baseline: qaa_baseline(base, QAAOptions(), baseline, print).parameters(
            base
        )
        for baseline in QAA_BASELINES[:-1]
    }
    assert matched == {
        "lora": 92_160,  # rank 5 on the queries
        "sora": 92_220,
        "bottleneck": 101_436,  # of width 5; width 4 has 82,992
        "prefix": 92_160,
    }


@pytest.mark.long
def test_125m_trains_92280():
    model = apply_qaa(qaa_base("125m"))
    assert 124e6 < model.count_params() < 125e6
    assert adapters.trainable_parameters(model) == 92_280


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [
        {"place": "attention"},
        {"place": "ffn", "depth": 2},
        {"place": "both", "depth": 4, "entanglement": "all-to-all"},
    ],
    ids=str,
)
def test_trains_what_it_counts_and_comes_back(options, tmp_path):
    task, options = make_lm(), QAAOptions(**options)
    assert QAAOptions.from_dict(options.to_dict()) == options
    before = np.array(task(TOKENS))
    apply_qaa(task, options)
    np.testing.assert_array_equal(task(TOKENS), before)
    count = options.parameters(12, 2)
    assert adapters.trainable_parameters(task) == count
    base = {k: np.array(v) for k, v in base_variables(task).items()}
    task.fit(TOKENS, IDS, batch_size=2, epochs=2, verbose=0)
    for key, variable in base_variables(task).items():
        np.testing.assert_array_equal(variable, base[key], key)
    after = np.array(task(TOKENS))
    assert np.abs(after - before).max() > 1e-4
    task.save(tmp_path / "qaa.keras")
    restored = keras.models.load_model(tmp_path / "qaa.keras")
    assert np.abs(np.array(restored(TOKENS)) - after).max() == 0.0
    assert adapters.trainable_parameters(restored) == count


@pytest.mark.parametrize("baseline", QAA_BASELINES)
def test_baselines_take_nearly_as_many(baseline):
    task, said = make_lm(), []
    count = QAAOptions().parameters(12, 2)
    apply_qaa(task, QAAOptions(), baseline, said.append)
    reached = adapters.trainable_parameters(task)
    if baseline == "full":
        assert reached == task.count_params() and not said
    else:
        assert abs(reached / count - 1) < 0.3
        assert f"{count:,}" in said[0] and f"{reached:,}" in said[0]


def test_entanglement_changes_the_circuit():
    sizes = {
        name: len(QAAOptions(entanglement=name).method.circuit_for(12).circuit)
        for name in ("none", "adjacent", "all-to-all")
    }
    assert sizes["none"] < sizes["adjacent"] < sizes["all-to-all"]


@pytest.mark.long
@pytest.mark.parametrize("eagerly", [True, False])
def test_the_ratio_of_residuals_is_measured(eagerly, tmp_path):
    task = apply_qaa(make_lm(eagerly=eagerly), QAAOptions(place="both"))
    seen = []
    slot = dict(adapters.named_layers(task.backbone))[
        "transformer_layer_1/feedforward_output_dense"
    ]
    for variable in task.trainable_variables:
        variable.assign(
            0.3 * GENERATOR.normal(size=variable.shape).astype("float32")
        )
    slot.adapter.observer = lambda *pair: seen.append(pair)
    task(TOKENS)  # with the weights as they are before the step
    slot.adapter.observer = None
    monitor = ResidualMonitor(tmp_path, every=1)
    history = task.fit(
        TOKENS, IDS, batch_size=4, verbose=0, callbacks=[monitor]
    ).history
    names = [name for name in history if name.startswith("residual_ratio/")]
    assert len(names) == 4
    residual, hidden = (np.array(x) for x in seen[0])
    expected = np.mean(
        np.linalg.norm(residual, axis=-1) / np.linalg.norm(hidden, axis=-1)
    )
    name = next(n for n in names if n.endswith(f"layer_1/{slot.name}"))
    assert history[name] == pytest.approx([expected], rel=1e-4)
    assert slot.adapter.observer is None
    [file] = (tmp_path / "residuals").iterdir()
    tags = {
        value.tag
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }
    assert set(names) <= tags


class Cut(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("eagerly", [True, False])
def test_an_interrupted_training_leaves_no_observer(eagerly, tmp_path):
    dense = keras.layers.Dense(2, name="dense")
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    adapters.adapt(model, adapters.LoRA(targets="dense"))
    data = np.ones((4, 3)), np.ones((4, 2))
    with pytest.raises(KeyboardInterrupt):
        callbacks = [ResidualMonitor(every=1), Cut()]
        model.fit(*data, verbose=0, callbacks=callbacks)
    assert dense.adapter.observer is None
    # Another one is read, beside other callbacks around the step.
    for order in (1, -1):
        callbacks = [ResidualMonitor(every=1), Telemetry(every=1)][::order]
        history = model.fit(*data, verbose=0, callbacks=callbacks).history
        assert history["residual_ratio/dense"][0] > 0.0
        assert history["gradient_norm/classical"][0] > 0.0
        assert "train_step" not in vars(model)
    assert dense.adapter.observer is None


def test_the_ratio_needs_an_adapter():
    task = make_lm()
    with pytest.raises(UserError, match="without an active one"):
        task.fit(TOKENS, IDS, verbose=0, callbacks=[ResidualMonitor()])


@pytest.mark.long
def test_mixed_precision_trains():
    task = apply_qaa(make_lm("mixed_bfloat16"), QAAOptions(place="both"))
    before = [np.array(v) for v in task.trainable_variables]
    task.fit(TOKENS, IDS, batch_size=1, verbose=0)
    for variable, old in zip(task.trainable_variables, before, strict=True):
        assert variable.dtype == "float32"
        assert np.any(np.array(variable) != old), variable.path


def test_bad_options():
    for options, message in (
        ({"place": "atention"}, "Did you mean 'attention'"),
        ({"depth": 0}, "depth"),
        ({"entanglement": "all"}, "Did you mean 'all-to-all'"),
    ):
        with pytest.raises(UserError, match=message):
            QAAOptions(**options)
    with pytest.raises(UserError, match="Did you mean 'place'"):
        QAAOptions.from_dict({"plase": "ffn"})
    with pytest.raises(UserError, match="125m"):
        qaa_base("125")
    with pytest.raises(UserError, match="lora"):
        apply_qaa(make_lm(), baseline="lor")
