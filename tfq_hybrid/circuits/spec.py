"""`CircuitSpec`: a circuit described by a few words, not pickled."""

import dataclasses
import functools
import json
import typing
from types import ModuleType
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from tfq_hybrid.circuits.ansatz import (
    ANSATZ_GATES,
    ENTANGLEMENTS,
    ENTANGLERS,
    build_circuit,
    symbol_names,
)
from tfq_hybrid.circuits.counting import circuit_gates, layer_weights
from tfq_hybrid.circuits.encodings import ENCODINGS, SCALINGS, scale_angles
from tfq_hybrid.circuits.initialization import (
    INITIALIZATIONS,
    check_initialization,
)
from tfq_hybrid.circuits.observables import parse_observable, z_on_each
from tfq_hybrid.config.fields import choice
from tfq_hybrid.config.values import check_keys, check_value
from tfq_hybrid.errors import UserError, check_choice, check_integer
from tfq_hybrid.reading import parse_json, reading
from tfq_hybrid.shapes import check_shape

if TYPE_CHECKING:
    import cirq
else:
    cirq = lazy_loader.load("cirq")

LARGEST_REGISTER = 1_024  # qubits
LARGEST_CIRCUIT = 1_000_000  # gates
LARGEST_OBSERVABLES = 65_536


@dataclasses.dataclass(frozen=True)
class CircuitSpec:
    """A parameterised circuit: an encoding, then a layered ansatz.

    The circuit is `encoding, ansatz layer x depth`, and that whole again for
    each re-upload (data re-uploading, Perez-Salinas et al. 2020,
    arXiv 1907.02085). An ansatz layer applies its gates in the stated order:
    a rotation stands for one gate with its own weight on every qubit, an
    entangler for one gate on every pair of the entanglement pattern, and
    `"cnot_ry"` for a CNOT and then an RY with its own weight on the target,
    on every pair.

    Args:
        qubits: int. Number of qubits, 1 to 1,024. Defaults to 4.
        encoding: str. How features enter, a name in `ENCODINGS`. With
            `"amplitude"` the features are the state that the circuit starts
            from: there are no angles and nothing can be re-uploaded.
            Defaults to `"angle"`.
        scaling: str. How a feature becomes an angle in radians, a name in
            `SCALINGS`. Defaults to `None`: pi_tanh, or identity for
            amplitudes, which take no other.
        ansatz: tuple of str. Gates of a layer in order. Defaults to
            `("ry", "rz", "cnot")`.
        first_layer: tuple of str. Gates of the first layer of each block,
            where they are others. Defaults to `()`: as the ansatz.
        entanglement: str. Pairs of qubits that a layer couples, a name in
            `ENTANGLEMENTS`. Defaults to `"ring"`.
        distance: int. Longest distance that long_range couples, 1 to
            `qubits - 1`; no other pattern takes one. Defaults to 1.
        depth: int. Ansatz layers in each block, at least 1. Defaults to 1.
        reuploads: int. Repetitions of encoding and ansatz after the first
            time. Defaults to 0.
        share_weights: bool. Use one set of weights in all blocks of a
            re-uploading circuit. Defaults to `False`.
        mirror: int. After each so many layers, which end with a rotation, come
            their inverses, the last first, with weights of their own; `depth`
            counts both. Defaults to 0: no inverses.
        initialization: str. How the weights start, a name in
            `INITIALIZATIONS`; `"identity_blocks"`, layers that their inverses
            undo, takes a mirror. Defaults to `"uniform"`, from 0 to 2 pi.
        observables: tuple of str. Pauli words such as Z0 or X0*X1. Defaults
            to `()`: Z on each qubit.

    Raises:
        UserError: an argument is out of its range; the message names the
            nearest valid choice. Or the circuit has more than a million
            gates, or more than 65,536 observables.

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
    encoding: str = choice("angle", ENCODINGS)
    scaling: str | None = choice(None, SCALINGS)
    ansatz: tuple[str, ...] = choice(("ry", "rz", "cnot"), ANSATZ_GATES)
    first_layer: tuple[str, ...] = choice((), ANSATZ_GATES)
    entanglement: str = choice("ring", ENTANGLEMENTS)
    distance: int = 1
    depth: int = 1
    reuploads: int = 0
    share_weights: bool = False
    mirror: int = 0
    initialization: str = choice("uniform", INITIALIZATIONS)
    observables: tuple[str, ...] = ()

    def __post_init__(self):
        check_integer("qubits", self.qubits, 1, LARGEST_REGISTER)
        check_integer("depth", self.depth, minimum=1)
        check_integer("reuploads", self.reuploads, minimum=0)
        check_choice("encoding", self.encoding, ENCODINGS)
        check_choice("entanglement", self.entanglement, ENTANGLEMENTS)
        self._check_scaling()
        self._check_distance()
        for name in ("ansatz", "first_layer", "observables"):
            value = getattr(self, name)
            if not isinstance(value, (list, tuple)):
                raise UserError(
                    f"Expected {name} to be a sequence of names. "
                    f"Received: {name}={value!r}"
                )
            object.__setattr__(self, name, tuple(value))
        for name in ("ansatz", "first_layer"):
            for gate in getattr(self, name):
                check_choice(f"{name} gate", gate, ANSATZ_GATES)
        self._check_mirror()
        self._check_size()
        if not self.weight_count:
            raise UserError(
                "Expected ansatz to hold at least one rotation of rx, ry, rz, "
                "or cnot_ry and a pair for it: else nothing trains. Received: "
                f"ansatz={self.ansatz!r}, entanglement={self.entanglement!r}"
            )
        qids = self.qids if self.observables else ()
        for word in self.observables:
            parse_observable(word, qids)

    def _check_size(self):
        """Counts by arithmetic: nothing of a large circuit is listed."""
        gates = circuit_gates(self)
        if gates > LARGEST_CIRCUIT:
            raise UserError(
                f"Expected a circuit of at most {LARGEST_CIRCUIT:,} gates. "
                f"Received: {gates:,} gates, with qubits={self.qubits}, "
                f"depth={self.depth}, reuploads={self.reuploads}, "
                f"entanglement={self.entanglement!r}"
            )
        if len(self.observables) > LARGEST_OBSERVABLES:
            raise UserError(
                f"Expected at most {LARGEST_OBSERVABLES:,} observables. "
                f"Received: {len(self.observables):,}"
            )

    def _check_scaling(self):
        amplitudes = self.starts_from_amplitudes
        if self.scaling is None:
            default = "identity" if amplitudes else "pi_tanh"
            object.__setattr__(self, "scaling", default)
        check_choice("scaling", self.scaling, SCALINGS)
        if amplitudes and (self.scaling != "identity" or self.reuploads):
            raise UserError(
                "Expected scaling 'identity' and reuploads 0 with amplitudes: "
                "they are the state that the circuit starts from, no angles. "
                f"Received: encoding={self.encoding!r}, "
                f"scaling={self.scaling!r}, reuploads={self.reuploads}"
            )

    def _check_distance(self):
        if self.entanglement == "long_range":
            longest = max(self.qubits - 1, 1)
            check_integer("distance", self.distance, 1, longest)
        elif self.distance != 1:
            raise UserError(
                "Expected distance only with entanglement 'long_range'. "
                f"Received: distance={self.distance!r}, "
                f"entanglement={self.entanglement!r}"
            )

    def _check_mirror(self):
        check_integer("mirror", self.mirror, minimum=0)
        if self.mirror and self.depth % (2 * self.mirror):
            raise UserError(
                "Expected a depth that is a multiple of twice the mirror. "
                f"Received: depth={self.depth}, mirror={self.mirror}"
            )
        if self.mirror and self.entanglement != "none":
            for words in filter(None, (self.ansatz, self.first_layer)):
                if words[-1] in ENTANGLERS:
                    raise UserError(
                        "Expected layers that end with a rotation under a "
                        "mirror: entanglers next to their inverses cancel. "
                        f"Received: a layer {','.join(words)}"
                    )
        check_initialization(self.initialization, self.mirror)

    @property
    def qids(self) -> "tuple[cirq.GridQubit, ...]":
        """The circuit's qubits: a row of `cirq.GridQubit`."""
        return tuple(cirq.GridQubit.rect(1, self.qubits))

    @property
    def starts_from_amplitudes(self) -> bool:
        """Whether the features are the initial state and not angles."""
        return ENCODINGS[self.encoding].starts_from_amplitudes

    @property
    def feature_count(self) -> int:
        """Features that the encoding takes, counted without building.

        For amplitudes the longest vector, 2**qubits.
        """
        return ENCODINGS[self.encoding].feature_count(self.qubits)

    @property
    def weight_count(self) -> int:
        """Trained angles, counted without building.

        A rotation counts once for each qubit and `cnot_ry` once for each
        pair, over all layers, times the number of blocks unless their
        weights are shared.
        """
        return layer_weights(self) * self.weight_sets

    @property
    def weight_sets(self) -> int:
        """How many sets of weights: one a block, or one that all share."""
        return 1 if self.share_weights else 1 + self.reuploads

    @property
    def observable_count(self) -> int:
        """Outputs of the circuit, counted without building."""
        return len(self.observables) or self.qubits

    @property
    def layers(self) -> int:
        """Ansatz layers in all, over every re-upload."""
        return self.depth * (1 + self.reuploads)

    @property
    def features(self) -> tuple[str, ...]:
        """Symbol names of the encoded angles, in the order of the inputs."""
        count = ENCODINGS[self.encoding].angle_count(self.qubits)
        return symbol_names("x", count)

    @property
    def weights(self) -> tuple[str, ...]:
        """Symbol names of the trained angles, in circuit order."""
        return symbol_names("w", self.weight_count)

    @functools.cached_property
    def operators(self) -> "tuple[cirq.PauliString, ...]":
        """The observables as a tuple of `cirq.PauliString`."""
        words = self.observables or z_on_each(self.qubits)
        qids = self.qids
        return tuple(parse_observable(word, qids) for word in words)

    @functools.cached_property
    def circuit(self) -> "cirq.Circuit":
        """The `cirq.Circuit`, its symbols named by `features`, `weights`."""
        return build_circuit(self)

    def words(self, layer: int) -> tuple[str, ...]:
        """The words of a layer, by its index within its block."""
        return (self.first_layer if layer == 0 else ()) or self.ansatz

    def pairs(self, layer: int) -> list[tuple[int, int]]:
        """The pairs that a layer couples."""
        pattern = ENTANGLEMENTS[self.entanglement]
        if self.entanglement == "long_range":
            return pattern(self.qubits, layer, self.distance)
        return pattern(self.qubits, layer)

    def angles(self, features: Any, xp: ModuleType = np) -> Any:
        """The angles of features, scaled and then derived.

        Args:
            features: float array of shape (..., `feature_count`).
            xp: array namespace: NumPy or `keras.ops`. Defaults to NumPy.

        Returns:
            Angles in radians, of shape (..., `len(features)`), in the order
            of `features`.

        Raises:
            UserError: the circuit starts from amplitudes.

        Example:

        >>> spec = CircuitSpec(qubits=2, encoding="iqp", scaling="identity")
        >>> spec.angles(np.array([[2.0, 3.0]])).tolist()
        [[2.0, 3.0, 6.0]]
        """
        if self.starts_from_amplitudes:
            raise UserError(
                "Expected a circuit whose inputs are angles. Received: "
                f"encoding={self.encoding!r}, whose features are the state "
                "that the circuit starts from"
            )
        assert self.scaling is not None  # `__post_init__` decided
        derive = ENCODINGS[self.encoding].derive
        angles = scale_angles(self.scaling, features, xp)
        return derive(angles, xp) if derive else angles

    def diagram(self) -> str:
        """The circuit as text, one line a qubit."""
        relabelled = self.circuit.transform_qubits(
            {qid: cirq.NamedQubit(str(qid.col)) for qid in self.qids}
        )
        return relabelled.to_text_diagram()

    def changed(self, **changes: Any) -> "CircuitSpec":
        """This circuit with other arguments, without what loses its meaning.

        A distance goes with the pattern that takes it; observables that name
        qubits, with the number of qubits; scaling and re-uploads, where
        angles become amplitudes; and a scaling comes back to its default
        where amplitudes become angles. What `changes` names stays.

        Args:
            **changes: arguments.

        Raises:
            UserError: an argument is not known, or out of its range.

        Example:

        >>> spec = CircuitSpec(entanglement="long_range", distance=2)
        >>> spec.changed(entanglement="ring").distance
        1
        """
        known = {field.name: field for field in dataclasses.fields(self)}
        lost = set()
        check_keys("CircuitSpec argument", changes, known)
        if changes.get("entanglement", "long_range") != "long_range":
            lost.add("distance")
        if changes.get("qubits", self.qubits) != self.qubits:
            lost.add("observables")
        encoding = ENCODINGS.get(changes.get("encoding", self.encoding))
        if encoding is not None:  # else named as unknown below
            amplitudes = encoding.starts_from_amplitudes
            if amplitudes != self.starts_from_amplitudes:
                lost.add("scaling")
            if amplitudes:
                lost.add("reuploads")
        defaults = {name: known[name].default for name in lost}
        return dataclasses.replace(self, **{**defaults, **changes})

    def to_dict(self) -> dict:
        """The arguments as plain JSON types."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    def to_json(self) -> str:
        """The spec as a JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, config: dict) -> "CircuitSpec":
        """Builds a spec from `to_dict()`.

        Raises:
            UserError: a key is not an argument of `CircuitSpec`, or a value
                is out of its range.
        """
        return cls(**cls.checked(config))

    @classmethod
    def names(cls) -> list[str]:
        """The names of the arguments."""
        return [field.name for field in dataclasses.fields(cls)]

    @classmethod
    def checked(cls, config: dict) -> dict:
        """Arguments from a file, with the types that they are annotated with.

        Raises:
            UserError: a key is not an argument, or a value of another type.
        """
        check_keys("CircuitSpec argument", config, cls.names())
        hints = typing.get_type_hints(cls)
        return {k: check_value(k, hints[k], v) for k, v in config.items()}

    @classmethod
    def from_json(cls, text: str) -> "CircuitSpec":
        """Builds a spec from `to_json()`.

        Raises:
            UserError: it is no such text, or as for `from_dict`.
        """
        with reading("the JSON of a CircuitSpec", "a text"):
            content = check_shape(parse_json(text), dict)
        return cls.from_dict(content)
