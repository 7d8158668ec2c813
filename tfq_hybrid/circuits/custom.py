"""`CustomCircuit`: a user's own Cirq circuit, wherever a spec is accepted."""

import dataclasses
import functools
from types import ModuleType
from typing import Any

import cirq
import numpy as np

from tfq_hybrid.circuits.cirq_json import read_cirq, write_cirq
from tfq_hybrid.circuits.encodings import SCALINGS, scale_angles
from tfq_hybrid.circuits.outputs import (
    OUTPUTS,
    Outputs,
    read_operators,
    write_operators,
)
from tfq_hybrid.circuits.pauli_sums import LINEAR, as_pauli_sum
from tfq_hybrid.circuits.subcircuits import count_moments
from tfq_hybrid.errors import (
    UserError,
    check_choice,
    choice_error,
    listed,
)
from tfq_hybrid.reading import raise_bug, reason_of

__all__ = ["CustomCircuit", "read_cirq", "write_cirq"]


@dataclasses.dataclass(frozen=True)
class CustomCircuit:
    """A Cirq circuit, with the roles of its symbols.

    Args:
        circuit: `cirq.Circuit` without measurements.
        operators: sequence of Pauli strings, Pauli sums and projectors of
            Cirq, `Probabilities` and `Variance`. Defaults to `()`, which
            means Z on each qubit of the circuit in sorted order.
        features: sequence of str. The symbols that features feed, in the
            order of the inputs. Defaults to `None`: the symbols whose names
            begin with `x`, sorted.
        weights: sequence of str. The symbols that are trained. Defaults to
            `None`: the symbols whose names begin with `w`, sorted.
        scaling: str, a name in `SCALINGS`. Defaults to `"pi_tanh"`.

    Raises:
        UserError: a symbol of the circuit is neither a feature nor a weight,
            a name is not in the circuit, or no symbol is a feature.

    Example:

    >>> import sympy
    >>> qubit = cirq.GridQubit(0, 0)
    >>> x, w = sympy.symbols("x w")
    >>> own = CustomCircuit(cirq.Circuit(cirq.rx(x)(qubit), cirq.ry(w)(qubit)))
    >>> own.features, own.weights
    (('x',), ('w',))
    """

    circuit: cirq.Circuit
    operators: tuple = ()
    features: tuple[str, ...] = None  # type: ignore[assignment]
    weights: tuple[str, ...] = None  # type: ignore[assignment]
    scaling: str = "pi_tanh"

    def __post_init__(self):
        check_choice("scaling", self.scaling, SCALINGS)
        if not isinstance(self.circuit, cirq.Circuit):
            raise UserError(
                "Expected circuit to be a cirq.Circuit. "
                f"Received: circuit of type {type(self.circuit).__name__}"
            )
        if self.circuit.has_measurements():
            raise UserError(
                "Expected a circuit without measurements: observables are "
                "given apart. Received: a circuit with measurement gates"
            )
        names = sorted(cirq.parameter_names(self.circuit))
        known = set(names)
        for role, prefix in (("features", "x"), ("weights", "w")):
            given = getattr(self, role)
            if given is None:
                given = [name for name in names if name.startswith(prefix)]
            if not isinstance(given, (list, tuple)):
                raise UserError(
                    f"Expected {role} to be a list of names. Received: "
                    f"{role}={given!r}"
                )
            for name in given:
                if not isinstance(name, str) or name not in known:
                    raise choice_error(role, name, names)
            if len(set(given)) < len(given):
                raise UserError(
                    f"Expected {role} to name each symbol once. Received: "
                    f"{role}={given!r}"
                )
            object.__setattr__(self, role, tuple(given))
        self._check_roles(names)
        if isinstance(self.operators, (*LINEAR, *OUTPUTS)):
            object.__setattr__(self, "operators", (self.operators,))
        operators = self.operators or [cirq.Z(qid) for qid in self.qids]
        operators = tuple(
            term if isinstance(term, OUTPUTS) else as_pauli_sum(term)
            for term in operators
        )
        object.__setattr__(self, "operators", operators)

    def _check_roles(self, names):
        orphans = sorted(set(names) - {*self.features, *self.weights})
        if orphans:
            raise UserError(
                "Expected every symbol to be a feature or a weight (by "
                "default by the first letter x or w of its name). Received: "
                f"a circuit with other symbols: {listed(orphans)}"
            )
        both = sorted(set(self.features) & set(self.weights))
        if both or not self.features:
            raise UserError(
                "Expected at least one symbol that features feed, and none "
                f"that is both. Received: features={list(self.features)}, "
                f"weights={list(self.weights)}"
            )

    @property
    def starts_from_amplitudes(self) -> bool:
        """Whether the features are the initial state: they are angles."""
        return False

    @functools.cached_property
    def qids(self) -> tuple[cirq.Qid, ...]:
        """The circuit's qubits in sorted order."""
        try:
            return tuple(sorted(self.circuit.all_qubits()))
        except Exception as error:  # whatever the qubits' class raises
            raise_bug(error)
            raise UserError(
                "Expected a circuit of qubits that can be sorted. Received: "
                f"{reason_of(error)}"
            ) from error

    @property
    def qubits(self) -> int:
        """The number of qubits."""
        return len(self.qids)

    @property
    def observable_count(self) -> int:
        """The numbers that come out: one for each Pauli sum."""
        return Outputs(self.operators).size

    @property
    def layers(self) -> int:
        """Moments, those of sub-circuits too.

        An upper bound on the layers that hold a state.
        """
        return count_moments(self.circuit)

    @property
    def feature_count(self) -> int:
        """The number of symbols that features feed."""
        return len(self.features)

    @property
    def weight_count(self) -> int:
        """The number of symbols that are trained."""
        return len(self.weights)

    def angles(self, features: Any, xp: ModuleType = np) -> Any:
        """The scaled features: angles in radians, of the same shape."""
        return scale_angles(self.scaling, features, xp)

    def diagram(self) -> str:
        """The circuit as text, one line a qubit."""
        return self.circuit.to_text_diagram()

    def to_dict(self) -> dict:
        """Plain JSON types; Cirq objects by `write_cirq`.

        Raises:
            UserError: a gate cannot be written.
        """
        return {
            "circuit": write_cirq(self.circuit, "circuit"),
            "operators": write_operators(self.operators),
            "features": list(self.features),
            "weights": list(self.weights),
            "scaling": self.scaling,
        }

    @classmethod
    def from_dict(cls, config: dict) -> "CustomCircuit":
        """Builds a circuit from `to_dict()`.

        Raises:
            UserError: it is not what `to_dict` gives.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for key in config:
            check_choice("CustomCircuit argument", key, known)
        config = dict(config)
        config["circuit"] = read_cirq(config.get("circuit"), "circuit")
        if "operators" in config:
            config["operators"] = read_operators(config["operators"])
        return cls(**config)
