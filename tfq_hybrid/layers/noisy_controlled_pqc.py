"""`NoisyControlledPQC`: a circuit with noise whose symbols are fed."""

import keras

from tfq_hybrid.layers.controlled_pqc import ControlledPQC
from tfq_hybrid.layers.noisy_circuit import NoisyCircuit


@keras.saving.register_keras_serializable("tfq_hybrid")
class NoisyControlledPQC(NoisyCircuit, ControlledPQC):
    """Expectations of a noisy circuit whose symbols are fed, some trained.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same.
    As in `ControlledPQC`, data circuits may be left out and symbols may be
    trained by the layer; `noise_model` and `readout_error` are added. Channels
    may stand in `model_circuit` and, on TensorFlow Quantum, in the data
    circuits. There results are averages over trajectories, which cannot be
    seeded.

    Args:
        model_circuit: `cirq.Circuit` with `sympy.Symbol`s.
        operators: `cirq.PauliString` or `cirq.PauliSum`, or a sequence of
            them: the outputs.
        repetitions: int. Trajectories for each example, and samples where
            they are `sample_based`. Must be given; density matrices, which
            the batched engine prefers, make no trajectories.
        sample_based: bool. `True` draws one sample of each operator from a
            trajectory, as a device would; `False` takes its expectation.
            Must be given.
        differentiator: the name of a gradient, a `GradientMethod` or its
            dict (see there), or a `tfq.differentiators.Differentiator`, which
            runs on TensorFlow Quantum. Defaults to `None`: exact where the
            expectations are, else parameter shift.
        trained_symbols: sequence of str. Symbols that the layer trains, in
            the order of its weights. Defaults to `()`: none, as in
            TensorFlow Quantum.
        initializer: of the trained angles, in radians times the factors in
            the circuit. Defaults to uniform from 0 to 2 pi.
        regularizer: of the trained angles. Defaults to `None`.
        constraint: of the trained angles. Defaults to `None`.
        noise_model: a `cirq.NoiseModel` that is applied to `model_circuit`
            (`with_noise`), or a channel on one qubit, which then acts on
            every qubit after every moment
            (`cirq.ConstantQubitNoiseModel`). Defaults to `None`.
        readout_error: float, or a pair of them: the chances to read 1 for 0
            and 0 for 1. On the batched engine. Defaults to `None`.
        engine: `"auto"`, `"batched"` or `"tfq"`. The batched engine runs
            density matrices of up to eight qubits, and trajectories of more;
            `engine_choice` tells. Where data circuits are given, `"auto"`
            runs `"tfq"`.
        seed: int. Of the shots, trajectories and random directions of the
            batched engine; TensorFlow Quantum draws its own seeds. Defaults
            to `None`.

    Call arguments:
        inputs: float tensor of shape (batch, fed symbols), the values in
            the lexicographic order of the names; or a pair of a string
            tensor of shape (batch,) of data circuits and such a tensor.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does. Further, a
            `UserError` where no engine runs a channel.

    Example:

    >>> import cirq
    >>> import numpy as np
    >>> import sympy
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.X(qubit) ** sympy.Symbol("turns"))
    >>> layer = NoisyControlledPQC(
    ...     circuit,
    ...     cirq.Z(qubit),
    ...     repetitions=10,
    ...     sample_based=True,
    ...     noise_model=cirq.bit_flip(1.0),
    ... )
    >>> layer(np.array([[0.0], [1.0]])).numpy()
    array([[-1.],
           [ 1.]], dtype=float32)
    """
