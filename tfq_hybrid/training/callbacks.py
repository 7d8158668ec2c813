"""Callbacks of `fit`, hooks around its train step, and Ctrl-C.

Early stopping, divergence detection and perplexity logging.
"""

import contextlib
import math
import signal
import threading

import keras
import numpy as np

from tfq_hybrid.errors import TrainingDivergedError


def surround(model, name, context):
    """Runs a model's `train_step` inside a context, under a name.

    The step is traced anew. Contexts of other names stay around it; one of
    the same name, which a training that was cut short left behind, goes.

    Args:
        model: a compiled `keras.Model`.
        name: str.
        context: function without arguments, of a context manager.
    """
    step = vars(model).get("train_step")
    if not hasattr(step, "contexts"):
        model.train_step = step = _inside({}, model.train_step)
    step.contexts[name] = context
    model.make_train_function(force=True)


def release(model, name):
    """Takes the context of a name off a model, where it has that."""
    contexts = getattr(vars(model).get("train_step"), "contexts", {})
    if name not in contexts:
        return
    del contexts[name]
    if not contexts:
        del model.train_step  # the class's own again
    model.make_train_function(force=True)


def _inside(contexts, inner):
    def train_step(data):
        with contextlib.ExitStack() as stack:
            for context in contexts.values():
                stack.enter_context(context())
            return inner(data)

    train_step.contexts = contexts
    return train_step


class Interrupt(keras.callbacks.Callback):
    """Raises a `KeyboardInterrupt` once more that did not stop the training.

    Python raises it wherever the main thread is. In a finalizer, or in a
    property that a C extension asks for, it is dropped there and then, and
    TensorFlow has many of both.
    """

    def __init__(self):
        super().__init__()
        self._came = False

    @contextlib.contextmanager
    def watched(self):
        """Notes interrupts while it lasts, where Python handles them."""
        before = signal.getsignal(signal.SIGINT)
        is_main = threading.current_thread() is threading.main_thread()
        if not (is_main and callable(before)):
            yield self
            return

        def note(number, frame):
            self._came = True
            before(number, frame)

        signal.signal(signal.SIGINT, note)
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, before)

    def on_train_batch_end(self, batch, logs=None):
        if self._came:
            raise KeyboardInterrupt


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
