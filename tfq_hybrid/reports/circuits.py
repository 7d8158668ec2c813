"""`Circuits`: the content of a diagnosis, sorted for its pictures."""

from typing import NotRequired, TypedDict

from tfq_hybrid.estimate import Estimate
from tfq_hybrid.shapes import check_shape

MEASURES = {
    "expressibility": "Expressibility",
    "entangling_capability": "Entangling capability",
    "gradient_variance": "Gradient variance",
}


class Interval(TypedDict):
    """A measure and its interval."""

    value: float
    low: float
    high: float


class Circuit(TypedDict):
    """What is used of a circuit."""

    ansatz: str
    qubits: int
    depth: int
    weights: NotRequired[int | None]
    expressibility: Interval
    entangling_capability: Interval
    gradient_variance: Interval


class Fit(TypedDict):
    """How the gradient variance of an ansatz decays with its qubits."""

    ansatz: NotRequired[str]
    depth: int
    rate: float
    low: float
    high: float
    intercept: float
    scatter: NotRequired[float | None]
    qubits: list[int]


class Diagnosis(TypedDict):
    """What is used of `diagnosis.json`."""

    settings: dict
    circuits: list[Circuit]
    decay: list[Fit]


class Circuits:
    """The circuits of a diagnosis, in order.

    Args:
        content: dict, the content of `diagnosis.json`.

    Attributes:
        circuits: list of dict, by ansatz, qubits and depth.
        decay: list of dict, the fits.
        observable: str.
        names: list of the names of the ansätze.
        keys: list of str, a key for each circuit.
        tips: dict of a key -> text.
        grids: list of the names of ansätze in more than one size.
    """

    def __init__(self, content):
        check_shape(content, Diagnosis)
        if not content["circuits"]:
            raise ValueError("there is no circuit")
        if not all(fit["qubits"] for fit in content["decay"]):
            raise ValueError("a fit is to no number of qubits")
        self.circuits = sorted(
            content["circuits"],
            key=lambda c: (c["ansatz"], c["qubits"], c["depth"]),
        )
        self.decay = content["decay"]
        self.observable = content["settings"].get("observable", "")
        self.names = list(dict.fromkeys(c["ansatz"] for c in self.circuits))
        self.keys = [str(i) for i in range(len(self.circuits))]
        self.tips = {
            key: f"{c['ansatz']}, {c['qubits']} qubits, depth {c['depth']}\n"
            + "\n".join(
                f"{title} {Estimate.of(c[name])}"
                for name, title in MEASURES.items()
            )
            for key, c in zip(self.keys, self.circuits, strict=True)
        }
        self.grids = [n for n in self.names if len(self.of(n)) > 1]

    def of(self, name):
        """Pairs (key, circuit) of an ansatz."""
        pairs = zip(self.keys, self.circuits, strict=True)
        return [(key, c) for key, c in pairs if c["ansatz"] == name]


def is_of(fit, name):
    """Whether a fit is that of an ansatz."""
    return fit.get("ansatz", name) == name


def panels(figure, count, sharey=False):
    """Axes on a figure, up to two a row."""
    columns = min(2, count)
    rows = -(-count // columns)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=sharey)
    axes = axes.reshape(-1)
    for spare in axes[count:]:
        spare.set_visible(False)
    return axes[:count]


def panel_size(count, height):
    """Inches of a figure of so many panels of a height."""
    return (9.0, 0.4 + height * -(-count // 2)) if count > 1 else (8.0, height)
