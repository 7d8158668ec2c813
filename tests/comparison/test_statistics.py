import numpy as np
import pytest
import scipy.stats

from tfq_hybrid.comparison.statistics import (
    mean_interval,
    paired_difference,
    ratio_interval,
)
from tfq_hybrid.errors import UserError


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
    """No noise but that of the seeds: Student's interval of them."""
    generator = np.random.default_rng(1)
    by_seed = generator.normal(size=(8, 1))
    values = by_seed + np.zeros((1, 50))
    found = mean_interval(values)
    low, high = scipy.stats.t.interval(
        0.95, 7, by_seed.mean(), scipy.stats.sem(by_seed[:, 0])
    )
    assert found.high - found.low == pytest.approx(high - low, rel=0.1)


def test_pairing_takes_out_what_is_common():
    ours, theirs = scores(5, 500, shift=0.01), scores(5, 500)
    found = paired_difference(ours, theirs)
    assert found.value == pytest.approx(0.01)
    assert found.high - found.low < 1e-9
    alone = mean_interval(ours)
    assert alone.high - alone.low > 0.02


@pytest.mark.parametrize("count", [3, 5])
@pytest.mark.parametrize(
    "by_seed,by_example,by_both", [(1, 0, 0), (0, 1, 0), (1, 5, 9)]
)
def test_intervals_hold_the_truth(count, by_seed, by_example, by_both):
    """At least about 95 of 100, whatever differs, of as few as three seeds."""
    generator = np.random.default_rng(count)
    held = 0
    for trial in range(100):
        difference = (
            by_seed * generator.normal(size=(count, 1))
            + by_example * generator.normal(size=(1, 30))
            + by_both * generator.normal(size=(count, 30))
        )
        common = generator.normal(size=(count, 30))
        found = paired_difference(difference + common, common, trial)
        held += found.low <= 0 <= found.high
    assert held >= 88


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
