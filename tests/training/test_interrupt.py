"""An interrupt that something swallows stops the training all the same."""

import contextlib
import signal
import threading

import keras
import numpy as np
import pytest

from tfq_hybrid.training.checkpoint import Interrupt


class Swallows(keras.callbacks.Callback):
    """Interrupts, and drops what that raises, as a finalizer does."""

    def __init__(self):
        super().__init__()
        self.batches = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.batches += 1
        if batch == 1:
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)


def fit(*callbacks):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((8, 1))
    model.fit(x, x, batch_size=1, verbose=0, callbacks=list(callbacks))


def test_a_swallowed_interrupt_comes_again():
    before, swallows = signal.getsignal(signal.SIGINT), Swallows()
    with pytest.raises(KeyboardInterrupt), Interrupt().watched() as interrupt:
        fit(swallows, interrupt)
    assert swallows.batches == 2
    assert signal.getsignal(signal.SIGINT) is before
    # Without it, the training goes on to its end.
    swallows = Swallows()
    fit(swallows)
    assert swallows.batches == 8


def test_other_threads_and_ignored_signals_are_left_alone():
    seen = []

    def elsewhere():
        with Interrupt().watched():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupt().watched():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
