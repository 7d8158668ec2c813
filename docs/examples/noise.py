"""Noise shrinks expectations; shots and noise cost a classifier its accuracy.

First the depolarising channel: with probability p a qubit suffers X, Y or Z,
so <Z> becomes (1 - 4 p / 3) <Z>. Then the chain sum X X + Y Y + delta Z Z on
neighbours. `ControlledPQC` finds circuits for its ground states at many delta,
which exact diagonalisation checks. A trained circuit learns from correlations
whether delta is below 1 (gapless) or above (antiferromagnetic): from exact
expectations, from shots, and from shots under depolarising errors. The baseline
is its head alone, on correlations of the chain as they are.

    python docs/examples/noise.py --error 0.02 --shots 100 --seed 0
"""

import argparse
import itertools

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tfq_hybrid.layers import (
    PQC,
    ControlledPQC,
    NoisyControlledPQC,
    NoisyPQC,
)

QUBITS = cirq.GridQubit.rect(1, 4)
BONDS = [*itertools.pairwise(QUBITS)]
HOPPING = sum(cirq.X(a) * cirq.X(b) + cirq.Y(a) * cirq.Y(b) for a, b in BONDS)
ISING = sum(cirq.Z(a) * cirq.Z(b) for a, b in BONDS)


def ground_state_circuit(layers=3):
    """Singlets on even bonds, then XX + YY and ZZ on odd and even bonds."""
    symbols = sympy.symbols(f"g_0:{4 * layers}")
    circuit = cirq.Circuit(cirq.X.on_each(*QUBITS))
    for a, b in BONDS[::2]:
        circuit += [cirq.H(a), cirq.CNOT(a, b)]
    for layer in range(layers):
        for half, bonds in enumerate((BONDS[1::2], BONDS[::2])):
            hop, ising = symbols[4 * layer + 2 * half :][:2]
            for pair in bonds:
                circuit += [cirq.XX(*pair) ** hop, cirq.YY(*pair) ** hop]
                circuit += cirq.ZZ(*pair) ** ising
    return circuit


def ground_states(deltas, steps):
    """Circuits of low energy, one for each delta, and the energies."""
    circuit = ground_state_circuit()
    layer = ControlledPQC(circuit, [HOPPING, ISING])
    start = np.full((len(deltas), len(layer.symbols)), 0.05, "float32")
    angles = tf.Variable(start)
    optimizer = keras.optimizers.Adam(0.02)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            hopping, ising = tf.unstack(layer(angles), axis=1)
            energies = hopping + tf.constant(deltas, "float32") * ising
        gradient = tape.gradient(energies, angles)
        optimizer.apply([gradient], [angles])
        return energies

    optimizer.build([angles])
    for _ in range(steps):
        energies = step()
    return layer.resolved_circuit(angles.numpy()), energies.numpy()


def exact_energies(deltas):
    hopping, ising = (h.matrix(QUBITS) for h in (HOPPING, ISING))
    return np.array(
        [np.linalg.eigvalsh(hopping + delta * ising)[0] for delta in deltas]
    )


def channel_error():
    """The largest difference of <Z> after the channel to 1 - 4 p / 3."""
    errors = np.linspace(0, 0.75, 6)
    differences = []
    for error in errors:
        layer = NoisyControlledPQC(
            cirq.Circuit(cirq.X(QUBITS[0]) ** sympy.Symbol("a")),
            cirq.Z(QUBITS[0]),
            repetitions=1,  # exact density matrices make no trajectories
            sample_based=False,
            noise_model=cirq.depolarize(error),
        )
        found = float(layer(np.array([[0.0]]))[0, 0])
        differences.append(abs(found - (1 - 4 * error / 3)))
    return max(differences)


def classifier(error, shots, trained=True):
    """Rotations of bonds and qubits; <X X> and <Z Z> of bonds; one number."""
    circuit = cirq.Circuit()
    for i, pair in enumerate(BONDS):
        circuit += cirq.XX(*pair) ** sympy.Symbol(f"x_{i}")
        circuit += cirq.ZZ(*pair) ** sympy.Symbol(f"z_{i}")
    for i, qubit in enumerate(QUBITS):
        circuit += cirq.ry(sympy.Symbol(f"y_{i}"))(qubit)
    operators = [p(a) * p(b) for a, b in BONDS for p in (cirq.X, cirq.Z)]
    # Near the identity: the correlations of the chain are what is read.
    start = keras.initializers.RandomNormal(0, 0.1)
    if shots is None:
        layer = PQC(circuit, operators, initializer=start)
    else:
        layer = NoisyPQC(
            circuit,
            operators,
            initializer=start,
            repetitions=shots,
            sample_based=True,
            noise_model=cirq.depolarize(error),
            seed=0,
        )
    layer.trainable = trained
    # Correlations vary little over delta, which the normalisation spreads.
    normalise = keras.layers.BatchNormalization(momentum=0.9)
    head = keras.layers.Dense(1)
    inputs = keras.Input((), dtype="string")
    return keras.Sequential([inputs, layer, normalise, head])


def accuracy(labels, outputs):
    return keras.ops.mean((labels > 0) == (outputs > 0))


def train(model, circuits, labels, epochs):
    """The accuracy on every other chain, after training on the rest."""
    model.compile(keras.optimizers.Adam(0.03), "hinge", metrics=[accuracy])
    batch = tfq.convert_to_tensor(circuits)
    model.fit(batch[::2], labels[::2], batch_size=20, epochs=epochs, verbose=0)
    return model.evaluate(batch[1::2], labels[1::2], verbose=0)[1]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200, help="of the energy")
    parser.add_argument("--chains", type=int, default=400)
    parser.add_argument("--error", type=float, default=0.02)
    parser.add_argument("--shots", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    keras.utils.set_random_seed(options.seed)

    results = {"channel error": channel_error()}
    print(f"difference to 1 - 4 p / 3:  {results['channel error']:.1e}")
    deltas = np.random.default_rng(options.seed).uniform(0, 2, options.chains)
    labels = np.where(deltas > 1, 1.0, -1.0)[:, None]
    circuits, energies = ground_states(deltas, options.steps)
    results["energy error"] = float(np.max(energies - exact_energies(deltas)))
    share = float(np.mean(labels[1::2] > 0))
    results["majority class"] = max(share, 1 - share)
    print(f"largest error of an energy: {results['energy error']:.1e}")
    print(f"majority class:             {results['majority class']:.3f}")
    for name, error, shots, trained in (
        ("head alone", 0.0, None, False),
        ("exact", 0.0, None, True),
        ("shots", 0.0, options.shots, True),
        ("noisy", options.error, options.shots, True),
    ):
        keras.utils.set_random_seed(options.seed)  # one start for all
        model = classifier(error, shots, trained)
        results[name] = train(model, circuits, labels, options.epochs)
        print(f"{name + ':':27} {results[name]:.3f}")
    return results


if __name__ == "__main__":
    main()
