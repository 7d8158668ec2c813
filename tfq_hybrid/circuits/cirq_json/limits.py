"""Sizes that a file may ask for, and the error when it asks for more."""

import dataclasses

LARGEST_TEXT = 2**26  # characters
LARGEST_NODES = 2_000_000  # objects and list entries of the JSON
LARGEST_NESTING = 64  # objects within objects
LARGEST_LEVELS = 16  # sub-circuits within sub-circuits
LARGEST_OPERATIONS = 1_000_000  # with every sub-circuit unrolled
LARGEST_REGISTER = 1_024  # qubits
LARGEST_DIMENSION = 64  # of a qudit
LARGEST_SIDE = 1_024  # of a matrix: 10 qubits
LARGEST_CHANNEL = 5  # qubits of a channel of Pauli errors: 4**5 of them
LARGEST_CONTROLS = 24
LARGEST_SYMBOLIC_CONTROLS = 10  # of a gate with symbols
LARGEST_CONTROL_VALUES = 4_096  # combinations under which a gate acts
LARGEST_NAME = 1_000  # characters of a qubit, a key, a tag
LARGEST_INTEGER = 2**64

# Of one expression, then of one whose symbols a sub-circuit has replaced.
LARGEST_EXPRESSION = 512  # nodes
LARGEST_SUBSTITUTED = 2**14  # nodes
LARGEST_DEGREE = 64  # as a polynomial
LARGEST_TERMS = 4_096  # once expanded
LARGEST_BITS = 2**16  # of a number that SymPy computes
LARGEST_BASE_BITS = 256  # of a number that SymPy takes to a power


class RefusedError(ValueError):
    """What a file holds is not on the list or too large."""

    _place = ""

    def at(self, place: str) -> "RefusedError":
        """The same error, with its place unless it has one already."""
        if not self._place:
            self._place = place
            self.args = (f"{self} ({place})",)
        return self


def check_size(what: str, size: int, largest: int) -> None:
    """Raises `RefusedError` if `size` is more than `largest`."""
    if size > largest:
        shown = f"{size:,}" if size < 10**18 else "more than 10**18"
        raise RefusedError(f"{shown} {what}, more than {largest:,}")


@dataclasses.dataclass
class Scope:
    """What one circuit comes to, before anybody unrolls it.

    The operations count moments too, sub-circuits unrolled; `levels` are
    sub-circuits within sub-circuits; the rest is the most of any expression,
    see `expressions.Measure`.
    """

    operations: int = 0
    levels: int = 0
    nodes: int = 1
    degree: int = 1
    terms: int = 1

    def add(self, operations: int) -> None:
        """Counts operations."""
        self.operations += operations
        check_size("operations", self.operations, LARGEST_OPERATIONS)

    def add_expression(self, nodes: int, degree: int, terms: int) -> None:
        """Notes the size of an expression."""
        self.nodes = max(self.nodes, nodes)
        self.degree = max(self.degree, degree)
        self.terms = max(self.terms, terms)

    def add_subcircuit(
        self, circuit: "Scope", values: "Scope", repetitions: int
    ) -> None:
        """Counts a repeated circuit, with values in place of its symbols."""
        self.levels = max(self.levels, 1 + circuit.levels)
        check_size("nested sub-circuits", self.levels, LARGEST_LEVELS)
        nodes = circuit.nodes * values.nodes
        check_size("nodes of an expression", nodes, LARGEST_SUBSTITUTED)
        degree = circuit.degree * values.degree
        check_size("factors in an expression", degree, LARGEST_DEGREE)
        terms = circuit.terms * values.terms**circuit.degree
        check_size("terms of an expression", terms, LARGEST_TERMS)
        self.add_expression(nodes, degree, terms)
        self.add(1 + repetitions * circuit.operations)
