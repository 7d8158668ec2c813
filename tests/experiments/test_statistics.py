import numpy as np
import pytest
import scipy.stats

from tfq_hybrid.errors import UserError
from tfq_hybrid.experiments.statistics import (
    mean_interval,
    paired_difference,
    ratio_interval,
)


def scores(seeds, examples, shift=0.0, between=0.02, seed=0):
    """Normal scores with a spread over seeds and over examples."""
    generator = np.random.default_rng(seed)
    by_seed = generator.normal(scale=between, size=(seeds, 1))
    by_example = generator.normal(scale=0.4, size=(1, examples))
    noise = generator.normal(scale=0.2, size=(seeds, examples))
    return 0.8 + shift + by_seed + by_example + noise


def test_one_seed_is_the_interval_over_examples():
    values = scores(1, 400)
    found = mean_interval(values)
    error = scipy.stats.sem(values[0])
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.06)


def test_the_spread_over_seeds_counts():
    """Almost no noise but that of the seeds: the normal interval of them."""
    generator = np.random.default_rng(1)
    by_seed = generator.normal(size=(8, 1))
    values = by_seed + np.zeros((1, 50))
    found = mean_interval(values)
    error = scipy.stats.sem(by_seed[:, 0])
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_pairing_takes_out_what_is_common():
    ours, theirs = scores(5, 500, shift=0.01), scores(5, 500)
    found = paired_difference(ours, theirs)
    assert found.value == pytest.approx(0.01)
    assert found.high - found.low < 1e-9
    alone = mean_interval(ours)
    assert alone.high - alone.low > 0.02


def test_coverage_of_a_difference_that_is_zero():
    """About 95 of 100 intervals hold the truth."""
    held = 0
    for seed in range(100):
        ours = scores(6, 200, seed=2 * seed)
        theirs = scores(6, 200, seed=2 * seed + 1)
        # Examples are common, seeds are not.
        common = np.random.default_rng(seed).normal(size=(1, 200))
        found = paired_difference(ours + common, theirs + common, seed)
        held += found.low <= 0 <= found.high
    assert 87 <= held <= 100


def test_ratio():
    values = scores(4, 100)
    found = ratio_interval(1.02 * values, values)
    assert found.value == pytest.approx(1.02)
    assert (found.low, found.high) == pytest.approx((1.02, 1.02))


def test_scaled_keeps_the_order():
    found = paired_difference(scores(3, 50, 0.1, seed=1), scores(3, 50, seed=2))
    turned = found.scaled(-100)
    assert turned.low <= turned.value <= turned.high
    assert turned.value == pytest.approx(-100 * found.value)


def test_bad_scores():
    with pytest.raises(UserError, match=r"shapes \(2, 3\) and \(2, 4\)"):
        paired_difference(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(UserError, match="finite scores"):
        mean_interval([[np.nan]])
    with pytest.raises(UserError, match="finite scores"):
        mean_interval(np.ones((0, 3)))
