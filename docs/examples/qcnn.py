"""A quantum convolutional network detects an excited cluster state.

Cong, Choi and Lukin 2019 (arXiv 1810.03787): layers of equal two-qubit blocks,
then blocks that move what matters onto half of the qubits, until one is left.
The data are cluster states of eight qubits, on one of which an RX by a small or
a large angle acts first. The hybrid network pools once and leaves the rest to
dense layers. The baseline is a logistic regression on all eight measured X.

    python docs/examples/qcnn.py --epochs 15 --seed 0
"""

import argparse
import itertools

import cirq
import keras
import numpy as np
import sympy
import tensorflow_quantum as tfq
from sklearn.linear_model import LogisticRegression

from tfq_hybrid.layers import PQC, AddCircuit, Expectation

QUBITS = cirq.GridQubit.rect(1, 8)


def excitations(count, rng):
    """Circuits of one RX, and 1 where its angle is above a quarter turn."""
    angles = rng.uniform(-np.pi, np.pi, count)
    places = rng.integers(len(QUBITS), size=count)
    circuits = [
        cirq.Circuit(cirq.rx(angle)(QUBITS[place]))
        for angle, place in zip(angles, places, strict=True)
    ]
    labels = np.where(np.abs(angles) > np.pi / 2, 1.0, -1.0)[:, None]
    return tfq.convert_to_tensor(circuits), labels


def cluster_state():
    """H on every qubit and CZ around the ring."""
    ring = zip(QUBITS, QUBITS[1:] + QUBITS[:1], strict=True)
    return cirq.Circuit(cirq.H.on_each(*QUBITS), cirq.CZ.on_each(*ring))


def turn(qubit, symbols):
    return [gate(next(symbols))(qubit) for gate in (cirq.rx, cirq.ry, cirq.rz)]


def convolution(qubits, symbols):
    """One block with 15 weights on even pairs, then on odd pairs."""
    weights = list(itertools.islice(symbols, 15))
    pairs = [*zip(qubits[::2], qubits[1::2], strict=True)]
    pairs += [*zip(qubits[1::2], qubits[2::2] + qubits[:1], strict=True)]
    for first, second in pairs if len(qubits) > 2 else pairs[:1]:
        left = iter(weights)
        yield from turn(first, left) + turn(second, left)
        for gate in (cirq.ZZ, cirq.YY, cirq.XX):
            yield gate(first, second) ** next(left)
        yield from turn(first, left) + turn(second, left)


def pooling(sources, sinks, symbols):
    """A block with 6 weights that moves each source onto its sink."""
    weights = list(itertools.islice(symbols, 6))
    for source, sink in zip(sources, sinks, strict=True):
        sink_basis = turn(sink, iter(weights[:3]))
        yield from sink_basis + turn(source, iter(weights[3:]))
        yield cirq.CNOT(source, sink)
        yield from cirq.inverse(sink_basis)


def network(stages):
    """Stages of a convolution and a pooling; returns the qubits left over."""
    symbols = (sympy.Symbol(f"w_{i:02}") for i in itertools.count())
    circuit, left = cirq.Circuit(), QUBITS
    for _ in range(stages):
        half = len(left) // 2
        circuit += convolution(left, symbols)
        circuit += pooling(left[:half], left[half:], symbols)
        left = left[half:]
    return circuit, left


def model_of(stages):
    """Circuits in, one number out; dense layers where qubits are left."""
    circuit, left = network(stages)
    inputs = keras.Input((), dtype="string")
    cluster = AddCircuit()(inputs, append=cluster_state())
    outputs = PQC(circuit, [cirq.Z(qubit) for qubit in left])(cluster)
    if len(left) > 1:
        outputs = keras.layers.Dense(8, "elu")(outputs)
        outputs = keras.layers.Dense(1, "tanh")(outputs)
    return keras.Model(inputs, outputs)


def sign_accuracy(labels, outputs):
    return keras.ops.mean((labels > 0) == (outputs > 0))


def measured(circuits):
    """<X> of each qubit of the cluster states."""
    cluster = AddCircuit()(circuits, append=cluster_state())
    operators = [cirq.X(qubit) for qubit in QUBITS]
    return Expectation()(cluster, operators=operators).numpy()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    keras.utils.set_random_seed(options.seed)

    rng = np.random.default_rng(options.seed)
    train = excitations(options.examples, rng)
    test = excitations(options.examples // 2, rng)
    share = float(np.mean(test[1] > 0))
    results = {"majority class": max(share, 1 - share)}
    print(f"majority class:      {results['majority class']:.3f}")
    for name, stages in (("QCNN", 3), ("hybrid", 1)):
        model = model_of(stages)
        rate = keras.optimizers.Adam(0.02)
        model.compile(rate, "mse", metrics=[sign_accuracy])
        model.fit(*train, batch_size=16, epochs=options.epochs, verbose=0)
        scores = model.evaluate(*test, verbose=0, return_dict=True)
        results[name] = scores["sign_accuracy"]
        count = model.count_params()
        print(f"{name + ':':7} {count:3} parameters {results[name]:.3f}")
    regression = LogisticRegression().fit(measured(train[0]), train[1][:, 0])
    results["logistic regression"] = regression.score(
        measured(test[0]), test[1][:, 0]
    )
    print(f"logistic regression: {results['logistic regression']:.3f}")
    return results


if __name__ == "__main__":
    main()
