"""SIGINT and SIGTERM end the work under way, wherever they fall.

Python raises `KeyboardInterrupt` wherever the main thread is. In a finalizer,
a callback of the garbage collector, or a property that a C extension asks for,
it is dropped there and then, and TensorFlow has many of each.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from tfq_hybrid.reading import chain

# What Python does of itself. Other handlers are somebody's, and left alone.
DEFAULT: dict[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
AGAIN_SECONDS = 0.2
PATIENCE_SECONDS = 4.0
_END = 0  # no signal


def end_at_once(number: int, frame: FrameType | None) -> None:
    """Ends the process: the handler of while nothing is under way."""
    os._exit(128 + number)


def begin() -> None:
    """Lets SIGINT and SIGTERM end the process at once, without a traceback."""
    for number, default in DEFAULT.items():
        if signal.getsignal(number) == default:
            signal.signal(number, end_at_once)


class Interrupts:
    """Raises `KeyboardInterrupt` until something other than a callback hears.

    Args:
        give_up: Called with the signal, in another thread, where the main
            thread does not run Python for `PATIENCE_SECONDS`. Defaults to
            `None`: it is waited for.

    Attributes:
        number: The first signal that came; `None` where none did.
    """

    def __init__(self, give_up: Callable[[int], object] | None = None):
        self.number: int | None = None
        self._give_up = give_up
        self._is_again = False
        self._over = threading.Event()

    @contextlib.contextmanager
    def handling(self, *numbers: int) -> Iterator["Interrupts"]:
        """Handles signals while it lasts, in place of Python's own handlers.

        Other handlers stay, and so does all outside the main thread.
        """
        is_main = threading.current_thread() is threading.main_thread()
        found = {number: signal.getsignal(number) for number in numbers}
        mine = [n for n in found if found[n] in (DEFAULT[n], end_at_once)]
        if not (is_main and mine):
            yield self
            return
        # The kernel's side of a signal writes it there at once, while the
        # main thread may be in a C extension.
        read, write = os.pipe()
        os.set_blocking(write, False)
        before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        thread = threading.Thread(target=self._watch, args=[read], daemon=True)
        thread.start()
        try:
            for number in mine:
                signal.signal(number, self._handle)
            yield self
        finally:
            self._over.set()
            for number in mine:
                if signal.getsignal(number) == self._handle:
                    signal.signal(number, found[number])
            signal.set_wakeup_fd(before)
            os.write(write, bytes([_END]))
            thread.join()
            os.close(write)
            os.close(read)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        is_again, self._is_again = self._is_again, False
        self.number = self.number or number
        if not (is_again and (self._over.is_set() or _is_heard())):
            raise KeyboardInterrupt

    def _watch(self, pipe: int) -> None:
        while (number := os.read(pipe, 1)[0]) != _END:
            began = time.monotonic()
            while signal.getsignal(
                number
            ) == self._handle and not self._over.wait(AGAIN_SECONDS):
                if self.number is not None:
                    self._is_again = True
                    main = threading.main_thread()
                    signal.pthread_kill(main.ident or 0, number)
                elif self._give_up and (
                    time.monotonic() - began > PATIENCE_SECONDS
                ):
                    self._give_up(number)


def _is_heard() -> bool:
    """Whether an interrupt is being handled: what runs is its clean-up."""
    return any(isinstance(e, KeyboardInterrupt) for e in chain(sys.exception()))


def _leave_to_parent() -> None:
    """A forked process has Python's own handlers, and tells nobody."""
    for number, default in DEFAULT.items():
        handler = getattr(signal.getsignal(number), "__func__", None)
        if handler is Interrupts._handle:
            signal.signal(number, default)
            signal.set_wakeup_fd(-1)


os.register_at_fork(after_in_child=_leave_to_parent)
