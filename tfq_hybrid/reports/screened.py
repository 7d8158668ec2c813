"""`Screening`: the content of a screening, sorted for its pictures."""

from tfq_hybrid.reports.document import number, plain


class Screening:
    """The effects and runs of a screening.

    Args:
        content: dict, the content of `screening.json`.

    Attributes:
        response: str.
        factors: dict of a name -> its two levels.
        effects: list of dict, the largest first.
        keys: dict of a factor -> its key.
        tips: dict of a key -> text.
        runs: list of dict, those with a response.
    """

    def __init__(self, content):
        self.response = content["response"]
        self.factors = content["factors"]
        self.effects = sorted(
            (e for e in content["effects"] if e["effect"] is not None),
            key=lambda e: -abs(e["effect"]),
        )
        self.keys = {e["factor"]: str(i) for i, e in enumerate(self.effects)}
        self.tips = {
            self.keys[e["factor"]]: f"{e['factor']}: {signed(e)}"
            for e in self.effects
        }
        self.runs = [r for r in content["runs"] if r["response"] is not None]

    @property
    def clear(self):
        """Effects whose interval leaves zero out."""
        return [e for e in self.effects if is_clear(e)]


def is_clear(effect):
    """Whether the interval of an effect leaves zero out."""
    low, high = effect.get("low"), effect.get("high")
    return low is not None and high is not None and low * high > 0


def signed(effect):
    """An effect and its interval as a text, with signs.

    Example:

    >>> signed({"effect": 0.5, "low": -0.25, "high": 1.25})
    '+0.5 (-0.25 to +1.25)'
    """
    text = f"{effect['effect']:+.3g}"
    if effect.get("low") is None or effect.get("high") is None:
        return text
    return f"{text} ({effect['low']:+.3g} to {effect['high']:+.3g})"


def level(value):
    """A level of a factor as a short text."""
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    return plain(number(value), 14)
