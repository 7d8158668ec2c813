"""Gradients of a circuit by every differentiator, exact and from shots.

The expectation of X after Y**a is sin(pi a), and its derivative pi cos(pi a).
The script measures each method's root mean square (RMS) error against that
formula: with exact expectations, and with a finite number of shots, where
finite differences amplify the noise of the shots and the parameter shift does
not. Last comes a gradient of a gradient.

    python docs/examples/gradients.py --shots 1000 --seed 0
"""

import argparse

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tfq_hybrid.layers import Expectation, SampledExpectation

QUBIT = cirq.GridQubit(0, 0)
ALPHA = sympy.Symbol("alpha")
CIRCUIT = cirq.Circuit(cirq.Y(QUBIT) ** ALPHA)
OPERATOR = cirq.X(QUBIT)

EXACT = {
    "backprop": "backprop",
    "adjoint": "adjoint",
    "parameter_shift": "parameter_shift",
    "central_difference": "central_difference",
    "forward_difference": "forward_difference",
    "tfq ParameterShift": tfq.differentiators.ParameterShift(),
}
SAMPLED = {
    "parameter_shift": "parameter_shift",
    "straight_through": "straight_through",
    "spsa": {"name": "spsa", "step": 0.1},
    "central_difference 0.1": {"name": "central_difference", "step": 0.1},
    "central_difference 0.01": {"name": "central_difference", "step": 0.01},
}


def gradient(layer, values, **arguments):
    """d<X>/d alpha at each value, by automatic differentiation."""
    values = tf.constant(values[:, None], "float32")
    with tf.GradientTape() as tape:
        tape.watch(values)
        outputs = layer(
            CIRCUIT,
            symbol_names=[ALPHA],
            symbol_values=values,
            operators=OPERATOR,
            **arguments,
        )
    return tape.gradient(outputs, values).numpy()[:, 0]


def second_gradient(values):
    """The second derivative, which the batched engine gives."""
    values = tf.constant(values[:, None], "float32")
    layer = Expectation(engine="batched")
    with tf.GradientTape() as outer:
        outer.watch(values)
        with tf.GradientTape() as inner:
            inner.watch(values)
            outputs = layer(
                CIRCUIT,
                symbol_names=[ALPHA],
                symbol_values=values,
                operators=OPERATOR,
            )
        slopes = inner.gradient(outputs, values)
    return outer.gradient(slopes, values).numpy()[:, 0]


def rms(errors):
    return float(np.sqrt(np.mean(errors**2)))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    keras.utils.set_random_seed(options.seed)

    values = np.linspace(0, 2, options.points)
    slopes = np.pi * np.cos(np.pi * values)
    results = {}
    print("RMS error of the gradient, exact expectations")
    for name, differentiator in EXACT.items():
        layer = Expectation(differentiator=differentiator)
        error = rms(gradient(layer, values) - slopes)
        results[f"exact/{name}"] = error
        print(f"  {name:24} {error:.1e}")
    print(f"RMS error of the gradient, {options.shots} shots")
    for name, differentiator in SAMPLED.items():
        layer = SampledExpectation(
            differentiator=differentiator, seed=options.seed
        )
        found = gradient(layer, values, repetitions=options.shots)
        results[f"sampled/{name}"] = rms(found - slopes)
        print(f"  {name:24} {results[f'sampled/{name}']:.1e}")
    curvature = -(np.pi**2) * np.sin(np.pi * values)
    results["second"] = rms(second_gradient(values) - curvature)
    print(f"RMS error of the second derivative: {results['second']:.1e}")
    return results


if __name__ == "__main__":
    main()
