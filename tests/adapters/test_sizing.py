"""Methods at a number of parameters, in fewer matrices where they must be."""

import pytest

from tests.adapters.zoo import EXAMPLES, make_method, make_task
from tfq_hybrid import adapters
from tfq_hybrid.adapters.sizing import NoSuchSizeError, _subsets
from tfq_hybrid.errors import UserError

HEAD = 16 * 3 + 3  # the logits


@pytest.fixture(scope="module")
def task():
    return make_task("BERT", num_layers=3)


def sized(method, task, count, lines=None):
    lines = [] if lines is None else lines
    return method.for_parameters(task, count + HEAD, lines.append, within=0.05)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, options in EXAMPLES.items()
        if name not in ("FullFineTuning", "HeadOnly")
    ],
)
def test_a_size_is_within_the_share_or_refused(name, task):
    """And what was found is what is then trained."""
    method = make_method(name)
    assert adapters.HeadOnly().parameters(task) == HEAD
    for count in (60, 700):
        lines = []
        try:
            found = sized(method, task, count, lines)
        except NoSuchSizeError as error:
            assert f"of {count} parameters beside {HEAD}" in str(error)
            continue
        reached = found.parameters(task) - HEAD
        assert abs(reached - count) <= 0.05 * count
        assert f"{reached + HEAD:,}" in lines[-1]
        whole = method.find(task)
        assert {row.path for row in found.find(task)} <= {
            row.path for row in whole
        }
        model = make_task("BERT", num_layers=3)
        adapters.adapt(model, found)
        assert adapters.trainable_parameters(model) == reached + HEAD


def test_fewer_matrices_are_named_upper_ones_first(task):
    lines = []
    found = sized(adapters.BitFit(), task, 2 * 16 + 24, lines)
    paths = [row.path for row in found.find(task)]
    assert paths == list(found.targets) and found.layers is None
    assert all(path.startswith("transformer_layer_2/") for path in paths)
    assert all(path in lines[0] for path in paths)


def test_what_was_named_bounds_what_is_adapted(task):
    method = adapters.BitFit(layers=[0], exclude=["query"])
    found = sized(method, task, 2 * 16)
    for row in found.find(task):
        assert row.path.startswith("transformer_layer_0/")
        assert "query" not in row.path


def test_all_matrices_before_fewer(task):
    method = adapters.LoRA(targets=["query"], rank=1)
    assert sized(method, task, 3 * 64).targets == ("query",)
    assert len(sized(method, task, 64).find(task)) == 2
    assert len(sized(method, task, 32).find(task)) == 1
    with pytest.raises(NoSuchSizeError, match="nearest has 96"):
        sized(method, task, 16)


def test_a_head_alone_has_more(task):
    with pytest.raises(UserError, match="more parameters than the 51"):
        sized(adapters.LoRA(), task, 0)


def test_of_a_sum_the_most_and_the_last():
    assert _subsets({0: 2, 1: 2, 2: 4}, 4) == {0: [], 4: [1, 0], 2: [1]}
    assert _subsets({}, 9) == {0: []}
