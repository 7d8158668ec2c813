"""`NoisyPQC`: a trained circuit with noise after data circuits."""

import keras

from tfq_hybrid.layers.noisy_circuit import NoisyCircuit
from tfq_hybrid.layers.pqc import PQC


@keras.saving.register_keras_serializable("tfq_hybrid")
class NoisyPQC(NoisyCircuit, PQC):
    """Expectations after data circuits and a trained circuit, with noise.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same,
    and `noise_model` is added. Channels may stand in `model_circuit` and in
    the data circuits. Results are averages over trajectories, which cannot
    be seeded: TensorFlow Quantum draws its seeds anew at every call.

    Args:
        model_circuit: `cirq.Circuit` with `sympy.Symbol`s, all trained.
        operators: `cirq.PauliString` or `cirq.PauliSum`, or a sequence of
            them: the outputs.
        repetitions: int. Trajectories for each example. Must be given.
        sample_based: bool. `True` draws one sample of each operator from a
            trajectory, as a device would; `False` takes its expectation.
            Must be given.
        differentiator: a `tfq.differentiators.Differentiator`, not
            `Adjoint`. Defaults to `None`: parameter shift.
        initializer: of the angles, in radians times the factors in the
            circuit. Defaults to uniform from 0 to 2 pi.
        regularizer: of the angles. Defaults to `None`.
        constraint: of the angles. Defaults to `None`.
        noise_model: a `cirq.NoiseModel` that is applied to `model_circuit`
            (`with_noise`), or a channel on one qubit, which then acts on
            every qubit after every moment
            (`cirq.ConstantQubitNoiseModel`). Defaults to `None`.
        engine: `"auto"` or `"tfq"`, which is what `"auto"` runs.

    Call arguments:
        inputs: string tensor of shape (batch,), from
            `tfq.convert_to_tensor`, of circuits without symbols.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does. Further, a
            `UserError` where a channel is none that TensorFlow Quantum runs.

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

    def __init__(
        self,
        model_circuit,
        operators,
        *,
        repetitions=None,
        sample_based=None,
        differentiator=None,
        initializer=None,
        regularizer=None,
        constraint=None,
        noise_model=None,
        engine="auto",
        **kwargs,
    ):
        super().__init__(
            model_circuit,
            operators,
            repetitions=repetitions,
            sample_based=sample_based,
            differentiator=differentiator,
            initializer=initializer,
            regularizer=regularizer,
            constraint=constraint,
            noise_model=noise_model,
            engine=engine,
            **kwargs,
        )
