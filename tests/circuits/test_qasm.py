"""`to_qasm` and `from_qasm` against Cirq's own simulator and matrices."""

import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid.circuits import from_qasm, to_qasm
from tfq_hybrid.errors import UserError

A, B, C, D = cirq.LineQubit.range(4)
TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
VERSIONS = pytest.mark.parametrize("version", [2, 3])


def state_of(circuit, *qubits):
    return cirq.Simulator(dtype=np.complex128).simulate(
        circuit, qubit_order=qubits or cirq.QubitOrder.DEFAULT
    )


def probability(circuit, qubit):
    """Of 1, where the outcomes before are certain."""
    state = state_of(circuit).final_state_vector
    place = sorted(circuit.all_qubits()).index(qubit)
    matrix = cirq.density_matrix_from_state_vector(state, indices=[place])
    return matrix[1, 1].real


def assert_same(circuit, restored, atol=1e-8):
    order = sorted(circuit.all_qubits())
    assert sorted(restored.all_qubits()) == cirq.LineQubit.range(len(order))
    cirq.testing.assert_allclose_up_to_global_phase(
        restored.unitary(), circuit.unitary(order), atol=atol
    )


COMMON = {
    gate: cirq.num_qubits(gate)
    for gate in (
        cirq.H,
        cirq.X**0.25,
        cirq.rx(0.3),
        cirq.Y**-0.7,
        cirq.rz(1.9),
        cirq.PhasedXPowGate(exponent=0.3, phase_exponent=0.7),
        cirq.PhasedXZGate(
            x_exponent=0.2, z_exponent=0.3, axis_phase_exponent=0.4
        ),
        cirq.MatrixGate(cirq.testing.random_unitary(2, random_state=1)),
        cirq.CNOT,
        cirq.CZ**0.3,
        cirq.CX**0.4,
        cirq.SWAP**0.6,
        cirq.ISWAP**0.3,
        cirq.XX**0.2,
        cirq.YY**0.7,
        cirq.ZZ**1.3,
        cirq.FSimGate(0.3, 0.8),
        cirq.PhasedISwapPowGate(exponent=0.3, phase_exponent=0.2),
        cirq.MatrixGate(cirq.testing.random_unitary(4, random_state=2)),
        cirq.CCX,
        cirq.CCZ**0.3,
        cirq.CSWAP,
        cirq.MatrixGate(cirq.testing.random_unitary(8, random_state=4)),
        cirq.ControlledGate(cirq.X**0.25),
        cirq.ControlledGate(cirq.XPowGate(exponent=0.3, global_shift=0.2)),
        cirq.ControlledGate(cirq.H**0.3, control_values=[0]),
        cirq.ControlledGate(cirq.ISWAP**0.3),
        cirq.ControlledGate(
            cirq.MatrixGate(cirq.testing.random_unitary(2, random_state=3))
        ),
        cirq.ControlledGate(cirq.ry(0.3), num_controls=2),
        cirq.ControlledGate(cirq.X, num_controls=3),
        cirq.ControlledGate(
            cirq.Z**0.3,
            control_values=cirq.SumOfProducts([[0, 1], [1, 0]]),
        ),
    )
}


@VERSIONS
@pytest.mark.parametrize("seed", range(6))
def test_random_circuits_come_back(seed, version):
    circuit = cirq.testing.random_circuit(
        5, 8, 0.7, gate_domain=COMMON, random_state=seed
    )
    assert_same(circuit, from_qasm(to_qasm(circuit, version)))


@VERSIONS
@pytest.mark.parametrize("gate", COMMON, ids=str)
def test_each_gate_comes_back_under_a_control(gate, version):
    qubits = cirq.LineQubit.range(1 + cirq.num_qubits(gate))
    circuit = cirq.Circuit(cirq.ControlledGate(gate)(*qubits))
    assert_same(circuit, from_qasm(to_qasm(circuit, version)))


def test_a_controlled_phase_is_no_controlled_rotation():
    text = "qreg q[2]; h q[0]; x q[1]; cu1(pi/2) q[0], q[1]; h q[0];"
    state = state_of(from_qasm(TWO + text)).final_state_vector
    assert np.sum(abs(state[:2]) ** 2) == pytest.approx(0.5)
    rotated = text.replace("cu1", "crz")
    state = state_of(from_qasm(TWO + rotated)).final_state_vector
    assert np.sum(abs(state[:2]) ** 2) == pytest.approx(0.853553, abs=1e-6)


@pytest.mark.parametrize(
    "call, gate",
    [
        ("cu1(0.3)", cirq.CZ ** (0.3 / np.pi)),
        ("cu3(0.0, 0.1, 0.2)", cirq.CZ ** (0.3 / np.pi)),
        ("crx(0.3)", cirq.rx(0.3).controlled()),
        ("cy", cirq.Y.controlled()),
        ("rzz(0.3)", cirq.ZZPowGate(exponent=0.3 / np.pi, global_shift=-0.5)),
        ("cu(pi, 0, pi, 0)", cirq.CNOT),
    ],
)
def test_gates_of_the_library_under_controls(call, gate):
    circuit = from_qasm(f"{TWO}qreg q[2]; {call} q[0], q[1];")
    cirq.testing.assert_allclose_up_to_global_phase(
        circuit.unitary(), cirq.unitary(gate), atol=1e-8
    )


@VERSIONS
def test_a_global_shift_stays_under_a_control(version):
    circuit = cirq.Circuit(cirq.X(A) ** 0.25)
    restored = from_qasm(to_qasm(circuit, version))
    assert probability(restored, A) == pytest.approx(0.146447, abs=1e-6)
    shifted = cirq.XPowGate(exponent=0.25, global_shift=0.7)
    circuit = cirq.Circuit(shifted(B).controlled_by(A))
    assert_same(circuit, from_qasm(to_qasm(circuit, version)))


@VERSIONS
def test_a_condition_guards_every_line(version):
    circuit = cirq.Circuit(
        cirq.measure(A, key="a"),
        cirq.CCZ(B, C, D).with_classical_controls("a"),
    )
    text = to_qasm(circuit, version)
    restored = from_qasm(text)
    between = from_qasm(text.replace("\ncx", "\nh q[3];\ncx"))
    for one in (restored, between):
        assert probability(one, D) == pytest.approx(0)
    # With the key at 1 the gate happens.
    flipped = cirq.Circuit(cirq.X(A), cirq.H.on_each(B, C, D)) + restored
    expected = cirq.Circuit(cirq.H.on_each(B, C, D), cirq.CCZ(B, C, D))
    found = state_of(flipped).final_state_vector[8:]
    cirq.testing.assert_allclose_up_to_global_phase(
        found, state_of(expected).final_state_vector, atol=1e-6
    )


@VERSIONS
@pytest.mark.parametrize("bits", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_conditions_read_the_same_values(bits, version):
    m = sympy.Symbol("m")
    for condition in (
        "m",
        sympy.Eq(m, 1),
        sympy.Ge(m, 2),
        cirq.BitMaskKeyCondition("m", bitmask=1),
    ):
        circuit = cirq.Circuit(
            [cirq.X(q) for q, bit in zip((A, B), bits, strict=True) if bit],
            cirq.measure(A, B, key="m"),
            cirq.X(C).with_classical_controls(condition),
            cirq.measure(C, key="out"),
        )
        if not circuit[0].operates_on([C]):
            circuit = cirq.Circuit(cirq.I.on_each(A, B)) + circuit
        restored = from_qasm(to_qasm(circuit, version))
        found, expected = (
            cirq.Simulator().run(one).measurements["out"]
            for one in (restored, circuit)
        )
        assert found == expected, condition


def test_a_condition_reads_what_was_measured_before_it():
    text = """qreg q[2]; creg c[1];
    x q[0]; if(c==1) x q[1]; measure q[0] -> c[0]; if(c==1) x q[1];
    """
    circuit = from_qasm(TWO + text)
    assert probability(circuit, B) == pytest.approx(1)
    # The same qubit free: nothing but the key keeps the order.
    text = """qubit[3] q; bit[2] c;
    c[0] = measure q[0]; if (c[0] == 0) { x q[1]; } c[1] = measure q[1];
    if (c == 2) { x q[2]; }
    """
    circuit = from_qasm(THREE + text)
    assert probability(circuit, C) == pytest.approx(1)
    keys = {*map(str, circuit.all_measurement_key_objs())}
    assert keys == {"c_0", "c_1"}


def test_two_records_under_one_key_are_refused():
    circuit = cirq.Circuit(
        cirq.measure(A, key="a"), cirq.X(A), cirq.measure(A, key="a")
    )
    with pytest.raises(UserError, match="Received: two under 'a'"):
        to_qasm(circuit)
    text = "qreg q[1]; creg c[1]; measure q -> c; measure q -> c;"
    with pytest.raises(UserError, match=r"c\[0\] again in line 3"):
        from_qasm(TWO + text)


@VERSIONS
def test_keys_and_bits_come_back(version):
    circuit = cirq.Circuit(
        cirq.X.on_each(A, B),
        cirq.measure(A, B, C, key="a"),
        cirq.measure(D, key="2 b\n", invert_mask=(True,)),
    )
    restored = from_qasm(to_qasm(circuit, version))
    found = cirq.Simulator().run(restored, repetitions=2).measurements
    assert {key: bits.tolist() for key, bits in found.items()} == {
        "a": [[1, 1, 0]] * 2,
        "2 b\n": [[1]] * 2,
    }


@VERSIONS
def test_a_qubit_that_is_measured_twice_in_a_row(version):
    circuit = cirq.Circuit(
        cirq.X(B),
        cirq.measure(B, C, key="first"),
        cirq.measure(A, B, C, key="last"),
    )
    restored = from_qasm(to_qasm(circuit, version))
    found = cirq.Simulator().run(restored).measurements
    assert found["first"].tolist() == [[1, 0]]
    assert found["last"].tolist() == [[0, 1, 0]]


@VERSIONS
def test_names_that_clash_come_back(version):
    circuit = cirq.Circuit(
        cirq.measure(A, key="q"),
        cirq.measure(B, key="measure"),
        cirq.measure(C, key="a b"),
        cirq.measure(D, key="a_b"),
    )
    restored = from_qasm(to_qasm(circuit, version))
    keys = {*map(str, restored.all_measurement_key_objs())}
    assert keys == {"q", "measure", "a b", "a_b"}


@VERSIONS
def test_digits_come_back(version):
    angle = 1 / 4096
    circuit = cirq.Circuit(cirq.rz(angle)(A))
    (operation,) = from_qasm(to_qasm(circuit, version)).all_operations()
    assert operation.gate.exponent * np.pi == pytest.approx(angle, abs=1e-16)


def test_symbols_are_declared_or_refused():
    w, theta = sympy.symbols("w theta")
    x = sympy.Symbol("x")  # the name of a gate
    circuit = cirq.Circuit(
        cirq.rx(w)(A),
        (cirq.CZ ** (2 * w + theta))(A, B),
        cirq.ControlledGate(cirq.H**x, num_controls=2)(A, B, C),
        cirq.ISWAP(A, B) ** x,
        (cirq.Y(B) ** sympy.Symbol("x[0]")).controlled_by(A),
    )
    with pytest.raises(UserError, match=r"Received: theta, w, x, x\[0\]"):
        to_qasm(circuit, version=2)
    text = to_qasm(circuit)
    assert "input float w;\n" in text
    restored = from_qasm(text)
    names = {"w", "theta", "x", "x[0]"}
    assert cirq.parameter_names(restored) == names
    assert cirq.parameter_symbols(restored) == {*map(sympy.Symbol, names)}
    values = {"w": 0.3, "theta": 0.4, "x": 1.7, "x[0]": 0.9}
    resolve = cirq.resolve_parameters
    assert_same(resolve(circuit, values), resolve(restored, values))


@VERSIONS
def test_subcircuits_are_unrolled(version):
    inner = cirq.FrozenCircuit(cirq.X(A) ** 0.3, cirq.CNOT(A, B))
    repeated = cirq.CircuitOperation(
        inner, repetitions=3, use_repetition_ids=False
    )
    restored = from_qasm(to_qasm(cirq.Circuit(repeated), version))
    assert_same(cirq.Circuit([inner] * 3), restored)


def test_gates_that_a_text_defines():
    text = """
    gate kick(a, b) c, d { gphase(a); rz(2*b) d; cx c, d; inv @ s d; }
    qubit[3] q;
    ctrl @ kick(pi/4, 0.3) q[0], q[1], q[2];
    pow(2) @ t q[1]; negctrl @ x q[0], q[2]; ctrl(2) @ gphase(pi) q[0], q[1];
    """
    expected = cirq.Circuit(
        cirq.T(A),
        cirq.rz(0.6)(C).controlled_by(A),
        cirq.CCX(A, B, C),
        (cirq.S**-1)(C).controlled_by(A),
        cirq.S(B),
        cirq.X(C).controlled_by(A, control_values=[0]),
        cirq.CZ(A, B),
    )
    assert_same(expected, from_qasm(THREE + text))


def test_registers_stand_for_each_of_their_qubits():
    text = "qreg a[1]; qreg b[2]; h b; cx a[0], b; cx b, b[0];"
    with pytest.raises(UserError, match="different qubits"):
        from_qasm(TWO + text)
    text = "qreg a[1]; qreg b[2]; qreg idle[1]; h b; barrier a, b; cx a[0], b;"
    circuit = from_qasm(TWO + text)
    assert len(circuit.all_qubits()) == 4
    named = cirq.NamedQubit.range(4, prefix="n")
    assert circuit.all_qubits() == {*cirq.LineQubit.range(4)}
    assert from_qasm(TWO + text, named).all_qubits() == {*named}


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "OPENQASM 2.0; or OPENQASM 3.0;. Received: the end in line 1"),
        ("OPENQASM 4.0;", "version 2.0 or 3.0. Received: '4.0' in line 1"),
        (TWO + 'include "/etc/passwd";', "no file is read.*in line 3"),
        (TWO + "qreg q[2];\nfoo q[0];", "'foo' in line 4"),
        ("OPENQASM 2.0;\nqreg q[1];\nh q[0];", "is included.*in line 3"),
        (TWO + "qreg q[1001];", "at most 1,000 qubits"),
        (TWO + "qreg q[2];\nh q[2];", "from 0 to 1. Received: '2' in line 4"),
        (TWO + "qreg q[1]; rx(1/0) q[0];", "to divide by. Received: 0"),
        (TWO + "qreg q[1]; rx(1e999) q[0];", "a finite angle"),
        (TWO + "qreg q[1]; rx(9^64^64) q[0];", "from -64 to 64"),
        (TWO + "qreg q[1]; rx(" + 99 * "(", "within parentheses"),
        (TWO + "qreg q[1]; rx(__import__('os')) q[0];", "Received: .*line 3"),
        (TWO + "qreg q[1]; rx(w) q[0];", "a name that is known.*'w'"),
        (TWO + "/* open", "the end of a comment"),
        (TWO + "qreg q[1]; h q[0]", "','. Received: the end"),
        (TWO + "qreg q[1]; rx(1, 2) q[0];", "1 angles and 1 qubits for rx"),
        (TWO + "gate a q { b q; }\n", "'b' in line 3"),
        (THREE + "qubit q; if (q == 1) { x q; }", "a register of bits"),
        (THREE + "for i in [0:2] { }", "a gate.*'for' in line 3"),
        (THREE + "qubit q; pow(0.5) @ x q;", "a whole number"),
    ],
)
def test_bad_texts_are_refused_in_one_line(text, message):
    with pytest.raises(UserError, match=message) as caught:
        from_qasm(text)
    assert "\n" not in str(caught.value)


def test_sizes_are_bounded():
    with pytest.raises(UserError, match="at most 10,000,000 characters"):
        from_qasm(TWO + " " * 10_000_000)
    gates = ["gate g0 a { x a; x a; }"]
    for i in range(1, 25):
        gates.append(f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}")
    text = "\n".join([TWO, *gates, "qreg q[1]; g24 q[0];"])
    with pytest.raises(UserError, match="at most 1,000,000 operations"):
        from_qasm(text)


@pytest.mark.parametrize(
    "circuit, message",
    [
        (cirq.Circuit(cirq.depolarize(0.1)(A)), "gates with a unitary"),
        (
            cirq.Circuit(cirq.IdentityGate(qid_shape=(3,))(cirq.LineQid(1, 3))),
            "qudits",
        ),
        ("text", "a cirq.Circuit. Received: circuit of type str"),
    ],
)
def test_what_cannot_be_written_is_refused(circuit, message):
    with pytest.raises(UserError, match=message):
        to_qasm(circuit)
    with pytest.raises(UserError, match="version to be 2 or 3"):
        to_qasm(cirq.Circuit(), version=4)


def test_an_empty_circuit_comes_back():
    assert from_qasm(to_qasm(cirq.Circuit())) == cirq.Circuit()


@VERSIONS
@pytest.mark.parametrize("seed", range(3))
def test_what_cirq_writes_is_read(seed, version):
    circuit = cirq.testing.random_circuit(
        4, 8, 0.7, gate_domain=COMMON, random_state=seed
    )
    # Cirq loses phases under controls on export.
    circuit = cirq.Circuit(
        one
        for one in circuit.all_operations()
        if not isinstance(one.gate, cirq.ControlledGate)
    )
    circuit.append(cirq.I.on_each(*cirq.LineQubit.range(4)))
    args = cirq.QasmArgs(precision=15, version=f"{version}.0")
    assert_same(circuit, from_qasm(cirq.qasm(circuit, args=args)), atol=1e-7)
