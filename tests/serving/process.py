"""`tfq-hybrid serve` in a process of its own, on a free port."""

import contextlib
import http.client
import json
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

from tests.serving.clients import BANNED

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "from tfq_hybrid.cli.main import main; main()"
# Serves where only TensorFlow and this package can be imported: TensorFlow
# itself would import Keras, where there is one.
ALONE = BANNED.replace(', "tfq_hybrid"', "").replace('"tfq_hybrid"', "")
ALONE += f"""
{COMMAND}
print(json.dumps(sorted(BANNED & sys.modules.keys())))
"""


class Server:
    """A `tfq-hybrid serve` on a free port."""

    def __init__(self, path, *options, program=COMMAND):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", program, "serve", str(path)),
                *("--port", "0", "--json", *options),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.events = []
        self.port = self.wait_for("serving")["port"]

    def _read(self):
        """Reads the log on: a full pipe would block the server."""
        for line in self.process.stderr:
            if line.startswith("{"):
                self._lines.put(json.loads(line))

    def wait_for(self, event, seconds=120):
        """The next log line of a kind."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            with contextlib.suppress(queue.Empty):
                self.events.append(self._lines.get(timeout=1))
                if self.events[-1]["event"] == event:
                    return self.events[-1]
        raise AssertionError(f"no {event} in {seconds} s: {self.events}")

    def ask(self, method, path, body=None, headers=None):
        """A request: the status, the headers and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, 60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def predict(self, content, path="/v1/models/name:predict"):
        """The status and the answer, read as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content)
        status, _, answer = self.ask("POST", path, body)
        return status, json.loads(answer)

    def connect(self, data):
        """A connection on which raw bytes were sent."""
        end = socket.create_connection(("127.0.0.1", self.port), 60)
        end.sendall(data)
        return end

    def send(self, data):
        """Raw bytes: what comes back until the server closes."""
        with self.connect(data) as end:
            end.shutdown(socket.SHUT_WR)
            parts = []
            while part := end.recv(65536):
                parts.append(part)
        return b"".join(parts)

    def stop(self):
        """Ends it by SIGTERM: the exit code and standard output."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        out = self.process.stdout.read()
        self.process.stdout.close()
        code = self.process.wait(60)
        self._reader.join(60)
        while not self._lines.empty():
            self.events.append(self._lines.get())
        self.process.stderr.close()
        return code, out
