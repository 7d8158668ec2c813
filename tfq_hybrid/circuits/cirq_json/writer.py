"""`write_cirq`: Cirq objects as JSON that `read_cirq` takes back."""

import json
from typing import Any

import cirq
import sympy
from cirq.protocols.json_serialization import CirqEncoder

from tfq_hybrid.circuits.cirq_json.reader import read_cirq
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import raise_bug, reason_of


def write_cirq(value: Any, expected: str | None = None, place: str = "") -> str:
    """The JSON text of a circuit, of operators, or of a noise model.

    It is what `cirq.to_json` gives, with the fields that Cirq leaves out;
    `read_cirq` gives an equal object for it.

    Args:
        value: a Cirq object or a list of them.
        expected: as for `read_cirq`. Defaults to `None`.
        place: what holds it, for the message. Defaults to `""`.

    Raises:
        UserError: a gate, a tag or a value cannot be written so that an
            equal one is read.

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
        if _to_text(restored) == text:  # far faster than to compare gates
            return text
    except UserError as error:
        cause, reason = error, str(error).partition("Received: ")[2]
    except Exception as error:  # whatever the classes' own writers raise
        raise_bug(error)
        cause, reason = error, reason_of(error)
    else:
        changed = _first_change(value, restored)
        if changed is None:
            return text
        cause = None
        reason = f"{_shown(changed)}, which would be read as another value"
    raise UserError(
        f"Expected a {what}{where} that can be saved: of Cirq's own gates, "
        f"plain tags and symbols. Received: {reason}"
    ) from cause


def _to_text(value: Any) -> str:
    return json.dumps(value, cls=_Encoder, allow_nan=False)


class _Encoder(CirqEncoder):
    """Cirq's encoder, with what it leaves out."""

    def default(self, o):
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


def _first_change(value: Any, restored: Any) -> Any:
    """The first part of a value that is not equal to what was read."""
    if isinstance(value, (list, tuple)):
        if len(value) != len(restored):
            return value
        pairs = list(zip(value, restored, strict=True))
    elif type(value) is type(restored) and value == restored:
        return None
    elif isinstance(value, cirq.Circuit) and isinstance(restored, cirq.Circuit):
        pairs = list(
            zip(value.all_operations(), restored.all_operations(), strict=False)
        )
    else:
        return value
    changes = (_first_change(*pair) for pair in pairs)
    found = next((change for change in changes if change is not None), None)
    return value if found is None and pairs and value != restored else found


def _shown(value: Any) -> str:
    return " ".join(str(value).split())[:200]
