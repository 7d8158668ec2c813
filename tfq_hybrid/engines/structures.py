"""The structure of serialised circuits: circuits that differ in numbers alone.

A batch often holds one encoding with other angles in each row. Such circuits
have one structure, which is compiled once and takes the angles as values.
"""

import dataclasses
import functools
import itertools
import threading

import cirq
import numpy as np
from google.protobuf.message import DecodeError

from tfq_hybrid.errors import UserError

KEPT = 2**16  # circuits whose structure is remembered
# The arguments of gates that may be numbers or symbols.
_ANGLES = ("exponent", "phase_exponent", "theta", "phi")
# Begins the names of the symbols that replace numbers; no name of a user does.
_NUMBER = "\N{NULL}"


@dataclasses.dataclass(frozen=True)
class Structure:
    """A circuit whose angles are symbols.

    Args:
        serialised: the circuit, which also is the key of the structure.
        numbers: how many symbols replace numbers.
    """

    serialised: bytes
    numbers: int

    @functools.cached_property
    def circuit(self) -> cirq.Circuit:
        """The circuit, with the symbols of `number_names` for its numbers.

        Raises:
            UserError: it is not one that TensorFlow Quantum writes.
        """
        from tfq_hybrid.engines.tfq.ops import program_pb2, serializer

        program = program_pb2.Program.FromString(self.serialised)
        try:
            return serializer.deserialize_circuit(program)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                "Unparseable proto. Expected a circuit of gates that "
                f"TensorFlow Quantum writes. Received: {error}"
            ) from error

    @functools.cached_property
    def number_names(self) -> tuple[str, ...]:
        """The symbols that replace numbers, in the order of the numbers."""
        return tuple(f"{_NUMBER}{place}" for place in range(self.numbers))

    @functools.cached_property
    def symbols(self) -> tuple[str, ...]:
        """The other symbols, sorted."""
        names = cirq.parameter_names(self.circuit)
        return tuple(sorted(names - set(self.number_names)))


class Structures:
    """Gives the structure and the numbers of serialised circuits.

    Called with a serialised circuit, it gives its `Structure` and a float32
    array of shape (numbers,). The last `KEPT` answers are kept.

    Raises:
        UserError: a string is no circuit.

    Example:

    >>> import tensorflow_quantum as tfq
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuits = [cirq.Circuit(cirq.X(qubit) ** t) for t in (0.2, 0.3)]
    >>> find = Structures()
    >>> one, other = map(find, tfq.convert_to_tensor(circuits).numpy())
    >>> one[0] == other[0], other[1].round(2)
    (True, array([0.3], dtype=float32))
    """

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[Structure, np.ndarray]] = {}
        self._structures: dict[bytes, Structure] = {}
        self._lock = threading.Lock()

    def __call__(self, serialised: bytes) -> tuple[Structure, np.ndarray]:
        with self._lock:
            found = self._found.get(serialised)
            if found is None:
                found = self._find(serialised)
                self._found[serialised] = found
                if len(self._found) > KEPT:
                    self._found.pop(next(iter(self._found)))
                    self._structures = {
                        one.serialised: one for one, _ in self._found.values()
                    }
        return found

    def _find(self, serialised):
        from tfq_hybrid.engines.tfq.ops import program_pb2

        try:
            program = program_pb2.Program.FromString(serialised)
        except DecodeError as error:
            raise UserError(
                "Unparseable proto. Expected serialised circuits, as "
                "tensorflow_quantum's convert_to_tensor gives. Received: "
                f"{serialised[:40]!r}"
            ) from error
        numbers: list[float] = []
        moments = program.circuit.moments
        for operation in itertools.chain(*(m.operations for m in moments)):
            for name in _ANGLES:
                if name in operation.args:
                    _replace_number(operation.args, name, numbers)
        key = program.SerializeToString(deterministic=True)
        structure = self._structures.get(key)
        if structure is None:
            structure = Structure(key, len(numbers))
            self._structures[key] = structure
        return structure, np.array(numbers, "float32")


def _replace_number(arguments, name, numbers):
    """A symbol in place of a number, which is appended to `numbers`.

    Quarters of turns stay: they are Clifford gates, T and the like, which are
    cheaper as constants, and part of what tells two structures apart.
    """
    argument, scalar = arguments[name], arguments[f"{name}_scalar"]
    if argument.WhichOneof("arg") != "arg_value":
        return
    value = argument.arg_value.float_value * (scalar.arg_value.float_value)
    if 4 * value == round(4 * value):
        return
    argument.symbol = f"{_NUMBER}{len(numbers)}"
    scalar.arg_value.float_value = 1.0
    numbers.append(value)
