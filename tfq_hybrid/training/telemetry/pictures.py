"""The circuits of a model as text and as pictures in TensorBoard."""

from tfq_hybrid.circuits.drawing import draw_circuit, figure_pixels, fold_text


def write_circuits(circuits, writer, step):
    """Writes each circuit once, whatever number of layers share it.

    The tags are `circuit/<layer>` of the picture and `diagram/<layer>` of
    the text, of the first layer with that circuit. TensorBoard shows a tag
    on one of its pages only.

    Args:
        circuits: list of `WatchedCircuit`.
        writer: `ReadingWriter`.
        step: int.
    """
    alike = {}
    for circuit in circuits:
        program = circuit.program
        words = tuple(map(str, program.operators))
        key = program.circuit.freeze(), words, program.trained
        alike.setdefault(key, []).append(circuit)
    for members in alike.values():
        first = members[0]
        program = first.program
        text = _markdown(members)
        writer.write_text(f"diagram/{first.name}", text, step)
        figure = draw_circuit(
            program.circuit,
            trained=program.trained,
            operators=program.operators,
            title=first.name.removeprefix("quantum/"),
        )
        pixels = figure_pixels(figure)
        writer.write_image(f"circuit/{first.name}", pixels, step)


def _markdown(members):
    """The diagram in a code block, under what is to be known about it."""
    layer, program = members[0].layer, members[0].program
    names = ", ".join(f"`{member.name}`" for member in members)
    facts = (
        f"{program.qubits} qubits, {len(program.fed)} angles fed, "
        f"{len(program.trained)} trained, {len(program.operators)} "
        f"observables; engine {layer.engine_choice}"
    )
    diagram = fold_text(program.circuit)
    return f"{names}\n\n{facts}\n\n```\n{diagram}\n```"
