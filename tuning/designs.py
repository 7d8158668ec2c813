"""Two-level designs: factors, which runs to make, and effects."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyDOE3
from numpy.typing import ArrayLike
from scipy import stats

from tfq_hybrid.config.values import full_key
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.tuning.catalogue import INTEGERS, last, searchable
from tfq_hybrid.tuning.dimensions import read_dimension

# A search for generators that takes seconds.
MOST_FACTORS = 8
ATTEMPTS = 200
DESIGNS = ("full", "fractional", "plackett-burman")


def make_design(
    kind: str, factors: int, resolution: int | None = None
) -> np.ndarray:
    """A two-level design.

    Args:
        kind: `"full"`, all 2**factors runs; `"fractional"`, the fraction of
            them with the wanted resolution; or `"plackett-burman"`, the
            smallest multiple of 4 above the factors, for main effects alone
            (Plackett and Burman 1946).
        factors: At least 2.
        resolution: Of a fractional design: with 3 main effects are mixed up
            with interactions of two factors, with 4 not any more, with 5 nor
            are those with each other. Defaults to `None`: 4, or 3 for three
            factors.

    Returns:
        Of shape (runs, factors), of -1 and 1.

    Raises:
        UserError: there is no such design.

    Example:

    >>> make_design("fractional", 4).shape, make_design("full", 4).shape
    ((8, 4), (16, 4))
    """
    check_choice("design", kind, DESIGNS)
    if factors < 2:
        raise UserError(f"Expected at least 2 factors. Received: {factors}")
    if resolution is not None and kind != "fractional":
        raise UserError(
            "Expected a resolution with the design fractional alone. "
            f"Received: design={kind!r}, resolution={resolution}"
        )
    if kind == "full":
        return pyDOE3.ff2n(factors)
    if kind == "plackett-burman":
        return pyDOE3.pbdesign(factors)
    if factors > MOST_FACTORS:
        raise UserError(
            f"Expected at most {MOST_FACTORS} factors in a fractional design. "
            f"Received: {factors}. Take design='plackett-burman'."
        )
    return _fraction(factors, resolution or (4 if factors > 3 else 3))


def _fraction(factors: int, wanted: int) -> np.ndarray:
    """The smallest fraction of the wanted resolution."""
    best = 0
    for erased in range(factors - 2, 0, -1):
        try:
            generators, *_ = pyDOE3.fracfact_opt(factors, erased, ATTEMPTS)
        except ValueError:  # there is no such fraction
            continue
        design = pyDOE3.fracfact(generators)
        found = resolution_of(design)
        if found >= wanted:
            return design
        best = max(best, found)
    raise UserError(
        f"Expected a resolution that a fraction of {factors} factors has, at "
        f"most {best}. Received: resolution={wanted}. Take design='full'."
    )


def resolution_of(design: np.ndarray) -> int:
    """The fewest columns of a design whose product is constant.

    Box and Hunter 1961. Above the number of columns where there are none.

    >>> resolution_of(make_design("fractional", 5, resolution=5))
    5
    """
    count = design.shape[1]
    for size in range(1, count + 1):
        for columns in itertools.combinations(range(count), size):
            if abs(design[:, columns].prod(axis=1).sum()) == len(design):
                return size
    return count + 1


# Our choice: ends that a paper's authors would compare, both of which train.
LEVELS = {
    "qubits": (2, 6),
    "depth": (1, 4),
    "encoding": ("angle", "hadamard_angle"),
    "reuploads": (0, 2),
    "scaling": ("half_pi_tanh", "pi_tanh"),
    "share_weights": (False, True),
    "ansatz": (["ry", "cnot"], ["ry", "rz", "cnot"]),
    "entanglement": ("none", "ring"),
    "tokens": ("cls", "all"),
    "shots": (128, 1024),
    "repetitions": (128, 1024),
    "dropout": (0.0, 0.3),
    "learning_rate": (3e-4, 3e-3),
    "quantum_learning_rate": (1e-3, 1e-2),
    "batch_size": (16, 64),
    "weight_decay": (0.0, 0.1),
}


def read_factors(
    config: TrainConfig, names: Iterable[str], words: Iterable[str] = ()
) -> dict[str, tuple]:
    """The factors and their two levels.

    Args:
        config: What is trained.
        names: At least two dotted keys or ends of one.
        words: Such as `qubits=2,6`, in place of the usual levels.

    Returns:
        The low and the high value of each dotted key.

    Raises:
        UserError: a factor is not known, stands twice, is constant, or has
            no usual levels and no others.

    Example:

    >>> from tfq_hybrid.training import TrainConfig
    >>> read_factors(
    ...     TrainConfig("embedded"), ["depth", "qubits"], ["qubits=2,8"]
    ... )
    {'circuit.depth': (1, 4), 'circuit.qubits': (2, 8)}
    """
    known = searchable(config)
    names = [full_key(name.strip(), known) for name in names]
    given = {}
    for word in words:
        name, _, text = word.partition("=")
        name = full_key(name.strip(), names, "factor with levels")
        given[name] = _levels(name, text)
    factors: dict[str, tuple] = {}
    for name in names:
        if name in factors:
            raise UserError(f"Expected {name} once. Received: {name} twice")
        if name not in given and last(name) not in LEVELS:
            raise UserError(
                f"Expected the levels of {name}, as {name}=LOW,HIGH. "
                "Received: none"
            )
        factors[name] = given.get(name) or LEVELS[last(name)]
    if len(factors) < 2:
        raise UserError(
            f"Expected at least 2 factors. Received: {', '.join(factors)}"
        )
    return factors


def _levels(name: str, text: str) -> tuple:
    integers = last(name) in INTEGERS
    dimension = read_dimension(name, text.replace(":", ","), integers)
    values = dimension.values
    if len(values) != 2:
        different, constant = "", ""
        if len(values) < 2:
            different, constant = "different ", ", which is constant"
        raise UserError(
            f"Expected two {different}levels, as {name}=LOW,HIGH. Received: "
            f"{name}={text}{constant}"
        )
    return values


def rows_of(
    config: TrainConfig, factors: Mapping[str, tuple], design: np.ndarray
) -> list[dict[str, Any]]:
    """The values of each row of a design, checked to make a model's config."""
    rows = []
    for levels in design:
        values = {
            name: ends[int(level > 0)]
            for (name, ends), level in zip(factors.items(), levels, strict=True)
        }
        config.replace(values)
        rows.append(values)
    return rows


@dataclasses.dataclass(frozen=True)
class Effects:
    """What a screening says.

    Args:
        rows: With `factor` (`"a"`, or `"a:b"` for an interaction), `effect`,
            `low`, `high`.
        method: `"t"`: from the residuals; or `"lenth"`: from the effects
            themselves, as there are no residuals.
        degrees_of_freedom: Of the intervals.
        aliases: Such as `"a:b = c"`: interactions that the design cannot
            tell from what stands in `rows`.
    """

    rows: list[dict[str, Any]]
    method: str
    degrees_of_freedom: float
    aliases: list[str]


def estimate_effects(
    levels: ArrayLike,
    response: ArrayLike,
    names: Sequence[str],
    blocks: Sequence | None = None,
    interactions: bool = False,
    confidence: float = 0.95,
) -> Effects:
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
        levels: Of shape (runs, factors), of -1 and 1.
        response: Of shape (runs,).
        names: The factors.
        blocks: Of shape (runs,), such as seeds, whose own differences are
            taken out. Defaults to `None`: none.
        interactions: Whether interactions of two factors are estimated as
            far as the design lets them. Defaults to `False`.
        confidence: Between 0 and 1. Defaults to 0.95.

    Raises:
        UserError: the runs do not tell the factors apart.

    Example:

    >>> levels = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]])
    >>> found = estimate_effects(levels, levels @ [3.0, 0.0], ["a", "b"])
    >>> [round(row["effect"], 6) for row in found.rows]
    [6.0, 0.0]
    """
    found = np.asarray(response, float)
    base = _block_columns(blocks, len(found))
    columns = dict(zip(names, np.asarray(levels, float).T, strict=True))
    model = np.column_stack([base, *columns.values()])
    if np.linalg.matrix_rank(model) < model.shape[1]:
        raise UserError(
            f"Expected runs that tell {', '.join(names)} apart. Received: "
            f"{len(found)} runs that do not"
        )
    aliases = []
    for one, other in itertools.combinations(names if interactions else (), 2):
        column = columns[one] * columns[other]
        wider = np.column_stack([model, column])
        if np.linalg.matrix_rank(wider) == wider.shape[1]:
            columns[f"{one}:{other}"] = column
            model = wider
        else:
            same = _same(column, columns)
            aliases.append(f"{one}:{other} = {same or 'a sum of others'}")
    first = base.shape[1]
    inverse = np.linalg.inv(model.T @ model)
    coefficients = inverse @ model.T @ found
    effects = 2.0 * coefficients[first:]
    residuals = found - model @ coefficients
    freedom = len(found) - model.shape[1]
    if freedom > 0:
        variance = residuals @ residuals / freedom
        errors = 2.0 * np.sqrt(variance * np.diag(inverse)[first:])
        method, degrees = "t", float(freedom)
    else:
        errors = np.full(len(effects), _lenth(effects))
        method, degrees = "lenth", len(effects) / 3
    reach = stats.t.ppf(0.5 + confidence / 2, degrees) * errors
    rows = [
        {
            "factor": name,
            "effect": float(effect),
            "low": float(effect - half),
            "high": float(effect + half),
        }
        for name, effect, half in zip(columns, effects, reach, strict=True)
    ]
    return Effects(rows, method, degrees, aliases)


def _block_columns(blocks: Sequence | None, count: int) -> np.ndarray:
    """A column of ones, and one more for each block but the first."""
    ones = np.ones((count, 1))
    if blocks is None:
        return ones
    kinds = sorted(set(blocks))
    rest = [[float(block == kind) for block in blocks] for kind in kinds[1:]]
    return np.column_stack([ones, *rest])


def _same(column: np.ndarray, columns: Mapping[str, np.ndarray]) -> str | None:
    """The name of the column that equals one, or is its negative."""
    for name, other in columns.items():
        for sign, values in (("", other), ("-", -other)):
            if np.array_equal(column, values):
                return sign + name
    return None


def _lenth(effects: np.ndarray) -> float:
    """Lenth's pseudo standard error."""
    sizes = np.abs(effects)
    start = 1.5 * np.median(sizes)
    small = sizes[sizes < 2.5 * start]
    return 1.5 * float(np.median(small)) if len(small) else 0.0
