"""`Telemetry`: what a model's circuits do while it trains."""

import keras

from tfq_hybrid.errors import check_integer
from tfq_hybrid.training.telemetry.watch import Watch


class Telemetry(keras.callbacks.Callback):
    """Logs what the circuits of a model do while `fit` trains it.

    Every `every` steps, of the mini-batch of that step and for each circuit
    layer (`quantum/<path>`): `gradient_norm` (Euclidean),
    `gradient_variance` (over the parameters) and `gradient_zero_share`; mean
    and standard deviation of the encoded angles, `angle_mean` and
    `angle_std`, in radians, and `angle_saturation`, the share at the ends of
    the scaling's range; `expectation_mean` and `expectation_std`. For the
    rest, `classical`: `gradient_norm` and `gradient_variance`.

    Every `detail_every` steps: histograms of `gradients`, `weights`,
    `angles` and `expectations`; and for `model` `step_seconds` and
    `engine_share`, the circuits' share of it, run again alone, forward and
    backward, on what they were fed with.

    When the gradient of a circuit vanishes, explodes or is NaN, one line is
    logged as a warning by `tfq_hybrid.telemetry`; see `Alarms`.

    With a `log_dir`, all goes to TensorBoard under `telemetry/`, with tags
    `<quantity>/<layer>`, and to `telemetry.csv`: the columns `step`,
    `layer`, `quantity`, `value`; a bucket of a histogram is a row, its count
    the value, with the bounds in `low` and `high`. TensorBoard shows each
    circuit as text, `diagram/<layer>`, and as a picture, `circuit/<layer>`,
    and the alarms as text, `alarms/<layer>`. A training that is resumed
    goes on in the same files, and what they hold of steps after its
    checkpoint is dropped.

    The means of gradient norms and variances over an epoch go to the Keras
    logs, so to `History` and to callbacks that stand after this one, as
    `gradient_norm/<layer>` and `gradient_variance/<layer>`.

    Angles and expectations are of up to 4096 evenly spaced rows of the
    batch. Steps are batches. It works with XLA, mixed precision, loss
    scales, gradient accumulation and executions of several steps.

    Args:
        log_dir: str or path. Defaults to `None`: Keras logs and alarms only.
        every: int. Steps between two readings. Defaults to 10.
        detail_every: int. Steps between two histograms and two measurements
            of the engine. Defaults to 100.
        hparams: dict of plain JSON types, for a row of TensorBoard's HParams
            page, with the metrics of the last epoch, under `final/`. Defaults
            to `None`: no row.

    Raises:
        UserError: an interval is below 1.

    Example:

    >>> import numpy as np
    >>> from tfq_hybrid.layers import QuantumDense
    >>> block = QuantumDense(1, "qffn", name="block")
    >>> model = keras.Sequential([keras.Input((2,)), block])
    >>> model.compile("sgd", "mse")
    >>> data = np.ones((4, 2)), np.ones((4, 1))
    >>> logs = model.fit(*data, verbose=0, callbacks=[Telemetry()]).history
    >>> [name for name in sorted(logs) if name.startswith("gradient_norm")]
    ['gradient_norm/classical', 'gradient_norm/quantum/block/pqc']
    """

    def __init__(self, log_dir=None, every=10, detail_every=100, hparams=None):
        super().__init__()
        check_integer("every", every, minimum=1)
        check_integer("detail_every", detail_every, minimum=1)
        self.log_dir = None if log_dir is None else str(log_dir)
        self.every = every
        self.detail_every = detail_every
        self.hparams = None if hparams is None else dict(hparams)
        # keras-tuner copies callbacks: no writer, model or tensor here.
        self._watch = None

    def on_train_begin(self, logs=None):
        self._watch = Watch(self, self.model)

    def on_train_batch_begin(self, batch, logs=None):
        self._watch.times.begin()

    def on_train_batch_end(self, batch, logs=None):
        self._watch.look()

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs.update(self._watch.epoch_means())

    def on_train_end(self, logs=None):
        self._watch.finish(logs or {})
        self._watch = None
