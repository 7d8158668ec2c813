"""The server under more than it can take: rows, descriptors, a stop."""

import concurrent.futures
import contextlib
import json
import signal
import time

import pytest

from tests.serving.process import COMMAND, Server


@pytest.mark.long
def test_overload_is_refused_and_passes(exports):
    path, _ = exports["classification"]
    server = Server(path, "--max-queue", "2", "--max-batch", "1")
    name = path.parent.name
    where = f"/v1/models/{name}:predict"
    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        answers = list(
            threads.map(
                lambda _: server.ask("POST", where, b'{"instances": ["a"]}'),
                range(200),
            )
        )
    statuses = {status for status, _, _ in answers}
    assert statuses == {200, 429}
    refused = next(a for a in answers if a[0] == 429)
    assert refused[1]["retry-after"] == "1"
    assert json.loads(refused[2])["code"] == "TOO_MANY_REQUESTS"
    assert server.predict({"instances": ["a"]}, where)[0] == 200
    assert server.stop()[0] == 0


@pytest.fixture
def crowded(exports):
    """A server with few descriptors left, that waits for full batches."""
    # More of its files are open than the server reckons with.
    few = "import resource; files = [open('/dev/null') for _ in range(60)]\n"
    few += "resource.setrlimit(resource.RLIMIT_NOFILE, (130, 130))\n"
    path, _ = exports["classification"]
    server = Server(path, "--max-wait", "1", program=few + COMMAND)
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.mark.long
def test_few_descriptors_then_a_stop(crowded):
    server, where = crowded, "/v1/models/classification:predict"
    body = b'{"instances": ["a"]}'
    request = f"POST {where} HTTP/1.1\r\nHost: localhost\r\n".encode()
    request += b"Content-Length: %d\r\n\r\n" % len(body)
    with contextlib.ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(server.connect(request))
        assert "Too many open files" in server.wait_for("warning")["text"]
    assert server.predict({"instances": ["a"]}, where)[0] == 200
    with contextlib.ExitStack() as stack:

        def connect(data):
            return stack.enter_context(server.connect(data))

        # One waits for others to share its batch with; some wait to be
        # accepted; of those, two complete their requests after the signal.
        waiting = connect(request + body)
        while not _is_waiting(server):
            time.sleep(0.01)
        server.process.send_signal(signal.SIGSTOP)
        ends = [waiting, *(connect(request + body) for _ in range(20))]
        late, part, _ = connect(b""), connect(request), connect(b"")
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        late.sendall(request + body)
        part.sendall(body)
        for end in (*ends, late, part):
            assert end.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert server.stop()[0] == 0
    assert sum(event["event"] == "warning" for event in server.events) == 1
    with pytest.raises(OSError):
        server.predict({"instances": ["a"]}, where)


def _is_waiting(server):
    text = server.ask("GET", "/metrics")[2]
    return b"tfq_hybrid_serving_queue_rows 1.0" in text
