import numpy as np
import pytest
import scipy.stats

from tfq_hybrid.comparison.statistics import (
    _half_widths,
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
    assert (found.high - found.low) / 2 == pytest.approx(
        scipy.stats.t.ppf(0.975, 399) * error
    )


def test_the_spread_over_seeds_counts():
    """No noise but that of the seeds: Student's interval of them."""
    generator = np.random.default_rng(1)
    by_seed = generator.normal(size=(8, 1))
    values = by_seed + np.zeros((1, 50))
    found = mean_interval(values)
    low, high = scipy.stats.t.interval(
        0.95, 7, by_seed.mean(), scipy.stats.sem(by_seed[:, 0])
    )
    assert (found.low, found.high) == pytest.approx((low, high))


def test_pairing_takes_out_what_is_common():
    ours, theirs = scores(5, 500, shift=0.01), scores(5, 500)
    found = paired_difference(ours, theirs)
    assert found.value == pytest.approx(0.01)
    assert found.high - found.low < 1e-9
    alone = mean_interval(ours)
    assert alone.high - alone.low > 0.02


def spread(generator, shape, of_seeds, of_examples, of_both):
    """Differences of mean 0, which vary in three ways: (trials, S, N)."""
    trials, seeds, examples = shape
    draw = generator.normal
    return (
        of_seeds * draw(size=(trials, seeds, 1))
        + of_examples * draw(size=(trials, 1, examples))
        + of_both * draw(size=shape)
    )


SPREADS = {
    "seeds": (1, 0, 0),
    "examples": (0, 1, 0),
    "both together": (0, 0, 1),
    "all three": (0.1, 0.5, 1),
    "mostly examples": (0.1, 1, 0.2),
}


def coverage(differences):
    """In how many of 100 trials the interval holds 0, the truth."""
    half = _half_widths(differences, 0.95)
    return 100 * np.mean(np.abs(differences.mean(axis=(1, 2))) <= half + 1e-12)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("varies", SPREADS)
def test_95_of_100_intervals_hold_the_truth(varies, seeds):
    generator = np.random.default_rng(seeds)
    shape = (4000, seeds, 100)
    found = coverage(spread(generator, shape, *SPREADS[varies]))
    assert 93 <= found <= 97


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("varies", [s for s in SPREADS if s != "seeds"])
def test_95_of_100_hold_it_for_right_and_wrong(varies, seeds):
    """Binary differences: of two equal models that solve the same examples."""
    generator = np.random.default_rng(seeds)
    shape = (3000, seeds, 200)
    ease = 2 * generator.normal(size=(shape[0], 1, shape[2]))
    ours, theirs = (
        ease + spread(generator, shape, *SPREADS[varies]) < 1 for _ in "ab"
    )
    found = coverage(ours.astype(float) - theirs)
    assert 93 <= found <= 97


def test_the_variance_is_that_of_the_analysis_of_variance():
    """Against components by hand, of 2 seeds and 3 examples."""
    values = np.array([[1.0, 2.0, 6.0], [2.0, 5.0, 8.0]])
    # Means: 3 and 5 of seeds; 1.5, 3.5 and 7 of examples; 4 of all.
    of_seeds = 3 * ((3 - 4) ** 2 + (5 - 4) ** 2) / 1  # 6
    of_examples = 2 * (2.5**2 + 0.5**2 + 3**2) / 2  # 15.5
    of_both = (0.5**2 + 0.5**2 + 0**2) * 2 / 2  # residuals 1/2, -1/2, 0
    total = of_seeds + of_examples - of_both
    df = total**2 / (of_seeds**2 + of_examples**2 / 2 + of_both**2 / 2)
    t = scipy.stats.t.ppf(0.975, [max(df, 1), 1, 2])
    parts = t[1] ** 2 * of_seeds + t[2] ** 2 * (of_examples - of_both)
    half = (t[0] * total**0.5 + parts**0.5) / 2 / 6**0.5
    found = mean_interval(values)
    assert found.value == 4
    assert found.high - 4 == pytest.approx(half)


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
