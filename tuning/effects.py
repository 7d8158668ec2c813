"""Effects of two-level factors, by least squares, with intervals."""

import dataclasses
import itertools

import numpy as np
from scipy import stats

from tfq_hybrid.errors import UserError


@dataclasses.dataclass(frozen=True)
class Effects:
    """What a screening says.

    Attributes:
        rows: list of dict with `factor` (`"a"`, or `"a:b"` for an
            interaction), `effect`, `low`, `high`.
        method: `"t"`: from the residuals; or `"lenth"`: from the effects
            themselves, as there are no residuals.
        degrees_of_freedom: float, of the intervals.
        aliases: list of str such as `"a:b = c"`: interactions that the
            design cannot tell from what stands in `rows`.
    """

    rows: list
    method: str
    degrees_of_freedom: float
    aliases: list


def estimate_effects(
    levels, response, names, blocks=None, interactions=False, confidence=0.95
):
    """The effects of factors on a response.

    An effect is the mean response at the high level less that at the low
    one, other factors held fixed: twice the coefficient of a linear model of
    the levels -1 and 1 (Montgomery, Design and Analysis of Experiments,
    chapter 6). Where runs are left over the intervals are Student's, from the
    residual variance. Where none are, they are Lenth's (Technometrics 31,
    1989): with m effects c, s0 = 1.5 median |c|, the pseudo standard error
    is 1.5 times the median of those |c| below 2.5 s0, with m / 3 degrees of
    freedom; it holds where few effects are active.

    Args:
        levels: array of shape (runs, factors), of -1 and 1.
        response: array of shape (runs,).
        names: sequence of str, the factors.
        blocks: sequence of shape (runs,), such as seeds, whose own
            differences are taken out. Defaults to `None`: none.
        interactions: bool. Whether interactions of two factors are estimated
            as far as the design lets them. Defaults to `False`.
        confidence: float, between 0 and 1. Defaults to 0.95.

    Returns:
        An `Effects`.

    Raises:
        UserError: the runs do not tell the factors apart.

    Example:

    >>> levels = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]])
    >>> found = estimate_effects(levels, levels @ [3.0, 0.0], ["a", "b"])
    >>> [round(row["effect"], 6) for row in found.rows]
    [6.0, 0.0]
    """
    levels = np.asarray(levels, float)
    response = np.asarray(response, float)
    base = _block_columns(blocks, len(response))
    columns = {n: levels[:, i] for i, n in enumerate(names)}
    model = np.column_stack([base, *columns.values()])
    if np.linalg.matrix_rank(model) < model.shape[1]:
        raise UserError(
            f"Expected runs that tell {', '.join(names)} apart. Received: "
            f"{len(response)} runs that do not"
        )
    aliases = []
    pairs = itertools.combinations(names, 2) if interactions else ()
    for one, other in pairs:
        column = columns[one] * columns[other]
        wider = np.column_stack([model, column])
        if np.linalg.matrix_rank(wider) == wider.shape[1]:
            columns[f"{one}:{other}"] = column
            model = wider
        else:
            twin = _same(column, columns)
            aliases.append(f"{one}:{other} = {twin or 'a sum of others'}")
    first = base.shape[1]
    inverse = np.linalg.inv(model.T @ model)
    coefficients = inverse @ model.T @ response
    found = 2.0 * coefficients[first:]
    residuals = response - model @ coefficients
    freedom = len(response) - model.shape[1]
    if freedom > 0:
        variance = residuals @ residuals / freedom
        errors = 2.0 * np.sqrt(variance * np.diag(inverse)[first:])
        method, degrees = "t", float(freedom)
    else:
        errors = np.full(len(found), _lenth(found))
        method, degrees = "lenth", len(found) / 3
    reach = stats.t.ppf(0.5 + confidence / 2, degrees) * errors
    rows = [
        {
            "factor": name,
            "effect": float(effect),
            "low": float(effect - half),
            "high": float(effect + half),
        }
        for name, effect, half in zip(columns, found, reach, strict=True)
    ]
    return Effects(rows, method, degrees, aliases)


def _block_columns(blocks, count):
    """A column of ones, and one more for each block but the first."""
    ones = np.ones((count, 1))
    if blocks is None:
        return ones
    kinds = sorted(set(blocks))
    rest = [[float(block == kind) for block in blocks] for kind in kinds[1:]]
    return np.column_stack([ones, *rest])


def _same(column, columns):
    for name, other in columns.items():
        if np.array_equal(column, other) or np.array_equal(column, -other):
            sign = "" if np.array_equal(column, other) else "-"
            return sign + name
    return None


def _lenth(effects):
    """Lenth's pseudo standard error."""
    sizes = np.abs(effects)
    start = 1.5 * np.median(sizes)
    small = sizes[sizes < 2.5 * start]
    return 1.5 * float(np.median(small)) if len(small) else 0.0
