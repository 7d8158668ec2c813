"""The report of a diagnosis."""

from collections.abc import Mapping
from typing import Any

from tfq_hybrid.diagnostics.entanglement import random_entanglement
from tfq_hybrid.diagnostics.gradient_variance import random_gradient_variance
from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.diagnosis_gradients import decay, rates, starts
from tfq_hybrid.reports.diagnosis_pictures import (
    MEASURES,
    Circuits,
    circuit_map,
    heat_map,
)
from tfq_hybrid.reports.document import Document, Table


def document(content: Mapping[str, Any]) -> Document:
    """The report of the content of `diagnosis.json`."""
    found = Circuits(content)
    settings = content["settings"]
    pictures = []
    if found.grids:
        pictures += [
            heat_map(found, "expressibility", "cividis_r"),
            heat_map(found, "entangling_capability", "cividis"),
        ]
    if found.decay:
        pictures.append(decay(found))
        if len(found.decay) > 1:
            pictures.append(rates(found))
        if len(found.names) > 1:
            pictures.append(starts(found))
    pictures.append(circuit_map(found))
    facts = [("circuits", number(len(found.circuits)))]
    labels = {
        "samples": "pairs of states",
        "gradient_samples": "initialisations",
    }
    for name in (*labels, "observable", "features", "seed"):
        if name in settings:
            facts.append((labels.get(name, name), number(settings[name])))
    return Document(
        "Diagnosis of circuits",
        _lead(found),
        facts,
        pictures,
        [_circuits_table(found), *_decay_table(found)],
        settings,
    )


def _lead(found: Circuits) -> list[str]:
    # Neither measure can be compared between numbers of qubits.
    most = max(c["qubits"] for c in found.circuits)
    widest = [c for c in found.circuits if c["qubits"] == most]

    def best(name, choose):
        c = choose(widest, key=lambda c: c[name]["value"])
        equal = [
            plain(other["ansatz"], 40)
            for other in widest
            if (other["depth"], other[name]) == (c["depth"], c[name])
        ]
        where = f"{' and '.join(equal)} at depth {c['depth']}"
        return f"{where}, {Estimate.of(c[name])}"

    lines = [
        f"Of {most} qubits the most expressive circuit, by the least "
        f"divergence from random states, is {best('expressibility', min)}; "
        f"the most entangling is {best('entangling_capability', max)}."
    ]
    if found.decay:
        worst = max(found.decay, key=lambda fit: fit["rate"])
        where = f"at depth {worst['depth']}"
        if len(found.names) > 1 and "ansatz" in worst:
            where = f"in {plain(worst['ansatz'], 40)} {where}"
        lines.append(
            f"The gradient of {plain(found.observable)} decays fastest "
            f"{where}: Var[dC/dtheta] decays as 2^(-r n) with n qubits, "
            f"r = {Estimate.of(worst, 'rate')}."
        )
    lines.append(
        "All numbers are estimates from random angles by exact simulation; in "
        "brackets their 95 % intervals, by the bootstrap over the draws."
    )
    return lines


def _circuits_table(found: Circuits) -> Table:
    columns = ["ansatz", "qubits", "depth", "weights"]
    for title in MEASURES.values():
        columns += [title.lower(), f"{title.lower()}, Haar"]
    rows = []
    for c in found.circuits:
        haar = {
            "expressibility": 0,
            "entangling_capability": random_entanglement(c["qubits"]),
            "gradient_variance": random_gradient_variance(c["qubits"]),
        }
        row = [c["ansatz"], c["qubits"], c["depth"], c.get("weights")]
        for name in MEASURES:
            is_zero = name == "gradient_variance" and not c[name]["value"]
            row.append("zero to rounding" if is_zero else Estimate.of(c[name]))
            row.append(haar[name])
        rows.append(row)
    note = (
        "Expressibility in nats, the gradient variance per radian squared. In "
        "brackets the 95 % intervals. Beside each number is that of random "
        "(Haar) states or circuits of as many qubits, with N = 2^qubits: "
        "divergence 0, entangling capability (N − 2)/(N + 1), and gradient "
        "variance N²/(2(N² − 1)(N + 1))."
    )
    return Table("Every circuit", columns, rows, note, found.keys)


def _decay_table(found: Circuits) -> list[Table]:
    if not found.decay:
        return []
    rows = [
        [
            fit.get("ansatz", found.names[0]),
            fit["depth"],
            Estimate.of(fit, "rate"),
            fit.get("scatter"),
        ]
        for fit in found.decay
    ]
    return [
        Table(
            "Decay of the gradient variance",
            ("ansatz", "depth", "halvings for each qubit", "scatter"),
            rows,
            "The variance is fitted by c · 2^(−rate · qubits); in brackets "
            "the 95 % interval of the rate. Scatter is how far the points lie "
            "from the line, in halvings.",
        )
    ]
