"""Designs and effects against linear models that are known."""

import itertools

import numpy as np
import pytest
from scipy import stats

from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.tuning import estimate_effects, make_design, read_factors
from tfq_hybrid.tuning.designs import resolution_of

NAMES = ("a", "b", "c", "d", "e")
SLOPES = np.array([2.0, -1.0, 0.5, 0.0, 0.25])


@pytest.mark.parametrize(
    "kind, resolution, runs",
    [
        ("full", None, 32),
        ("fractional", 3, 8),
        ("fractional", 4, 16),
        ("fractional", 5, 16),
        ("plackett-burman", None, 8),
    ],
)
def test_a_known_linear_model(kind, resolution, runs):
    design = make_design(kind, 5, resolution)
    assert design.shape == (runs, 5)
    np.testing.assert_array_equal(design.T @ design, runs * np.eye(5))
    if resolution:
        assert resolution_of(design) >= resolution
    found = estimate_effects(design, 7.0 + design @ SLOPES, NAMES)
    effects = [row["effect"] for row in found.rows]
    np.testing.assert_allclose(effects, 2 * SLOPES, atol=1e-12)
    for row in found.rows:  # no noise: the interval is the effect
        assert row["low"] == pytest.approx(row["high"], abs=1e-9)


def test_with_noise_as_numpy_and_scipy_say():
    """Least squares by NumPy, and for one factor SciPy's regression."""
    rng = np.random.default_rng(1)
    design = np.tile(make_design("full", 3), (2, 1))
    response = design @ SLOPES[:3] + rng.normal(size=len(design))
    found = estimate_effects(design, response, NAMES[:3])
    model = np.column_stack([np.ones(len(design)), design])
    solution, squares, *_ = np.linalg.lstsq(model, response, rcond=None)
    freedom = len(design) - 4
    error = np.sqrt(squares[0] / freedom / len(design))
    reach = 2 * error * stats.t.ppf(0.975, freedom)
    assert (found.method, found.degrees_of_freedom) == ("t", freedom)
    for row, slope in zip(found.rows, solution[1:], strict=True):
        assert row["effect"] == pytest.approx(2 * slope)
        assert row["high"] - row["effect"] == pytest.approx(reach)
    column = design[:, :1]
    (row,) = estimate_effects(column, response, ["a"]).rows
    line = stats.linregress(column[:, 0], response)
    assert row["effect"] == pytest.approx(2 * line.slope)
    reach = 2 * line.stderr * stats.t.ppf(0.975, len(design) - 2)
    assert row["high"] - row["effect"] == pytest.approx(reach)
    low, high = (response[column[:, 0] == side].mean() for side in (-1, 1))
    assert row["effect"] == pytest.approx(high - low)


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(2)
    design = np.tile(make_design("plackett-burman", 3), (3, 1))
    covered = 0
    for _ in range(400):
        noise = rng.normal(size=len(design))
        rows = estimate_effects(design, design @ SLOPES[:3] + noise, "abc").rows
        covered += rows[0]["low"] <= 2 * SLOPES[0] <= rows[0]["high"]
    assert stats.binomtest(covered, 400, 0.95).pvalue > 1e-3


def test_interactions_and_their_aliases():
    design = make_design("full", 3)
    response = design @ SLOPES[:3] + 0.75 * design[:, 0] * design[:, 2]
    found = estimate_effects(design, response, "abc", interactions=True)
    effects = {row["factor"]: row["effect"] for row in found.rows}
    assert effects["a:c"] == pytest.approx(1.5)
    assert effects["a:b"] == pytest.approx(0.0, abs=1e-12)
    assert not found.aliases
    half = make_design("fractional", 3, 3)
    found = estimate_effects(half, half[:, 0], "abc", interactions=True)
    assert found.aliases == ["a:b = c", "a:c = b", "b:c = a"]


def test_seeds_are_blocks():
    design = np.tile(make_design("full", 2), (2, 1))
    seeds = np.repeat([0, 1], 4)
    response = design @ [1.0, 0.0] + 10.0 * seeds
    rows = estimate_effects(design, response, "ab", seeds).rows
    assert rows[0]["effect"] == pytest.approx(2.0)
    assert rows[0]["high"] == pytest.approx(2.0, abs=1e-9)


def test_without_residuals_lenth():
    """Against the definition, written out for these seven effects."""
    design = make_design("plackett-burman", 7)
    slopes = np.array([5.0, 0.1, -0.2, 0.3, 0.15, -0.05, 0.25])
    found = estimate_effects(design, design @ slopes, "abcdefg")
    assert found.method == "lenth"
    assert found.degrees_of_freedom == pytest.approx(7 / 3)
    # Sizes 0.1 0.2 0.3 0.4 0.5 0.6 10: s0 = 0.6, so 10 >= 1.5 is left out.
    error = 1.5 * 0.35
    reach = stats.t.ppf(0.975, 7 / 3) * error
    assert found.rows[0]["high"] == pytest.approx(10.0 + reach)


def test_lost_runs_leave_least_squares():
    design = make_design("full", 3)
    response = design @ SLOPES[:3]
    rows = estimate_effects(design[1:], response[1:], "abc").rows
    np.testing.assert_allclose(
        [row["effect"] for row in rows], 2 * SLOPES[:3], atol=1e-12
    )
    with pytest.raises(UserError, match="tell a, b, c apart"):
        estimate_effects(design[:2], response[:2], "abc")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (("half", 4), "design"),
        (("full", 1), "at least 2 factors"),
        (("full", 4, 4), "resolution with the design fractional"),
        (("fractional", 4, 5), "at most 4"),
        (("fractional", 9), "plackett-burman"),
    ],
)
def test_designs_that_are_not(arguments, expected):
    with pytest.raises(UserError, match=expected):
        make_design(*arguments)


@pytest.mark.parametrize(
    "names, words, expected",
    [
        (["qubits"], [], "at least 2 factors"),
        (["qubits", "dept"], [], "Did you mean 'depth'?"),
        (["qubits", "qubits"], [], "qubits once"),
        (["qubits", "depth"], ["qubits=4"], "which is constant"),
        (["qubits", "depth"], ["qubits=4,4"], "each of them once"),
        (["qubits", "depth"], ["qubits=2,3,4"], "two levels"),
        (["qubits", "depth"], ["rate=1,2"], "factor with levels"),
        (["qubits", "patience"], [], "as patience=LOW,HIGH"),
    ],
)
def test_factors_that_make_no_sense(names, words, expected):
    with pytest.raises(UserError) as caught:
        read_factors(TrainConfig("embedded"), names, words)
    assert expected in str(caught.value)


def test_every_pair_of_a_pb_design_is_balanced():
    design = make_design("plackett-burman", 11)
    for one, other in itertools.combinations(design.T, 2):
        counts = {(a, b): 0 for a in (-1, 1) for b in (-1, 1)}
        for a, b in zip(one, other, strict=True):
            counts[int(a), int(b)] += 1
        assert set(counts.values()) == {3}
