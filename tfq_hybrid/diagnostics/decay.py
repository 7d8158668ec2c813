"""The decay of the gradient variance with the number of qubits."""

import numpy as np

from tfq_hybrid.errors import UserError


def fit_decay(variances):
    """Fits variance = c 2**(-rate qubits).

    A line through the logarithms by least squares. Rate 0 is no decay; at
    rate 1 each qubit more halves the variance: a barren plateau (McClean et
    al. 2018, arXiv 1803.11173, show exponential decay for circuits close to
    2-designs).

    Args:
        variances: dict of a number of qubits -> `Estimate` of
            `gradient_variance`. Zeros are left out.

    Returns:
        A dict: `rate`, halvings per qubit; `low` and `high`, the 95 %
        percentile interval of the bootstrap over the initialisations;
        `intercept`, log2 of c; `scatter`, the root mean square distance of
        the points from the line, in halvings, which the interval does not
        hold; `qubits`, the list of those in the fit. Or `None` where fewer
        than two numbers of qubits are left.

    Raises:
        UserError: the estimates differ in their numbers of resamples.

    Example:

    >>> from tfq_hybrid.diagnostics import Estimate
    >>> exact = {
    ...     n: Estimate(2.0**-n, 0, 1, {"replicates": [2.0**-n] * 3})
    ...     for n in (2, 3, 5)
    ... }
    >>> round(fit_decay(exact)["rate"], 6)
    1.0
    """
    qubits = sorted(n for n, found in variances.items() if found.value > 0)
    if len(qubits) < 2:
        return None
    replicates = [variances[n].more["replicates"] for n in qubits]
    if len({len(row) for row in replicates}) > 1:
        raise UserError(
            "Expected estimates with one number of resamples. Received: "
            f"{sorted({len(row) for row in replicates})}"
        )
    logs = np.log2([[variances[n].value] for n in qubits])
    (slope,), (intercept,) = np.polyfit(qubits, logs, 1)
    drawn = np.log2(np.maximum(replicates, np.finfo(float).tiny))
    low, high = np.quantile(-np.polyfit(qubits, drawn, 1)[0], [0.025, 0.975])
    residuals = logs[:, 0] - np.polyval([slope, intercept], qubits)
    return {
        "rate": float(-slope),
        "low": float(low),
        "high": float(high),
        "intercept": float(intercept),
        "scatter": float(np.sqrt(np.mean(residuals**2))),
        "qubits": qubits,
    }
