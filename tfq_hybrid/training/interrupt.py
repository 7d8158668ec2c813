"""Ctrl-C, which must not be lost."""

import contextlib
import signal
import threading

import keras


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
