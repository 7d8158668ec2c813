"""How and what a diagnosis measures, and the folder that keeps it."""

import dataclasses
import os
import pathlib
import re
import shutil
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import cirq

from tfq_hybrid.circuits import CircuitSpec, CustomCircuit, parse_observable
from tfq_hybrid.diagnostics.random_circuit import FEATURES, RandomCircuit
from tfq_hybrid.errors import UserError, check_choice, check_integer
from tfq_hybrid.files import check_links, check_output_folder, write_json
from tfq_hybrid.reading import read_json


@dataclasses.dataclass(frozen=True)
class DiagnosisSettings:
    """How a diagnosis measures.

    Args:
        samples: Pairs of states for the expressibility; all their states
            count for the entangling capability. Defaults to 5000, as in Sim
            et al. 2019.
        gradient_samples: Initialisations for the gradient variance. Defaults
            to 1000.
        observable: A Pauli word, or `"global"`: Z on every qubit. Defaults
            to `"Z0"`.
        features: `"zero"` or `"random"`, as in `RandomCircuit`. Defaults to
            `"zero"`: the ansatz alone.
        bins: Of the histogram of fidelities. Defaults to 75.
        resamples: Of the bootstrap. Defaults to 1000.
        seed: With the numbers of qubits, gates and weights of a circuit it
            decides what is drawn, so that a circuit's numbers do not depend
            on the others; those of equal numbers draw the same. Defaults to
            0.

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

    def to_dict(self) -> dict[str, Any]:
        """The arguments as plain JSON types."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A circuit of a diagnosis, and where it stands in the tables.

    Args:
        ansatz: What the circuit is called.
        circuit: What is measured.
    """

    ansatz: str
    circuit: CircuitSpec | CustomCircuit

    @property
    def qubits(self) -> int:
        """The number of qubits."""
        return self.circuit.qubits

    @property
    def depth(self) -> int:
        """Ansatz layers of a block; the moments of a user's own circuit."""
        return getattr(self.circuit, "depth", self.circuit.layers)

    @property
    def name(self) -> str:
        """A name that is fit for a file."""
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", self.ansatz).strip("-.")
        return f"{slug}-q{self.qubits:02d}-d{self.depth:02d}"

    def drawn(self, settings: DiagnosisSettings) -> RandomCircuit:
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


def grid(
    ansatz: str,
    circuit: CircuitSpec,
    qubits: Iterable[int],
    depths: Iterable[int],
) -> list[Subject]:
    """Subjects of one ansatz over numbers of qubits and depths.

    Args:
        ansatz: What the circuits are called.
        circuit: Its `qubits` and `depth` are replaced.
        qubits, depths: Every pair of them is a subject.

    Raises:
        UserError: the circuit does not exist in one of the sizes.

    Example:

    >>> from tfq_hybrid.circuits import preset
    >>> [s.name for s in grid("qffn", preset("qffn"), [2, 3], [1])]
    ['qffn-q02-d01', 'qffn-q03-d01']
    """
    subjects = []
    depths = list(depths)
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


WHOLE = "a whole diagnosis"
AGAIN = "Remove it, or use overwrite=True."


class Variance(TypedDict):
    """What is used of a gradient variance."""

    value: float
    low: float
    high: float
    replicates: list[float]


class Result(TypedDict):
    """What is used of the result of a circuit."""

    gradient_variance: Variance


class Stored(TypedDict):
    """The file of a circuit that is done."""

    circuit: dict
    result: Result


class DiagnosisFolder:
    """Paths and state of a diagnosis.

    settings.json     how its circuits are measured
    circuits/         a file for each circuit that is done
    diagnosis.json    written last: all of them, and the decay
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = pathlib.Path(path)
        self.settings_file = self.path / "settings.json"
        self.circuits = self.path / "circuits"
        self.diagnosis_file = self.path / "diagnosis.json"

    def check(
        self,
        subjects: Sequence[Subject],
        settings: DiagnosisSettings,
        overwrite: bool,
    ) -> dict[str, dict]:
        """The stored result of each subject that has one, by its name.

        Raises:
            UserError: the diagnosis may not be written here; the difference
                is named.
        """
        check_output_folder(self.path)
        if not self.path.exists():
            return {}
        begun = self.settings_file.is_file()
        if not begun and any(self.path.iterdir()):
            raise UserError(
                "Expected a new folder, or that of a diagnosis. "
                f"Received: {self.path}, which holds something else"
            )
        check_links(self.path, WHOLE)
        if not begun or overwrite:
            return {}
        kept = read_json(self.settings_file, WHOLE, hint=AGAIN)
        for name, value in settings.to_dict().items():
            if kept.get(name) != value:
                raise UserError(
                    f"Expected the settings of the diagnosis in {self.path}, "
                    f"where {name} is {kept.get(name)!r}. Received: {name}="
                    f"{value!r}. Use overwrite=True to measure anew."
                )
        found = {}
        for subject in subjects:
            file = self._file(subject)
            if not file.is_file():
                continue
            content = read_json(file, WHOLE, Stored, AGAIN)
            if content["circuit"] != subject.circuit.to_dict():
                raise UserError(
                    f"Expected {subject.ansatz} to be the circuit that it is "
                    f"in {self.path}. Received: another one of that name. Use "
                    "overwrite=True to measure anew."
                )
            found[subject.name] = content["result"]
        return found

    def begin(self, settings: DiagnosisSettings, overwrite: bool) -> None:
        """Makes the folder; forgets what is there with `overwrite`."""
        self.path.mkdir(parents=True, exist_ok=True)
        if overwrite:
            # First what says that it is done, last what says whose it is.
            self.diagnosis_file.unlink(missing_ok=True)
            shutil.rmtree(self.circuits, ignore_errors=True)
        write_json(self.settings_file, settings.to_dict())
        self.circuits.mkdir(exist_ok=True)

    def keep(self, subject: Subject, result: dict) -> None:
        """Stores the result of a subject."""
        content = {"circuit": subject.circuit.to_dict(), "result": result}
        write_json(self._file(subject), content)

    def _file(self, subject: Subject) -> pathlib.Path:
        return self.circuits / f"{subject.name}.json"
