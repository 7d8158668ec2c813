"""A circuit and classical networks tell the digits 3 and 6 apart.

Farhi and Neven 2018 (arXiv 1802.06002): 4 x 4 black and white pixels are the
basis state of 16 qubits; XX and ZZ gates between every pixel and a readout
qubit have 32 trained angles. Beside it, on the same pixels, a dense network of
about as many parameters, and one with many more. Images that show a 3 and a 6
after thresholding are left out.

    python docs/examples/mnist.py                  # scikit-learn's digits
    python docs/examples/mnist.py --data mnist     # downloads MNIST
"""

import argparse

import cirq
import keras
import numpy as np
import sympy
import tensorflow_quantum as tfq

from tfq_hybrid.layers import PQC

PIXELS = cirq.GridQubit.rect(4, 4)
READOUT = cirq.GridQubit(-1, -1)


def images(data, limit):
    """Images of 3 and 6 with values from 0 to 1, and whether each is a 3."""
    if data == "mnist":
        import tensorflow_datasets as tfds

        try:
            found = tfds.load(
                "mnist", split="train", batch_size=-1, as_supervised=True
            )
        except Exception as error:  # of many kinds, from the network
            raise SystemExit(f"mnist cannot be loaded: {error}") from None
        pictures, labels = tfds.as_numpy(found)
        pictures = pictures[:, 2:26, 2:26, 0] / 255  # the margin is empty
    else:
        from sklearn.datasets import load_digits

        pictures, labels = load_digits(return_X_y=True)
        pictures = pictures.reshape(-1, 8, 8) / 16
    chosen = (labels == 3) | (labels == 6)
    return pictures[chosen][:limit], labels[chosen][:limit] == 3


def binary_pixels(pictures, is_three):
    """4 x 4 means above one half, without images that have both labels."""
    side = pictures.shape[1] // 4
    blocks = pictures.reshape(-1, 4, side, 4, side).mean(axis=(2, 4))
    pixels = (blocks > 0.5).reshape(-1, 16)
    labels = {}
    for row, label in zip(map(tuple, pixels), is_three, strict=True):
        labels.setdefault(row, set()).add(bool(label))
    single = [len(labels[tuple(row)]) == 1 for row in pixels]
    return pixels[single], is_three[single]


def encode(pixels):
    """X on the qubit of every white pixel."""
    return tfq.convert_to_tensor(
        [
            cirq.Circuit(cirq.X(PIXELS[i]) for i in np.flatnonzero(row))
            for row in pixels
        ]
    )


def model_circuit():
    """|-> on the readout; XX and ZZ of every pixel with it; its X basis."""
    circuit = cirq.Circuit(cirq.X(READOUT), cirq.H(READOUT))
    for name, gate in (("xx", cirq.XX), ("zz", cirq.ZZ)):
        for i, pixel in enumerate(PIXELS):
            circuit += gate(pixel, READOUT) ** sympy.Symbol(f"{name}_{i}")
    return circuit + cirq.Circuit(cirq.H(READOUT))


def hinge_accuracy(labels, outputs):
    return keras.ops.mean((labels > 0) == (outputs > 0))


def train(model, train_set, test_set, epochs, rate):
    model.compile(
        keras.optimizers.Adam(rate), "hinge", metrics=[hinge_accuracy]
    )
    model.fit(*train_set, batch_size=32, epochs=epochs, verbose=0)
    return model.evaluate(*test_set, verbose=0, return_dict=True)[
        "hinge_accuracy"
    ]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=["digits", "mnist"], default="digits")
    parser.add_argument("--limit", type=int, default=1000, help="images")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    keras.utils.set_random_seed(options.seed)

    pixels, is_three = binary_pixels(*images(options.data, options.limit))
    order = np.random.default_rng(options.seed).permutation(len(pixels))
    pixels, labels = (
        pixels[order],
        np.where(is_three[order], 1.0, -1.0)[:, None],
    )
    split = len(pixels) * 3 // 4
    share = np.mean(labels[split:] > 0)

    circuits = encode(pixels)
    quantum = keras.Sequential(
        [
            keras.Input((), dtype="string"),
            PQC(model_circuit(), cirq.Z(READOUT)),
        ]
    )
    floats = np.where(pixels, 1.0, -1.0).astype("float32")
    matched = keras.Sequential(
        [
            keras.Input((16,)),
            keras.layers.Dense(2, "relu"),
            keras.layers.Dense(1),
        ]
    )
    large = keras.Sequential(
        [
            keras.Input((16,)),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(1),
        ]
    )
    results = {"majority class": float(max(share, 1 - share))}
    print(f"{split} images to train on, {len(pixels) - split} to test")
    print(f"majority class:            {results['majority class']:.3f}")
    for name, model, inputs, rate in (
        ("circuit", quantum, circuits, 0.02),
        ("matched network", matched, floats, 0.02),
        ("large network", large, floats, 0.02),
    ):
        parts = [
            (inputs[s], labels[s]) for s in (slice(split), slice(split, None))
        ]
        results[name] = train(model, *parts, options.epochs, rate)
        print(
            f"{name + ':':16} {model.count_params():5} "
            f"parameters {results[name]:.3f}"
        )
    return results


if __name__ == "__main__":
    main()
