"""What a reader may not do: start a process, connect, write elsewhere."""

import contextlib
import os
import pathlib
import sys

FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "pty.spawn",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.sendto",
    "urllib.Request",
    "http.client.connect",
    "ftplib.connect",
    "smtplib.connect",
    "webbrowser.open",
    "pickle.find_class",
    "marshal.loads",
    "code.__new__",
    "exec",
)
# What Python itself does when it imports a module.
CODE = ("marshal.loads", "code.__new__", "exec")
# The places among the arguments: of a path, and of the folder that it may
# be relative to.
WRITES = {
    "os.chmod": [(0, 2)],
    "os.chown": [(0, 3)],
    "os.link": [(1, 3)],
    "os.mkdir": [(0, 2)],
    "os.remove": [(0, 1)],
    "os.rename": [(0, 2), (1, 3)],
    "os.rmdir": [(0, 1)],
    "os.symlink": [(1, 2)],
    "os.truncate": [(0, None)],
    "os.utime": [(0, 3)],
    "shutil.chown": [(0, None)],
    "shutil.copyfile": [(1, None)],
    "shutil.copytree": [(1, None)],
    "shutil.make_archive": [(0, None)],
    "shutil.move": [(0, None), (1, None)],
    "shutil.rmtree": [(0, 1)],
    "shutil.unpack_archive": [(1, None)],
    "tempfile.mkdtemp": [(0, None)],
    "tempfile.mkstemp": [(0, None)],
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Guard:
    """Watches this process, while `watching`.

    What it finds is refused, and kept in `found`: a reader may catch the
    refusal.

    Args:
        folders: paths, of the folders that may be written.
    """

    def __init__(self, folders):
        self._folders = tuple(os.path.realpath(f) + os.sep for f in folders)
        self._is_on = False
        self.found = []
        sys.addaudithook(self._hook)

    @contextlib.contextmanager
    def watching(self):
        """Refuses what is forbidden inside."""
        self.found.clear()
        self._is_on = True
        try:
            yield
        finally:
            self._is_on = False

    def _hook(self, event, arguments):
        if not self._is_on:
            return
        if event in FORBIDDEN:
            if not (event in CODE and _is_importing()):
                self._refuse(event, arguments)
        elif event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                self._check(event, path)
        elif event in WRITES:
            for place, above in WRITES[event]:
                folder = None if above is None else arguments[above]
                self._check(event, arguments[place], folder)

    def _check(self, event, path, folder=None):
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # a file that is open already
        path = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0:
            path = os.path.join(f"/proc/self/fd/{folder}", path)
        real = os.path.realpath(path)
        inside = f"{real}{os.sep}".startswith(self._folders)
        if not inside and real != os.devnull:
            self._refuse(event, (path,))

    def _refuse(self, event, arguments):
        text = f"{event} {arguments!r:.200}"
        self.found.append(text)
        raise PermissionError(f"refused by the guard: {text}")


def _is_importing():
    """Python itself reads its own compiled files so."""
    frame = sys._getframe()
    while frame is not None:
        if "importlib._bootstrap" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def listing(folder, without):
    """All paths under a folder, a set, but for what is in some of them.

    TensorFlow and HDF5 write without a word to Python.
    """
    found = set()
    for root, folders, files in os.walk(folder):
        base = pathlib.Path(root)
        folders[:] = [f for f in folders if base / f not in without]
        found |= {base / name for name in (*folders, *files)}
    return found
