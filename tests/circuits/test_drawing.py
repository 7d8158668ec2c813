import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid.circuits import PRESETS, CircuitSpec, draw_circuit, preset
from tfq_hybrid.circuits.drawing import figure_pixels, fold_text


def words_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_text_is_cirqs_own():
    spec = CircuitSpec(qubits=3)
    assert fold_text(spec.circuit, width=200) == spec.diagram()


def test_folded_text_holds_every_gate():
    spec = CircuitSpec(qubits=3, depth=5)
    text = fold_text(spec.circuit, width=60, rows=100)
    assert max(map(len, text.split("\n"))) <= 60
    for name in (*spec.features, *spec.weights):
        assert text.count(f"({name})") == 1
    cut = fold_text(spec.circuit, width=60, rows=2)
    note = cut.split("\n")[-1]
    shown = cut.count("x_") + cut.count("w_")
    assert 0 < shown < len(spec.features) + len(spec.weights)
    assert note.startswith("… ")
    assert note.endswith(" more moments")


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_gate_of_a_preset_is_drawn(name):
    spec = preset(name)
    figure = draw_circuit(
        spec.circuit, spec.weights, spec.operators, name, rows=50
    )
    words = words_of(figure)
    assert name in words
    for symbol in (*spec.features, *spec.weights):
        letter, index = symbol.split("_")
        assert f"${letter}_{{{int(index)}}}$" in words
    for wire in range(spec.qubits):
        assert str(wire) in words
    assert words.count("⟨Z⟩") == spec.qubits


def test_nothing_overlaps():
    """Each operation has its column for itself, on all wires it spans."""
    from tfq_hybrid.circuits.drawing import _place

    circuit = cirq.testing.random_circuit(5, 30, 0.9, random_state=0)
    qids = sorted(circuit.all_qubits())
    placed = _place(circuit, qids)
    assert len(placed) == len(list(circuit.all_operations()))
    taken = [
        (column, row)
        for column, rows, _ in placed
        for row in range(min(rows), max(rows) + 1)
    ]
    assert len(set(taken)) == len(taken)
    # And the order along each wire is the circuit's.
    for row, qid in enumerate(qids):
        along = sorted((c, o) for c, rows, o in placed if row in rows)
        assert [o for _, o in along] == [
            o for o in circuit.all_operations() if qid in o.qubits
        ]


def test_long_circuits_fold_and_say_what_is_left_out():
    spec = CircuitSpec(qubits=2, depth=20)
    short = draw_circuit(spec.circuit, columns=10, rows=2)
    (note,) = [w for w in words_of(short) if "more columns" in w]
    # An encoding, then RY, RZ and a CNOT in each layer.
    columns = 1 + 20 * 3
    assert note.startswith(f"{columns - 20} more columns of gates")
    whole = draw_circuit(spec.circuit, columns=10, rows=9)
    assert not [w for w in words_of(whole) if "more columns" in w]
    heights = [figure.get_size_inches()[1] for figure in (short, whole)]
    assert heights[1] > 3 * heights[0]


def test_gates_of_all_kinds():
    a, b = cirq.NamedQubit.range(2, prefix="q")
    s, t = sympy.symbols("alpha w_3")
    circuit = cirq.Circuit(
        cirq.CNOT(a, b),
        cirq.CZ(a, b),
        cirq.SWAP(a, b),
        cirq.X(a) ** s,
        cirq.rx(2 * t)(b),
        cirq.ISWAP(a, b) ** 0.5,
        cirq.depolarize(0.01)(a),
        cirq.FSimGate(t, 0.3)(a, b),
        cirq.MatrixGate(np.eye(2))(a),
        cirq.global_phase_operation(1j),
    )
    operators = [cirq.X(a) * cirq.Z(b)]
    figure = draw_circuit(circuit, ["w_3"], operators)
    words = words_of(figure)
    assert {"^alpha", "2$w_{3}$", "×", "^0.5", "trained", "fed"} <= set(words)
    assert "observables: X(q0)Z(q1)" in words
    pixels = figure_pixels(figure)
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 4
    # It can be written by matplotlib in any format.
    figure.savefig("/dev/null", format="svg")


def test_a_circuit_without_gates():
    assert words_of(draw_circuit(cirq.Circuit()))[-1:] == []
    assert fold_text(cirq.Circuit()) == ""


def test_a_subcircuit_is_drawn_as_its_gates():
    a, b = cirq.LineQubit.range(2)
    inner = cirq.FrozenCircuit(cirq.ry(sympy.Symbol("x"))(a), cirq.CNOT(a, b))
    repeated = cirq.CircuitOperation(
        inner, repetitions=2, use_repetition_ids=False
    )
    operators = [-0.5 * cirq.X(b) * cirq.Z(a) + cirq.Z(b), 2 - cirq.Z(a)]
    figure = draw_circuit(cirq.Circuit(repeated), [], operators)
    words = words_of(figure)
    assert words.count("Ry") == 2
    assert "observables: −0.5 Z₀X₁ + Z₁, −Z₀ + 2" in " ".join(words)
