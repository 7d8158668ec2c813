"""What is written is read back equal; every type of Cirq's is decided on."""

import json

import cirq
import hypothesis
import numpy as np
import pytest
import sympy
from cirq.json_resolver_cache import _class_resolver_dictionary
from hypothesis import strategies as st

from tests.circuits import zoo
from tfq_hybrid.circuits.cirq_json import read_cirq, write_cirq
from tfq_hybrid.circuits.cirq_json.types import TYPES
from tfq_hybrid.errors import UserError


def types_in(content):
    if isinstance(content, dict):
        yield content.get("cirq_type")
        for value in content.values():
            yield from types_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from types_in(value)


def check_same(restored, value):
    assert type(restored) is type(value)
    assert restored == value


@pytest.mark.parametrize("gate", zoo.GATES, ids=repr)
def test_gates(gate):
    restored = read_cirq(write_cirq(gate))
    check_same(restored, gate)
    for effect in (cirq.unitary, cirq.kraus):
        expected = effect(gate, None)
        if expected is not None:
            np.testing.assert_allclose(
                effect(restored), expected, rtol=0, atol=1e-15
            )
    circuit = zoo.circuit_of(gate)
    check_same(read_cirq(write_cirq(circuit), "circuit"), circuit)


@pytest.mark.parametrize("operation", zoo.OPERATIONS, ids=str)
def test_operations(operation):
    circuit = cirq.Circuit(operation, cirq.X(zoo.D))
    restored = read_cirq(write_cirq(circuit), "circuit")
    check_same(restored, circuit)
    for op, expected in zip(
        restored.all_operations(), circuit.all_operations(), strict=True
    ):
        check_same(op, expected)
        assert op.tags == expected.tags
        if isinstance(op, cirq.ClassicallyControlledOperation):
            assert op.classical_controls == expected.classical_controls


@pytest.mark.parametrize("qubit", zoo.QUBITS, ids=repr)
def test_qubits(qubit):
    gate = cirq.IdentityGate(qid_shape=(qubit.dimension,))
    circuit = cirq.Circuit(gate(qubit))
    (restored,) = read_cirq(write_cirq(circuit)).all_qubits()
    check_same(restored, qubit)


def test_operators():
    restored = read_cirq(write_cirq(zoo.OPERATORS), "operators")
    for operator, expected in zip(restored, zoo.OPERATORS, strict=True):
        check_same(operator, expected)


@pytest.mark.parametrize("model", zoo.NOISE_MODELS, ids=repr)
def test_noise_models(model):
    restored = read_cirq(write_cirq(model, "noise model"), "noise model")
    check_same(restored, model)
    circuit = cirq.Circuit(cirq.X(zoo.A), cirq.CZ(zoo.A, zoo.B))
    assert circuit.with_noise(restored) == circuit.with_noise(model)


def test_a_shared_circuit_is_one_object():
    circuit = cirq.Circuit(zoo.TWICE, zoo.TWICE)
    text = write_cirq(circuit)
    assert '"REF"' in text
    first, second = read_cirq(text).all_operations()
    assert first.circuit is second.circuit


def test_whatever_cirq_writes_is_read_alike():
    """Files of before: Cirq's own text, indented or not."""
    for value in (zoo.GATES, zoo.OPERATIONS, zoo.NOISE_MODELS):
        text = cirq.to_json(value)
        restored = list(read_cirq(text))
        assert cirq.to_json(restored) == text
        assert list(read_cirq(json.loads(text))) == restored


# What Cirq registers that no circuit of a model holds, or that is refused.
REFUSED = """
    AnyIntegerPowerGateFamily AnyUnitaryGateFamily BitstringAccumulator
    BooleanHamiltonian BooleanHamiltonianGate CZTargetGateset
    ClassicalDataDictionaryStore CliffordState CliffordTableau Concat
    CrossEntropyResult CrossEntropyResultDict DeviceMetadata GateFamily Gateset
    GlobalPhaseOperation GridDeviceMetadata GridInteractionLayer
    IdentityOperation InitObsSetting LineTopology LinearDict Linspace ListSweep
    MeasurementType MutableDensePauliString MutablePauliString
    NoIdentifierQubit ObservableMeasuredResult ParallelGateFamily
    ParallelGateOperation Points Product ProductState ProjectorString
    ProjectorSum RepetitionsStoppingCriteria Result ResultDict
    SingleQubitMatrixGate SingleQubitReadoutCalibrationResult
    SqrtIswapTargetGateset StabilizerStateChForm SymmetricalQidPair
    SympyCondition TensoredConfusionMatrices TiltedSquareLattice TrialResult
    TwoQubitGateTabulation TwoQubitMatrixGate VarianceStoppingCriteria
    XEBPhasedFSimCharacterizationOptions Zip ZipLongest _MeasurementSpec
    _UnconstrainedDevice _Unit _XEigenState _YEigenState _ZEigenState
    datetime.datetime pandas.DataFrame pandas.Index pandas.MultiIndex
    sympy.And sympy.Equality sympy.GreaterThan sympy.Indexed
    sympy.IndexedBase sympy.LessThan sympy.Not sympy.Or
    sympy.StrictGreaterThan sympy.StrictLessThan sympy.Unequality sympy.Xor
""".split()
EXPRESSIONS = """
    complex sympy.Add sympy.E sympy.EulerGamma sympy.Float sympy.Integer
    sympy.Mul sympy.Pow sympy.Rational sympy.Symbol sympy.pi
""".split()


def test_every_type_of_cirq_is_decided_on():
    known = set(_class_resolver_dictionary())
    vendors = {name for name in TYPES if name not in known}
    assert vendors == set(
        "Coupler CalibrationTag FSimViaModelTag PhysicalZTag SycamoreGate "
        "GPIGate GPI2Gate MSGate ZZGate ThreeDQubit TwoDQubit".split()
    )
    assert known == (set(TYPES) - vendors) | {*REFUSED, *EXPRESSIONS}
    for name in REFUSED:
        with pytest.raises(UserError, match=name):
            read_cirq(json.dumps({"cirq_type": name}))


def test_the_zoo_has_every_type():
    qubits = [
        cirq.IdentityGate(qid_shape=(q.dimension,))(q) for q in zoo.QUBITS
    ]
    lists = zoo.GATES, zoo.OPERATIONS, zoo.OPERATORS, zoo.NOISE_MODELS, qubits
    lists = *lists, [zoo.circuit_of(cirq.X)]
    content = [json.loads(write_cirq(values)) for values in lists]
    aliases = {"CNotPowGate", "CCNotPowGate"}  # of Cirq before 1.5
    assert set(TYPES) - aliases <= set(types_in(content))


NAMES = st.from_regex(r"[a-zA-Zα-ω_]\w{0,9}(\[[0-9]{1,3}\])?", fullmatch=True)
# Products of smaller numbers have fewer digits than a SymPy float.
NUMBERS = st.sampled_from([0.1, -1.5, 1e-9, 1 / 3]) | st.integers(-100, 100)


@st.composite
def angles(draw):
    """Sums and products of symbols and numbers, powers of symbols."""
    angle = draw(NUMBERS)
    for name in draw(st.lists(NAMES, max_size=3)):
        symbol = sympy.Symbol(name) ** draw(st.sampled_from([1, 2, -1, 0.5]))
        angle = angle + draw(NUMBERS) * symbol * draw(st.just(1) | NUMBERS)
    return angle


@st.composite
def circuits(draw):
    """Random circuits with symbols, tags, controls and sub-circuits."""
    qubits = cirq.LineQubit.range(3)
    operations = []
    for _ in range(draw(st.integers(0, 6))):
        gate = draw(st.sampled_from([cirq.X, cirq.H, cirq.CZ, cirq.ZZ]))
        gate = gate ** draw(angles())
        wires = draw(st.permutations(qubits))
        operation = gate(*wires[: cirq.num_qubits(gate)])
        if draw(st.booleans()):
            operation = operation.with_tags(draw(st.text(max_size=5)))
        if cirq.num_qubits(gate) < 3 and draw(st.booleans()):
            operation = operation.controlled_by(wires[2])
        operations.append(operation)
    circuit = cirq.Circuit(operations)
    if draw(st.booleans()):
        inner = cirq.CircuitOperation(
            circuit.freeze(),
            repetitions=draw(st.integers(0, 5)),
            use_repetition_ids=draw(st.booleans()),
        )
        circuit = cirq.Circuit(inner, cirq.X(qubits[0]), inner)
    return circuit


@pytest.mark.long
@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(circuits())
def test_random_circuits(circuit):
    check_same(read_cirq(write_cirq(circuit), "circuit"), circuit)


class Own(cirq.Gate):
    def _num_qubits_(self):
        return 1


class Derived(cirq.Circuit):
    pass


MEASURED = cirq.FrozenCircuit(cirq.measure(zoo.A, key="k"))


@pytest.mark.parametrize(
    "value,message",
    [
        (Own()(zoo.A), "Own"),
        (cirq.X(zoo.A).with_tags(("a", "b")), "a list"),
        (cirq.X(zoo.A).with_tags(frozenset()), "frozenset"),
        (cirq.X(zoo.A) ** sympy.Dummy("x"), "Dummy"),
        (cirq.X(zoo.A) ** sympy.Symbol("f(x)"), r"'f\(x\)' as the name"),
        (cirq.X(zoo.A) ** sympy.Symbol("a b"), "'a b' as the name"),
        (cirq.X(zoo.A) ** sympy.Float("0.1", 40), "more digits"),
        (cirq.X(zoo.A) ** sympy.tan(zoo.X), "tan"),
        (cirq.X(zoo.A) ** (2**zoo.X), "exponent has a symbol"),
        (cirq.rx(float("nan"))(zoo.A), "nan|JSON compliant"),
        (cirq.X(zoo.A) ** sympy.oo, "Infinity|finite"),
        (
            cirq.BooleanHamiltonianGate(["p"], ["p"], 0.1)(zoo.A),
            "BooleanHamiltonianGate.*decompose",
        ),
        (
            cirq.CircuitOperation(
                zoo.INNER, repetitions=zoo.W, use_repetition_ids=False
            ),
            "repetitions of CircuitOperation",
        ),
        (
            cirq.CircuitOperation(
                MEASURED,
                use_repetition_ids=False,
                repeat_until=cirq.KeyCondition(cirq.MeasurementKey("k")),
            ),
            "repeat_until",
        ),
    ],
)
def test_what_cannot_be_read_back_is_not_written(value, message):
    if isinstance(value, cirq.Operation):
        value = cirq.Circuit(value)
    with pytest.raises(UserError, match=message) as raised:
        write_cirq(value, "circuit", "layer 'mine'")
    assert str(raised.value).startswith("Expected a circuit in layer 'mine'")


def test_a_class_of_ones_own_is_not_written():
    with pytest.raises(UserError, match="Derived"):
        write_cirq(Derived(cirq.X(zoo.A)), "circuit")


@pytest.mark.parametrize(
    "angle",
    [
        sympy.sin(zoo.X) / 3,
        sympy.exp(-(zoo.X**2)) * sympy.cos(2 * zoo.W),
        sympy.log(zoo.X + 2) - sympy.pi,
        sympy.exp(sympy.sin(zoo.X * zoo.W)),
    ],
    ids=str,
)
def test_functions_of_symbols_come_back(angle):
    circuit = cirq.Circuit(cirq.rx(angle)(zoo.A))
    restored = read_cirq(write_cirq(circuit))
    assert restored == circuit


def function(name, argument):
    return {"cirq_type": f"sympy.{name}", "args": [argument]}


@pytest.mark.parametrize(
    "angle, message",
    [
        (function("exp", function("exp", function("exp", 9))), "above 700"),
        (function("log", -1), "no real number"),
        (function("log", 0), "no real number"),
        ({"cirq_type": "sympy.sin", "args": [1, 2]}, "argument of sympy.sin"),
        (function("sin", "1+1"), "in an expression"),
        (function("Not", "1+1"), "sympy.Not"),
    ],
    ids=["tower", "negative", "zero", "two", "text", "other"],
)
def test_functions_that_are_refused(angle, message):
    text = json.dumps(
        {
            "cirq_type": "Circuit",
            "moments": [
                {
                    "cirq_type": "Moment",
                    "operations": [
                        {
                            "cirq_type": "GateOperation",
                            "gate": {
                                "cirq_type": "XPowGate",
                                "exponent": angle,
                                "global_shift": 0.0,
                            },
                            "qubits": [{"cirq_type": "LineQubit", "x": 0}],
                        }
                    ],
                }
            ],
        }
    )
    with pytest.raises(UserError, match=message):
        read_cirq(text)
