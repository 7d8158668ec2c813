"""Clients that are slow, leave, send too much or call another host."""

import asyncio
import contextlib
import json
import socket
import struct
import time

import pytest
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from benchmarks.faults import large_cases, load, small_cases
from tests.serving.local import HEAD, head, read_all, serving
from tfq_hybrid.serving.server.limits import Limits

SHORT = Limits(timeout=0.3, drain=5)
BODY = json.dumps({"instances": ["A"]}).encode()
LONG = json.dumps({"instances": ["a"] * 9}).encode()
GET = b"GET /v1/models/m HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def parts_of(data, count):
    size = -(-len(data) // count)
    return [data[i : i + size] for i in range(0, len(data), size)]


@pytest.fixture(scope="module")
def short():
    with serving(SHORT) as server:
        yield server


@pytest.fixture
def server():
    with serving(Limits(body_items=1000, request_rows=8)) as local:
        yield local


@pytest.mark.parametrize(
    "sent,drip,answer",
    [
        (b"", b"", b""),
        (b"POST /v1", b"", b" 408 "),
        (HEAD, b"X: a\r\n", b" 408 "),
        (b"", b"\r\n", b" 400 "),
        (head(b"a" * 1000), b"", b" 408 "),
        (head(b"a" * 1000), b"a", b" 408 "),
        (CHUNKED, b"1\r\na\r\n", b" 408 "),
        # The rest of a body that nobody reads: there is no such model.
        (head(b"a" * 1000).replace(b"/m:", b"/x:"), b"a", b" 404 "),
        # After a whole request, a head that never ends.
        (head(BODY) + BODY, b"", b" 200 "),
        (head(BODY) + BODY + HEAD, b"X: a\r\n", b" 200 "),
    ],
)
def test_a_client_that_keeps_the_server_waiting_is_cut_off(
    sent, drip, answer, short
):
    with short.connect(sent) as end:
        end.settimeout(0.1)
        received, is_open = b"", True
        for _ in range(600):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                end.sendall(drip)
            try:
                part = end.recv(4096)
            except TimeoutError:
                continue
            except ConnectionResetError:
                part = b""
            received += part
            if not part:
                is_open = False
                break
    assert not is_open
    assert answer in received.split(b"\r\n")[0]
    assert short.ask({"instances": ["B"]}) == (200, {"predictions": ["b"]})


def test_an_answer_that_is_not_taken(short):
    text = "a" * 4_000_000
    body = json.dumps({"instances": [text]}).encode()
    with short.connect() as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        end.sendall(head(body) + body)
        while short.counts().get("200", 0) == 0 or not end.recv(1):
            time.sleep(0.05)
        while _is_established(short.port, end.getsockname()[1]):
            time.sleep(0.1)


def _is_established(server_port, client_port):
    """Whether the server's end of a connection is open."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file]
    ends = f":{server_port:04X}", f":{client_port:04X}"
    return any(
        row[1].endswith(ends[0]) and row[2].endswith(ends[1]) and row[3] == "01"
        for row in rows[1:]
    )


def test_slow_but_honest_clients(short):
    """They take three times as long as a client that sends nothing may."""
    text = "A" * 20_000
    body = json.dumps({"instances": [text]}).encode()
    with short.connect() as end:
        for part in parts_of(head(b"a" * len(body))[:-2], 4):
            end.sendall(part)
            time.sleep(0.05)
        end.sendall(b"\r\n")
        for part in parts_of(body, 9):
            end.sendall(part)
            time.sleep(0.1)
        answer = b""
        while text.lower().encode() not in answer:
            part = end.recv(1000)
            assert part, answer[:100]
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ")


async def _at_once(request):
    return Response(b"a" * 6_000_000)


async def _in_parts(request):
    async def parts():
        for part in range(60):
            yield b"a" * 100_000
            await asyncio.sleep(1.5 if part == 0 else 0)

    return StreamingResponse(parts())


@pytest.mark.long
@pytest.mark.parametrize("endpoint", [_at_once, _in_parts])
def test_an_answer_that_is_taken_slowly(endpoint):
    app = Starlette(routes=[Route("/", endpoint)])
    get = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with serving(SHORT, app) as server, server.connect() as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
        end.sendall(get)
        received = 0
        while part := end.recv(20_000):
            received += part.count(b"a")
            time.sleep(0.01)
    assert received >= 6_000_000


def test_idle_connections_make_room():
    with serving(Limits(connections=5)) as server, contextlib.ExitStack() as s:
        for sent in [b""] * 20 + [HEAD] * 20:
            s.enter_context(server.connect(sent))
        for _ in range(3):
            assert server.ask({"instances": ["A"]})[0] == 200
        assert len(server.server.server_state.connections) <= 6
        # Those that are read from make no room.
        busy = [
            s.enter_context(server.connect(head(BODY) + BODY[:5]))
            for _ in range(5)
        ]
        while len(server.server.server_state.tasks) < 5:
            time.sleep(0.01)
        status, answer = server.ask({"instances": ["A"]})
        assert (status, answer["code"]) == (503, "SERVICE_UNAVAILABLE")
        for end in busy:
            end.sendall(BODY[5:])
            assert end.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert server.counts(9) == {"200": 8, "503": 1}


RESET = struct.pack("ii", 1, 0)  # As of a process that is killed.


@pytest.mark.parametrize("is_reset", [False, True])
@pytest.mark.parametrize(
    "sent",
    [
        head(b"a" * 100) + b"{",
        head(b"a" * 3_000_000) + b"a" * 1_000_000,
        CHUNKED,
        CHUNKED + b"1\r\n{\r\n",
        CHUNKED + b"5\r\n{",
        head(b"a" * 100, b"Expect: 100-continue"),
    ],
    ids=["body", "large", "no chunk", "chunk", "part of a chunk", "expecting"],
)
def test_an_aborted_upload_is_no_failure(sent, is_reset, server, caplog):
    with server.connect(sent) as end:
        if is_reset:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert server.counts(1) == {"400": 1}
    assert server.ask({"instances": ["A"]})[0] == 200
    assert not caplog.records


def test_clients_that_leave_before_their_answer(server, caplog):
    for _ in range(20):
        with server.connect(head(BODY) + BODY) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert server.ask({"instances": ["A"]})[0] == 200
    assert set(server.counts()) <= {"200", "400"}
    assert not caplog.records


def test_what_is_no_http_after_a_refusal(server, caplog):
    """The answer is the refusal; the rest of the body is nobody's."""
    other = CHUNKED.replace(b"/m:", b"/x:")
    with server.connect(other) as end:
        answer = b""
        while not answer.endswith(b"}"):
            answer += end.recv(4096)
        assert answer.startswith(b"HTTP/1.1 404 ")
        end.sendall(b"no chunk\r\n")
        assert read_all(end) == b""
    with server.connect(CHUNKED + b"no chunk\r\n") as end:
        assert read_all(end).startswith(b"HTTP/1.1 400 ")
    assert [record.msg for record in caplog.records] == [
        "Invalid HTTP request received."
    ] * 2


def test_requests_in_a_pipeline(server):
    """Each is answered once, in order, also to who only reads on."""
    bodies = [b'{"instances": ["T%d"]}' % i for i in range(40)]
    with server.connect(b"".join(head(b) + b for b in bodies)) as end:
        end.shutdown(socket.SHUT_WR)
        answers = read_all(end)
    found = [answers.index(b'"t%d"' % i) for i in range(40)]
    assert found == sorted(found)
    assert answers.count(b"HTTP/1.1 200 ") == 40
    assert server.counts(40) == {"200": 40}


@pytest.mark.parametrize("chunk", [1, 7, 50_000])
def test_uploads_in_chunks(chunk, server):
    text = "Ab" * 20_000
    body = json.dumps({"instances": [text]}).encode()
    parts = [body[i : i + chunk] for i in range(0, len(body), chunk)]
    data = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    lines = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect(lines + data + b"0\r\n\r\n") as end:
        answer = read_all(end)
    assert text.lower().encode() in answer


@pytest.mark.parametrize(
    "host,status",
    [
        (b"localhost", 200),
        (b"LocalHost:8501", 200),
        (b"127.0.0.1:1", 200),
        (b"[::1]:8501", 200),
        (b"models.example", 200),
        (b"a.b.example:80", 200),
        (b"pages.example", 400),
        (b"pages.example:8501", 400),
        (b"localhost.pages.example", 400),
        (b"127.0.0.1.pages.example", 400),
        (b"localhost@pages.example", 400),
        (b"pages.example#localhost", 400),
        (b"b.example", 400),
        (b"[::2]", 400),
        (b"::1", 400),
        (b"0.0.0.0", 400),
        (b"", 400),
        (b"localhost\r\nHost: pages.example", 400),
        (None, 400),
    ],
)
def test_hosts(host, status):
    names = ["localhost", "127.0.0.1", "[::1]", "models.example", "*.b.example"]
    with serving(Limits(), allowed_hosts=names) as server:
        for path in (b"/v1/models/m", b"/metrics", b"/v1/models/m/metadata"):
            for version in (b"1.0", b"1.1"):
                line = b"" if host is None else b"Host: %s\r\n" % host
                with server.connect(
                    b"GET %s HTTP/%s\r\n%sConnection: close\r\n\r\n"
                    % (path, version, line)
                ) as end:
                    answer = read_all(end)
                assert answer.split()[1] == b"%d" % status
        assert server.counts(6) == {str(status): 6}


def test_each_request_is_counted_once(server):
    sent = {
        "200": [head(BODY) + BODY, GET.replace(b"/v1/models/m", b"/metrics")],
        "400": [b"no HTTP\r\n\r\n", head(b""), head(b"[") + b"["],
        "404": [GET.replace(b"/m ", b"/x ")],
        "405": [GET.replace(b"GET", b"PUT")],
        "413": [head(b"a" * 5_000_000), head(LONG) + LONG],
        "415": [head(BODY, b"Content-Encoding: gzip") + BODY],
    }
    for status, requests in sent.items():
        for request in requests:
            with server.connect(request) as end:
                assert b" %s " % status.encode() in end.recv(4096)
    expected = {code: len(requests) for code, requests in sent.items()}
    assert server.counts(sum(expected.values())) == expected


@pytest.mark.long
def test_a_load_with_faults(tmp_path):
    """A short one of the benchmark: no answer is wrong or another's."""

    def same(predictions, expected):
        return predictions == expected

    texts = {f"Text {i}": f"text {i}" for i in range(50)}
    long = {text: text.lower() for text in ("Ab" * 1_990_000, ", " * 1_990_000)}
    small, large = small_cases(texts, same), large_cases(long, same)
    with serving(Limits()) as server:
        path = "/v1/models/m:predict"
        running = load(server.port, path, 16, 600, small, large)
        times, wrong = asyncio.run(running)
        assert not wrong
        counts = server.counts()
    assert {"4 MB", "slow head", "in chunks", "two at once"} <= set(times)
    assert set(counts) <= {"200", "400", "413"}
