"""This project's engines, and TensorFlow Quantum's own layers."""

import numpy as np

_TFQ = ("tensorflow", "tensorflow-quantum")
PACKAGES = {"batched": ("tensorflow",), "tfq": _TFQ, "stock_tfq": _TFQ}
REPETITIONS = 1024  # shots, or trajectories of TensorFlow Quantum
DEPOLARIZING = 0.01


def make_spec(problem):
    """The benchmark's circuit as a `CircuitSpec`."""
    from tfq_hybrid.circuits import CircuitSpec

    return CircuitSpec(
        qubits=problem["qubits"], depth=problem["depth"], entanglement="ring"
    )


def make_circuit(problem):
    """The circuit, with its noise where it has some."""
    import cirq

    circuit = make_spec(problem).circuit
    if problem["execution"] == "noise":
        return circuit.with_noise(cirq.depolarize(DEPOLARIZING))
    return circuit


def batched(problem, fed, trained):
    """The batched engine, plain or compiled by XLA."""
    from tfq_hybrid.engines.batched.engine import BatchedEngine

    options = problem["options"]
    if "engine" in options:
        return _functions(
            lambda program: BatchedEngine(program, **options["engine"]),
            problem,
            fed,
            trained,
        )
    make = _made_by_name("batched", problem)
    return _functions(
        make, problem, fed, trained, options.get("jit_compile", False)
    )


def tfq(problem, fed, trained):
    """The `tfq` engine: TensorFlow Quantum's operations."""
    return _functions(_made_by_name("tfq", problem), problem, fed, trained)


def _made_by_name(name, problem):
    from tfq_hybrid.engines import Execution, make_engine

    execution = Execution()
    if problem["execution"] != "exact":
        noisy = problem["execution"] == "noise"
        execution = Execution(REPETITIONS, noisy=noisy)
    return lambda program: make_engine(program, name, execution)


def _functions(make_engine, problem, fed, trained, jit_compile=False):
    """The two functions of an engine of this project."""
    import tensorflow as tf

    from tfq_hybrid.engines import Program

    spec = make_spec(problem)
    circuit, operators = make_circuit(problem), spec.operators
    if problem["shared"]:
        engine = make_engine(
            Program(circuit, operators, spec.features, spec.weights)
        )

        def seeded(fed, trained):
            return engine(fed, trained, seed=tf.constant([1, 2]))

        return _compiled(seeded, fed, trained, jit_compile)
    symbols = (*spec.features, *spec.weights)
    engine = make_engine(Program(circuit, operators, symbols, ()))

    def every_value_fed(fed, trained):
        return engine(tf.concat([fed, trained], axis=1), tf.zeros([0]))

    return _compiled(every_value_fed, fed, trained, jit_compile)


def stock_tfq(problem, fed, trained):
    """TensorFlow Quantum's `ControlledPQC` and `NoisyControlledPQC`."""
    import cirq
    import tensorflow as tf
    import tensorflow_quantum as tfq

    spec = make_spec(problem)
    kind, options = tfq.layers.ControlledPQC, {}
    if problem["execution"] != "exact":
        options = {"repetitions": REPETITIONS}
    if problem["execution"] == "noise":
        kind = tfq.layers.NoisyControlledPQC
        options["sample_based"] = False
    layer = kind(make_circuit(problem), list(spec.operators), **options)
    # The layer sorts its symbols; the spec's names are padded to sort alike.
    names = [str(symbol) for symbol in layer.symbols]
    columns = [[*spec.features, *spec.weights].index(name) for name in names]
    empty = tf.repeat(tfq.convert_to_tensor([cirq.Circuit()]), len(fed))

    def expectations(fed, trained):
        if problem["shared"]:
            trained = tf.repeat(trained[tf.newaxis], tf.shape(fed)[0], axis=0)
        values = tf.concat([fed, trained], axis=1)
        return layer([empty, tf.gather(values, columns, axis=1)])

    return _compiled(expectations, fed, trained)


def _compiled(expectations, fed, trained, jit_compile=False):
    """Both functions of a callable `expectations(fed, trained)`."""
    import tensorflow as tf

    values = tf.constant(fed), tf.constant(trained)
    outputs = tf.function(expectations, jit_compile=jit_compile)

    @tf.function(jit_compile=jit_compile)
    def gradients(fed, trained):
        with tf.GradientTape() as tape:
            tape.watch((fed, trained))
            loss = tf.reduce_sum(tf.square(expectations(fed, trained)))
        return loss, *tape.gradient(loss, (fed, trained))

    def forward():
        return [outputs(*values).numpy()]

    def gradient():
        return [np.asarray(x) for x in gradients(*values)]

    return forward, gradient
