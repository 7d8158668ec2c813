"""`GradientMonitor`: how large the gradients are, layer by layer.

Callbacks never see gradients. What sees them all, once a step and without a
second backward pass, is the optimizer's `apply`. So the monitor wraps that
method of the model's optimizer while `fit` traces and runs its train step:
the wrapper writes a few numbers into one variable, and the callback reads
that variable every few steps, or as soon as an execution of several steps is
over. Gradients that a `LossScaleOptimizer` scaled are read unscaled.
"""

import pathlib

import keras
import tensorflow as tf

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.errors import check_integer
from tfq_hybrid.layers.circuit_layer import CircuitLayer


def gradient_groups(model):
    """The trainable variables: each quantum layer's, and the classical rest.

    Args:
        model: a built `keras.Model`.

    Returns:
        A dict of a name and a list of variables: `"quantum/<layer path>"`
        for the angles of each circuit layer, then `"classical"`.
    """
    groups, seen = {}, set()
    for path, layer in named_layers(model):
        if isinstance(layer, CircuitLayer) and layer.trainable_variables:
            groups[f"quantum/{path}"] = layer.trainable_variables
            seen.update(id(v) for v in layer.trainable_variables)
    rest = [v for v in model.trainable_variables if id(v) not in seen]
    return {**groups, "classical": rest}


class GradientMonitor(keras.callbacks.Callback):
    """Logs the gradient norm and variance of each group of parameters.

    Groups are those of `gradient_groups`. For each, the Euclidean norm of
    the gradient and the variance over its parameters, of one mini-batch, go
    to TensorBoard every `every` steps as `gradient_norm/<group>` and
    `gradient_variance/<group>`, and their means over the epoch to the Keras
    logs, so to `History` and to callbacks that stand after this one.

    Args:
        log_dir: str or path. The folder for TensorBoard. Defaults to
            `None`: Keras logs only.
        every: int. Steps between two readings. Defaults to 10.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> monitor = GradientMonitor(every=1)
    >>> data = tf.ones((4, 2)), tf.ones((4, 1))
    >>> history = model.fit(*data, verbose=0, callbacks=[monitor]).history
    >>> sorted(history)
    ['gradient_norm/classical', 'gradient_variance/classical', 'loss']
    """

    def __init__(self, log_dir=None, every=10):
        super().__init__()
        check_integer("every", every, minimum=1)
        self.log_dir = None if log_dir is None else str(log_dir)
        self.every = every
        # Callbacks are copied by keras-tuner: no writer, no model here.
        self._writer = None
        self._names = []
        self._values = None
        self._readings = []
        self._last_period = None

    def on_train_begin(self, logs=None):
        groups = gradient_groups(self.model)
        self._names = list(groups)
        self._values = tf.Variable(
            tf.zeros([len(groups), 2]), trainable=False, name="gradients"
        )
        done = int(self.model.optimizer.iterations)
        self._last_period = self._period(done)
        self._wrap(_applying(self.model.optimizer), list(groups.values()))
        # A step that was traced earlier does not hold the wrapper.
        self.model.make_train_function(force=True)
        if self.log_dir is not None:
            self._writer = tf.summary.create_file_writer(
                str(pathlib.Path(self.log_dir) / "gradients")
            )

    def _period(self, step):
        """Counts the readings that are due at a step; below zero for none."""
        return (step - 1) // self.every

    def _wrap(self, optimizer, groups):
        apply = type(optimizer).apply
        values, every = self._values, self.every

        def apply_and_record(grads, trainable_variables=None):
            variables = trainable_variables or optimizer._trainable_variables
            by_id = {
                id(variable): grad
                for variable, grad in zip(variables, grads, strict=True)
            }
            grads_of = [[by_id.get(id(v)) for v in group] for group in groups]

            def record():
                statistics = [_statistics(group) for group in grads_of]
                values.assign(tf.stack(statistics))
                return True

            step = tf.cast(optimizer.iterations, tf.int64)
            tf.cond(step % every == 0, record, lambda: False)
            return apply(optimizer, grads, trainable_variables)

        # `apply_gradients` looks the method up on the instance.
        optimizer.apply = apply_and_record

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.optimizer.iterations)
        period = self._period(step)
        if period == self._last_period:
            return
        self._last_period = period
        values = self._values.numpy()
        self._readings.append(values)
        if self._writer is not None:
            with self._writer.as_default(step=step):
                for name, (norm, variance) in zip(
                    self._names, values, strict=True
                ):
                    tf.summary.scalar(f"gradient_norm/{name}", norm)
                    tf.summary.scalar(f"gradient_variance/{name}", variance)

    def on_epoch_end(self, epoch, logs=None):
        if logs is None or not self._readings:
            return
        means = sum(self._readings) / len(self._readings)
        for name, (norm, variance) in zip(self._names, means, strict=True):
            logs[f"gradient_norm/{name}"] = float(norm)
            logs[f"gradient_variance/{name}"] = float(variance)
        self._readings = []

    def on_train_end(self, logs=None):
        del _applying(self.model.optimizer).apply  # the class's own again
        self.model.make_train_function(force=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _applying(optimizer):
    """The optimizer that sees the gradients unscaled."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _statistics(grads):
    """Norm and variance over all entries of a list of gradients."""
    grads = [tf.convert_to_tensor(grad) for grad in grads if grad is not None]
    if not grads:
        return tf.zeros([2])
    grads = [tf.cast(grad, tf.float32) for grad in grads]
    count = tf.cast(sum(tf.size(grad) for grad in grads), tf.float32)
    squares = sum(tf.reduce_sum(tf.square(grad)) for grad in grads)
    mean = sum(tf.reduce_sum(grad) for grad in grads) / count
    variance = squares / count - tf.square(mean)
    return tf.stack([tf.sqrt(squares), tf.maximum(variance, 0.0)])
