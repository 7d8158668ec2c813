"""What every method keeps to: a new one joins by a row in `EXAMPLES`."""

import keras
import keras_hub
import numpy as np
import pytest

from tests.adapters.zoo import (
    DECODERS,
    EXAMPLES,
    ROWS,
    difference,
    labels,
    make_backbone,
    make_method,
    make_task,
    run,
    stir,
    tokens,
)
from tfq_hybrid import adapters
from tfq_hybrid.adapters.variables import base_variables
from tfq_hybrid.errors import UserError

# What cannot be, and what the error says.
IMPOSSIBLE = {
    ("HeadOnly", "decoder"): "Dense layers around its backbone",
    ("PrefixTuning", "BLOOM"): "position bias",
}


def impossible(method, family):
    kind = "decoder" if family in DECODERS else "encoder"
    return IMPOSSIBLE.get((method, kind), IMPOSSIBLE.get((method, family)))


def cases():
    """Every method on BERT and GPT-2, two on every family; all if long."""
    for family in ROWS:
        for method in EXAMPLES:
            usual = family in ("BERT", "GPT-2") or method in (
                "ReplaceDense",
                "QuantumAdapter",
            )
            marks = [] if usual else [pytest.mark.long]
            if not impossible(method, family):
                yield pytest.param(
                    method, family, marks=marks, id=f"{method}-{family}"
                )


each_case = pytest.mark.parametrize("method,family", list(cases()))


def test_every_method_has_its_row():
    assert set(EXAMPLES) == set(adapters.METHODS)


def moved(task):
    """Ids of the variables that two steps of training move."""
    before = {id(v): np.array(v) for v in task.weights}
    # At first, what stands before a zero has no gradient.
    task.fit(tokens(task), labels(task), batch_size=1, verbose=0)
    return {id(v) for v in task.weights if np.any(np.array(v) != before[id(v)])}


def restored(task, family, folder):
    """The same task from a file, from a preset, from its adapter alone."""
    task.save(folder / "task.keras")
    yield keras.models.load_model(folder / "task.keras")
    task.save_to_preset(str(folder / "preset"))
    kind = keras_hub.models.CausalLM
    if family not in DECODERS:
        kind = keras_hub.models.TextClassifier
    yield kind.from_preset(str(folder / "preset"))
    adapters.save_weights(task, folder / "adapter.h5")
    yield adapters.load_weights(make_task(family), folder / "adapter.h5")


@each_case
def test_every_method_keeps_to_it(method, family, tmp_path):
    task = make_task(family)
    kind, before = type(task), run(task)
    paths = {v.path for v in task.weights}
    config = make_method(method)
    if not config.is_additive:
        config = make_method(method, keep_base=True)
    count = config.parameters(task)
    assert adapters.adapt(task, config) is task
    if config.is_additive and method != "PrefixTuning":
        assert difference(run(task), before) == 0.0
    assert adapters.trainable_parameters(task) == count
    new = {id(v) for v in task.trainable_variables}
    assert moved(task) == new
    base = {id(v) for v in base_variables(task).values()}
    assert bool(new & base) != config.freezes
    after = run(task)
    assert difference(after, before) > 1e-6

    for model in restored(task, family, tmp_path):
        assert type(model) is type(task)
        assert difference(run(model), after) == 0.0
        assert adapters.trainable_parameters(model) == count
    if config.is_additive:
        with adapters.disable(task):
            assert difference(run(task), before) == 0.0
        assert difference(run(task), after) == 0.0
    assert adapters.unload(model) is model  # the one of the last file
    assert adapters.unload(task) is task
    for undone in (task, model):
        assert type(undone) is kind
        assert difference(run(undone), before) == 0.0
        assert {v.path for v in undone.weights} == paths
        assert len(undone.trainable_weights) == len(paths)


@pytest.mark.parametrize("family", ["BERT", "GPT-2"])
def test_a_preset_gives_the_backbone_alone(family, tmp_path):
    task = adapters.adapt(make_task(family), make_method("LoRA"))
    stir(task)
    task.save_to_preset(str(tmp_path))
    backbone = keras_hub.models.Backbone.from_preset(str(tmp_path))
    assert type(backbone) is type(task.backbone)
    inputs = tokens(backbone)
    assert difference(run(backbone), run(task.backbone, inputs)) == 0.0


@pytest.mark.parametrize(
    "method,family",
    [case for case in cases() if case.values[1] in DECODERS],
)
def test_generates_with_its_cache_as_without(method, family):
    task = adapters.adapt(make_task(family), make_method(method))
    stir(task)
    inputs = tokens(task)
    inputs["padding_mask"][:, 3:] = 0
    inputs["token_ids"][:, 3:] = 0
    generated = task.generate(
        {k: v.copy() for k, v in inputs.items()}, stop_token_ids=None
    )
    ids = inputs["token_ids"].copy()
    for position in range(3, ids.shape[1]):
        seen = (np.arange(ids.shape[1]) < position) * np.ones_like(ids)
        fed = {"token_ids": ids, "padding_mask": seen}
        logits = run(task, fed)
        ids[:, position] = logits[:, position - 1].argmax(-1)
    np.testing.assert_array_equal(generated["token_ids"], ids)


@pytest.mark.parametrize(
    "policy",
    ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.long)],
)
@pytest.mark.parametrize("method", EXAMPLES)
def test_mixed_precision(method, policy):
    task = make_task("BERT", dtype=policy)
    adapters.adapt(task, make_method(method))
    losses = task.fit(tokens(task), labels(task), epochs=3, verbose=0).history[
        "loss"
    ]
    assert losses[-1] < losses[0]
    assert all(v.dtype == "float32" for v in task.trainable_variables)


@pytest.mark.parametrize("method,family", list(IMPOSSIBLE))
def test_what_cannot_be_says_why(method, family):
    task = make_task("GPT-2" if family == "decoder" else family)
    with pytest.raises(UserError, match=IMPOSSIBLE[method, family]):
        adapters.adapt(task, make_method(method))
    assert not hasattr(task, "adaptation")


@pytest.mark.parametrize("method", ["ReplaceDense", "FullFineTuning"])
def test_a_changed_base_needs_the_base_to_undo(method, tmp_path):
    backbone = make_backbone("GPT-2")
    before = run(backbone)
    backbone.save_to_preset(str(tmp_path / "base"))
    adapters.adapt(backbone, make_method(method))
    stir(backbone)
    with pytest.raises(UserError, match="keep_base=True"):
        adapters.unload(backbone)
    with pytest.raises(UserError, match="leave the base whole"):
        adapters.disable(backbone)
    other = make_backbone("GPT-2")
    other.set_weights([w + 1 for w in other.get_weights()])
    with pytest.raises(UserError, match="fingerprint"):
        adapters.unload(backbone, base=other)
    adapters.unload(backbone, base=str(tmp_path / "base"))
    assert difference(run(backbone), before) == 0.0
    adapters.adapt(backbone, make_method(method))
    stir(backbone)
    adapters.unload(backbone, base=make_backbone("GPT-2"))
    assert difference(run(backbone), before) == 0.0
