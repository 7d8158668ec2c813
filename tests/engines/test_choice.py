import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import (
    Execution,
    Program,
    check_memory,
    choose_engine,
    estimate_bytes,
    make_engine,
)
from tfq_hybrid.engines.batched.lowering import lower_circuit
from tfq_hybrid.engines.gradients import (
    Adjoint,
    Backprop,
    ParameterShift,
    as_gradient_method,
)
from tfq_hybrid.errors import UserError


@pytest.fixture
def program():
    spec = CircuitSpec(qubits=2)
    return Program(spec.circuit, spec.operators, spec.features, spec.weights)


def test_auto_is_batched_where_it_can(program):
    assert choose_engine(program).name == "batched"
    assert choose_engine(program, "tfq").name == "tfq"


def tangled(qubits):
    """Gates on pairs far apart, each with an angle of its own to be fed."""
    qids = cirq.LineQubit.range(qubits)
    generator = np.random.default_rng(0)
    circuit = cirq.Circuit(cirq.H.on_each(*qids))
    for place in range(6 * qubits):
        gate = (cirq.XX, cirq.ISWAP, cirq.YY)[place % 3]
        pair = generator.choice(qubits, 2, replace=False)
        power = gate ** sympy.Symbol(f"x{place:03d}")
        circuit += power(*(qids[i] for i in pair))
    names = tuple(sorted(cirq.parameter_names(circuit)))
    return Program(circuit, tuple(map(cirq.Z, qids)), names)


def test_auto_takes_tfq_where_it_is_faster():
    choice = choose_engine(tangled(14))
    assert choice.name == "tfq"
    assert "times faster than batched" in choice.reason
    # Layers of the same gates fuse into a few matrices.
    spec = CircuitSpec(qubits=14, depth=2)
    layered = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    assert choose_engine(layered).name == "batched"


@pytest.mark.parametrize(
    "asked",
    [
        {"engine": "batched"},
        {"execution": Execution(float64=True)},
        {"execution": Execution(100)},
        {"execution": Execution(differentiator=Adjoint())},
    ],
)
def test_auto_keeps_what_only_the_batched_engine_has(asked):
    assert choose_engine(tangled(14), **asked).name == "batched"


def test_both_engines_agree_where_the_choice_changes():
    program = tangled(14)
    assert choose_engine(program).name == "tfq"
    features = np.random.default_rng(0).normal(size=(2, len(program.features)))
    features = tf.constant(features, tf.float32)
    batched, tfq = (
        make_engine(program, name)(features, tf.zeros([0])).numpy()
        for name in ("batched", "auto")
    )
    np.testing.assert_allclose(batched, tfq, atol=1e-5)


@pytest.mark.parametrize(
    "options,name,reason",
    [
        ({"backend": cirq.Simulator()}, "cirq", "backend of type Simulator"),
        ({"differentiator": object()}, "tfq", "differentiator object"),
    ],
)
def test_auto_falls_back_and_says_why(program, options, name, reason):
    choice = choose_engine(program, execution=Execution(**options))
    assert (choice.name, choice.reason) == (name, reason)
    with pytest.raises(UserError, match=reason):
        choose_engine(program, "batched", Execution(**options))


def test_what_tfq_cannot_run_is_refused_early():
    gate = cirq.PhasedXZGate(
        x_exponent=sympy.Symbol("x"), z_exponent=0, axis_phase_exponent=0
    )
    qubit = cirq.GridQubit(0, 0)
    program = Program(cirq.Circuit(gate(qubit)), (cirq.Z(qubit),), ("x",))
    with pytest.raises(UserError, match="TensorFlow Quantum knows"):
        choose_engine(program, "tfq")
    assert choose_engine(program).name == "batched"


def test_noise_is_refused():
    qubit = cirq.GridQubit(0, 0)
    circuit = cirq.Circuit(cirq.rx(sympy.Symbol("x"))(qubit))
    circuit += cirq.depolarize(0.1)(qubit)
    program = Program(circuit, (cirq.Z(qubit),), ("x",))
    with pytest.raises(UserError, match="Noisy"):
        choose_engine(program)


def test_global_phases_do_not_matter():
    qubit = cirq.GridQubit(0, 0)
    circuit = cirq.Circuit(
        cirq.global_phase_operation(1j), cirq.rx(sympy.Symbol("x"))(qubit)
    )
    program = Program(circuit, (cirq.Z(qubit),), ("x",))
    engine = make_engine(program, "batched")
    value = engine(tf.constant([[0.5]]), tf.zeros([0]))
    assert float(value[0, 0]) == pytest.approx(np.cos(0.5), abs=1e-6)


class Unknown(cirq.Gate):
    """A gate with a symbol that nothing is known of."""

    def _num_qubits_(self):
        return 1

    def _parameter_names_(self):
        return {"x"}

    def _is_parameterized_(self):
        return True

    def _has_unitary_(self):
        return True

    def _resolve_parameters_(self, resolver, recursive):
        return self


def test_unknown_gates_are_named_with_their_place():
    qubit = cirq.GridQubit(0, 0)
    circuit = cirq.Circuit(Unknown()(qubit))
    program = Program(circuit, (cirq.Z(qubit),), ("x",))
    with pytest.raises(UserError, match="TensorFlow Quantum knows"):
        choose_engine(program)
    with pytest.raises(UserError, match=r"powers and rotations.*moment 0"):
        choose_engine(program, "batched")
    # Where no engine is left, both say why.
    with pytest.raises(UserError, match=r"cannot run it either.*moment 0"):
        choose_engine(program)


def test_unknown_engine(program):
    with pytest.raises(UserError, match="Did you mean 'batched'"):
        choose_engine(program, "batch")


def test_beyond_memory_names_what_fits():
    with pytest.raises(UserError, match=r"nearest valid value is \d+\."):
        check_memory(qubits=60, operators=60, depth=2, batch=1024)
    # A spec is cheap, so the check must come before anything is built.
    spec = CircuitSpec(qubits=60)
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    with pytest.raises(UserError, match="qubits=60"):
        choose_engine(program)


def test_estimate_grows_with_the_state():
    small = estimate_bytes(qubits=4, operators=4, depth=2, batch=100)
    assert estimate_bytes(5, 4, 2, 100) == 2 * small
    assert estimate_bytes(4, 4, 2, 100, layers=12) == 12 * small


def test_symbols_need_a_source():
    spec = CircuitSpec(qubits=2)
    with pytest.raises(UserError, match="other symbols: w_0, w_1"):
        Program(spec.circuit, spec.operators, spec.features)
    with pytest.raises(UserError, match="each symbol once"):
        Program(
            spec.circuit,
            spec.operators,
            spec.features,
            spec.weights + spec.weights,
        )
    foreign = (cirq.Z(cirq.GridQubit(5, 5)),)
    program = Program(spec.circuit, foreign, spec.features, spec.weights)
    with pytest.raises(UserError, match="qubits that the circuit lacks"):
        choose_engine(program, "batched")


def test_shots_and_noise_are_batched_and_say_so(program):
    choice = choose_engine(program, execution=Execution(repetitions=10))
    assert str(choice) == "batched (10 shots of known gates)"
    circuit = program.circuit + cirq.depolarize(0.1)(program.qids[0])
    noisy = Program(
        circuit, program.operators, program.features, program.weights
    )
    execution = Execution(repetitions=10, noisy=True)
    choice = choose_engine(noisy, execution=execution)
    assert str(choice) == "batched (density matrices of 2 qubits)"


def test_large_noisy_registers_run_trajectories():
    spec = CircuitSpec(qubits=13)
    circuit = spec.circuit + cirq.depolarize(0.1)(spec.qids[0])
    program = Program(circuit, spec.operators, spec.features, spec.weights)
    execution = Execution(repetitions=10, noisy=True)
    choice = choose_engine(program, execution=execution)
    assert choice.trajectories
    assert "13 qubits would take" in choice.reason
    execution = Execution(repetitions=10, noisy=True, differentiator=Backprop())
    with pytest.raises(UserError, match="differentiator of trajectories"):
        choose_engine(program, execution=execution)


@pytest.mark.parametrize(
    "engine,options,message",
    [
        (
            "batched",
            {"name": "straight_through"},
            "of exact expectations",
        ),
        ("tfq", {"name": "straight_through"}, "engine 'tfq'"),
        ("tfq", {"name": "backprop"}, "engine 'tfq'"),
    ],
)
def test_gradients_without_meaning_are_refused(
    program, engine, options, message
):
    execution = Execution(differentiator=as_gradient_method(options))
    with pytest.raises(UserError, match=message):
        choose_engine(program, engine, execution)
    shots = Execution(10, differentiator=Adjoint())
    with pytest.raises(UserError, match="straight_through"):
        choose_engine(program, execution=shots)


def test_what_is_no_program_is_refused():
    qubit = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.rx(sympy.Symbol("x"))(qubit))
    measured = circuit + cirq.measure(qubit)
    with pytest.raises(UserError, match=r"without measurements.*moment 1"):
        Program(measured, (cirq.X(qubit),), ("x",))
    with pytest.raises(UserError, match="real coefficients"):
        Program(circuit, (1j * cirq.Z(qubit),), ("x",))


def test_symbols_that_cirq_does_not_name_are_refused():
    a, b = cirq.LineQubit.range(2)
    gate = cirq.PhasedFSimGate(sympy.Symbol("x"), 0.3, 0.2, 0.1, 0.5)
    circuit = cirq.Circuit(cirq.rx(sympy.Symbol("y"))(a), gate(a, b))
    program = Program(circuit, (cirq.Z(a),), ("y",))
    with pytest.raises(
        UserError, match="other symbols than features and weights: x"
    ):
        choose_engine(program, "batched")


def test_shifts_of_controlled_gates_are_left_to_the_batched_engine():
    a, b = cirq.LineQubit.range(2)
    gate = cirq.rx(sympy.Symbol("x"))(b).controlled_by(a)
    program = Program(cirq.Circuit(cirq.H(a), gate), (cirq.Z(b),), ("x",))
    assert choose_engine(program, "tfq").name == "tfq"  # by its adjoint
    for execution in (
        Execution(repetitions=10),
        Execution(differentiator=ParameterShift()),
    ):
        with pytest.raises(UserError, match="controlled gate"):
            choose_engine(program, "tfq", execution)
        assert choose_engine(program, "auto", execution).name == "batched"


@pytest.mark.parametrize("repetitions", [None, 10])
def test_a_program_is_lowered_once(program, repetitions, monkeypatch):
    """For the choice, the engine, and the other observables of shots."""
    calls = []

    def lower(circuit, qids):
        calls.append(circuit)
        return lower_circuit(circuit, qids)

    monkeypatch.setattr("tfq_hybrid.engines.program.lower_circuit", lower)
    execution = Execution(repetitions)
    assert choose_engine(program, execution=execution).engine
    assert len(calls) == 1
