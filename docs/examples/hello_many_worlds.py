"""A network learns the pulses that correct a miscalibrated qubit.

The qubit starts with an unknown rotation. A small network receives a command,
0 or 1, and answers with three angles of a control circuit, so that the
measured Z is 1 or -1. Then the operator is an input as well: command 0 is a
state of X, command 1 a state of Z. Cirq checks what was learned.

    python docs/examples/hello_many_worlds.py --epochs 60 --seed 0
"""

import argparse

import cirq
import keras
import numpy as np
import sympy
import tensorflow_quantum as tfq

from tfq_hybrid.layers import AddCircuit, ControlledPQC, Expectation

QUBIT = cirq.GridQubit(0, 0)
ANGLES = sympy.symbols("theta_0:3")
CONTROL = cirq.Circuit(
    cirq.rz(ANGLES[0])(QUBIT),
    cirq.ry(ANGLES[1])(QUBIT),
    cirq.rx(ANGLES[2])(QUBIT),
)
COMMANDS = np.array([[0.0], [1.0]], "float32")


def controller():
    return keras.Sequential(
        [keras.layers.Dense(10, "elu"), keras.layers.Dense(3)],
        name="controller",
    )


def commanded_outputs(start, targets, epochs):
    """Trains angles for one operator; returns the controller and the model."""
    circuits = keras.Input((), dtype="string", name="circuits")
    commands = keras.Input((1,), name="commands")
    network = controller()
    layer = ControlledPQC(CONTROL, cirq.Z(QUBIT))
    outputs = layer([circuits, network(commands)])
    model = keras.Model([circuits, commands], outputs)
    model.compile(keras.optimizers.Adam(0.05), "mse")
    inputs = [tfq.convert_to_tensor([start] * 2), COMMANDS]
    model.fit(inputs, targets, epochs=epochs, verbose=0)
    return network, model.predict(inputs, verbose=0)


def commanded_operators(start, targets, epochs):
    """Trains angles where each command comes with an operator of its own."""
    circuits = keras.Input((), dtype="string", name="circuits")
    commands = keras.Input((1,), name="commands")
    operators = keras.Input((1,), dtype="string", name="operators")
    outputs = Expectation()(
        AddCircuit()(circuits, append=CONTROL),
        symbol_names=ANGLES,
        symbol_values=controller()(commands),
        operators=operators,
    )
    model = keras.Model([circuits, commands, operators], outputs)
    model.compile(keras.optimizers.Adam(0.05), "mse")
    inputs = [
        tfq.convert_to_tensor([start] * 2),
        COMMANDS,
        tfq.convert_to_tensor([[cirq.X(QUBIT)], [cirq.Z(QUBIT)]]),
    ]
    model.fit(inputs, targets, epochs=epochs, verbose=0)
    return model.predict(inputs, verbose=0)


def check_with_cirq(start, network):
    """<Z> of the whole circuit with the network's angles, from Cirq."""
    simulator = cirq.Simulator()
    angles = keras.ops.convert_to_numpy(network(COMMANDS))
    return np.array(
        [
            simulator.simulate_expectation_values(
                start + CONTROL,
                cirq.Z(QUBIT),
                dict(zip(ANGLES, row.tolist(), strict=True)),
            )
            for row in angles
        ]
    ).real


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    keras.utils.set_random_seed(options.seed)

    turns = np.random.default_rng(options.seed).uniform(0, 2 * np.pi, 3)
    start = cirq.Circuit(
        gate(turn)(QUBIT)
        for gate, turn in zip((cirq.rx, cirq.ry, cirq.rz), turns, strict=True)
    )
    targets = np.array([[1.0], [-1.0]], "float32")
    [untouched] = cirq.Simulator().simulate_expectation_values(
        start, cirq.Z(QUBIT)
    )
    network, found = commanded_outputs(start, targets, options.epochs)
    by_cirq = check_with_cirq(start, network)
    chosen = commanded_operators(start, targets, options.epochs)
    results = {
        "uncorrected_error": float(np.abs(targets - untouched.real).mean()),
        "output_error": float(np.abs(targets - found).mean()),
        "operator_error": float(np.abs(targets - chosen).mean()),
        "difference_to_cirq": float(np.abs(by_cirq - found).max()),
    }
    for name, value in results.items():
        print(f"{name.replace('_', ' '):20} {value:.1e}")
    return results


if __name__ == "__main__":
    main()
