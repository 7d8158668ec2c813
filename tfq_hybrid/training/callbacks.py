"""Callbacks of a training that ends as it should, also when it must not."""

import math

import keras
import numpy as np

from tfq_hybrid.errors import TrainingDivergedError


class StopOnNaN(keras.callbacks.Callback):
    """Raises `TrainingDivergedError` when the training is no longer finite.

    The loss is looked at after each step, the validation loss and the
    weights, which the last step of an epoch may have spoilt unseen, after
    each epoch. To guard a checkpoint it must stand before it.

    Raising, rather than asking the loop to stop, keeps later callbacks from
    saving what is left of the weights.
    """

    def on_train_batch_end(self, batch, logs=None):
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            step = int(self.model.optimizer.iterations.numpy())
            raise TrainingDivergedError(
                f"The loss became {loss} at step {step}."
            )

    def on_epoch_end(self, epoch, logs=None):
        loss = float((logs or {}).get("val_loss", 0.0))
        weights = self.model.get_weights()
        if not math.isfinite(loss) or not all(map(_is_finite, weights)):
            raise TrainingDivergedError(
                f"The weights left the range of numbers in epoch {epoch + 1}."
            )


def _is_finite(weight):
    return bool(np.isfinite(np.asarray(weight, np.float64)).all())


class LogPerplexity(keras.callbacks.Callback):
    """Adds the exponential of each loss to the logs of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        for prefix in ("", "val_"):
            loss = (logs or {}).get(f"{prefix}loss")
            if loss is not None:
                # A float64 ends at exp(709).
                logs[f"{prefix}perplexity"] = math.exp(min(loss, 700.0))


class ResumableEarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's early stopping, which remembers the epochs before a resume.

    Args:
        history: list of dict. The logs of the epochs that are done.
        **kwargs: as for `keras.callbacks.EarlyStopping`.
    """

    def __init__(self, history=(), **kwargs):
        super().__init__(**kwargs)
        self.history = list(history)

    @classmethod
    def is_due(cls, model, history, **kwargs):
        """Whether a training with this history has stopped already."""
        stopper = cls(history, **kwargs)
        stopper.set_model(model)
        model.stop_training = False
        stopper.on_train_begin()
        return model.stop_training

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        for epoch, epoch_logs in enumerate(self.history):
            self.on_epoch_end(epoch, epoch_logs)


class Followed(keras.callbacks.Callback):
    """The chief's checkpoint, as another worker follows it: in memory.

    Args:
        history: list of dict. The logs of the epochs done.
        monitor, mode: as for `Checkpoint`.
    """

    def __init__(self, history, monitor, mode):
        super().__init__()
        self.history = list(history)
        self.monitor = monitor
        self.mode = mode

    @property
    def epoch(self):
        """Epochs done."""
        return len(self.history)

    def on_epoch_end(self, epoch, logs=None):
        logs = {key: float(value) for key, value in (logs or {}).items()}
        self.history.append(logs)
