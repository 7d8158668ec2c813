"""`NoisyPQC`: a trained circuit with noise after data circuits."""

import keras

from tfq_hybrid.layers.noisy_circuit import NoisyCircuit
from tfq_hybrid.layers.pqc import PQC


@keras.saving.register_keras_serializable("tfq_hybrid")
class NoisyPQC(NoisyCircuit, PQC):
    """Expectations after data circuits and a trained circuit, with noise.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same,
    and `noise_model` and `readout_error` are added. Channels may stand in
    `model_circuit` and, on TensorFlow Quantum, in the data circuits. There
    results are averages over trajectories, which cannot be seeded.

    Args:
        model_circuit: `cirq.Circuit` with `sympy.Symbol`s, all trained.
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
        initializer: of the angles, in radians times the factors in the
            circuit. Defaults to uniform from 0 to 2 pi.
        regularizer: of the angles. Defaults to `None`.
        constraint: of the angles. Defaults to `None`.
        noise_model: a `cirq.NoiseModel` that is applied to `model_circuit`
            (`with_noise`), or a channel on one qubit, which then acts on
            every qubit after every moment
            (`cirq.ConstantQubitNoiseModel`). Defaults to `None`.
        readout_error: float, or a pair of them: the chances to read 1 for 0
            and 0 for 1. On the batched engine. Defaults to `None`.
        engine: `"auto"`, `"tfq"` or `"batched"`, as in `PQC`; the batched
            one takes noiseless data circuits.
        seed: int. Of the shots, trajectories and random directions of the
            batched engine; TensorFlow Quantum draws its own seeds. Defaults
            to `None`.

    Call arguments:
        inputs: string tensor of shape (batch,), from
            `tfq.convert_to_tensor`, of circuits without symbols.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does. Further, a
            `UserError` where no engine runs a channel.

    Example:

    >>> import cirq
    >>> import sympy
    >>> import tensorflow_quantum as tfq
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.rx(sympy.Symbol("w"))(qubit))
    >>> circuit += cirq.bit_flip(1.0)(qubit)
    >>> layer = NoisyPQC(
    ...     circuit,
    ...     cirq.Z(qubit),
    ...     repetitions=10,
    ...     sample_based=False,
    ...     initializer="zeros",
    ... )
    >>> layer(tfq.convert_to_tensor([cirq.Circuit()])).numpy()
    array([[-1.]], dtype=float32)
    """
