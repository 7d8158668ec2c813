"""A circuit learns the output distribution of a random one, under TensorBoard.

The shots of a random circuit are the data. A circuit of layers is trained on
the KL divergence from the frequencies of the outcomes to its probabilities,
after a search over its depth with keras-tuner. Keras' callback writes losses to
TensorBoard, the library's `Telemetry` gradients and histograms of the angles.

    python docs/examples/research_tools.py --trials 4 --log_dir runs/tools
    tensorboard --logdir runs/tools
"""

import argparse
import itertools
import pathlib
import tempfile

import cirq
import keras
import keras_tuner
import numpy as np
import sympy
import tensorflow_quantum as tfq

from tfq_hybrid.circuits.outputs import Probabilities
from tfq_hybrid.layers import PQC, Sample
from tfq_hybrid.training import Telemetry

STEPS = 10  # in an epoch


def random_circuit(qubits, depth, rng):
    """Random rotations on every qubit and CZ on neighbours, `depth` times."""
    circuit = cirq.Circuit()
    for _ in range(depth):
        for qubit in qubits:
            for gate, turn in zip(
                (cirq.ry, cirq.rz), rng.uniform(0, np.pi, 2), strict=True
            ):
                circuit += gate(turn)(qubit)
        circuit += [cirq.CZ(*pair) for pair in itertools.pairwise(qubits)]
    # Without these the last CZ, diagonal, would not change the outcomes.
    turns = rng.uniform(0, np.pi, len(qubits))
    return circuit + [cirq.ry(t)(q) for t, q in zip(turns, qubits, strict=True)]


def frequencies(circuit, shots, seed):
    """The share of each outcome in the shots of a circuit."""
    bits = Sample(seed=seed)(circuit, repetitions=shots).to_tensor()[0].numpy()
    outcomes = bits @ (2 ** np.arange(bits.shape[1])[::-1])
    return np.bincount(outcomes, minlength=2 ** bits.shape[1]) / shots


def exact_probabilities(circuit):
    return np.abs(cirq.Simulator().simulate(circuit).final_state_vector) ** 2


def divergence(p, q):
    """KL(p || q), in nats."""
    p, q = np.asarray(p, "float64"), np.maximum(q, 1e-9)
    return float(
        np.sum(np.where(p > 0, p * np.log(np.maximum(p, 1e-9) / q), 0))
    )


def model_of(qubits, depth, rate, seed):
    """Trained rotations and CZ, `depth` times, and the outcomes' chances."""
    names = (sympy.Symbol(f"w_{i:03}") for i in itertools.count())
    circuit = cirq.Circuit()
    for layer in range(depth + 1):
        for qubit in qubits:
            circuit += [
                cirq.rz(next(names))(qubit),
                cirq.ry(next(names))(qubit),
            ]
        if layer < depth:
            circuit += [cirq.CZ(*pair) for pair in itertools.pairwise(qubits)]
    start = keras.initializers.RandomNormal(np.pi / 2, 0.3, seed=seed)
    layer = PQC(circuit, Probabilities(qubits), initializer=start)
    model = keras.Sequential([keras.Input((), dtype="string"), layer])
    model.compile(keras.optimizers.Adam(rate), "kl_divergence")
    return model


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--log_dir", help="Defaults to a temporary folder.")
    parser.add_argument("--qubits", type=int, default=4)
    parser.add_argument("--shots", type=int, default=10000)
    parser.add_argument("--trials", type=int, default=4, help="depths to try")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    keras.utils.set_random_seed(options.seed)
    folder = pathlib.Path(options.log_dir or tempfile.mkdtemp())

    qubits = cirq.GridQubit.rect(1, options.qubits)
    rng = np.random.default_rng(options.seed)
    target = random_circuit(qubits, 3, rng)
    data, held_out = (
        frequencies(target, options.shots, options.seed + i) for i in (0, 1)
    )
    # Every row is the empty data circuit with all shots: a row, a step.
    circuits = tfq.convert_to_tensor([cirq.Circuit()] * STEPS)
    train = (circuits, np.tile(data, (STEPS, 1)))
    valid = (circuits[:1], held_out[None])

    def build(choices):
        depth = choices.Choice("depth", [*range(options.trials)])
        return model_of(qubits, depth, 0.05, options.seed)

    tuner = keras_tuner.GridSearch(
        build,
        objective="val_loss",
        directory=folder,
        project_name="search",
        overwrite=True,
        seed=options.seed,
    )
    tuner.search(
        *train,
        epochs=options.epochs // 2,
        batch_size=1,
        validation_data=valid,
        verbose=0,
    )
    best = tuner.get_best_hyperparameters()[0].get("depth")

    model = model_of(qubits, best, 0.05, options.seed)
    truth = exact_probabilities(target)
    before = divergence(truth, model.predict(circuits[:1], verbose=0)[0])
    logs = folder / "best"
    model.fit(
        *train,
        epochs=options.epochs,
        batch_size=1,
        validation_data=valid,
        verbose=0,
        callbacks=[
            Telemetry(logs, detail_every=50),
            keras.callbacks.TensorBoard(logs, write_graph=False),
        ],
    )
    after = divergence(truth, model.predict(circuits[:1], verbose=0)[0])
    results = {
        "best depth": best,
        "KL of the uniform distribution": divergence(
            truth, np.full(len(truth), 1 / len(truth))
        ),
        "KL before": before,
        "KL after": after,
        "KL of the shots": divergence(truth, data),
        "log files": len([*logs.rglob("events*")]),
    }
    for name, value in results.items():
        print(f"{name + ':':32} {value:.4g}")
    print(f"tensorboard --logdir {folder}")
    return results


if __name__ == "__main__":
    main()
