"""`write_cirq`: Cirq objects as JSON that `read_cirq` takes back."""

import json
from typing import Any

import cirq
import sympy
from cirq.protocols.json_serialization import CirqEncoder

from tfq_hybrid.circuits.cirq_json.comparison import find_change
from tfq_hybrid.circuits.cirq_json.expressions import FUNCTIONS
from tfq_hybrid.circuits.cirq_json.reader import read_cirq
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import raise_bug, reason_of


def write_cirq(value: Any, expected: str | None = None, place: str = "") -> str:
    """The JSON text of a circuit, of operators, or of a noise model.

    It is what `cirq.to_json` gives, with the fields that Cirq leaves out. It
    is read back and compared, operation by operation, before it is returned.

    Args:
        value: a Cirq object or a list of them.
        expected: as for `read_cirq`. Defaults to `None`.
        place: what holds it, for the message. Defaults to `""`.

    Raises:
        UserError: a gate, a tag or a value cannot be written so that the
            same one is read.

    Example:

    >>> text = write_cirq(cirq.Circuit(cirq.X(cirq.LineQubit(0))))
    >>> read_cirq(text, "circuit").all_qubits()
    frozenset({cirq.LineQubit(0)})
    """
    what, where = expected or "Cirq object", f" in {place}" if place else ""
    cause: Exception | None
    try:
        text = _to_text(value)
        restored = read_cirq(text, expected)
        changed = find_change(value, restored)
    except UserError as error:
        cause, reason = error, str(error).partition("Received: ")[2]
    except Exception as error:  # whatever the classes' own writers raise
        raise_bug(error)
        cause, reason = error, reason_of(error)
    else:
        if changed is None and _to_text(restored) == text:
            return text
        cause, changed = None, value if changed is None else changed
        reason = f"{_shown(changed)}, which would be read as another value"
    raise UserError(
        f"Expected a {what}{where} that can be saved: of Cirq's own gates, "
        f"plain tags and symbols. Received: {reason.rstrip('.')}{_hint(value)}"
    ) from cause


def _to_text(value: Any) -> str:
    return json.dumps(value, cls=_Encoder, allow_nan=False)


class _Encoder(CirqEncoder):
    """Cirq's encoder, with what it leaves out."""

    def default(self, o):
        if type(o) in FUNCTIONS.values():
            return {"cirq_type": f"sympy.{type(o).__name__}", "args": o.args}
        result = super().default(o)
        if isinstance(o, sympy.Symbol):
            if type(o) is not sympy.Symbol:
                raise ValueError(f"{o}, a {type(o).__name__} of SymPy's")
            if o != sympy.Symbol(o.name):
                result["assumptions"] = {
                    key: flag
                    for key, flag in o.assumptions0.items()
                    if key != "commutative" or not flag
                }
        elif isinstance(o, sympy.Float) and o != sympy.Float(float(o)):
            raise ValueError(f"{o}, of more digits than a double has")
        elif isinstance(o, cirq.PauliInteractionGate) and o.exponent != 1:
            result["exponent"] = o.exponent
        elif isinstance(o, cirq.ConstantQubitNoiseModel) and o._prepend:
            result["prepend"] = True
        return result


def _hint(value: Any) -> str:
    """What to do about a gate of one's own, if there is one."""
    ops = value.all_operations() if isinstance(value, cirq.Circuit) else ()
    kinds = (type(op.gate) for op in ops if op.gate is not None)
    if all(kind.__module__.startswith("cirq") for kind in kinds):
        return ""
    return (
        ". Give cirq.MatrixGate(cirq.unitary(gate)), or the operations that "
        "the gate is made of, for one of your own"
    )


def _shown(value: Any) -> str:
    return " ".join(str(value).split())[:200]
