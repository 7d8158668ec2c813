"""Whether `engine="auto"` takes the faster engine.

    python -m benchmarks.choice [--batch 32] [--circuits mnist,qcnn]

A step of values and gradients, compiled where the engine allows it, by both
engines in turn: layered circuits, and others that are not (the readout ansatz
of TensorFlow Quantum's MNIST tutorial, a QCNN, random ones, one that feeds
every layer, one of fed gates on pairs far apart). Prints the time that `auto`
takes over the faster one's, and the seconds of each first call.
"""

import itertools
import time

import cirq
import numpy as np
import sympy
import tensorflow as tf

from benchmarks.common import alternate, make_parser, summary, write
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.layers import ControlledPQC

SIZES = (12, 14, 16)


class Symbols:
    """Fresh symbols; those that train begin with w."""

    def __init__(self):
        self.names = []

    def __call__(self, role="w"):
        self.names.append(f"{role}{len(self.names):04d}")
        return sympy.Symbol(self.names[-1])


def layered(qubits, **options):
    """A circuit by its spec."""
    spec = CircuitSpec(qubits=qubits, **options)
    return spec.circuit, spec.operators


def mnist(qubits):
    """XX and ZZ of each data qubit with one that is read out."""
    symbol = Symbols()
    readout, *data = cirq.LineQubit.range(qubits)
    circuit = cirq.Circuit(cirq.X(q) ** symbol("x") for q in data)
    circuit += [cirq.X(readout), cirq.H(readout)]
    for gate in (cirq.XX, cirq.ZZ):
        circuit += [gate(q, readout) ** symbol() for q in data]
    return circuit + cirq.Circuit(cirq.H(readout)), [cirq.Z(readout)]


def qcnn(qubits):
    """Convolutions on neighbours, then pooling onto half of the qubits."""
    symbol = Symbols()
    active = cirq.LineQubit.range(qubits)
    circuit = cirq.Circuit(cirq.rx(symbol("x"))(q) for q in active)
    while len(active) > 1:
        pairs = [*itertools.pairwise(active)]
        for a, b in pairs[::2] + pairs[1::2]:
            circuit += [
                g(q) ** symbol() for q in (a, b) for g in (cirq.X, cirq.Z)
            ]
            circuit += [
                g(a, b) ** symbol() for g in (cirq.ZZ, cirq.YY, cirq.XX)
            ]
        half = len(active) // 2
        for a, b in zip(active[:half], active[-half:], strict=True):
            circuit += [cirq.CNOT(a, b), cirq.Y(b) ** symbol()]
        active = active[-half:]
    return circuit, [cirq.Z(active[0])]


def random(qubits, gates=100):
    """Gates and places drawn at random, after an encoding."""
    symbol, rng = Symbols(), np.random.default_rng(0)
    qids = cirq.LineQubit.range(qubits)
    circuit = cirq.Circuit(cirq.ry(symbol("x"))(q) for q in qids)
    for kind in rng.integers(4, size=gates).tolist():
        a, b = (qids[q] for q in rng.choice(qubits, 2, replace=False))
        which = rng.integers(3)
        if kind == 0:
            circuit += (cirq.rx, cirq.ry, cirq.rz)[which](symbol())(a)
        elif kind == 1:
            circuit += (cirq.H, cirq.T, cirq.S)[which](a)
        elif kind == 2:
            circuit += (cirq.CNOT, cirq.CZ, cirq.ISWAP)[which](a, b)
        else:
            circuit += (cirq.XX, cirq.YY, cirq.ZZ)[which](a, b) ** symbol()
    return circuit, [cirq.Z(q) for q in qids]


def fed(qubits, layers=4):
    """A feature and a weight on every qubit of every layer."""
    symbol = Symbols()
    qids = cirq.LineQubit.range(qubits)
    circuit = cirq.Circuit()
    for _ in range(layers):
        circuit += [
            [cirq.rx(symbol("x"))(q), cirq.rz(symbol())(q)] for q in qids
        ]
        circuit += [cirq.CZ(*pair) for pair in itertools.pairwise(qids)]
    return circuit, [cirq.Z(q) for q in qids]


def tangled(qubits):
    """Two-qubit gates at random places, most of them fed."""
    symbol, rng = Symbols(), np.random.default_rng(0)
    qids = cirq.LineQubit.range(qubits)
    circuit = cirq.Circuit(cirq.H.on_each(*qids))
    for kind in rng.integers(3, size=6 * qubits).tolist():
        pair = (qids[q] for q in rng.choice(qubits, 2, replace=False))
        gate, role = ((cirq.XX, "x"), (cirq.ISWAP, "x"), (cirq.ZZ, "w"))[kind]
        circuit += (gate ** symbol(role))(*pair)
    return circuit, [cirq.Z(q) for q in qids]


CIRCUITS = {
    "layered": lambda n: layered(n, depth=2, entanglement="ring"),
    "deep": lambda n: layered(n, depth=8, ansatz=("ry", "cz")),
    "re-uploading": lambda n: layered(n, depth=2, reuploads=3),
    "mnist": mnist,
    "qcnn": qcnn,
    "random": random,
    "fed": fed,
    "tangled": tangled,
}


def layer_of(make, qubits, engine="auto"):
    """The layer of a circuit, on an engine; what begins with x is fed."""
    circuit, operators = make(qubits)
    names = sorted(cirq.parameter_names(circuit))
    trained = [name for name in names if not name.startswith("x")]
    return ControlledPQC(
        circuit, list(operators), trained_symbols=trained, engine=engine
    )


def step_of(make, qubits, batch, engine):
    """A step as a function of nothing, and the seconds of its first call."""
    layer = layer_of(make, qubits, engine)
    width = len(layer.symbols)
    layer.build((None, width))
    inputs = np.random.default_rng(0).normal(size=(batch, width))
    inputs = tf.constant(inputs, tf.float32)

    @tf.function(jit_compile=layer.supports_jit)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(inputs)))
        return tape.gradient(loss, layer.trainable_weights)

    def run():
        return [gradient.numpy() for gradient in step()]

    began = time.perf_counter()
    run()
    return run, time.perf_counter() - began


def main(argv=None):
    parser = make_parser(__doc__, rounds=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--circuits", default=",".join(CIRCUITS))
    parser.add_argument("--qubits", default=",".join(map(str, SIZES)))
    arguments = parser.parse_args(argv)
    rows = []
    for name in arguments.circuits.split(","):
        for qubits in map(int, arguments.qubits.split(",")):
            make, batch = CIRCUITS[name], arguments.batch
            steps, firsts = {}, {}
            for engine in ("batched", "tfq"):
                steps[engine], firsts[engine] = step_of(
                    make, qubits, batch, engine
                )
            taken = layer_of(make, qubits).engine_choice
            seconds = alternate(steps, arguments.rounds)
            best = {engine: min(x) for engine, x in seconds.items()}
            rows.append(
                {
                    "circuit": name,
                    "qubits": qubits,
                    "batch": batch,
                    "auto": taken.name,
                    "auto_over_faster": round(
                        best[taken.name] / min(best.values()), 3
                    ),
                    "times": {e: summary(x) for e, x in seconds.items()},
                    "first_call_seconds": {
                        e: round(x, 2) for e, x in firsts.items()
                    },
                }
            )
            print(
                f"{name:<13}{qubits:>3} x {batch:<4} auto takes {taken.name:<8}"
                f"{rows[-1]['auto_over_faster']:>6.2f} of the faster; "
                f"batched over tfq {best['batched'] / best['tfq']:6.2f}; first "
                f"{firsts['batched']:5.1f} and {firsts['tfq']:4.1f} s",
                flush=True,
            )
    write(
        arguments.output or "choice",
        about="Both engines beside what engine='auto' takes, in one process.",
        rounds=arguments.rounds,
        rows=rows,
    )


if __name__ == "__main__":
    main()
