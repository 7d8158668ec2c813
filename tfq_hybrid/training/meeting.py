"""The workers meet before TensorFlow starts, which would wait for an hour."""

import contextlib
import os
import signal
import socket
import threading
import time

from tfq_hybrid.errors import UserError, WorkerLostError

POLL_SECONDS = 0.2


def meet(addresses, rank, seconds):
    """Waits until all workers listen at their addresses.

    Args:
        addresses: list of str, `host:port`, of all workers.
        rank: int. This one.
        seconds: float. How long to wait.

    Raises:
        UserError: the port of this worker is in use.
        WorkerLostError: a worker did not come in time.
    """
    missing = [a for i, a in enumerate(addresses) if i != rank]
    deadline = time.monotonic() + seconds
    with _listen(addresses[rank], len(addresses)):
        # One that is ahead has TensorFlow listen there instead.
        while missing := silent(missing):
            if time.monotonic() > deadline:
                raise WorkerLostError(
                    f"Expected {len(addresses)} workers within {seconds:g} s. "
                    f"No answer from {', '.join(missing)}."
                )
            time.sleep(POLL_SECONDS)


def silent(addresses):
    """Those of some addresses that do not answer, a list of str."""
    return [address for address in addresses if not _answers(address)]


def _answers(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def _listen(address, backlog):
    port = int(address.rpartition(":")[2])
    try:
        return socket.create_server(("", port), backlog=backlog)
    except OSError as error:
        raise UserError(
            f"Expected a free port. Received: TF_CONFIG with {address} for "
            f"this worker ({os.strerror(error.errno)})"
        ) from None


@contextlib.contextmanager
def ended_by_alarm(seconds):
    """Ends the process, by SIGALRM, where the body takes longer.

    For a wait within TensorFlow that nothing else ends. TensorFlow also takes
    SIGTERM for itself there, which has its effect again afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
