"""The layer around a described circuit: its kind follows from how it runs."""

from tfq_hybrid.layers.amplitude_pqc import AmplitudePQC
from tfq_hybrid.layers.controlled_pqc import ControlledPQC
from tfq_hybrid.layers.noisy import NoisyAmplitudePQC, NoisyControlledPQC


def make_circuit_layer(
    circuit, *, repetitions=None, noise_model=None, readout_error=None, **kwargs
):
    """The layer that trains the weights of a described circuit.

    Args:
        circuit: `CircuitSpec` or `CustomCircuit`.
        repetitions: int. Shots for each Pauli word. Defaults to `None`:
            exact expectations.
        noise_model: a `cirq.NoiseModel` or a channel on one qubit. Defaults
            to `None`.
        readout_error: as for `NoisyControlledPQC`. Defaults to `None`.
        **kwargs: further arguments that the layers share.

    Returns:
        An `AmplitudePQC` where the circuit starts from amplitudes, else a
        `ControlledPQC`, with inputs in the lexicographic order of the names;
        with noise or readout errors their noisy versions.
    """
    noisy = noise_model is not None or readout_error is not None
    if circuit.starts_from_amplitudes:
        kind = NoisyAmplitudePQC if noisy else AmplitudePQC
    else:
        kind = NoisyControlledPQC if noisy else ControlledPQC
        kwargs["trained_symbols"] = circuit.weights
    if noisy:
        # Without shots density matrices are exact; where they are too large, a
        # thousand trajectories stand for them.
        kwargs["sample_based"] = repetitions is not None
        repetitions = 1000 if repetitions is None else repetitions
        kwargs["noise_model"] = noise_model
        kwargs["readout_error"] = readout_error
    layer = kind(
        circuit.circuit, circuit.operators, repetitions=repetitions, **kwargs
    )
    layer.depth = circuit.layers
    return layer
