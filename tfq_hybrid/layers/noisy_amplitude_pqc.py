"""`NoisyAmplitudePQC`: a noisy circuit that starts from amplitudes."""

import keras

from tfq_hybrid.layers.amplitude_pqc import AmplitudePQC
from tfq_hybrid.layers.noisy_circuit import NoisyCircuit


@keras.saving.register_keras_serializable("tfq_hybrid")
class NoisyAmplitudePQC(NoisyCircuit, AmplitudePQC):
    """Expectations of a noisy trained circuit on amplitude-encoded vectors.

    `AmplitudePQC` with the noise of `NoisyControlledPQC`. The preparation of
    the state is taken to be free of noise.

    Args:
        model_circuit, operators, initializer, regularizer, constraint: see
            `AmplitudePQC`.
        repetitions, sample_based, differentiator, noise_model,
            readout_error, seed: see `NoisyControlledPQC`.

    Call arguments:
        inputs: float tensor of shape (batch, width), width <= 2**qubits.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError, UserError: as for those two.

    Example:

    >>> import cirq
    >>> import numpy as np
    >>> import sympy
    >>> qubit = cirq.GridQubit(0, 0)
    >>> layer = NoisyAmplitudePQC(
    ...     cirq.Circuit(cirq.rx(sympy.Symbol("w"))(qubit)),
    ...     cirq.Z(qubit),
    ...     repetitions=10,
    ...     sample_based=False,
    ...     noise_model=cirq.bit_flip(0.5),
    ... )
    >>> layer(np.array([[3.0, 4.0]])).numpy().round(4) + 0
    array([[0.]], dtype=float32)
    """
