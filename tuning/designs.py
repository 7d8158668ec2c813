"""Two-level designs: which runs show the effects of several factors.

The designs are pyDOE3's; here they get names and checks.
"""

import itertools

import pyDOE3

from tfq_hybrid.errors import UserError, check_choice

# A search for generators that takes seconds.
MOST_FACTORS = 8
ATTEMPTS = 200
DESIGNS = ("full", "fractional", "plackett-burman")


def make_design(kind, factors, resolution=None):
    """A two-level design.

    Args:
        kind: `"full"`, all 2**factors runs; `"fractional"`, the fraction of
            them with the wanted resolution; or `"plackett-burman"`, the
            smallest multiple of 4 above the factors, for main effects alone
            (Plackett and Burman 1946).
        factors: int, at least 2.
        resolution: int, of a fractional design: with 3 main effects are mixed
            up with interactions of two factors, with 4 not any more, with 5
            nor are those with each other. Defaults to `None`: 4, or 3 for
            three factors.

    Returns:
        float array of shape (runs, factors), of -1 and 1.

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


def _fraction(factors, wanted):
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


def resolution_of(design):
    """The fewest columns of a design whose product is constant.

    Box and Hunter 1961. Above the number of columns where there are none.

    Example:

    >>> resolution_of(make_design("fractional", 5, resolution=5))
    5
    """
    count = design.shape[1]
    for size in range(1, count + 1):
        for columns in itertools.combinations(range(count), size):
            if abs(design[:, columns].prod(axis=1).sum()) == len(design):
                return size
    return count + 1
