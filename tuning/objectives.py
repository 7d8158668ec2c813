"""What a search looks for: metrics by name, each with a direction."""

import dataclasses

from tfq_hybrid.errors import UserError, check_choice, choice_error
from tfq_hybrid.tuning.pareto import DIRECTIONS

# What every trial has, beside what its training logs.
COSTS = {
    "parameters": "min",
    "seconds": "min",
    "step_seconds": "min",
}
# What is better when it is larger; of all else less is better.
LARGER = ("accuracy", "auc", "f1", "precision", "recall", "bleu", "rouge")


@dataclasses.dataclass(frozen=True)
class Objective:
    """A metric, and which of its values is best.

    Args:
        name: str. A metric of the trials.
        direction: `"max"` or `"min"`. Defaults to `None`: what the name
            says.

    Example:

    >>> Objective("val_accuracy").direction, Objective("val_loss").direction
    ('max', 'min')
    """

    name: str
    direction: str | None = None

    def __post_init__(self):
        direction = self.direction
        if direction is None:
            larger = any(word in self.name for word in LARGER)
            direction = COSTS.get(self.name, "max" if larger else "min")
        check_choice("direction", direction, DIRECTIONS)
        object.__setattr__(self, "direction", direction)

    def best(self, values):
        """The best of some values."""
        return max(values) if self.direction == "max" else min(values)

    def to_dict(self):
        """As a row of `search.json`."""
        return {"name": self.name, "direction": self.direction}


def read_objectives(words, known):
    """The objectives that words such as `val_accuracy` or `cost:min` name.

    Args:
        words: sequence of str.
        known: names of the metrics that trials will have; `None` where they
            are not known yet.

    Returns:
        A list of `Objective`, the first of which steers the search.

    Raises:
        UserError: there is none, one twice, or one that no metric has.

    Example:

    >>> [o.name for o in read_objectives(["loss", "parameters"], ["loss"])]
    ['loss', 'parameters']
    """
    objectives = []
    for word in words:
        name, _, direction = word.strip().partition(":")
        if known is not None and name not in (*known, *COSTS):
            raise choice_error("objective", name, [*known, *COSTS])
        objectives.append(Objective(name, direction or None))
    names = [objective.name for objective in objectives]
    if not names or len(set(names)) < len(names):
        raise UserError(
            "Expected at least one objective, each of them once. Received: "
            f"{', '.join(names) or 'none'}"
        )
    return objectives
