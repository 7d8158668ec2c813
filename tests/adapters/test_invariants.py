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
    kind_of,
    labels,
    make_backbone,
    make_method,
    make_task,
    run,
    stir,
    tokens,
)
from tests.tolerances import has_no_gradient
from tfq_hybrid import adapters
from tfq_hybrid.adapters.variables import base_variables
from tfq_hybrid.errors import UserError

# What cannot be, and what the error says.
IMPOSSIBLE = {
    ("HeadOnly", "decoder"): "Dense layers around its backbone",
    ("HeadOnly", "BART"): "Dense layers around its backbone",
    **{
        ("PrefixTuning", family): "position bias"
        for family in ("BLOOM", "Falcon", "T5")
    },
    ("PrefixTuning", "DeBERTa v3"): "relative position for every key",
    ("IA3", "GPT-NeoX"): "one fused Dense",
    **{
        ("BitFit", family): "Dense layers with a bias"
        for family in (
            "T5",
            "Llama 2",
            "Llama 3",
            "Mistral",
            "Gemma",
            "Gemma 3",
            "Qwen 3",
            "Phi-3",
        )
    },
}
# Their steps through a cache are wrong in keras-hub 0.29.1.
WRONG_CACHE = ("GPT-NeoX", "Falcon")


def impossible(method, family):
    kind = "decoder" if family in DECODERS else "encoder"
    return IMPOSSIBLE.get((method, kind), IMPOSSIBLE.get((method, family)))


# Quick tests of these are in `test_families.py`.
ONLY_LONG = (
    "XLM-R",
    "ELECTRA",
    "DeBERTa v3",
    "BART",
    "T5",
    "Falcon",
    "Llama 2",
    "Gemma 3",
    "Qwen 3",
)


def cases():
    """Every method on BERT and GPT-2, two on many families; all if long."""
    for family in ROWS:
        for method in EXAMPLES:
            usual = family in ("BERT", "GPT-2") or (
                method in ("ReplaceDense", "QuantumAdapter")
                and family not in ONLY_LONG
            )
            marks = [] if usual else [pytest.mark.long]
            if not impossible(method, family):
                yield pytest.param(
                    method, family, marks=marks, id=f"{method}-{family}"
                )


each_case = pytest.mark.parametrize("method,family", list(cases()))


def test_every_method_has_its_row():
    assert {name.split()[0] for name in EXAMPLES} == set(adapters.METHODS)


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
    if isinstance(task, keras_hub.models.Task):
        task.save_to_preset(str(folder / "preset"))
        kind = getattr(keras_hub.models, kind_of(family))
        yield kind.from_preset(str(folder / "preset"))
    adapters.save_weights(task, folder / "adapter.h5")
    yield adapters.load_weights(make_task(family), folder / "adapter.h5")


@each_case
def test_every_method_keeps_to_it(method, family, tmp_path):
    task = make_task(family)
    kind, before = type(task), run(task)
    paths = {*base_variables(task)}
    config = make_method(method)
    if not config.is_additive:
        config = make_method(method, keep_base=True)
    count = config.parameters(task)
    assert adapters.adapt(task, config) is task
    if config.is_additive and method != "PrefixTuning":
        assert difference(run(task), before) == 0.0
    assert adapters.trainable_parameters(task) == count
    new = {id(v) for v in task.trainable_variables}
    maybe = {id(v) for v in task.weights if has_no_gradient(v)}
    # Keys with a bias meet positions there: rotary, or disentangled ones.
    if family in ("Qwen", "DeBERTa v3"):
        maybe = set()
    assert moved(task) | (maybe & new) == new
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
        assert {*base_variables(undone)} == paths
        assert len(undone.trainable_weights) == len(paths)
        assert len(undone.weights) == len(paths)


@pytest.mark.parametrize("family", ["BERT", "GPT-2"])
def test_a_preset_gives_the_backbone_alone(family, tmp_path):
    task = adapters.adapt(make_task(family), make_method("LoRA"))
    stir(task)
    task.save_to_preset(str(tmp_path))
    backbone = keras_hub.models.Backbone.from_preset(str(tmp_path))
    assert type(backbone) is type(task.backbone)
    inputs = tokens(backbone)
    assert difference(run(backbone), run(task.backbone, inputs)) == 0.0


decoders = pytest.mark.parametrize(
    "method,family",
    [
        case
        for case in cases()
        if case.values[1] in DECODERS and case.values[1] not in WRONG_CACHE
    ],
)


def with_cache(task, ids):
    """The logits, token by token through the cache."""
    if isinstance(task, keras_hub.models.Gemma3CausalLM):
        _, cache = task._build_cache(ids, None, None, None, None)
    else:
        _, cache = task._build_cache(ids)
    cache = keras.ops.zeros_like(cache)
    logits = []
    for position in range(ids.shape[1]):
        token = ids[:, position : position + 1]
        step, _, cache = task.call_with_cache(token, cache, position)
        logits.append(np.array(step)[:, 0])
    return np.stack(logits, axis=1)


@decoders
def test_computes_with_its_cache_as_without(method, family):
    task = adapters.adapt(make_task(family), make_method(method))
    stir(task)
    inputs = tokens(task)
    assert difference(with_cache(task, inputs["token_ids"]), run(task)) < 1e-5


@pytest.mark.parametrize(
    "family", ["GPT-NeoX", pytest.param("Falcon", marks=pytest.mark.long)]
)
def test_keras_hub_decodes_wrongly_from_its_cache(family):
    # Its own defects, adapted or not: it turns cached queries of GPT-NeoX to
    # position 0 (pull request 2870), and drops the position bias of Falcon
    # (2977). Once this fails, the family belongs with the decoders above.
    task = make_task(family)
    stir(task)
    ids = tokens(task)["token_ids"]
    defect = difference(with_cache(task, ids), run(task))
    assert defect > 1e-3
    before = with_cache(task, ids)
    adapters.adapt(task, make_method("QuantumAdapter"))
    assert difference(with_cache(task, ids), before) == 0.0


def greedy(task, prompt, length):
    """Greedy decoding without a cache: ids of shape (batch, length)."""
    ids = np.zeros((len(prompt), length), "int32")
    ids[:, : prompt.shape[1]] = prompt
    for position in range(prompt.shape[1], length):
        seen = (np.arange(length) < position) * np.ones_like(ids)
        logits = run(task, {"token_ids": ids, "padding_mask": seen})
        ids[:, position] = logits[:, position - 1].argmax(-1)
    return ids


@pytest.mark.parametrize(
    "method,eagerly",
    [
        *((name, True) for name in EXAMPLES if not impossible(name, "GPT-2")),
        ("ReplaceDense", False),
    ],
)
def test_generates_as_a_loop_without_a_cache(method, eagerly):
    task = make_task("GPT-2")
    task.compile(sampler="greedy", run_eagerly=eagerly, jit_compile=False)
    options = {} if eagerly else {"targets": "all-query"}
    adapters.adapt(task, make_method(method, **options))
    # Else one token is always best.
    factor = 8 if method == "BitFit" else 4
    for variable in task.backbone.weights:
        if variable.ndim > 1:
            variable.assign(factor * variable)
    stir(task)
    inputs = tokens(task)
    prompt = inputs["token_ids"][:, :3]
    expected = greedy(task, prompt, inputs["token_ids"].shape[1])
    inputs["padding_mask"][:, 3:] = 0
    inputs["token_ids"] = np.where(inputs["padding_mask"], expected, 0)
    generated = task.generate(inputs, stop_token_ids=None)
    np.testing.assert_array_equal(generated["token_ids"], expected)
    assert len(set(expected[:, 3:].ravel())) > 1


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


@pytest.mark.parametrize(
    "method,family",
    [
        pytest.param(*case, marks=pytest.mark.long if "T5" in case else ())
        for case in IMPOSSIBLE
    ],
)
def test_what_cannot_be_says_why(method, family):
    task = make_task("GPT-2" if family == "decoder" else family)
    with pytest.raises(UserError, match=IMPOSSIBLE[method, family]):
        adapters.adapt(task, make_method(method))
    assert not hasattr(task, "adaptation")


@pytest.mark.parametrize("whole", [True, False])
def test_a_backbone_alone_leaves_the_head(whole, tmp_path):
    base = make_task("BERT")
    before = base.get_weights()
    task = adapters.adapt(make_task("BERT"), make_method("FullFineTuning"))
    stir(task)
    trained = [np.array(w) for w in task.output_dense.weights]
    base.backbone.save_to_preset(str(tmp_path / "base"))
    adapters.unload(task, base=base if whole else tmp_path / "base")
    if not whole:
        before[-len(trained) :] = trained
    for expected, got in zip(before, task.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)


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
