"""Results in the JSON contracts, computed by simple known functions."""

import itertools

import numpy as np


def search(names=("depth", "rate"), count=12):
    """A search whose accuracy is a known function of its values."""
    first, second = names
    trials = []
    for index in range(count):
        depth, rate = 1 + index % 3, 10.0 ** -(1 + index % 4)
        values = {
            first: depth,
            second: rate,
            "gate": "ring" if index % 2 else "none",
        }
        if index % 2:
            values["distance"] = [index % 5, "far"]
        accuracy = (
            0.5 + 0.1 * depth - 0.02 * abs(np.log10(rate) + 2) + 1e-3 * index
        )
        trials.append(
            {
                "id": f"{index:02d}",
                "status": "completed",
                "values": values,
                "metrics": {"val_accuracy": float(accuracy), "loss": 0.5},
                "curve": {"val_accuracy": [0.5, 0.55, float(accuracy)]},
                "predicted": {"bytes": 2**22, "seconds": 1.5},
                "seconds": 2.0,
                "parameters": 100 * depth + index,
            }
        )
    trials.append(
        {
            "id": "wide",
            "status": "infeasible",
            "values": {first: 3, second: 0.1, "gate": "ring"},
            "metrics": {},
            "curve": {},
            "predicted": {"bytes": 2**40, "seconds": None},
            "seconds": 0.0,
            "parameters": None,
            "reason": "1 TiB is more than 24 GiB",
        }
    )
    done = trials[:-1]

    costs = {
        trial["id"]: (-trial["metrics"]["val_accuracy"], trial["parameters"])
        for trial in done
    }

    def beats(one, other):
        pairs = zip(one, other, strict=True)
        return one != other and all(a <= b for a, b in pairs)

    front = [
        name
        for name, cost in costs.items()
        if not any(beats(other, cost) for other in costs.values())
    ]
    return {
        "kind": "search",
        "objectives": [
            {"name": "val_accuracy", "direction": "max"},
            {"name": "parameters", "direction": "min"},
        ],
        "space": [
            {"name": first, "type": "choice", "values": [1, 2, 3]},
            {"name": second, "type": "float", "low": 1e-4, "high": 0.1},
            {"name": "gate", "type": "choice", "values": ["none", "ring"]},
            {
                "name": "distance",
                "type": "choice",
                "values": [[1, "far"]],
                "condition": {"name": "gate", "values": ["ring"]},
            },
        ],
        "trials": trials,
        "pareto": front,
        "best": min(costs, key=costs.get, default=None),
        "importance": {first: 0.75, second: 0.25, "gate": 0.0},
    }


def screening(name="depth"):
    """A full factorial of y = 1 + 2 a - b + 0.5 a b, without noise."""
    runs = []
    for a, b, c in itertools.product((-1, 1), repeat=3):
        runs.append(
            {
                "levels": {name: a, "qubits": b, "seed rate": c},
                "values": {name: 1 + (a > 0), "qubits": 4 + 2 * b},
                "response": 1 + 2.0 * a - b + 0.5 * a * b,
                "seed": 0,
            }
        )
    effects = {
        name: 4.0,
        "qubits": -2.0,
        f"{name}:qubits": 1.0,
        "seed rate": 0.0,
    }
    return {
        "kind": "screening",
        "design": "full factorial",
        "response": "val_accuracy",
        "factors": {name: [1, 2], "qubits": [2, 6], "seed rate": [0.1, 0.2]},
        "runs": runs,
        "effects": [
            {"factor": factor, "effect": e, "low": e - 0.5, "high": e + 0.5}
            for factor, e in effects.items()
        ],
    }


def diagnosis(name="qffn"):
    """Variances of exactly 2**-(1 + depth n), on a grid and a lone circuit."""

    def estimate(value):
        return {"value": value, "low": 0.9 * value, "high": 1.1 * value}

    circuits = [
        {
            "qubits": qubits,
            "depth": depth,
            "ansatz": name,
            "expressibility": estimate(0.5 / depth),
            "entangling_capability": estimate(0.1 * depth),
            "gradient_variance": estimate(2.0 ** -(1 + depth * qubits)),
        }
        for qubits in (2, 3, 4)
        for depth in (1, 2)
    ]
    circuits.append({**circuits[0], "ansatz": "own", "depth": 7})
    return {
        "kind": "diagnosis",
        "settings": {"samples": 50, "observable": "Z0", "seed": 0},
        "circuits": circuits,
        "decay": [
            {
                "ansatz": name,
                "depth": depth,
                "rate": float(depth),
                "low": depth - 0.1,
                "high": depth + 0.1,
                "intercept": -1.0,
                "scatter": 0.0,
                "qubits": [2, 3, 4],
            }
            for depth in (1, 2)
        ],
    }


CONTENTS = {"search": search, "screening": screening, "diagnosis": diagnosis}
