"""Trained circuits under shots and noise, and finite-difference gradients."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.layers.circuit_layer import CircuitLayer

# What stands in a table, and the arguments of the circuit layer.
EXECUTIONS = {
    "1,024 shots": {"repetitions": 1024},
    "128 shots": {"repetitions": 128},
    "2 % of bits misread": {"readout_error": 0.02},
    "1 % depolarized": {"depolarizing": 0.01},
}


@contextlib.contextmanager
def executed(
    model: "keras.Model",
    seed: int = 0,
    depolarizing: float | None = None,
    **arguments: Any,
) -> Iterator[None]:
    """Lets all circuits of a model run in another way, for a while.

    `depolarizing` is the probability that a qubit is depolarized after a moment
    of gates; `repetitions` and `readout_error` are the circuit layer's. The
    seed is of shots and trajectories.
    """
    import cirq

    from tfq_hybrid.adapters import named_layers, replace_sublayer
    from tfq_hybrid.layers import QuantumDense
    from tfq_hybrid.layers.quantum_dense import make_circuit_layer

    if depolarizing is not None:
        arguments["noise_model"] = cirq.depolarize(depolarizing)
    kept = []
    try:
        layers = [layer for _, layer in named_layers(model)]
        dense = [one for one in layers if isinstance(one, QuantumDense)]
        for place, layer in enumerate(dense):  # one seed would draw the same
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


def compare_gradients(
    model: "keras.Model",
    layer: "CircuitLayer",
    batches: Iterator[tuple],
    steps: int,
    step_sizes: Sequence[float],
    make_circuit: "Callable[[dict], CircuitLayer]",
) -> dict[str, np.ndarray]:
    """Central differences of a circuit at each step of an exact training.

    The model, compiled, trains by the exact gradient. At each step the
    gradient of the same loss with respect to the circuit's angles, and to its
    inputs, is computed by central differences too: the gradient of the loss
    with respect to the expectations is that of the exact step, so that the two
    differ by the circuit's gradient alone.

    Args:
        model: fed with tokens.
        layer: the one in it that is looked at.
        batches: of (inputs, targets, weights).
        steps: of the training.
        step_sizes: in radians.
        make_circuit: from a `differentiator` to a layer of the same circuit.

    Returns:
        `losses` of shape (steps,), and `angle_errors`, `input_errors` and
        `angle_cosines` of shape (step sizes, steps). An error is
        |g_h - g| / |g|; a cosine is that of the angle between the two.
    """
    import tensorflow as tf

    others = []
    for size in step_sizes:
        other = make_circuit({"name": "central_difference", "step": size})
        other.build((None, len(layer.program.features)))
        others.append(other)

    @tf.function
    def step(inputs, targets, weights):
        seen = []
        layer.observer = lambda fed, states, values: seen.append((fed, values))
        with tf.GradientTape() as tape:
            logits = model(inputs, training=True)
            loss = model.compute_loss(inputs, targets, logits, weights)
        layer.observer = None
        ((fed, values),) = seen
        variables = [v.value for v in model.trainable_variables]
        angles = layer.parameters.value
        gradients, exact, wanted, fed_exact = tape.gradient(
            loss, [variables, angles, values, fed]
        )
        errors = [
            _compare(other, angles, fed, wanted, exact, fed_exact)
            for other in others
        ]
        model.optimizer.apply(gradients, model.trainable_variables)
        return loss, tf.stack(errors)

    found = [step(*next(batches)) for _ in range(steps)]
    losses = np.array([float(loss) for loss, _ in found])
    errors = np.stack([part.numpy() for _, part in found])
    names = ("angle_errors", "input_errors", "angle_cosines")
    arrays = {name: errors[:, :, i].T for i, name in enumerate(names)}
    return {"losses": losses, **arrays}


def _compare(other, angles, fed, wanted, exact, fed_exact):
    """Errors of angles and inputs, and the cosine of the angles."""
    import tensorflow as tf

    other.parameters.assign(angles)
    with tf.GradientTape() as tape:
        tape.watch(fed)
        values = other(fed)
    found, fed_found = tape.gradient(
        values, [other.parameters.value, fed], output_gradients=wanted
    )
    error = tf.norm(found - exact) / tf.norm(exact)
    fed_error = tf.norm(fed_found - fed_exact) / tf.norm(fed_exact)
    cosine = tf.reduce_sum(found * exact) / (tf.norm(found) * tf.norm(exact))
    return tf.stack([error, fed_error, cosine])
