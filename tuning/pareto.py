"""The Pareto front: what no other trial beats in every objective."""

from tfq_hybrid.errors import check_choice

DIRECTIONS = ("max", "min")


def pareto_front(points, directions):
    """The points that no other point dominates.

    A point dominates another if it is at least as good in every objective
    and better in one. Equal points stand on the front together.

    Args:
        points: sequence of sequences of float, one number an objective.
        directions: sequence of `"max"` or `"min"`, one an objective.

    Returns:
        The indices of the front, in their order, a list of int.

    Raises:
        UserError: a direction is none of the two.

    Example:

    >>> pareto_front([(0.8, 10), (0.9, 20), (0.7, 30)], ["max", "min"])
    [0, 1]
    """
    for direction in directions:
        check_choice("direction", direction, DIRECTIONS)
    signs = [1 if direction == "max" else -1 for direction in directions]
    gains = [
        tuple(s * v for s, v in zip(signs, point, strict=True))
        for point in points
    ]
    return [
        index
        for index, gain in enumerate(gains)
        if not any(_dominates(other, gain) for other in gains)
    ]


def _dominates(one, other):
    pairs = list(zip(one, other, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
