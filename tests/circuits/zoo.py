"""One of everything that a circuit, its operators and its noise may hold."""

import warnings

import cirq
import numpy as np
import sympy
from cirq.circuits.qasm_output import QasmUGate
from cirq.devices.insertion_noise_model import InsertionNoiseModel

with warnings.catch_warnings():  # Google's, of the Pythons to come
    warnings.simplefilter("ignore", FutureWarning)
    import cirq_google
    import cirq_ionq
    import cirq_pasqal

A, B, C, D = cirq.GridQubit.rect(1, 4)
X, W = sympy.symbols("x w")
ANGLES = [
    0,
    1,
    0.25,
    X,
    -X,
    2 * X + sympy.pi / 3,
    X * W - 0.5,
    X**2 / 3 + W**-1,
    sympy.sqrt(2) * X,
    sympy.Rational(1, 3),
    sympy.E * X - sympy.EulerGamma,
    sympy.Symbol("θ_{1,2}[0]"),
    sympy.Symbol("x", positive=True),
]
RANDOM = np.random.RandomState(7)
UNITARY = cirq.testing.random_unitary(4, random_state=RANDOM)
DENSE = cirq.DensePauliString("XIZ", coefficient=-1)
FIXED = [  # of one to three qubits, without a symbol
    cirq.X,
    cirq.Y,
    cirq.Z,
    cirq.I,
    cirq.H,
    cirq.S,
    cirq.T,
    cirq.S**-1,
    cirq.CNOT,
    cirq.CZ,
    cirq.SWAP,
    cirq.ISWAP,
    cirq.SQRT_ISWAP_INV,
    cirq.CCX,
    cirq.CCZ,
    cirq.CSWAP,
    cirq.ms(0.3),
    cirq.XPowGate(exponent=0.3, dimension=3),
    cirq.ZPowGate(exponent=0.3, dimension=3),
    cirq.rx(0.1),
    cirq.ry(np.float64(0.1)),
    cirq.rz(np.pi),
    QasmUGate(0.1, 0.2, 0.3),
    cirq.PauliInteractionGate(cirq.X, True, cirq.Z, False, exponent=0.3),
    cirq.PauliInteractionGate(cirq.Y, False, cirq.Z, True),
    cirq.IdentityGate(3),
    cirq.IdentityGate(qid_shape=(2, 3)),
    cirq.WaitGate(cirq.Duration(nanos=3)),
    cirq.WaitGate(cirq.Duration(nanos=3), num_qubits=2),
    cirq.WaitGate(cirq.Duration(nanos=3), qid_shape=(2, 3)),
    cirq.MatrixGate(UNITARY),
    cirq.MatrixGate(np.eye(3), qid_shape=(3,), name="three"),
    cirq.DiagonalGate([0.1, 0.2, 0.3, 0.4]),
    cirq.TwoQubitDiagonalGate([0.1, 0.2, 0.3, 0.4]),
    cirq.ThreeQubitDiagonalGate(list(np.arange(8) / 10)),
    cirq.QuantumFourierTransformGate(3),
    cirq.QuantumFourierTransformGate(2, without_reverse=True),
    cirq.QubitPermutationGate([1, 2, 0]),
    cirq.UniformSuperpositionGate(3, 2),
    cirq.SingleQubitCliffordGate.X_sqrt,
    cirq.CliffordGate.CNOT,
    cirq.DensePauliString("XYZ"),
    cirq.PauliStringPhasorGate(DENSE, exponent_neg=0.3),
    cirq.ControlledGate(cirq.X**0.5, num_controls=2),
    cirq.ControlledGate(cirq.Y, control_values=[(0, 1), 0]),
    cirq.ControlledGate(
        cirq.Y, control_values=cirq.SumOfProducts([(0, 1), (1, 0)])
    ),
    cirq.ControlledGate(cirq.Y, control_qid_shape=(3,)),
    cirq.ParallelGate(cirq.Y**0.3, 3),
    cirq_google.SYC,
    cirq_ionq.GPIGate(phi=0.1),
    cirq_ionq.GPI2Gate(phi=0.1),
    cirq_ionq.MSGate(phi0=0.1, phi1=0.2, theta=0.1),
    cirq_ionq.ZZGate(theta=0.1),
    cirq.GlobalPhaseGate(1j),
    cirq.inverse(cirq.UniformSuperpositionGate(3, 2)),
]
CHANNELS = [
    cirq.bit_flip(0.1),
    cirq.phase_flip(0.1),
    cirq.depolarize(0.1),
    cirq.depolarize(0.1, n_qubits=2),
    cirq.asymmetric_depolarize(0.1, 0.2, 0.3),
    cirq.asymmetric_depolarize(error_probabilities={"II": 0.9, "XZ": 0.1}),
    cirq.amplitude_damp(0.1),
    cirq.phase_damp(0.1),
    cirq.generalized_amplitude_damp(0.1, 0.2),
    cirq.ResetChannel(),
    cirq.ResetChannel(3),
    cirq.RandomGateChannel(sub_gate=cirq.X, probability=0.1),
    cirq.KrausChannel([np.diag([1, 0.6]), np.array([[0, 0.8], [0, 0]])]),
    cirq.KrausChannel([np.eye(2)], key=cirq.MeasurementKey("k", ("a",))),
    cirq.MixedUnitaryChannel([(0.5, np.eye(2)), (0.5, 1j * np.eye(2))]),
    cirq.StatePreparationChannel(np.array([0.6, 0.8j])),
]
MEASUREMENTS = [
    cirq.MeasurementGate(2, key="k", invert_mask=(True,)),
    cirq.MeasurementGate(qid_shape=(3,), key="q(0)"),
    cirq.MeasurementGate(
        1, key="a", confusion_map={(0,): np.array([[0.9, 0.1], [0, 1]])}
    ),
    cirq.PauliMeasurementGate(cirq.DensePauliString("XY", coefficient=-1), "m"),
]


def symbolic_gates(angle):
    """Gates that take an angle, at one."""
    return [
        cirq.X**angle,
        cirq.Y**angle,
        cirq.Z**angle,
        cirq.H**angle,
        cirq.rx(angle),
        cirq.ry(angle),
        cirq.rz(angle),
        cirq.CNOT**angle,
        cirq.CZ**angle,
        cirq.SWAP**angle,
        cirq.ISWAP**angle,
        cirq.XX**angle,
        cirq.YY**angle,
        cirq.ZZPowGate(exponent=angle, global_shift=-0.5),
        cirq.CCX**angle,
        cirq.CCZ**angle,
        cirq.PhasedXPowGate(phase_exponent=angle, exponent=0.3),
        cirq.PhasedISwapPowGate(phase_exponent=0.1, exponent=angle),
        cirq.PhasedXZGate(
            x_exponent=angle, z_exponent=0.1, axis_phase_exponent=0.2
        ),
        cirq.FSimGate(0.1, angle),
        cirq.PhasedFSimGate(angle, 0.1, 0.2, 0.3, 0.4),
        cirq.PhaseGradientGate(num_qubits=2, exponent=angle),
        cirq.PauliStringPhasorGate(DENSE, exponent_pos=angle),
        cirq.TwoQubitDiagonalGate([0.1, angle, 0.2, 0.3]),
        cirq.ControlledGate(cirq.ry(angle)),
        cirq.ParallelGate(cirq.rz(angle), 2),
    ]


SYMBOLIC = [gate for angle in ANGLES for gate in symbolic_gates(angle)]
SYMBOLIC += [
    cirq.GlobalPhaseGate(X),
    cirq.RandomGateChannel(sub_gate=cirq.X, probability=X),
    cirq.WaitGate(cirq.Duration(nanos=X)),
    cirq.PauliInteractionGate(cirq.X, True, cirq.Z, False) ** X,
]
GATES = FIXED + CHANNELS + MEASUREMENTS + SYMBOLIC

INNER = cirq.FrozenCircuit(cirq.rx(X)(A), cirq.CNOT(A, B), cirq.ry(W)(B))
TWICE = cirq.CircuitOperation(INNER, repetitions=2, use_repetition_ids=False)
OPERATIONS = [
    cirq.X(A),
    cirq.CZ(A, B).controlled_by(C, control_values=[0]),
    cirq.ControlledOperation(
        [A, B], cirq.Y(C), cirq.SumOfProducts([(0, 1)], name="one")
    ),
    cirq.rx(X)(A).with_tags("a", 1, 0.5, True, None, cirq.VirtualTag()),
    cirq.X(A).with_tags(
        cirq.RoutingSwapTag(),
        cirq_google.PhysicalZTag(),
        cirq_google.FSimViaModelTag(),
        cirq_google.CalibrationTag("token"),
    ),
    cirq.X(A).with_classical_controls("k"),
    cirq.ClassicallyControlledOperation(
        cirq.X(A), [cirq.KeyCondition(cirq.MeasurementKey("k", ("a",)), 2)]
    ),
    cirq.ClassicallyControlledOperation(
        cirq.X(A), [cirq.BitMaskKeyCondition("k", 0, 3, True, 2)]
    ),
    cirq.PauliString({A: cirq.X, B: cirq.Z}, coefficient=1j),
    cirq.PauliStringPhasor(cirq.X(A) * cirq.Z(B), exponent_neg=X),
    cirq.PauliStringPhasor(cirq.X(A) * cirq.Z(B), [A, C, B]),
    cirq.CircuitOperation(INNER, use_repetition_ids=True),
    cirq.CircuitOperation(
        INNER,
        repetitions=-2,
        qubit_map={A: B, B: A},
        param_resolver={"x": 2 * W, W: X + 1},
        measurement_key_map={"k": "l"},
        parent_path=("p",),
        repetition_ids=["one", "two"],
        use_repetition_ids=True,
    ),
    cirq.CircuitOperation(
        cirq.FrozenCircuit(TWICE, cirq.X(C), TWICE, tags=["tag"]),
        repetitions=3,
        use_repetition_ids=False,
    ),
]
QUBITS = [
    cirq.LineQubit(-3),
    cirq.GridQubit(1, -2),
    cirq.NamedQubit("a qubit's name (any)"),
    cirq.X(cirq.LineQid(1, 2)).qubits[0],
    cirq.LineQid(1, 3),
    cirq.GridQid(1, 2, dimension=3),
    cirq.NamedQid("q", dimension=3),
    cirq.LineQubit(1).with_dimension(3),
    cirq.NamedQubit("q").with_dimension(3),
    cirq_google.Coupler(A, B),
    cirq_pasqal.ThreeDQubit(1.0, 2.0, 3.0),
    cirq_pasqal.TwoDQubit(1.0, 2.0),
    cirq_pasqal.TwoDQubit(1.0, 2.0).with_dimension(3),
]
OPERATORS = [
    cirq.Z(A),
    cirq.Z(A) * cirq.X(B),
    -2.5 * cirq.X(A) * cirq.Y(B),
    cirq.PauliString(),
    cirq.PauliString({A: cirq.X}, coefficient=X),
    cirq.Z(A) + 2j * cirq.X(B) * cirq.Y(C) - 1,
    cirq.PauliSum(),
]
NOISE_MODELS = [
    cirq.NO_NOISE,
    cirq.ConstantQubitNoiseModel(cirq.depolarize(0.1)),
    cirq.ConstantQubitNoiseModel(cirq.amplitude_damp(0.1), prepend=True),
    InsertionNoiseModel(
        {
            cirq.OpIdentifier(cirq.XPowGate): cirq.bit_flip(0.1)(A),
            cirq.OpIdentifier(cirq.CZPowGate, A, B): cirq.X(A),
            cirq.OpIdentifier(cirq_google.SycamoreGate, A, B): cirq.Y(A),
        },
        prepend=True,
        require_physical_tag=False,
    ),
]


def circuit_of(gate):
    """A circuit of a gate alone."""
    qids = cirq.LineQid.for_gate(gate)
    return cirq.Circuit(gate(*qids))
