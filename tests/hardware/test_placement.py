"""Circuits on the qubits of a device: Google's virtual processors, and graphs.

The processors are those that Cirq brings: simulations of named devices.
"""

import warnings

import cirq
import networkx
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tests.hardware.circuits import agrees, layer_of
from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware import (
    Device,
    ReadoutInversion,
    check_order,
    evaluate_on,
)
from tfq_hybrid.hardware.placement import Placement
from tfq_hybrid.layers import ControlledPQC, QuantumDense

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)
    import cirq_google

RING = networkx.relabel_nodes(
    networkx.cycle_graph(6), lambda k: cirq.NamedQubit(f"q{k}")
)


@pytest.fixture(scope="module")
def rainbow():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        engine = cirq_google.engine
        made = engine.create_noiseless_virtual_engine_from_latest_templates()
        return made.get_processor("rainbow")


@pytest.mark.parametrize(
    "gateset", ["cz", "sqrt-iswap", cirq_google.GoogleCZTargetGateset()]
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_values_of_a_virtual_processor(rainbow, gateset):
    """Every output of every row is that of the exact circuit."""
    device = Device(rainbow.get_sampler(), gateset, qubits=rainbow.get_device())
    agrees(device)
    assert device.jobs == 1


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_trained_layer_and_its_gradient(rainbow):
    """`QuantumDense` and the parameter shift agree with the exact ones."""
    device = Device(rainbow.get_sampler(), "cz", qubits=rainbow.get_device())
    layer = QuantumDense(2, "qffn")
    x = np.random.default_rng(1).normal(size=(2, 3)).astype("float32")
    layer(x)
    [circuit, _] = layer.resolved_circuit(x)
    placed = device.compile(circuit)
    rainbow.get_device().validate_circuit(placed)
    model = tf.keras.Sequential([layer])
    found = evaluate_on(model, x, device, repetitions=4_000)
    # A sign of variance at most 1, through a kernel of weights near 1.
    assert found.largest_difference < 0.2

    row = np.array([[0.4, 1.1]])
    slopes = []
    for one in (layer_of(device, 4_000), layer_of(None, None)):
        one.set_weights([np.array([0.7], "float32")])
        with tf.GradientTape() as tape:
            value = one(row)[0, 3]
        slopes.append(tape.gradient(value, one.trainable_weights)[0].numpy())
    np.testing.assert_allclose(*slopes, atol=5 / np.sqrt(2 * 4_000))
    assert np.abs(slopes[1]).max() > 0.1


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_noisy_virtual_processor_keeps_the_order():
    """The calibration pattern shows through the noise of a named processor."""
    engine = cirq_google.engine.create_default_noisy_quantum_virtual_machine(
        processor_id="rainbow"
    )
    processor = engine.get_processor("rainbow")
    device = Device(
        processor.get_sampler(), "cz", qubits=processor.get_device()
    )
    check_order(device)


@pytest.mark.parametrize(
    "qubits",
    [RING, cirq.NamedQubit.range(5, prefix="q"), cirq.GridQubit.square(3)],
    ids=["ring", "list", "more"],
)
def test_keys_and_bits_stay_where_qubits_move(qubits):
    """Any circuit measures what it measured, under its keys, bit by bit."""
    place = Placement(qubits)
    random = np.random.default_rng(0)
    for seed in range(8):
        logical = cirq.GridQubit.rect(1, 2 + seed % 4)
        circuit = cirq.testing.random_circuit(
            logical,
            10,
            0.8,
            random_state=seed,
            gate_domain={cirq.CZ: 2, cirq.Y**0.3: 1, cirq.X**0.6: 1},
        )
        order = random.permutation(len(logical))
        split = 1 + seed % 2
        readout = [
            cirq.measure(*(logical[k] for k in own), key=key)
            for key, own in (("b", order[:split]), ("a", order[split:]))
            if len(own)
        ]
        whole = cirq.Circuit(*circuit, cirq.Moment(readout))
        placed = place(whole)
        assert placed.all_qubits() <= {*qubits}
        wanted, found = map(_probabilities, (whole, placed))
        assert wanted.keys() == found.keys()
        for key, one in wanted.items():
            np.testing.assert_allclose(found[key], one, atol=1e-6)
        assert place(placed) == placed, "what stands there stays"


def _probabilities(circuit):
    """Of the bits under each key, from the state before measurements."""
    gates = cirq.Circuit(
        op for op in circuit.all_operations() if not cirq.is_measurement(op)
    )
    order = sorted(circuit.all_qubits())
    state = gates.final_state_vector(qubit_order=order)
    weights = np.abs(state.reshape((2,) * len(order))) ** 2
    found = {}
    for op in circuit.all_operations():
        if cirq.is_measurement(op):
            axes = [order.index(qubit) for qubit in op.qubits]
            rest = tuple(set(range(len(order))) - {*axes})
            kept = weights.sum(axis=rest)
            ranks = np.argsort(np.argsort(axes))
            found[cirq.measurement_key_name(op)] = kept.transpose(ranks)
    return found


def test_order_holds_on_a_ring():
    """The calibration pattern comes back through SWAPs."""
    check_order(Device(cirq.Simulator(seed=2), "cz", qubits=RING))


def test_conditions_follow_their_measurements():
    """A gate that a bit controls still comes after it."""
    a, b, c = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(
        cirq.X(a),
        cirq.measure(a, key="m"),
        cirq.X(b).with_classical_controls("m"),
        cirq.CZ(b, c),
        cirq.measure(b, c, key="n"),
    )
    device = Device(cirq.Simulator(), qubits=RING)
    found = device.run(circuit, repetitions=3).measurements
    assert found["n"].tolist() == [[1, 0]] * 3


class OnOneQubit(cirq.Sampler):
    """Reads one physical qubit wrong in 15% of the shots."""

    def __init__(self, bad):
        self.bad = bad
        self.simulator = cirq.DensityMatrixSimulator(seed=3)

    def run_sweep(self, program, params, repetitions=1):
        noisy = []
        for moment in program:
            flips = [
                cirq.bit_flip(0.15)(self.bad)
                for op in moment
                if cirq.is_measurement(op) and self.bad in op.qubits
            ]
            noisy += [cirq.Moment(flips), moment]
        return self.simulator.run_sweep(
            cirq.Circuit(noisy), params, repetitions
        )


def test_readout_errors_are_those_of_the_device_s_qubits():
    """Each physical qubit has its error, wherever a circuit has come to."""
    for bad in sorted(RING)[:3]:
        device = Device(
            OnOneQubit(bad), "cz", [ReadoutInversion(20_000)], qubits=RING
        )
        agrees(device, repetitions=8_000, slack=0.04)


def test_what_does_not_fit_is_refused():
    """Too many qubits, no qubits, and no couplings are said in one line."""
    many = cirq.Circuit(cirq.X.on_each(*cirq.LineQubit.range(7)))
    with pytest.raises(UserError, match="Received: a circuit of 7"):
        Placement(RING)(many)
    for none in (7, [], ["a"], networkx.Graph()):
        with pytest.raises(UserError, match="Expected qubits to be"):
            Device(cirq.Simulator(), qubits=none)
    apart = networkx.Graph()
    apart.add_nodes_from(cirq.LineQubit.range(4))
    apart.add_edge(*cirq.LineQubit.range(2))
    a, b, c = cirq.GridQubit.rect(1, 3)
    with pytest.raises(UserError, match="routed on the device"):
        Placement(apart)(cirq.Circuit(cirq.CZ(a, b), cirq.CZ(b, c)))


def test_a_symbol_stays_one_on_a_ring():
    """Rows are points of one circuit, compiled and routed once."""
    kept = []

    class Keeping(cirq.Simulator):
        def run_sweep(self, program, params, repetitions=1):
            kept.append(program)
            return super().run_sweep(program, params, repetitions)

    a, b, c = cirq.LineQubit.range(3)
    x = sympy.Symbol("x")
    circuit = cirq.Circuit(
        cirq.ry(x)(a), cirq.CNOT(a, b), cirq.CNOT(b, c), cirq.CNOT(a, c)
    )
    layer = ControlledPQC(
        circuit,
        [cirq.Z(c), cirq.Z(b)],
        backend=Device(Keeping(seed=1), "cz", qubits=RING),
        repetitions=2_000,
    )
    values = np.array([[0.3], [2.0]])
    found = layer(values).numpy()
    wanted = np.hstack([np.ones((2, 1)), np.cos(values)])
    np.testing.assert_allclose(found, wanted, atol=5 / np.sqrt(2_000))
    assert len(kept) == 1
