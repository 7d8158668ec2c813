"""What happens before a command or a job."""

import contextlib
import ctypes
import os
import signal
import sys
import warnings
from collections.abc import Iterator


def quiet_imports() -> None:
    """Imports TensorFlow without its start-up chatter.

    TensorFlow writes lines about absent accelerators to the file descriptor
    of stderr, before Python can filter them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    warnings.filterwarnings("ignore", module="keras")
    with discarded_stderr():
        import tensorflow as tf
    tf.get_logger().setLevel("ERROR")


def end_with_parent() -> None:
    """Asks Linux to end this process when the one that started it ends."""
    pr_set_pdeathsig = 1  # of <linux/prctl.h>
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def open_closed_streams() -> None:
    """Puts `/dev/null` where standard input, output or error is closed.

    The next file to be opened would take its number, and get what libraries
    write there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            file = open(number, mode, closefd=False)  # noqa: SIM115
            setattr(sys, name, file)


@contextlib.contextmanager
def discarded_stderr() -> Iterator[None]:
    """Drops what is written to the file descriptor of stderr."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
