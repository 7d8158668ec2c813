"""TensorFlow Quantum's own layers: `ControlledPQC`, `NoisyControlledPQC`."""

PACKAGES = ("tensorflow", "tensorflow-quantum")


def build(problem, fed, trained):
    import cirq
    import tensorflow as tf
    import tensorflow_quantum as tfq
    from tensorflow_steps import (
        REPETITIONS,
        compiled,
        make_circuit,
        make_spec,
    )

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

    return compiled(expectations, fed, trained)
