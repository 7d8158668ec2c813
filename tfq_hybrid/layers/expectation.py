"""`Expectation` and `SampledExpectation`: of circuits given at the call."""

from typing import Any

import cirq
import keras

from tfq_hybrid.layers.expectation_layer import ExpectationLayer


@keras.saving.register_keras_serializable("tfq_hybrid")
class Expectation(ExpectationLayer):
    """Expectations of circuits that come with the call.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same,
    but for an empty circuit, whose state is |0...0> here.

    Args:
        backend: `"noiseless"`, `"noisy"` (averages over trajectories, on
            TensorFlow Quantum), or a Cirq simulator of expectations, with
            which a layer cannot be saved. Defaults to `"noiseless"`.
        differentiator: the name of a gradient, a `GradientMethod` or its
            dict, or a `tfq.differentiators.Differentiator`, which runs on
            TensorFlow Quantum. Defaults to `None`: exact where the
            expectations are, else parameter shift.
        engine: `"auto"`, `"batched"` or `"tfq"`. The batched engine compiles
            one program for each structure in the batch: circuits that differ
            in angles alone share one. With `"auto"` it takes bare circuits,
            and batches with at least 32 rows for each structure; TensorFlow
            Quantum, which is as fast for few rows, takes the others, and
            string tensors in a graph, as in `fit`. With `"batched"` a graph
            calls Python to sort those. Defaults to `"auto"`.
        seed: of random directions of the gradient. Defaults to `None`.

    Call arguments:
        inputs: a `cirq.Circuit`, which is run for each row of values, a list
            of circuits, or a string tensor of shape (batch,), from
            `tfq.convert_to_tensor`.
        symbol_names: list of str or `sympy.Symbol`, or a string tensor, in
            the order of the values. Defaults to none.
        symbol_values: float tensor of shape (batch, symbols). Defaults to
            `None`: the layer trains one value for each symbol.
        operators: one or several `cirq.PauliString` or `cirq.PauliSum`, a
            list of them for each row, or a string tensor of shape
            (batch, operators).
        repetitions: trajectories, where the back end is noisy: an integer,
            one for each operator, or of shape (batch, operators).
        initializer: of the values that the layer trains, in radians times
            the factors in the circuit. Defaults to uniform from 0 to 2 pi.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError, RuntimeError: as TensorFlow Quantum does.
        UserError: an operator has a complex coefficient; or the batched
            engine, where it is asked for, does not run a circuit.

    Example:

    >>> import sympy
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.X(qubit) ** sympy.Symbol("turns"))
    >>> Expectation()(
    ...     circuit,
    ...     symbol_names=["turns"],
    ...     symbol_values=[[0.0], [1.0]],
    ...     operators=cirq.Z(qubit),
    ... ).numpy().round(4)
    array([[ 1.],
           [-1.]], dtype=float32)
    """

    def __init__(
        self,
        backend: Any = "noiseless",
        differentiator: Any = None,
        *,
        engine: str = "auto",
        seed: int | None = None,
        **kwargs: Any,
    ):
        simulators = (
            cirq.SimulatesExpectationValues,
            cirq.DensityMatrixSimulator,
        )
        if not isinstance(backend, simulators):
            if isinstance(backend, cirq.Sampler):
                raise TypeError(
                    "Backend implements cirq.Sampler but not "
                    "cirq.sim.simulator.SimulatesExpectationValues. Please "
                    f"use SampledExpectation instead. Received: {backend!r}"
                )
            if backend not in (None, "noiseless", "noisy"):
                raise TypeError(
                    f"Backend {backend} is invalid. Expected a cirq.sim."
                    "simulator.SimulatesExpectationValues or None. Received: "
                    f"backend={backend!r}"
                )
        super().__init__(
            backend, differentiator, engine=engine, seed=seed, **kwargs
        )


@keras.saving.register_keras_serializable("tfq_hybrid")
class SampledExpectation(ExpectationLayer):
    """Expectations from shots, of circuits that come with the call.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Each Pauli word is measured with its
    own repetitions; identities are exact. Arguments and results are the same,
    but for an empty circuit, whose state is |0...0> here.

    Args:
        backend: `"noiseless"`, `"noisy"` (on TensorFlow Quantum), or a
            `cirq.Sampler`, with which a layer cannot be saved. Defaults to
            `"noiseless"`.
        differentiator, engine: see `Expectation`. The batched engine takes
            one number of repetitions for all operators of a row.
        seed: of the shots of the batched engine; TensorFlow Quantum draws its
            own. With one, `"auto"` prefers the batched engine. Defaults to
            `None`.

    Call arguments:
        inputs, symbol_names, symbol_values, operators, initializer: see
            `Expectation`.
        repetitions: shots for each Pauli word: an integer, one for each
            operator, or of shape (batch, operators). Must be given.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError, RuntimeError, UserError: as for `Expectation`.

    Example:

    >>> qubit = cirq.GridQubit(0, 0)
    >>> SampledExpectation()(
    ...     cirq.Circuit(cirq.X(qubit)),
    ...     operators=[cirq.Z(qubit), 0.5 + 0.25 * cirq.Z(qubit)],
    ...     repetitions=10,
    ... ).numpy()
    array([[-1.  ,  0.25]], dtype=float32)
    """

    is_random = True
    is_sampled = True

    def __init__(
        self,
        backend: Any = "noiseless",
        differentiator: Any = None,
        *,
        engine: str = "auto",
        seed: int | None = None,
        **kwargs: Any,
    ):
        if not isinstance(backend, cirq.Sampler):
            if isinstance(backend, cirq.SimulatesFinalState):
                raise TypeError(
                    "Backend implements cirq.SimulatesFinalState but not "
                    "cirq.Sampler. Please use Expectation instead. Received: "
                    f"{backend!r}"
                )
            if backend not in (None, "noiseless", "noisy"):
                raise TypeError(
                    f"Backend {backend} is invalid. Expected a cirq.Sampler "
                    f"or None. Received: backend={backend!r}"
                )
        super().__init__(
            backend, differentiator, engine=engine, seed=seed, **kwargs
        )
