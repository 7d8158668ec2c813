"""`read_cirq`: Cirq objects from JSON, by the table of types alone."""

from typing import Any

from tfq_hybrid.circuits.cirq_json import expressions
from tfq_hybrid.circuits.cirq_json.kinds import item, items, refuse
from tfq_hybrid.circuits.cirq_json.limits import (
    LARGEST_NESTING,
    LARGEST_NODES,
    LARGEST_REGISTER,
    LARGEST_TEXT,
    RefusedError,
    Scope,
    check_size,
)
from tfq_hybrid.circuits.cirq_json.types import GATES, REFUSED, TYPES
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import DAMAGE, parse_json, raise_bug, reason_of


def read_cirq(content: Any, expected: str | None = None) -> Any:
    """Builds what `write_cirq`'s or `cirq.to_json`'s text describes.

    Args:
        content: a text, or what a JSON text was parsed to.
        expected: `"circuit"` for a `cirq.Circuit`, `"operators"` for a list
            of Pauli strings and sums, `"noise model"` for a noise model or a
            gate. Defaults to `None`: any object, or a list of them.

    Returns:
        The object, a tuple for a list.

    Raises:
        UserError: it is not the JSON of such an object; it names a type or
            a field that is not in the table; or it is too large.

    Example:

    >>> import cirq
    >>> read_cirq(cirq.to_json(cirq.X))
    cirq.X
    """
    try:
        if isinstance(content, str):
            check_size("characters", len(content), LARGEST_TEXT)
            content = parse_json(content)
        return _Reader().read_root(content, expected)
    except DAMAGE as error:
        what = f"Cirq {expected}" if expected else "Cirq object"
        raise UserError(
            f"Expected the JSON of a {what}. Received: {reason_of(error)}"
        ) from error


class _Reader:
    """Builds objects from the leaves up, each once its fields are checked.

    It counts in the `Scope` of the circuit that is being read, and keeps
    those of circuits, and of values of parameters, by their `id`.
    """

    def __init__(self):
        self.scope = Scope()
        self.scopes = {}
        self._scoped = []  # so that no id is used twice
        self._shared = {}
        self._qubits = {}  # by what the JSON says
        self._left = LARGEST_NODES
        self._depth = 0

    def read_root(self, value, expected):
        """Builds what stands outermost."""
        role = {"operators": "operator"}.get(expected, expected)
        if isinstance(value, list) and expected in (None, "operators"):
            return items(item(role))(value, self)
        if expected == "noise model" and isinstance(value, dict):
            name = value.get("cirq_type")
            is_gate = isinstance(name, str) and name in GATES
            role = "gate" if is_gate else role
        return self.read_object(value, role)

    def spend(self, count: int) -> None:
        """Counts objects and entries; raises once they are too many."""
        self._left -= count
        if self._left < 0:
            raise RefusedError(
                f"more than {LARGEST_NODES:,} objects and values"
            )

    def read_expression(self, node: dict) -> Any:
        """Builds the expression of a JSON object and notes its size."""
        expression, size = expressions.read_expression(node)
        self.spend(size.nodes)
        self.scope.add_expression(size.nodes, size.degree, size.terms)
        return expression

    def read_object(self, node, role):
        """Builds the object of a JSON value, of a role or of any."""
        name = node.get("cirq_type") if type(node) is dict else None
        row = TYPES.get(name) if type(name) is str else None
        if row is None:
            return self._read_other(name, node, role)
        if role is not None and role not in row.roles:
            raise refuse(_a(role), node)
        if role == "qubit":
            return self._read_qubit(name, row, node)
        if row.scoped:
            return self._read_scoped(name, row, node)
        if role in ("operation", "moment"):
            self.scope.operations += 1
        return self._build(name, row, node)

    def _build(self, name, row, node):
        self._left -= 1  # as `spend` does, which its next caller checks
        self._depth += 1
        if self._depth > LARGEST_NESTING:
            raise RefusedError(f"more than {LARGEST_NESTING} nested objects")
        fields, kinds = {}, row.fields
        for key, value in node.items():
            if key in kinds:
                try:
                    fields[key] = kinds[key](value, self)
                except RefusedError as error:
                    raise error.at(f"{key} of {name}") from error.__cause__
            elif key != "cirq_type":
                reason = f": {REFUSED[key]}" if key in REFUSED else ""
                raise RefusedError(
                    f"{name} with the field {key[:60]!r}, which is not read"
                    f"{reason}"
                )
        if not row.required <= fields.keys():
            missing = sorted(row.required - fields.keys())
            raise RefusedError(f"{name} without {', '.join(missing)}")
        try:
            if row.check:
                row.check(fields, self)
            result = row.build(**fields)
        except RefusedError:
            raise
        except Exception as error:  # whatever the class raises
            raise_bug(error)
            raise RefusedError(f"{name}: {reason_of(error)}") from error
        self._depth -= 1
        return result

    def _read_qubit(self, name, row, node):
        key = repr(node)
        qubit = self._qubits.get(key)
        if qubit is None:
            qubit = self._qubits[key] = self._build(name, row, node)
            check_size("qubits", len(self._qubits), LARGEST_REGISTER)
        return qubit

    def _read_scoped(self, name, row, node):
        outer, self.scope = self.scope, Scope()
        result = self._build(name, row, node)
        self.scope.add(0)  # checks what was counted
        self.scopes[id(result)] = self.scope
        self._scoped.append(result)
        self.scope = outer
        return result

    def _read_other(self, name, node, role):
        """A shared circuit, or the error for what is not in the table."""
        if name in ("VAL", "REF"):
            return self._read_shared(name, node, role)
        if not isinstance(name, str) or expressions.is_expression(node):
            raise refuse(_a(role or "Cirq object"), node)
        if name in REFUSED:
            raise RefusedError(f"{name}, which is not read: {REFUSED[name]}")
        raise RefusedError(
            f"{name[:60]}, which is not among the types that are read"
        )

    def _read_shared(self, name, node, role):
        """A circuit that is written once, and then named by a number."""
        key = node.get("key")
        if isinstance(key, bool) or not isinstance(key, int):
            raise refuse("a number", key)
        wanted = {"VAL": {"key", "val"}, "REF": {"key"}}[name]
        if node.keys() - {"cirq_type"} != wanted:
            raise RefusedError(f"{name} with the fields {[*node]}"[:99])
        if (name == "VAL") == (key in self._shared):
            raise RefusedError(f"{name} {key} where that is not new or known")
        if name == "VAL":
            circuit = self.read_object(node["val"], "frozen circuit")
            self._shared[key] = circuit
        if role not in (None, "frozen circuit"):
            raise RefusedError(f"FrozenCircuit where {_a(role)} belongs")
        return self._shared[key]


def _a(role: str) -> str:
    return f"an {role}" if role.startswith("o") else f"a {role}"
