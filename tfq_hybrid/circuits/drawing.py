"""Drawings of circuits: folded text, and pictures by matplotlib."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cirq
import numpy as np

from tfq_hybrid.circuits.pen import Pen
from tfq_hybrid.circuits.subcircuits import unrolled
from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
ROW_GAP = 1.1  # between folded rows, in the unit of one wire


def fold_text(circuit: cirq.Circuit, width: int = 100, rows: int = 12) -> str:
    """A circuit as text, folded to lines of so many characters.

    Beyond `rows` folded rows a note tells what was left out.

    >>> qubits = cirq.LineQubit.range(2)
    >>> print(fold_text(cirq.Circuit([cirq.H(qubits[0]), cirq.CZ(*qubits)])))
    0: ───H───@───
              │
    1: ───────@───
    """
    names = _names(circuit)
    order = cirq.QubitOrder.explicit(map(cirq.NamedQubit, names.values()))

    def text_of(moments):
        named = cirq.Circuit(moments).transform_qubits(
            {qid: cirq.NamedQubit(name) for qid, name in names.items()}
        )
        return named.to_text_diagram(qubit_order=order)

    margin = _width(text_of([]))
    pieces: list[list[cirq.Moment]] = [[]]
    used = margin
    for moment in circuit:
        needed = _width(text_of([moment])) - margin
        if pieces[-1] and used + needed > width:
            pieces.append([])
            used = margin
        pieces[-1].append(moment)
        used += needed
    texts = [text_of(piece) for piece in pieces[:rows]]
    if pieces[rows:]:
        left = sum(map(len, pieces[rows:]))
        texts.append(f"… {left} more moments")
    return "\n\n".join(texts)


def _width(text):
    return max(map(len, text.split("\n")))


def draw_circuit(
    circuit: cirq.Circuit,
    trained: Sequence[str] = (),
    operators: Sequence[cirq.PauliString | cirq.PauliSum] = (),
    title: str = "",
    columns: int = 16,
    rows: int = 4,
) -> "Figure":
    """Draws a circuit, folded where it is long.

    Sub-circuits are drawn as their gates. Gates that are fed, those that are
    trained and those without a symbol have a colour each; symbols are set as
    mathematics.

    Args:
        circuit: the circuit.
        trained: the symbols that are trained; all others are fed.
        operators: the observables, named at the end of the wires where each
            is one Pauli, else under the title.
        title: above the circuit.
        columns: gates beside each other in a row.
        rows: the most folded rows; a note tells what was left out.

    Returns:
        The picture; `savefig` writes it.

    Example:

    >>> from tfq_hybrid.circuits import preset
    >>> spec = preset("qffn", depth=2)
    >>> figure = draw_circuit(spec.circuit, spec.weights, spec.operators)
    >>> figure.savefig("circuit.png")  # doctest: +SKIP
    """
    from matplotlib.figure import Figure

    with contextlib.suppress(UserError):  # repeated until something holds
        circuit = unrolled(circuit)
    qids = sorted(circuit.all_qubits())
    placed = _place(circuit, qids)
    needed = max((column for column, _, _ in placed), default=0) + 1
    shown = min(needed, columns * rows)
    used = min(needed, columns)
    folds = -(-shown // columns)
    height = folds * (len(qids) + ROW_GAP) - ROW_GAP
    figure = Figure(figsize=(0.72 * (used + 3), 0.55 * (height + 2.6)), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-1.9, used + 1.1), ylim=(height + 1.2, -1.6), aspect="equal")
    axes.axis("off")
    pen = Pen(axes, set(trained))
    names = list(_names(circuit).values())
    readout = _readout(operators, qids)
    for fold in range(folds):
        top = fold * (len(qids) + ROW_GAP)
        is_last = fold == folds - 1
        end = shown - fold * columns if is_last else columns
        for wire, name in enumerate(names):
            pen.wire(top + wire, end, name, fold > 0, not is_last)
            if is_last and needed == shown:
                pen.label(end + 0.05, top + wire, readout.get(wire, ""))
    for column, rows_of, operation in placed:
        if column < shown:
            fold, x = divmod(column, columns)
            top = fold * (len(qids) + ROW_GAP)
            pen.gate(x, [top + row for row in rows_of], operation)
    notes = [f"{needed - shown} more columns of gates"] * (needed > shown)
    if operators and not readout:
        notes.append("observables: " + _words(operators, circuit))
    pen.legend(-1.6, height + 0.35, title, notes)
    return figure


def figure_pixels(figure):
    """A figure as an array of shape (height, width, 4), from 0 to 255."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()


def _names(circuit):
    """A short name for each qubit; a row of grid qubits is counted."""
    qids = sorted(circuit.all_qubits())
    if all(isinstance(qid, cirq.GridQubit) and qid.row == 0 for qid in qids):
        return {qid: str(qid.col) for qid in qids}
    infos = [cirq.circuit_diagram_info(qid, default=None) for qid in qids]
    return {
        qid: info.wire_symbols[0] if info else str(qid)
        for qid, info in zip(qids, infos, strict=True)
    }


def _place(circuit, qids):
    """Operations with the column and the wires of each, packed to the left.

    An operation takes all wires between its outermost ones.
    """
    row_of = {qid: row for row, qid in enumerate(qids)}
    free = [0] * len(qids)
    placed = []
    for operation in circuit.all_operations():
        rows = [row_of[qid] for qid in operation.qubits]
        if not rows:
            continue  # a global phase
        span = slice(min(rows), max(rows) + 1)
        column = max(free[span])
        free[span] = [column + 1] * len(free[span])
        placed.append((column, rows, operation))
    return placed


def _readout(operators, qids):
    """A text for each wire, where each operator is a Pauli of its own."""
    result = {}
    for operator in operators:
        terms = list(cirq.PauliSum.wrap(operator))
        if len(terms) != 1 or len(terms[0]) != 1:
            return {}
        ((qid, pauli),) = terms[0].items()
        if terms[0].coefficient != 1 or qid not in qids:
            return {}
        row = qids.index(qid)
        before = result.get(row, "")
        result[row] = f"{before}⟨{pauli}⟩"
    return result


def _words(operators, circuit, most=6):
    """The first operators in words, by the short names of their qubits."""
    names = _names(circuit)
    words = [_word(operator, names) for operator in [*operators][:most]]
    more = len(operators) - most
    return ", ".join(words) + (f", … {more} more" if more > 0 else "")


def _word(operator, names):
    """A sum of Pauli words as text: `Z₀ + 0.5 X₀Z₁`."""
    text = ""
    for term in cirq.PauliSum.wrap(operator):
        number = complex(term.coefficient)
        factors = "".join(
            f"{pauli}{_index(names.get(qid, str(qid)))}"
            for qid, pauli in sorted(term.items())
        )
        sign = "−" if number.real < 0 else "+"
        size = f"{abs(number.real):.3g}"
        if number.imag:
            sign, size = "+", f"({number:.3g})"
        part = factors if size == "1" and factors else f"{size} {factors}"
        text += f" {sign} {part.strip()}"
    return text.removeprefix(" + ").replace(" − ", "−", text[:3] == " − ")


def _index(name):
    """The name of a qubit behind a Pauli: an index where it is a number."""
    if name.isascii() and name.isdigit():
        return name.translate(_SUBSCRIPTS)
    return name if name.startswith("(") else f"({name})"
