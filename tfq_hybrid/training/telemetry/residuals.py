"""`ResidualMonitor`: how much the adapters of a model change.

As `Telemetry` does, it writes a few numbers into a variable inside the
train step, on the batch that is trained on anyway, and reads them every few
steps. So no second forward pass runs, and `generate`, which has a function of
its own, is not touched.
"""

import contextlib
import os
import pathlib
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.training.telemetry.readings import adapters_in_use
from tfq_hybrid.training.telemetry.recorder import release, surround


def residual_ratio(residual: tf.Tensor, hidden: tf.Tensor) -> tf.Tensor:
    """The mean over tokens of |residual| / |hidden|, Euclidean norms.

    Tokens whose hidden state is all zeros are left out.

    Args:
        residual, hidden: float tensors of shape (..., features).

    Returns:
        A float32 tensor without axes.

    Example:

    >>> ratio = residual_ratio(tf.constant([[3.0, 4.0]]), tf.ones([1, 2]) * 5)
    >>> round(float(ratio), 4)
    0.7071
    """
    residual, hidden = (tf.cast(x, tf.float32) for x in (residual, hidden))
    below = tf.norm(hidden, axis=-1)
    ratios = tf.math.divide_no_nan(tf.norm(residual, axis=-1), below)
    count = tf.math.count_nonzero(below, dtype=tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(ratios), count)


class ResidualMonitor(keras.callbacks.Callback):
    """Logs the ratio of each adapter's residual to the hidden state.

    For every active adapter that adds to a frozen layer, `residual_ratio` of
    what it adds, to what it adds to, on the current batch: every `every`
    steps to TensorBoard as `residual_ratio/<layer path>`, and its mean over
    the epoch to the Keras logs under the same name.

    Args:
        log_dir: the folder for TensorBoard. Defaults to `None`: Keras logs
            only.
        every: steps between two readings. Defaults to 10.

    Raises:
        UserError: at the begin of the training, where the model has no such
            adapter.

    Example:

    >>> from tfq_hybrid.adapters import LoRA, adapt
    >>> dense = keras.layers.Dense(3, name="dense")
    >>> model = keras.Sequential([keras.Input((4,)), dense])
    >>> model.compile("sgd", "mse")
    >>> model = adapt(model, LoRA(targets="dense", rank=2))
    >>> data = tf.ones((4, 4)), tf.ones((4, 3))
    >>> callback = ResidualMonitor(every=1)
    >>> history = model.fit(*data, verbose=0, callbacks=[callback]).history
    >>> history["residual_ratio/dense"]  # the identity at step 0
    [0.0]
    """

    def __init__(
        self, log_dir: str | os.PathLike[str] | None = None, every: int = 10
    ):
        super().__init__()
        check_integer("every", every, minimum=1)
        self.log_dir = None if log_dir is None else str(log_dir)
        self.every = every
        # Callbacks are copied by keras-tuner: no writer, no model here.
        self._writer: Any = None
        self._adapters: dict[str, keras.Layer] = {}
        self._values: Any = None
        self._readings: list[Any] = []
        self._last_period: int | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._adapters = adapters_in_use(self.model)
        if not self._adapters:
            raise UserError(
                "Expected a model with an adapter that adds to its frozen "
                "layers, to watch. Received: a model without an active one"
            )
        self._values = tf.Variable(
            tf.zeros([len(self._adapters)]), trainable=False, name="residuals"
        )
        self._last_period = self._period()
        surround(self.model, "residuals", self._observed)
        if self.log_dir is not None:
            self._writer = tf.summary.create_file_writer(
                str(pathlib.Path(self.log_dir) / "residuals")
            )

    def _period(self):
        """Counts the readings that are due; below zero for none."""
        return (int(self.model.optimizer.iterations) - 1) // self.every

    @contextlib.contextmanager
    def _observed(self):
        """While a step is traced, or run eagerly."""
        for row, adapter in enumerate(self._adapters.values()):
            adapter.observer = self._observer(row)
        try:
            yield
        finally:
            for adapter in self._adapters.values():
                adapter.observer = None

    def _observer(self, row):
        """What writes the ratio of one adapter, in the steps that are due."""
        values, every = self._values, self.every
        iterations = self.model.optimizer.iterations

        def observe(residual, hidden):
            residual, hidden = map(tf.stop_gradient, (residual, hidden))

            def record():
                values[row].assign(residual_ratio(residual, hidden))
                return True

            step = tf.cast(iterations, tf.int64)
            tf.cond(step % every == 0, record, lambda: False)

        return observe

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        period = self._period()
        if period == self._last_period:
            return
        self._last_period = period
        values = self._values.numpy()
        self._readings.append(values)
        if self._writer is not None:
            step = int(self.model.optimizer.iterations)
            with self._writer.as_default(step=step):
                for path, value in zip(self._adapters, values, strict=True):
                    tf.summary.scalar(f"residual_ratio/{path}", value)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs is None or not self._readings:
            return
        means = sum(self._readings) / len(self._readings)
        for path, value in zip(self._adapters, means, strict=True):
            logs[f"residual_ratio/{path}"] = float(value)
        self._readings = []

    def on_train_end(self, logs: dict | None = None) -> None:
        release(self.model, "residuals")
        if self._writer is not None:
            self._writer.close()
            self._writer = None
