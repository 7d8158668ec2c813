"""What the workers on TensorFlow share: the compiled calls."""

import numpy as np


def make_spec(problem):
    """The benchmark's circuit as a `CircuitSpec`."""
    from tfq_hybrid.circuits import CircuitSpec

    return CircuitSpec(
        qubits=problem["qubits"], depth=problem["depth"], entanglement="ring"
    )


REPETITIONS = 1024  # shots, or trajectories of TensorFlow Quantum
DEPOLARIZING = 0.01


def make_circuit(problem):
    """The circuit, with its noise where it has some."""
    import cirq

    circuit = make_spec(problem).circuit
    if problem["execution"] == "noise":
        return circuit.with_noise(cirq.depolarize(DEPOLARIZING))
    return circuit


def make_execution(problem):
    """How an engine of this project runs it: an `Execution`."""
    from tfq_hybrid.engines import Execution

    if problem["execution"] == "exact":
        return Execution()
    return Execution(REPETITIONS, noisy=problem["execution"] == "noise")


def make_functions(make_engine, problem, fed, trained, jit_compile=False):
    """The two functions of an engine of this project."""
    from tfq_hybrid.engines import Program

    spec = make_spec(problem)
    circuit, operators = make_circuit(problem), spec.operators
    if problem["shared"]:
        engine = make_engine(
            Program(circuit, operators, spec.features, spec.weights)
        )

        def seeded(fed, trained):
            import tensorflow as tf

            return engine(fed, trained, seed=tf.constant([1, 2]))

        return compiled(seeded, fed, trained, jit_compile)
    symbols = (*spec.features, *spec.weights)
    engine = make_engine(Program(circuit, operators, symbols, ()))

    def every_value_fed(fed, trained):
        import tensorflow as tf

        values = tf.concat([fed, trained], axis=1)
        return engine(values, tf.zeros([0]))

    return compiled(every_value_fed, fed, trained, jit_compile)


def compiled(expectations, fed, trained, jit_compile=False):
    """Both functions of a callable `expectations(fed, trained)`."""
    import tensorflow as tf

    values = tf.constant(fed), tf.constant(trained)

    @tf.function(jit_compile=jit_compile)
    def outputs(fed, trained):
        return expectations(fed, trained)

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
