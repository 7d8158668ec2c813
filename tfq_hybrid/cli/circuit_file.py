"""A circuit that an option names: a preset, or a JSON file."""

import json
import pathlib

from tfq_hybrid.errors import UserError


def read_circuit(name):
    """The circuit of a preset's name or of a JSON file.

    Args:
        name: str. A name in `PRESETS`, or the path of a file with a
            `CircuitSpec` or a Cirq circuit.

    Returns:
        A `CircuitSpec` or a `CustomCircuit`.

    Raises:
        UserError: it is neither.
    """
    from tfq_hybrid.circuits import PRESETS, as_circuit

    if name in PRESETS:
        return PRESETS[name]
    try:
        content = json.loads(pathlib.Path(name).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"Expected a preset of {', '.join(PRESETS)}, or a JSON file with "
            f"a circuit. Received: {name} ({error})"
        ) from None
    return as_circuit(content)
