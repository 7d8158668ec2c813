"""Callbacks of a training that ends as it should, also when it must not."""

import math

import keras

from tfq_hybrid.errors import TrainingDivergedError


class StopOnNaN(keras.callbacks.Callback):
    """Raises `TrainingDivergedError` when the loss is NaN or infinite.

    Raising, rather than asking the loop to stop, keeps later callbacks from
    saving what is left of the weights.
    """

    def on_train_batch_end(self, batch, logs=None):
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            step = int(self.model.optimizer.iterations)
            raise TrainingDivergedError(
                f"The loss became {loss} at step {step}."
            )


class ResumableEarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's early stopping, which remembers the epochs before a resume.

    Args:
        history: list of dict. The logs of the epochs that are done.
        **kwargs: as for `keras.callbacks.EarlyStopping`.
    """

    def __init__(self, history=(), **kwargs):
        super().__init__(**kwargs)
        self.history = list(history)

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        for epoch, epoch_logs in enumerate(self.history):
            self.on_epoch_end(epoch, epoch_logs)
