"""A trained model's circuits, run from shots or under noise at test time."""

import contextlib

# What stands in a table, and the arguments of the circuit layer.
EXECUTIONS = {
    "1,024 shots": {"repetitions": 1024},
    "128 shots": {"repetitions": 128},
    "2 % of bits misread": {"readout_error": 0.02},
    "1 % depolarized": {"depolarizing": 0.01},
}


@contextlib.contextmanager
def executed(model, seed=0, depolarizing=None, **arguments):
    """Lets all circuits of a model run in another way, for a while.

    Args:
        model: a Keras model with `QuantumDense` layers in it.
        seed: int, of shots and trajectories. Defaults to 0.
        depolarizing: float, the chance that a qubit is depolarized after a
            moment of gates. Defaults to `None`: none.
        **arguments: of the circuit layer: `repetitions`, `readout_error`.
    """
    import cirq

    from tfq_hybrid.adapters import named_layers, replace_sublayer
    from tfq_hybrid.layers import QuantumDense
    from tfq_hybrid.layers.make_layer import make_circuit_layer

    if depolarizing is not None:
        arguments["noise_model"] = cirq.depolarize(depolarizing)
    kept = []
    try:
        for place, (_, layer) in enumerate(named_layers(model)):
            if not isinstance(layer, QuantumDense):
                continue
            circuit = layer.circuit
            other = make_circuit_layer(circuit, seed=seed + place, **arguments)
            from_amplitudes = circuit.starts_from_amplitudes
            width = circuit.feature_count
            other.build((None, 2**circuit.qubits if from_amplitudes else width))
            other.set_weights(layer.pqc.get_weights())
            kept.append((layer, replace_sublayer(layer, "pqc", other)))
        yield
    finally:
        for layer, circuit in kept:
            replace_sublayer(layer, "pqc", circuit)
