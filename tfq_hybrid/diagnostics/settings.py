"""`DiagnosisSettings` and `Subject`: how, and what, a diagnosis measures."""

import dataclasses
import re

import cirq

from tfq_hybrid.circuits import CircuitSpec, CustomCircuit, parse_observable
from tfq_hybrid.diagnostics.random_circuit import FEATURES, RandomCircuit
from tfq_hybrid.errors import UserError, check_choice, check_integer


@dataclasses.dataclass(frozen=True)
class DiagnosisSettings:
    """How a diagnosis measures.

    Args:
        samples: int. Pairs of states for the expressibility; all their
            states count for the entangling capability. Defaults to 5000, as
            in Sim et al. 2019.
        gradient_samples: int. Initialisations for the gradient variance.
            Defaults to 1000.
        observable: str. A Pauli word, or `"global"`: Z on every qubit.
            Defaults to `"Z0"`.
        features: str, `"zero"` or `"random"`, as in `RandomCircuit`.
            Defaults to `"zero"`: the ansatz alone.
        bins: int. Of the histogram of fidelities. Defaults to 75.
        resamples: int. Of the bootstrap. Defaults to 1000.
        seed: int. With the numbers of qubits, gates and weights of a
            circuit it decides what is drawn, so that a circuit's numbers do
            not depend on the others; those of equal numbers draw the same.
            Defaults to 0.

    Raises:
        UserError: an argument is out of its range.
    """

    samples: int = 5000
    gradient_samples: int = 1000
    observable: str = "Z0"
    features: str = "zero"
    bins: int = 75
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self):
        check_integer("samples", self.samples, 2)
        check_integer("gradient_samples", self.gradient_samples, 2)
        check_integer("bins", self.bins, 2)
        check_integer("resamples", self.resamples, 40)
        check_integer("seed", self.seed, 0)
        check_choice("features", self.features, FEATURES)
        if self.observable != "global":
            parse_observable(self.observable, cirq.LineQubit.range(64))

    def to_dict(self):
        """The arguments as plain JSON types."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A circuit of a diagnosis, and where it stands in the tables.

    Attributes:
        ansatz: str. What the circuit is called.
        circuit: `CircuitSpec` or `CustomCircuit`.
    """

    ansatz: str
    circuit: CircuitSpec | CustomCircuit

    @property
    def qubits(self):
        """The number of qubits."""
        return self.circuit.qubits

    @property
    def depth(self):
        """Ansatz layers of a block; the moments of a user's own circuit."""
        return getattr(self.circuit, "depth", self.circuit.layers)

    @property
    def name(self):
        """A name that is fit for a file."""
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", self.ansatz).strip("-.")
        return f"{slug}-q{self.qubits:02d}-d{self.depth:02d}"

    def drawn(self, settings):
        """The `RandomCircuit`, checked against what is to be measured.

        Raises:
            UserError: it cannot be measured; its name is in the message.
        """
        try:
            circuit = RandomCircuit(self.circuit, settings.features)
            check_integer("weights of the circuit", circuit.weights, 1)
            if settings.observable != "global":
                parse_observable(settings.observable, circuit.qids)
        except UserError as error:
            raise UserError(f"{self.ansatz}: {error}") from None
        return circuit


def grid(ansatz, circuit, qubits, depths):
    """Subjects of one ansatz over numbers of qubits and depths.

    Args:
        ansatz: str. What the circuits are called.
        circuit: `CircuitSpec` whose `qubits` and `depth` are replaced.
        qubits, depths: iterables of int.

    Returns:
        A list of `Subject`.

    Raises:
        UserError: the circuit does not exist in one of the sizes.

    Example:

    >>> from tfq_hybrid.circuits import preset
    >>> [s.name for s in grid("qffn", preset("qffn"), [2, 3], [1])]
    ['qffn-q02-d01', 'qffn-q03-d01']
    """
    subjects = []
    for count in qubits:
        for depth in depths:
            try:
                changed = dataclasses.replace(
                    circuit, qubits=count, depth=depth
                )
            except UserError as error:
                raise UserError(
                    f"{ansatz} on {count} qubits in depth {depth}: {error}"
                ) from None
            subjects.append(Subject(ansatz, changed))
    return subjects
