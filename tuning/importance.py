"""How much each searched argument matters for an objective."""

import numpy as np
import sklearn.ensemble
import sklearn.inspection

LEAST_TRIALS = 5


def importance(values, scores, seed=0):
    """Permutation importance of each argument, under a random forest.

    A forest of 200 trees is fitted to the trials; an argument's importance
    is how much of the fit is lost when its values are shuffled (Breiman
    2001, section 10), as a share of all arguments' losses. With few trials
    it says little; with fewer than five, nothing.

    Args:
        values: list of dict: the arguments of each trial. One that a trial
            does not have counts as a value of its own.
        scores: list of float: the objective of each trial.
        seed: int. Defaults to 0.

    Returns:
        A dict of a name and a share from 0 to 1; empty where nothing can be
        said.

    Example:

    >>> trials = [{"depth": i % 5, "seed": i % 3} for i in range(30)]
    >>> shares = importance(trials, [trial["depth"] for trial in trials])
    >>> max(shares, key=shares.get), round(sum(shares.values()), 6)
    ('depth', 1.0)
    """
    names = sorted({name for row in values for name in row})
    if len(values) < LEAST_TRIALS or np.ptp(scores) == 0.0:
        return {}
    table = np.array([_column(values, name) for name in names]).T
    forest = sklearn.ensemble.RandomForestRegressor(200, random_state=seed)
    forest.fit(table, scores)
    losses = sklearn.inspection.permutation_importance(
        forest, table, scores, n_repeats=10, random_state=seed
    ).importances_mean
    losses = np.maximum(losses, 0.0)
    total = losses.sum()
    if total == 0.0:
        return {}
    shares = losses / total
    return {n: float(s) for n, s in zip(names, shares, strict=True)}


def _column(values, name):
    """Numbers as they are, all else by its place among what occurs."""
    found = [row.get(name) for row in values]
    numbers = all(isinstance(v, (int, float)) for v in found)
    if numbers:
        return [float(v) for v in found]
    texts = [repr(v) for v in found]
    order = list(dict.fromkeys(texts))
    return [float(order.index(text)) for text in texts]
