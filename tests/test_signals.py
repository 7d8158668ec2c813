"""SIGINT and SIGTERM end what is under way, whatever drops the first one."""

import contextlib
import gc
import signal
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest

from tfq_hybrid import signals
from tfq_hybrid.signals import Interrupts

INT, TERM = signal.SIGINT, signal.SIGTERM


def work():
    """Longer than the tests wait for."""
    for _ in range(6000):
        time.sleep(0.01)


def in_a_finalizer():
    class Finalized:
        def __del__(self):
            signal.raise_signal(INT)

    Finalized()
    work()


def in_a_callback_of_the_garbage_collector():
    def callback(phase, info):
        gc.callbacks.remove(callback)
        signal.raise_signal(INT)

    gc.callbacks.append(callback)
    gc.collect()
    work()


def in_a_callback_of_a_training():
    class Swallows(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                with contextlib.suppress(KeyboardInterrupt):
                    signal.raise_signal(INT)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((8, 1))
    model.fit(x, x, 1, 10**6, verbose=0, callbacks=[Swallows()])


def in_a_key_of_a_sort():
    with contextlib.suppress(BaseException):
        sorted([2, 1], key=lambda _: signal.raise_signal(INT))
    work()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "fall",
    [
        in_a_finalizer,
        in_a_callback_of_the_garbage_collector,
        in_a_callback_of_a_training,
        in_a_key_of_a_sort,
    ],
)
def test_an_interrupt_that_is_dropped_comes_again(fall):
    before = signal.getsignal(INT)
    interrupts = Interrupts()
    with pytest.raises(KeyboardInterrupt), interrupts.handling(INT, TERM):
        fall()
    assert interrupts.number == INT
    assert signal.getsignal(INT) is before


@pytest.mark.parametrize("number", [INT, TERM])
def test_what_cleans_up_is_not_interrupted_again(number):
    done = []
    interrupts = Interrupts()
    with pytest.raises(KeyboardInterrupt), interrupts.handling(INT, TERM):
        try:
            signal.raise_signal(number)
            work()
        finally:
            with contextlib.suppress(KeyError):
                raise KeyError
            time.sleep(3 * signals.AGAIN_SECONDS)
            done.append(interrupts.number)
    assert done == [number]


def test_a_second_one_of_the_user_ends_the_cleaning_too():
    with pytest.raises(KeyboardInterrupt), Interrupts().handling(INT):
        try:
            signal.raise_signal(INT)
        finally:
            signal.raise_signal(INT)
            pytest.fail("goes on")


def test_other_handlers_threads_and_processes_are_left_alone():
    seen = []

    def elsewhere():
        with Interrupts().handling(INT):
            seen.append(signal.getsignal(INT))

    before = signal.getsignal(INT)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]
    for handler in (signal.SIG_IGN, lambda number, frame: None):
        signal.signal(INT, handler)
        try:
            with Interrupts().handling(INT):
                assert signal.getsignal(INT) == handler
        finally:
            signal.signal(INT, before)
    with Interrupts().handling(INT, TERM):
        outer = signal.getsignal(INT)
        with Interrupts().handling(INT):
            assert signal.getsignal(INT) == outer
        assert signal.getsignal(INT) == outer
    assert signal.getsignal(INT) is before


STUCK = """
import ctypes, os, signal, time
from tfq_hybrid import signals

signals.PATIENCE_SECONDS = 0.5
interrupts = signals.Interrupts(lambda number: os._exit(128 + number))
with interrupts.handling(signal.SIGINT, signal.SIGTERM):
    if not (pid := os.fork()):
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        time.sleep(100)
    time.sleep(0.1)
    os.kill(pid, signal.SIGTERM)  # which is no signal for this one
    os.waitpid(pid, 0)
    time.sleep(1)
    print("alone", flush=True)
    # What is locked twice is waited for without end.
    lock = ctypes.create_string_buffer(64)
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(lock)
"""


@pytest.mark.parametrize("number", [INT, TERM])
def test_a_main_thread_that_is_stuck_in_c_is_given_up(number):
    command = [sys.executable, "-c", STUCK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "alone\n"
        time.sleep(0.2)
        child.send_signal(number)
        assert child.wait(60) == 128 + number
