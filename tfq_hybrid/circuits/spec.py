"""`CircuitSpec`: a circuit described by a few words, not pickled."""

import dataclasses
import functools
import json

import cirq
import sympy

from tfq_hybrid.circuits.encodings import ENCODINGS
from tfq_hybrid.circuits.entanglement import ENTANGLEMENTS
from tfq_hybrid.circuits.observables import parse_observable, z_on_each
from tfq_hybrid.circuits.scaling import SCALINGS
from tfq_hybrid.errors import UserError, check_choice, check_integer

ROTATIONS = {"rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz}
ENTANGLERS = {"cnot": cirq.CNOT, "cz": cirq.CZ}


@dataclasses.dataclass(frozen=True)
class CircuitSpec:
    """A parameterised circuit: an encoding, then a layered ansatz.

    The circuit is `encoding, ansatz layer x depth`, and that whole again for
    each re-upload (data re-uploading, Perez-Salinas et al. 2020,
    arXiv 1907.02085). An ansatz layer applies its gates in the stated order:
    a rotation stands for one gate with its own weight on every qubit, an
    entangler for one gate on every pair of the entanglement pattern.

    Args:
        qubits: int, at least 1. Defaults to 4.
        encoding: str, a name in `ENCODINGS`. Defaults to `"angle"`.
        scaling: str, a name in `SCALINGS`: how a feature becomes an angle
            in radians. Defaults to `"pi_tanh"`.
        ansatz: tuple of str. The gates of one layer in order, from `"rx"`,
            `"ry"`, `"rz"`, `"cnot"`, `"cz"`. Defaults to
            `("ry", "rz", "cnot")`.
        entanglement: str, a name in `ENTANGLEMENTS`. Defaults to `"ring"`.
        depth: int, at least 1. Ansatz layers in each block. Defaults to 1.
        reuploads: int. How often encoding and ansatz are repeated after the
            first time. Defaults to 0.
        share_weights: bool. Whether all blocks of a re-uploading circuit
            use one set of weights. Defaults to `False`.
        observables: tuple of str, Pauli words such as `"Z0"` or `"X0*X1"`.
            Defaults to `()`, which means Z on each qubit.

    Raises:
        UserError: an argument is out of its range; the message names the
            nearest valid choice.

    Example:

    >>> spec = CircuitSpec(qubits=2, depth=1, ansatz=("ry", "cnot"))
    >>> spec.weight_count, spec.feature_count
    (2, 2)
    >>> print(spec.diagram())
    0: ───Ry(x_0)───Ry(w_0)───@───
                              │
    1: ───Ry(x_1)───Ry(w_1)───X───
    """

    qubits: int = 4
    encoding: str = "angle"
    scaling: str = "pi_tanh"
    ansatz: tuple[str, ...] = ("ry", "rz", "cnot")
    entanglement: str = "ring"
    depth: int = 1
    reuploads: int = 0
    share_weights: bool = False
    observables: tuple[str, ...] = ()

    def __post_init__(self):
        check_integer("qubits", self.qubits, minimum=1)
        check_integer("depth", self.depth, minimum=1)
        check_integer("reuploads", self.reuploads, minimum=0)
        check_choice("encoding", self.encoding, ENCODINGS)
        check_choice("scaling", self.scaling, SCALINGS)
        check_choice("entanglement", self.entanglement, ENTANGLEMENTS)
        for name in ("ansatz", "observables"):
            value = getattr(self, name)
            if not isinstance(value, (list, tuple)):
                raise UserError(
                    f"Expected {name} to be a sequence of names. "
                    f"Received: {name}={value!r}"
                )
        for gate in self.ansatz:
            check_choice("ansatz gate", gate, [*ROTATIONS, *ENTANGLERS])
        if not set(self.ansatz) & set(ROTATIONS):
            raise UserError(
                "Expected ansatz to hold at least one rotation of rx, ry, rz: "
                f"else nothing trains. Received: ansatz={self.ansatz!r}"
            )
        object.__setattr__(self, "ansatz", tuple(self.ansatz))
        object.__setattr__(self, "observables", tuple(self.observables))
        qids = self.qids if self.observables else ()
        for word in self.observables:
            parse_observable(word, qids)

    @property
    def qids(self):
        """The circuit's qubits: a row of `cirq.GridQubit`."""
        return tuple(cirq.GridQubit.rect(1, self.qubits))

    @property
    def feature_count(self):
        """Features that the encoding takes, counted without building."""
        return ENCODINGS[self.encoding].features_per_qubit * self.qubits

    @property
    def weight_count(self):
        """Trained angles, counted without building.

        rotations per layer * qubits * depth, times the number of blocks
        unless their weights are shared.
        """
        rotations = sum(gate in ROTATIONS for gate in self.ansatz)
        blocks = 1 if self.share_weights else 1 + self.reuploads
        return rotations * self.qubits * self.depth * blocks

    @property
    def observable_count(self):
        """Outputs of the circuit, counted without building."""
        return len(self.observables) or self.qubits

    @property
    def layers(self):
        """Ansatz layers in all, over every re-upload."""
        return self.depth * (1 + self.reuploads)

    @property
    def features(self):
        """Symbol names of the features, in the order they are fed."""
        return _padded("x", self.feature_count)

    @property
    def weights(self):
        """Symbol names of the trained angles, in circuit order."""
        return _padded("w", self.weight_count)

    @functools.cached_property
    def operators(self):
        """The observables as a tuple of `cirq.PauliString`."""
        words = self.observables or z_on_each(self.qubits)
        qids = self.qids
        return tuple(parse_observable(word, qids) for word in words)

    @functools.cached_property
    def circuit(self):
        """The `cirq.Circuit`, its symbols named by `features`, `weights`."""
        features = [sympy.Symbol(name) for name in self.features]
        weights = [sympy.Symbol(name) for name in self.weights]
        encoding = ENCODINGS[self.encoding].operations
        circuit = cirq.Circuit()
        remaining = iter(weights)
        for _ in range(1 + self.reuploads):
            if self.share_weights:
                remaining = iter(weights)
            circuit += encoding(self.qids, features)
            for layer in range(self.depth):
                circuit += self._ansatz_layer(layer, remaining)
        return circuit

    def _ansatz_layer(self, layer, weights):
        pairs = ENTANGLEMENTS[self.entanglement](self.qubits, layer)
        for gate in self.ansatz:
            if gate in ROTATIONS:
                for qubit in self.qids:
                    yield ROTATIONS[gate](next(weights))(qubit)
            else:
                for control, target in pairs:
                    yield ENTANGLERS[gate](
                        self.qids[control], self.qids[target]
                    )

    def diagram(self):
        """The circuit as text, one line a qubit."""
        names = {qid: str(q) for q, qid in enumerate(self.qids)}
        relabelled = self.circuit.transform_qubits(
            lambda qid: cirq.NamedQubit(names[qid])
        )
        return relabelled.to_text_diagram()

    def to_dict(self):
        """The arguments as plain JSON types."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    def to_json(self):
        """The spec as a JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, config):
        """Builds a spec from `to_dict()`.

        Raises:
            UserError: a key is not an argument of `CircuitSpec`, or a value
                is out of its range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for key in config:
            check_choice("CircuitSpec argument", key, known)
        return cls(**config)

    @classmethod
    def from_json(cls, text):
        """Builds a spec from `to_json()`."""
        return cls.from_dict(json.loads(text))


def _padded(prefix, count):
    """Zero-padded names, whose lexicographic order is the numeric one.

    TensorFlow Quantum sorts symbols as strings.
    """
    width = len(str(max(count - 1, 0)))
    return tuple(f"{prefix}_{i:0{width}d}" for i in range(count))
