"""`Trials`: the content of a search, sorted for its pictures."""

from tfq_hybrid.reports.document import number


class Trials:
    """The trials of a search.

    Args:
        content: dict, the content of `search.json`.

    Attributes:
        objectives: list of pairs (name, direction), `"max"` or `"min"`.
        names: list of the names of the space.
        space: dict of a name -> its entry in the space.
        all: list of trials as dicts.
        done: list of the completed ones that have the first objective.
        pareto: list of ids.
        importance: dict of a name -> share.
        executions: int. Trainings of each trial.
    """

    def __init__(self, content):
        self.objectives = [
            (o["name"], str(o["direction"])[:3]) for o in content["objectives"]
        ]
        self.space = {p["name"]: p for p in content["space"]}
        self.names = list(self.space)
        self.all = list(content["trials"])
        self._keys = {t["id"]: str(i) for i, t in enumerate(self.all)}
        first, self._direction = self.objectives[0]
        self.done = [
            t
            for t in self.all
            if t["status"] == "completed" and self.metric(t, first) is not None
        ]
        self.pareto = list(content.get("pareto") or ())
        self.importance = dict(content.get("importance") or {})
        self.executions = content.get("executions") or 1
        best = content.get("best")
        self.best = next((t for t in self.all if t["id"] == best), None)
        self.tips = {self.key(t): self._tip(t) for t in self.all}

    def key(self, trial):
        """What links a trial's marks and its row."""
        return self._keys[trial["id"]]

    def metric(self, trial, name):
        """A metric of a trial, or `None`."""
        metrics = trial.get("metrics") or {}
        return metrics.get(name, trial.get(name))

    def ranked(self):
        """Pairs (trial, share), the worst first.

        The share goes from 0 to 1, the best result; equal ones have one.
        """
        name, direction = self.objectives[0]
        sign = -1 if direction == "min" else 1
        scores = {self.key(t): sign * self.metric(t, name) for t in self.done}
        order = sorted(self.done, key=lambda t: scores[self.key(t)])
        levels = sorted(set(scores.values()))
        last = len(levels) - 1 or 1
        shares = {level: place / last for place, level in enumerate(levels)}
        return [(trial, shares[scores[self.key(trial)]]) for trial in order]

    def is_best(self, trial):
        """Whether it is the best trial."""
        return self.best is not None and trial["id"] == self.best["id"]

    def _tip(self, trial):
        metrics = [
            f"{name} {number(self.metric(trial, name))}"
            for name, _ in self.objectives
        ]
        values = [f"{k} {number(v)}" for k, v in trial["values"].items()]
        return "\n".join([f"trial {trial['id']}", *metrics, *values])
