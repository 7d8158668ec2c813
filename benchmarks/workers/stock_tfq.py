"""TensorFlow Quantum's own layer, `tfq.layers.ControlledPQC`."""

PACKAGES = ("tensorflow", "tensorflow-quantum")


def build(problem, fed, trained):
    import cirq
    import tensorflow as tf
    import tensorflow_quantum as tfq
    from tensorflow_steps import compiled, make_spec

    spec = make_spec(problem)
    layer = tfq.layers.ControlledPQC(spec.circuit, list(spec.operators))
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
