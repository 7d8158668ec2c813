"""The Pareto front against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfq_hybrid.errors import UserError
from tfq_hybrid.tuning import importance, pareto_front

numbers = st.integers(-3, 3)  # few values, so that many are equal
points = st.integers(1, 3).flatmap(
    lambda size: st.lists(st.tuples(*[numbers] * size), max_size=12)
)


def beats(one, other):
    return np.all(np.greater_equal(one, other)) and np.any(
        np.greater(one, other)
    )


@given(points, st.data())
def test_the_front_is_what_nothing_beats(found, data):
    size = len(found[0]) if found else 1
    directions = data.draw(
        st.lists(st.sampled_from(["max", "min"]), min_size=size, max_size=size)
    )
    front = pareto_front(found, directions)
    signs = np.array([1 if d == "max" else -1 for d in directions])
    gains = [signs * np.array(point) for point in found]
    for index, gain in enumerate(gains):
        beaten = any(beats(other, gain) for other in gains)
        assert (index in front) == (not beaten)
    # What is off the front is beaten by something on it.
    for index in set(range(len(gains))) - set(front):
        assert any(beats(gains[i], gains[index]) for i in front)
    order = data.draw(st.permutations(range(len(found))))
    shuffled = pareto_front([found[i] for i in order], directions)
    assert {order[i] for i in shuffled} == set(front)


@given(st.lists(numbers, min_size=1, max_size=9))
def test_one_objective_has_its_best(values):
    front = pareto_front([(v,) for v in values], ["max"])
    assert {values[i] for i in front} == {max(values)}


def test_a_direction_is_one_of_two():
    with pytest.raises(UserError, match="direction"):
        pareto_front([(1,)], ["up"])


def test_importance_finds_what_matters():
    rng = np.random.default_rng(0)
    trials = [
        {"a": int(a), "b": str(b)} for a, b in rng.integers(0, 4, size=(40, 2))
    ]
    shares = importance(trials, [3.0 * t["a"] for t in trials])
    assert shares["a"] > 0.9
    assert abs(sum(shares.values()) - 1) < 1e-9
    assert importance(trials[:4], [1.0, 2.0, 3.0, 4.0]) == {}
    assert importance(trials, [1.0] * 40) == {}
