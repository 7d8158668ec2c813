"""Gradients of random circuits vanish with the number of qubits.

McClean et al. 2018 (arXiv 1803.11173): layers of random rotations and a
ladder of CZ make a barren plateau. `tfq_hybrid.diagnostics` measures the
variance of the gradient over random angles and fits its decay. Grant et al.
2019 (arXiv 1903.05076): a circuit that starts as blocks of the identity keeps a
gradient, which `ControlledPQC` measures at that start.

    python docs/examples/barren_plateaus.py --qubits 2 4 6 8 --seed 0
"""

import argparse
import itertools

import cirq
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.diagnostics import (
    Estimate,
    RandomCircuit,
    fit_decay,
    gradient_variance,
)
from tfq_hybrid.layers import ControlledPQC


def random_layers(qubits, depth, rng):
    """Layers of a rotation about a random axis on each qubit, and CZ pairs."""
    symbols = sympy.symbols(f"w_0:{qubits * depth}")
    qids = cirq.GridQubit.rect(1, qubits)
    circuit = cirq.Circuit(cirq.ry(np.pi / 4).on_each(*qids))
    for layer in range(depth):
        for symbol, qid in zip(symbols[layer * qubits :], qids, strict=False):
            circuit += [cirq.rx, cirq.ry, cirq.rz][rng.integers(3)](symbol)(qid)
        for first, second in itertools.pairwise(qids):
            circuit += cirq.CZ(first, second)
    return circuit, symbols


def identity_start(qubits, depth, rng):
    """A circuit and its inverse with weights of their own, equal at first."""
    circuit, symbols = random_layers(qubits, depth, rng)
    layers = circuit[1:]  # without the fixed rotations
    others = sympy.symbols(f"v_0:{len(symbols)}")
    renamed = dict(zip(symbols, others, strict=True))
    mirrored = cirq.resolve_parameters(cirq.inverse(layers), renamed)
    return circuit + mirrored, symbols, others


def variance_at_identity(qubits, depth, circuits, samples, rng):
    """Var[dE/dw] over starts at the identity, mean over felt weights."""
    qids = cirq.GridQubit.rect(1, qubits)
    variances = []
    for _ in range(circuits):
        circuit, symbols, others = identity_start(qubits, depth, rng)
        layer = ControlledPQC(circuit, cirq.Z(qids[0]) * cirq.Z(qids[1]))
        angles = rng.uniform(0, 2 * np.pi, (samples, len(symbols)))
        named = dict(zip(symbols, angles.T, strict=True))
        named |= dict(zip(others, angles.T, strict=True))
        values = np.stack([named[symbol] for symbol in layer.symbols], axis=1)
        values = tf.constant(values, "float32")
        with tf.GradientTape() as tape:
            tape.watch(values)
            expectations = layer(values)
        gradients = tape.gradient(expectations, values).numpy()
        felt = np.abs(gradients).max(axis=0) > 1e-5
        variances.append(gradients[:, felt].var(axis=0, ddof=1).mean())
    return float(np.mean(variances))


def mean_of(estimates):
    """The mean over circuits, with the bootstrap that `fit_decay` needs."""
    replicates = np.mean([one.more["replicates"] for one in estimates], axis=0)
    low, high = np.quantile(replicates, [0.025, 0.975])
    value = np.mean([one.value for one in estimates])
    return Estimate(value, low, high, {"replicates": replicates.tolist()})


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qubits", type=int, nargs="+", default=[2, 4, 6, 8])
    parser.add_argument("--depth", type=int, default=40, help="layers")
    parser.add_argument("--circuits", type=int, default=3)
    parser.add_argument(
        "--samples", type=int, default=100, help="initialisations"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)

    results = {}
    found = {}
    print("qubits  Var[dE/dw] random  at identity blocks")
    for qubits in options.qubits:
        estimates = [
            gradient_variance(
                RandomCircuit(random_layers(qubits, options.depth, rng)[0]),
                "Z0*Z1",
                options.samples,
                seed=options.seed,
            )
            for _ in range(options.circuits)
        ]
        found[qubits] = mean_of(estimates)
        results[f"random/{qubits}"] = found[qubits].value
        results[f"identity/{qubits}"] = variance_at_identity(
            qubits,
            options.depth // 2,
            options.circuits,
            options.samples,
            rng,
        )
        print(
            f"{qubits:6}  {results[f'random/{qubits}']:17.2e}  "
            f"{results[f'identity/{qubits}']:.2e}"
        )
    decay = fit_decay(found)
    results["rate"] = decay["rate"]
    print(
        f"Var[dE/dw] of a random circuit decays as 2^(-{decay['rate']:.2f} n), "
        f"95 % CI [{decay['low']:.2f}, {decay['high']:.2f}]"
    )
    return results


if __name__ == "__main__":
    main()
