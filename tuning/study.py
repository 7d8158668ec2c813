"""`Study`: everything that decides a search, as plain data."""

import dataclasses
from typing import TypedDict

from tfq_hybrid.errors import UserError, check_choice, check_integer
from tfq_hybrid.shapes import check_shape
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.tuning.dimensions import Row
from tfq_hybrid.tuning.objectives import Objective, ObjectiveRow
from tfq_hybrid.tuning.space import Space
from tfq_hybrid.tuning.trials import SystemTrials
from tfq_hybrid.tuning.tuner import TUNERS, make_oracle


class StudyFile(TypedDict):
    """What is used of the `study.json` of a published system."""

    config: dict
    space: list[Row]
    objectives: list[ObjectiveRow]
    tuner: str
    seed: int
    executions: int


@dataclasses.dataclass(frozen=True)
class Study:
    """What is searched, where, and by what.

    Args:
        trials: `SystemTrials` or `FunctionTrials`.
        space: `Space`.
        objectives: sequence of `Objective`. The first one steers the search.
            A trial's metrics are those of its best epoch, by what the
            system's task or `FunctionTrials` monitors. Defaults to
            `val_accuracy`.
        tuner: `"hyperband"`, `"bayesian"`, `"random"` or `"grid"`. Defaults
            to `"random"`.
        seed: int. Of the tuner, and of the first execution of every trial:
            trials differ by their values alone. Defaults to 0.
        executions: int. Trainings of a trial, with seeds that follow each
            other; its metrics are their means. Defaults to 1.

    Raises:
        UserError: an argument is out of its range.
    """

    trials: object
    space: Space
    objectives: tuple = (Objective("val_accuracy"),)
    tuner: str = "random"
    seed: int = 0
    executions: int = 1

    def __post_init__(self):
        object.__setattr__(self, "objectives", tuple(self.objectives))
        check_choice("tuner", self.tuner, TUNERS)
        check_integer("seed", self.seed, 0)
        check_integer("executions", self.executions, 1)
        self.oracle(1)

    @property
    def seeds(self):
        """The seeds of every trial's executions."""
        return tuple(range(self.seed, self.seed + self.executions))

    def oracle(self, max_trials):
        """keras-tuner's oracle of this study."""
        check_integer("max_trials", max_trials, 1)
        return make_oracle(
            self.tuner,
            self.space,
            self.objectives[0],
            max_trials,
            self.trials.epochs,
            self.seed,
        )

    def to_dict(self):
        """As `study.json` holds it."""
        return {
            "kind": "search",
            **self.trials.identity(),
            "space": self.space.to_list(),
            "objectives": [o.to_dict() for o in self.objectives],
            "tuner": self.tuner,
            "seed": self.seed,
            "executions": self.executions,
        }

    @classmethod
    def from_dict(cls, content):
        """Builds the study of a published system from `to_dict()`.

        Raises:
            UserError: it is that of a function, which no file holds.
            ValueError: it is not as `study.json` holds it.
        """
        if "config" not in content:
            raise UserError(
                "Expected the study of a published system. Received: that of "
                f"{content.get('build', content.get('kind'))}"
            )
        check_shape(content, StudyFile)
        return cls(
            SystemTrials(TrainConfig.from_dict(content["config"])),
            Space.from_list(content["space"]),
            [Objective.from_dict(row) for row in content["objectives"]],
            content["tuner"],
            content["seed"],
            content["executions"],
        )
