"""The gates of `qelib1.inc` and `stdgates.inc`, and words that are taken."""

from collections.abc import Callable
from typing import Any, NamedTuple

import cirq
import numpy as np
import sympy

_KEYWORDS = (
    "OPENQASM include qreg creg qubit bit input output const let def defcal "
    "gate opaque barrier reset measure if else for while in return int uint "
    "float angle bool complex array duration stretch box delay ctrl negctrl "
    "inv pow gphase true false pi tau euler im sin cos tan exp ln log sqrt "
    "arcsin arccos arctan asin acos atan mod floor ceiling popcount rotl rotr "
    "sizeof real imag switch case default break continue end extern nop "
    "readonly mutable pragma cal defcalgrammar void durationof creg"
).split()


class Form(NamedTuple):
    """A gate of a library.

    Attributes:
        angles: how many it takes.
        qubits: those of the gate itself.
        build: from angles to the gate, and to the phase in radians by which
            the library's gate is ahead of it.
        controls: the qubits before, all at 1. Defaults to 0.
    """

    angles: int
    qubits: int
    build: Callable[..., tuple[cirq.Gate, Any]]
    controls: int = 0


def half_turns(angle: Any) -> Any:
    """Radians as half turns."""
    return angle / (sympy.pi if isinstance(angle, sympy.Basic) else np.pi)


def _fixed(gate, controls=0):
    return Form(0, cirq.num_qubits(gate), lambda: (gate, 0.0), controls)


def _turn(rotation, controls=0):
    return Form(1, 1, lambda angle: (rotation(angle), 0.0), controls)


def _phase(angle):
    return cirq.ZPowGate(exponent=half_turns(angle)), 0.0


def _u3(theta, phi, lam):
    """[[cos, -e^(i lam) sin], [e^(i phi) sin, e^(i (phi + lam)) cos]]."""
    gate = cirq.PhasedXZGate(
        x_exponent=half_turns(theta),
        z_exponent=half_turns(phi + lam),
        axis_phase_exponent=0.5 - half_turns(lam),
    )
    return gate, -theta / 2


def _symmetric_u3(theta, phi, lam):
    """Rz(phi) Ry(theta) Rz(lam), the u3 of `stdgates.inc`."""
    gate, phase = _u3(theta, phi, lam)
    return gate, phase - (phi + lam) / 2


def _u(theta, phi, lam):
    """The built-in gate of OpenQASM 3: exp(i theta / 2) u3."""
    return _u3(theta, phi, lam)[0], 0.0


def _cu(theta, phi, lam, gamma):
    gate, phase = _u3(theta, phi, lam)
    return gate, phase + gamma


def _pair(kind):
    def build(angle):
        exponent = half_turns(angle)
        return kind(exponent=exponent, global_shift=-0.5), 0.0

    return Form(1, 2, build)


def _quarter(function):
    return Form(2, 1, lambda phi, lam: function(np.pi / 2, phi, lam))


_COMMON = {
    "id": _fixed(cirq.I),
    "x": _fixed(cirq.X),
    "y": _fixed(cirq.Y),
    "z": _fixed(cirq.Z),
    "h": _fixed(cirq.H),
    "s": _fixed(cirq.S),
    "sdg": _fixed(cirq.S**-1),
    "t": _fixed(cirq.T),
    "tdg": _fixed(cirq.T**-1),
    "sx": _fixed(cirq.X**0.5),
    "sxdg": _fixed(cirq.X**-0.5),
    "rx": _turn(cirq.rx),
    "ry": _turn(cirq.ry),
    "rz": _turn(cirq.rz),
    "p": Form(1, 1, _phase),
    "u1": Form(1, 1, _phase),
    "CX": _fixed(cirq.X, 1),
    "cx": _fixed(cirq.X, 1),
    "cy": _fixed(cirq.Y, 1),
    "cz": _fixed(cirq.Z, 1),
    "ch": _fixed(cirq.H, 1),
    "csx": _fixed(cirq.X**0.5, 1),
    "crx": _turn(cirq.rx, 1),
    "cry": _turn(cirq.ry, 1),
    "crz": _turn(cirq.rz, 1),
    "cp": Form(1, 1, _phase, 1),
    "cu1": Form(1, 1, _phase, 1),
    "cu": Form(4, 1, _cu, 1),
    "swap": _fixed(cirq.SWAP),
    "cswap": _fixed(cirq.SWAP, 1),
    "ccx": _fixed(cirq.X, 2),
    "c3x": _fixed(cirq.X, 3),
    "c4x": _fixed(cirq.X, 4),
    "rxx": _pair(cirq.XXPowGate),
    "ryy": _pair(cirq.YYPowGate),
    "rzz": _pair(cirq.ZZPowGate),
}
# By the version of OpenQASM, which decides on phases that controls reveal.
GATES: dict[int, dict[str, Form]] = {
    2: {
        **_COMMON,
        "u2": _quarter(_u3),
        "u3": Form(3, 1, _u3),
        "u": Form(3, 1, _u3),
        "U": Form(3, 1, _u3),
        "cu3": Form(3, 1, _u3, 1),
    },
    3: {
        **_COMMON,
        "u2": _quarter(_symmetric_u3),
        "u3": Form(3, 1, _symmetric_u3),
        "U": Form(3, 1, _u),
        "phase": Form(1, 1, _phase),
        "cphase": Form(1, 1, _phase, 1),
    },
}
BUILT_IN = ("U", "CX")  # of version 2; of version 3 only U

# Gates of Cirq that one gate of both libraries is, up to a global phase.
NAMED: dict[cirq.Gate, str] = {
    cirq.I: "id",
    cirq.X: "x",
    cirq.Y: "y",
    cirq.Z: "z",
    cirq.H: "h",
    cirq.S: "s",
    cirq.S**-1: "sdg",
    cirq.T: "t",
    cirq.T**-1: "tdg",
    cirq.CX: "cx",
    cirq.CZ: "cz",
    cirq.SWAP: "swap",
    cirq.CCX: "ccx",
    cirq.CSWAP: "cswap",
    cirq.ControlledGate(cirq.Y): "cy",
    cirq.ControlledGate(cirq.H): "ch",
}
RESERVED = frozenset({*_KEYWORDS, *GATES[2], *GATES[3]})
