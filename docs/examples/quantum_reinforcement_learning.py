"""A re-uploading circuit learns to balance a pole, by policy gradients.

REINFORCE (Williams 1992) on the cart-pole of Barto, Sutton and Anderson 1983,
whose equations are below. As in Jerbi et al. 2021 (arXiv 2103.05577), the four
observations enter every layer of the circuit again, times trained scales;
two expectations, times a trained factor, are the logits of the actions. Beside
it stands a dense network of about as many parameters, and a random policy.

    python docs/examples/quantum_reinforcement_learning.py --seed 0
"""

import argparse

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.layers import ControlledPQC

QUBITS = cirq.GridQubit.rect(1, 4)
RANGES = np.array([2.4, 2.5, 0.21, 2.5])  # of the observations, roughly


class CartPoles:
    """A batch of cart-poles; each step pushes left, 0, or right, 1."""

    def __init__(self, count, rng):
        self.state = rng.uniform(-0.05, 0.05, (count, 4))

    def step(self, actions):
        """Moves on 0.02 s; returns which poles still stand."""
        position, speed, angle, turn = self.state.T
        force = np.where(actions == 1, 10.0, -10.0)
        mass, pole, length = 1.1, 0.1, 0.5  # kg of all, kg, half of it in m
        sine, cosine = np.sin(angle), np.cos(angle)
        push = (force + pole * length * turn**2 * sine) / mass
        twist = (9.8 * sine - cosine * push) / (
            length * (4 / 3 - pole * cosine**2 / mass)
        )
        pull = push - pole * length * twist * cosine / mass
        change = np.stack([speed, pull, turn, twist], axis=1)
        self.state = self.state + 0.02 * change
        position, _, angle, _ = self.state.T
        return (np.abs(position) < 2.4) & (np.abs(angle) < np.deg2rad(12))


def policy_circuit(depth):
    """Layers of trained rotations and CZ, then the observations; at the end
    trained rotations. Returns the circuit and the trained symbols."""
    trained = []
    circuit = cirq.Circuit()

    def rotations(layer):
        for gate, axis in ((cirq.ry, "y"), (cirq.rz, "z")):
            for i, qubit in enumerate(QUBITS):
                trained.append(f"w_{layer}_{axis}_{i}")
                yield gate(sympy.Symbol(trained[-1]))(qubit)

    for layer in range(depth):
        circuit += rotations(layer)
        ring = zip(QUBITS, QUBITS[1:] + QUBITS[:1], strict=True)
        circuit += [cirq.CZ(*pair) for pair in ring]
        for i, qubit in enumerate(QUBITS):
            circuit += cirq.rx(sympy.Symbol(f"x_{layer}_{i}"))(qubit)
    return circuit + cirq.Circuit(rotations(depth)), trained


@keras.saving.register_keras_serializable("examples")
class Scale(keras.layers.Layer):
    """Every input, repeated, times a trained factor."""

    def __init__(self, repeats, start, **kwargs):
        super().__init__(**kwargs)
        self.repeats, self.start = repeats, start

    def build(self, shape):
        self.factors = self.add_weight(
            shape=(self.repeats * shape[-1],),
            initializer=keras.initializers.Constant(self.start),
            name="factors",
        )

    def call(self, inputs):
        return keras.ops.tile(inputs, (1, self.repeats)) * self.factors


def circuit_policy(depth):
    circuit, trained = policy_circuit(depth)
    z = [cirq.Z(qubit) for qubit in QUBITS]
    operators = [z[0] * z[1] * z[2] * z[3]]
    layer = ControlledPQC(circuit, operators, trained_symbols=trained)
    return keras.Sequential(
        [keras.Input((4,)), Scale(depth, 1.0), layer, Scale(1, 1.0)]
    )


def dense_policy(depth):
    """About as many parameters as the circuit."""
    width = round((12 * depth + 8) / 6)
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(width, "tanh"),
            keras.layers.Dense(1),
        ]
    )


def play(logit, count, cap, rng):
    """Observations, actions and returns to go of episodes, and their sums."""
    poles, alive = CartPoles(count, rng), np.ones(count, bool)
    seen, done, stood = [], [], []
    for _ in range(cap):
        seen.append((poles.state / RANGES).astype("float32"))
        right = 1 / (1 + np.exp(-logit(seen[-1])))
        done.append((rng.random(count) < right).astype("float32"))
        stood.append(alive)
        alive = alive & poles.step(done[-1])
        if not alive.any():
            break
    stood = np.array(stood)
    rewards = stood.astype("float32")
    to_go = np.zeros_like(rewards)
    total = np.zeros(count, "float32")
    for i in reversed(range(len(rewards))):
        total = to_go[i] = rewards[i] + 0.99 * total
    returns = rewards.sum(axis=0)
    return np.array(seen)[stood], np.array(done)[stood], to_go[stood], returns


def train(model, options, rates):
    """The mean return of every batch of episodes, by REINFORCE."""
    rng = np.random.default_rng(options.seed)
    optimizers = [keras.optimizers.Adam(rate) for rate in rates]
    groups = [layer.trainable_variables for layer in model.layers]
    for optimizer, group in zip(optimizers, groups, strict=True):
        optimizer.build(group)

    @tf.function(input_signature=[tf.TensorSpec([None, 4])])
    def logits(observations):
        return model(observations)[:, 0]

    @tf.function(
        input_signature=[tf.TensorSpec([None, 4])] + [tf.TensorSpec([None])] * 2
    )
    def learn(observations, actions, advantages):
        with tf.GradientTape() as tape:
            surprise = tf.nn.sigmoid_cross_entropy_with_logits(
                actions, model(observations)[:, 0]
            )
            loss = tf.reduce_sum(surprise * advantages) / options.episodes
        found = tape.gradient(loss, groups)
        for optimizer, group, slopes in zip(
            optimizers, groups, found, strict=True
        ):
            optimizer.apply(slopes, group)

    means = []
    for _ in range(options.batches):
        *steps, to_go, returns = play(
            lambda seen: logits(seen).numpy(),
            options.episodes,
            options.cap,
            rng,
        )
        learn(*steps, (to_go - to_go.mean()) / (to_go.std() + 1e-6))
        means.append(float(returns.mean()))
    return means


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--episodes", type=int, default=10, help="of a batch")
    parser.add_argument("--cap", type=int, default=200, help="steps")
    parser.add_argument("--depth", type=int, default=3, help="layers")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    keras.utils.set_random_seed(options.seed)

    rng = np.random.default_rng(options.seed)
    chance = play(lambda seen: np.zeros(len(seen)), 500, options.cap, rng)
    results = {"random": float(chance[-1].mean())}
    print(f"random policy: mean return {results['random']:.1f}")
    for name, model, rates in (
        ("circuit", circuit_policy(options.depth), (0.05, 0.02, 0.1)),
        ("network", dense_policy(options.depth), (0.02, 0.02)),
    ):
        means = train(model, options, rates)
        results[name] = float(np.mean(means[-5:]))
        print(
            f"{name}, {model.count_params()} parameters: mean return "
            f"{means[0]:.1f} at first, {results[name]:.1f} in the last five "
            "batches"
        )
        print(
            "  every tenth batch: " + " ".join(f"{m:.0f}" for m in means[9::10])
        )
    return results


if __name__ == "__main__":
    main()
