"""Steps by the gates that every reader of OpenQASM has."""

from collections.abc import Iterator

import cirq

from tfq_hybrid.circuits.qasm.steps import Step, steps_of


def statements(step: Step, version: int) -> Iterator[tuple]:
    """A step by gates that every reader of OpenQASM has.

    Yields:
        Tuples (name, angles in radians, qubits). Together they are the step
        up to a global phase.
    """
    kind, angle, qubit, controls, _ = step
    if kind == "gphase":
        if controls:
            last = Step("p", angle, controls[-1], controls[:-1])
            yield from statements(last, version)
        return
    assert qubit is not None
    wires = (*controls, qubit)
    if kind == "x":
        if len(controls) < 3:
            yield ("x", "cx", "ccx")[len(controls)], (), wires
            return
        for part in cirq.decompose_multi_controlled_x([*controls], qubit, []):
            for one in steps_of(part):
                yield from statements(one, version)
    elif kind == "h":
        yield "h", (), wires
    elif not controls:
        yield (
            {"p": "p" if version == 3 else "u1"}.get(kind, kind),
            (angle,),
            wires,
        )
    elif kind == "p":
        yield from _controlled_phase(angle, wires, version)
    elif kind == "rx":
        yield "h", (), (qubit,)
        yield from statements(step._replace(kind="rz"), version)
        yield "h", (), (qubit,)
    elif kind == "rz" and len(controls) == 1:
        yield "crz", (angle,), wires
    else:  # half a turn there, and back where the controls do not flip it
        flip = Step("x", 0.0, qubit, controls)
        for sign in (1, -1):
            yield kind, (sign * angle / 2,), (qubit,)
            yield from statements(flip, version)


def _controlled_phase(angle, wires, version):
    """exp(i angle) where all wires are 1 (Barenco et al. 1995, Lemma 7.5)."""
    *rest, before, last = wires
    name = "cp" if version == 3 else "cu1"
    if not rest:
        yield name, (angle,), (before, last)
        return
    flip = Step("x", 0.0, before, tuple(rest))
    for sign in (1, -1):
        yield name, (sign * angle / 2,), (before, last)
        yield from statements(flip, version)
    remaining = Step("p", angle / 2, last, tuple(rest))
    yield from statements(remaining, version)
