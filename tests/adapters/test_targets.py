"""Words for targets, and the table of families against the backbones."""

import keras
import numpy as np
import pytest

from tests.adapters.zoo import ROWS, make_backbone, make_task
from tfq_hybrid import adapters
from tfq_hybrid.adapters import method
from tfq_hybrid.adapters.kernels import dense_shapes
from tfq_hybrid.adapters.patterns import as_layers, resolve
from tfq_hybrid.adapters.target import blocks_of
from tfq_hybrid.errors import UserError
from tfq_hybrid.models.qffn_bert.model import FEED_FORWARDS, QFFNBert

LAYER = "transformer_layer_{}"


@pytest.fixture(scope="module")
def bert():
    return make_task("BERT", num_layers=4)


def paths(model, *words, **options):
    return [target.path for target in resolve(model, words, **options)]


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=pytest.mark.long if name == "T5" else ())
        for name in ROWS
    ],
)
def test_every_row_is_the_backbone_of_that_name(family):
    # The canary of keras-hub's names of layers.
    backbone = make_backbone(family, num_layers=2)
    row = ROWS[family]
    count = {"ALBERT": 1, "BART": 4, "T5": 4}.get(family, 2)
    assert len(blocks_of(backbone)) == count
    found = adapters.targets(backbone)
    in_blocks = [t for t in found if t.block is not None]
    roles = {*row.roles, "ffn", "attention"}
    assert {t.role for t in in_blocks} == roles
    # In each block of a decoder beside an encoder one attention more.
    more = len(row.projections) + 1 if row.decoder else 0
    assert len(in_blocks) == count * len(roles) + count // 2 * more
    for target in in_blocks:
        assert target.calls == (2 if family == "ALBERT" else 1)
        if target.role in ("ffn", "attention", "output", "down"):
            assert target.outputs == (16,)
        if target.role in ("query", "key", "value", "gate", "up", "ffn"):
            assert target.inputs == (16,)
    # Nothing in a block is left out.
    kernels = {id(t.layer) for t in in_blocks if len(t.layers) == 1}
    for path, layer in adapters.named_layers(backbone):
        if path.startswith(tuple(blocks_of(backbone))) and isinstance(
            layer, (keras.layers.Dense, keras.layers.EinsumDense)
        ):
            assert id(layer) in kernels
    # What a role says of the gate, and of what feeds what.
    if row.ffn == "gated":
        by_role = {t.role: t for t in in_blocks}
        assert by_role["gate"].outputs == by_role["up"].outputs
        assert by_role["down"].inputs == by_role["up"].outputs
    assert row.tasks or family in ("MPNet", "ELECTRA", "T5")


@pytest.mark.parametrize(
    "equation,inputs,output,shapes",
    [
        ("abc,cde->abde", 4, (None, 2, 3), ((4,), (2, 3))),
        ("btd,ndh->btnh", 4, (None, 2, 3), ((4,), (2, 3))),
        ("abcd,cde->abe", (2, 3), (None, 4), ((2, 3), (4,))),
    ],
)
def test_shapes_of_an_einsum_are_read_from_its_equation(
    equation, inputs, output, shapes
):
    layer = keras.layers.EinsumDense(equation, output)
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    layer.build((None, None, *inputs))
    assert dense_shapes(layer) == shapes


def test_an_einsum_over_other_axes_is_refused():
    layer = keras.layers.EinsumDense("abc,bd->adc", (3, None))
    layer.build((None, 4, 2))
    with pytest.raises(ValueError, match="last axes"):
        dense_shapes(layer)


def test_words_match_as_they_say(bert):
    query = "self_attention_layer/query"
    every = [f"{LAYER.format(i)}/{query}" for i in range(4)]
    for word in ("query", "all-query", query, r".*/query"):
        assert paths(bert, word) == every
    assert paths(bert, every[2]) == [every[2]]
    assert paths(bert, r"transformer_layer_[12]/.*_dense") == [
        f"{LAYER.format(i)}/feedforward_{name}_dense"
        for i in (1, 2)
        for name in ("intermediate", "output")
    ]
    assert paths(bert, "query", layers=[0, -1]) == [every[0], every[3]]
    assert paths(bert, "query", exclude=[every[1], r".*_3/.*"]) == [
        every[0],
        every[2],
    ]
    assert len(paths(bert, "attention", "ffn")) == 4 * 6
    assert paths(bert, "head") == ["head/logits"]
    assert paths(bert, "pooled_dense") == ["pooled_dense"]


def test_block_1_is_not_block_10():
    model = make_backbone("BERT", num_layers=12)
    query = LAYER.format(1) + "/self_attention_layer/query"
    assert paths(model, query) == [query]
    assert paths(model, "query", layers=[1]) == [query]
    assert paths(model, r".*_1/.*/query") == [query]
    every = paths(model, "query", layers=[11, 1, 0])
    assert every == paths(model, "query", layers=[0, 1, 11])
    assert len(every) == 3


@pytest.mark.parametrize(
    "layers,expected",
    [
        (None, None),
        (3, (3,)),
        ([0, -1], (0, -1)),
        (range(8, 12), (8, 9, 10, 11)),
        ("8-11", (8, 9, 10, 11)),
        ("0, 2-3", (0, 2, 3)),
    ],
)
def test_layers_are_read_as_written(layers, expected):
    assert as_layers(layers) == expected


@pytest.mark.parametrize("layers", ["11-8", "3,11-8"])
def test_a_range_of_layers_goes_up(layers):
    with pytest.raises(UserError, match=rf"go up.*layers='{layers}'"):
        as_layers(layers)


@pytest.mark.parametrize(
    "words,options,message",
    [
        (["qury"], {}, "nearest are: .*query"),
        (["query", "gata"], {}, "'gata'"),
        (["feedforward_outptu_dense"], {}, "feedforward_output_dense"),
        (["gate"], {}, "BERT has. .* no gate"),
        (["["], {}, "matches none"),
        (["query"], {"layers": [4]}, "nearest valid value is 3"),
        (["query"], {"layers": [0], "exclude": [r".*_3/.*"]}, "chosen layers"),
        (["query"], {"exclude": ["qury"]}, "qury"),
    ],
)
def test_a_word_that_matches_nothing_is_an_error(bert, words, options, message):
    with pytest.raises(UserError, match=message):
        resolve(bert, words, **options)


@pytest.mark.parametrize("name", ["LoRA", "QuantumAdapter", "ReplaceDense"])
def test_a_whole_block_is_no_dense_layer(name):
    block = LAYER.format(0)
    path = f"{block}/self_attention_layer"
    method = adapters.METHODS[name](targets=path)
    with pytest.raises(UserError, match=f"Received: {path}, a whole block"):
        adapters.adapt(make_backbone("BERT"), method)


def test_fused_queries_are_refused_with_the_reason():
    backbone = make_backbone("GPT-NeoX")
    with pytest.raises(UserError, match=r"one fused Dense.*target 'qkv'"):
        adapters.adapt(backbone, adapters.ReplaceDense(targets="all-query"))
    assert not hasattr(backbone, "adaptation")
    assert resolve(backbone, ["qkv"])[0].outputs == (2, 24)


def test_a_plain_model_has_no_blocks():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)]
    )
    assert [t.role for t in adapters.targets(model)] == ["dense", "dense"]
    with pytest.raises(UserError, match="no blocks of a known family"):
        resolve(model, ["dense"], layers=[0])


@pytest.mark.parametrize("feed_forward", FEED_FORWARDS)
def test_blocks_with_others_in_them_are_of_no_family(feed_forward, capsys):
    model = QFFNBert(9, 1, 2, 4, 8, feed_forward=feed_forward)
    found = adapters.targets(model)
    roles = {target.role for target in found}
    assert (roles == {"dense"}) == (feed_forward != "ffn")
    assert f"{LAYER.format(0)}/self_attention_layer/query" in {
        target.path for target in found
    }
    adapters.print_trainable_parameters(model)
    count = f"{model.count_params():,}"
    assert f"{count} of {count} parameters" in capsys.readouterr().out
    if feed_forward != "ffn":
        with pytest.raises(UserError, match="Received: QFFNBert"):
            adapters.adapt(model, adapters.LoRA())


@pytest.mark.parametrize("family", ROWS)
def test_a_model_of_a_backbones_tensors_is_of_its_family(family):
    """What follows the blocks of the backbone itself is no head."""
    backbone = make_backbone(family)
    model = keras.Model(backbone.input, backbone.output)
    paths = [target.path for target in adapters.targets(model)]
    assert paths == [target.path for target in adapters.targets(backbone)]
    assert "head" not in {target.role for target in adapters.targets(model)}
    calls = [target.calls for target in adapters.targets(model)]
    assert calls == [target.calls for target in adapters.targets(backbone)]


def test_targets_stay_when_adapted():
    backbone = make_backbone("Llama 3")
    before = adapters.targets(backbone)
    adapters.adapt(backbone, adapters.LoRA(targets=["attention", "ffn"]))
    adapters.adapt(backbone, adapters.BottleneckAdapter(), "second")
    assert adapters.targets(backbone) == before
    adapters.unload(backbone)
    adapters.adapt(backbone, adapters.ReplaceDense(targets="ffn"))
    assert adapters.targets(backbone) == before


def test_targets_are_resolved_once(monkeypatch):
    task, words = make_task("BERT"), []
    resolve_once = method.resolve

    def counted(model, targets, *args, **options):
        words.append(tuple(targets))
        return resolve_once(model, targets, *args, **options)

    monkeypatch.setattr(method, "resolve", counted)
    adapters.adapt(task, adapters.ReplaceDense(freeze=True))
    assert words == [("all-ffn",)]


def test_a_shared_layer_is_said_to_be_one(capsys):
    backbone = make_backbone("ALBERT", num_layers=6)
    adapters.adapt(backbone, adapters.QuantumAdapter())
    adapters.print_trainable_parameters(backbone)
    count = adapters.trainable_parameters(backbone)
    said = capsys.readouterr().out
    assert f"{count:,} of {backbone.count_params():,}" in said
    assert "used 6 times" in said
    assert np.sum([t.role == "query" for t in adapters.targets(backbone)]) == 1


@pytest.mark.parametrize(
    "word",
    [
        "(a+)+b",
        "(a|a)*b",
        "(a?){30}a",
        ".*.*.*.*.*b",
        "a{1,9}b{1,9}c+d+e*",
        "a" * 201,
    ],
)
def test_words_that_would_take_for_ever(word):
    """They may come from a file, and Python tries all ways to match."""
    with pytest.raises(UserError, match="Expected targets of at most"):
        adapters.LoRA(targets=[word])


@pytest.mark.parametrize(
    "word",
    [r".*/transformer_layer_\d+/.*query", "(query|value)", r"[a+*{]+", r"a\)+"],
)
def test_words_that_are_quick(word):
    assert adapters.LoRA(targets=word).targets == (word,)


def test_ranges_of_layers_are_not_listed_without_end():
    with pytest.raises(UserError, match="at most 10,000"):
        as_layers("0-999999999999")
