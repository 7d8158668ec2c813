"""A server in a thread of the test's own process, and raw connections to it."""

import asyncio
import contextlib
import dataclasses
import http.client
import json
import socket
import threading
import time

import tensorflow as tf
import uvicorn

from tfq_hybrid.serving.server.app import make_app
from tfq_hybrid.serving.server.connections import Server, listen
from tfq_hybrid.serving.server.servable import Signature

HEAD = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: localhost\r\n"


@tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
def _lower(text):
    return {"text": tf.strings.lower(text)}


class Lower:
    """A model that answers each text in lower case."""

    version = 1
    metadata = {}
    signatures = {
        "serving_default": Signature(
            "serving_default",
            {"text": tf.TensorSpec([None], tf.string)},
            {"text": tf.TensorSpec([None], tf.string)},
            _lower,
        )
    }


@dataclasses.dataclass
class Local:
    """A server that runs: its port, metrics and log."""

    port: int
    metrics: object
    events: list
    server: Server

    def connect(self, data=b""):
        end = socket.create_connection(("127.0.0.1", self.port), 60)
        end.sendall(data)
        return end

    def ask(self, content, **headers):
        """Sends a body: the status and the answer, read as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content)
        end = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(end):
            end.request("POST", "/v1/models/m:predict", body, headers)
            response = end.getresponse()
            return response.status, json.loads(response.read())

    def counts(self, total=0):
        """How many requests there were of each status, once there are so many.

        A request is counted when its answer is on the way.
        """
        while sum((found := self._counts()).values()) < total:
            time.sleep(0.01)
        return found

    def _counts(self):
        found = {}
        for line in self.metrics.text()[0].decode().splitlines():
            if line.startswith("tfq_hybrid_serving_requests_total"):
                code = line.split('code="')[1].split('"')[0]
                found[code] = found.get(code, 0) + float(line.split()[-1])
        return found


@contextlib.contextmanager
def serving(limits, app=None, **options):
    """A `Local` server of the model `m`, or of another application."""
    events = []
    app = app or make_app(
        "m", {1: Lower()}, limits, lambda **e: events.append(e), **options
    )
    listener = listen("127.0.0.1", 0)
    metrics = getattr(app.state, "metrics", None)
    server = Server(
        uvicorn.Config(app, ws="none", log_config=None, access_log=False),
        listener,
        limits,
        lambda status: metrics.count("other", status, 0),
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))

    thread.start()
    try:
        yield Local(listener.getsockname()[1], metrics, events, server)
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def head(body, *lines):
    """The head of a request with a body."""
    lines = [*lines, b"Content-Length: %d" % len(body)]
    return HEAD + b"\r\n".join(lines) + b"\r\n\r\n"


def read_all(end):
    """What comes until the server closes the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := end.recv(2**16):
            parts.append(part)
    return b"".join(parts)
