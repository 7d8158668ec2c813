"""The server as it runs: a process of its own, and real sockets."""

import asyncio
import base64
import concurrent.futures
import json
import os
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tests.serving.process import ALONE, Server
from tfq_hybrid.serving.server.limits import Limits, read_body
from tfq_hybrid.serving.server.pages import page


@pytest.fixture(scope="module")
def server(exports, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "name"
    folder.mkdir()
    os.symlink(exports["classification"][0], folder / "1")
    os.symlink(exports["classification"][0], folder / "2")
    server = Server(
        folder,
        *("--all-versions", "--max-body", "20000", "--max-rows", "8"),
        *("--max-wait", "0.05"),
        program=ALONE,
    )
    yield server
    code, out = server.stop()
    assert code == 0
    assert json.loads(out) == []  # nothing of Keras, Cirq, …


@pytest.mark.long
def test_predicts(server, exports):
    _, example = exports["classification"]
    for signature, inputs, expected in example.requests:
        columns = {name: a.tolist() for name, a in inputs.items()}
        content = {"signature_name": signature, "inputs": columns}
        status, answer = server.predict(content)
        assert status == 200
        outputs = answer["outputs"]
        probabilities = (
            outputs["probabilities"] if signature == "serve" else outputs
        )
        np.testing.assert_allclose(
            probabilities, expected["probabilities"], atol=1e-5
        )
    rows = {"instances": list(example.requests[0][1]["text"])}
    status, answer = server.predict(rows, "/v1/models/name/versions/1:predict")
    assert status == 200
    labels = [row["label"] for row in answer["predictions"]]
    assert labels == example.requests[0][2]["label"].tolist()


@pytest.mark.long
def test_prompts_with_settings_of_their_own(exports, predictor):
    """Rows of one request, and of two, are answered each by its settings."""
    path, example = exports["gpt2"]
    columns = example.requests[0][1]
    rows = [
        dict(zip(columns, map(plain, values), strict=True))
        for values in zip(*columns.values(), strict=True)
    ]
    for place, row in enumerate(rows):
        row |= {"max_length": 14 + place, "top_k": 5, "seed": 3 - place}
    server = Server(path.parent)
    try:
        answers = [
            server.predict({"instances": some}, "/v1/models/gpt2:predict")
            for some in (rows, rows[::-1])
        ]
        bad = {**rows[0], "top_k": "many"}
        status, _ = server.predict(
            {"instances": [bad]}, "/v1/models/gpt2:predict"
        )
        assert status == 400
    finally:
        code, _ = server.stop()
    assert code == 0
    answer = predictor("gpt2")
    expected = [answer([row.pop("prompt")], **row) for row in rows]
    expected = [texts[0]["text"] for texts in expected]
    assert [status for status, _ in answers] == [200, 200]
    found = [list(map(text_of, a["predictions"])) for _, a in answers]
    assert found == [expected, expected[::-1]]


def text_of(prediction):
    """A string, also where its bytes are no UTF-8."""
    if isinstance(prediction, str):
        return prediction
    return base64.b64decode(prediction["b64"]).decode("utf-8", "replace")


def plain(value):
    """A scalar of NumPy as JSON has it."""
    return value.item() if hasattr(value, "item") else value


def test_status_and_metadata(server):
    status, _, body = server.ask("GET", "/v1/models/name")
    states = json.loads(body)["model_version_status"]
    assert status == 200
    assert [(s["version"], s["state"]) for s in states] == [
        ("2", "AVAILABLE"),
        ("1", "AVAILABLE"),
    ]
    _, _, body = server.ask("GET", "/v1/models/name/versions/1")
    assert len(json.loads(body)["model_version_status"]) == 1
    _, _, body = server.ask("GET", "/v1/models/name/metadata")
    content = json.loads(body)
    assert content["model_spec"]["version"] == "2"
    signatures = content["metadata"]["signature_def"]["signature_def"]
    text = signatures["serving_default"]["inputs"]["text"]
    assert text["dtype"] == "DT_STRING"
    assert text["tensor_shape"]["dim"] == [{"size": "-1"}]


BAD = [
    (b"", 400),
    (b"{", 400),
    (b"[" * 10_000, 400),
    (b'{"instances": ["\xff"]}', 400),
    (b'{"instances": ["a"]}' + b" " * 20_000, 413),
    (json.dumps({"instances": ["a"] * 9}).encode(), 413),
    (b'{"instances": [5]}', 400),
]


@pytest.mark.parametrize("body,expected", BAD, ids=lambda v: str(v)[:30])
def test_bad_bodies(body, expected, server):
    status, answer = server.predict(body)
    assert status == expected
    assert answer["code"] and answer["error"].startswith("Expected")
    assert server.predict({"instances": ["a"]})[0] == 200


@pytest.mark.parametrize(
    "method,path,expected",
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1/models/other", 404),
        ("GET", "/v1/models/name/versions/3", 404),
        ("GET", "/v1/models/name/versions/%00", 404),
        ("GET", "/v1/models/name:predict", 404),
        ("POST", "/v1/models/name", 405),
        ("POST", "/v1/models/name:classify", 405),
    ],
)
def test_bad_paths(method, path, expected, server):
    status, _, body = server.ask(method, path)
    assert status == expected
    assert json.loads(body)["error"]


def test_bad_requests(server):
    compressed = {"Content-Encoding": "gzip"}
    status, _, _ = server.ask(
        "POST", "/v1/models/name:predict", b"x", compressed
    )
    assert status == 415
    for data in (
        b"\x00\x01\x02\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST /v1/models/name:predict HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: -1\r\n\r\n",
    ):
        assert server.send(data).startswith(b"HTTP/1.1 4")
    # A body without an end: chunks beyond the limit.
    chunk = b"1000\r\n" + b"a" * 0x1000 + b"\r\n"
    answer = server.send(
        b"POST /v1/models/name:predict HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 6
    )
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert server.predict({"instances": ["a"]})[0] == 200


def test_a_slow_body_is_given_up():
    first = {"type": "http.request", "body": b"{", "more_body": True}
    parts = [first]

    async def receive():
        if not parts:
            await asyncio.sleep(60)
        return parts.pop()

    scope = {"type": "http", "headers": [(b"content-length", b"100")]}
    request = Request(scope, receive)
    with pytest.raises(HTTPException) as caught:
        asyncio.run(read_body(request, Limits(timeout=0.05)))
    assert caught.value.status_code == 408


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(max_size=400))
def test_any_body_is_answered(server, body):
    status, answer = server.predict(body)
    assert status == 400
    assert answer["code"] == "BAD_REQUEST"


def test_values_that_the_model_refuses(server):
    tokens = {"segment_ids": [[0] * 5], "padding_mask": [[1] * 5]}
    content = {"signature_name": "serve_tokens"}
    good = {**tokens, "token_ids": [[1] * 5]}
    bad = {**tokens, "token_ids": [[10**6] * 5]}
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        # They share a batch; only the bad one is refused.
        answers = list(
            threads.map(
                lambda inputs: server.predict({**content, "inputs": inputs}),
                [good, bad, good, good],
            )
        )
    assert [status for status, _ in answers] == [200, 400, 200, 200]
    assert "refuses the values" in answers[1][1]["error"]


def test_requests_share_batches(server):
    def read():
        lines = server.ask("GET", "/metrics")[2].decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line[0] != "#")
        return {name: float(value) for name, value in pairs}

    prefix = "tfq_hybrid_serving_"
    before = read()
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        answers = threads.map(
            lambda text: server.predict({"instances": [text]}),
            [f"good {i}" for i in range(48)],
        )
        assert {status for status, _ in answers} == {200}
    after = read()

    def gained(name):
        return after[prefix + name] - before.get(prefix + name, 0.0)

    assert gained("batch_rows_sum") == 48
    assert gained("batch_rows_count") < 48
    assert gained('requests_total{code="200",path="predict"}') == 48


@pytest.mark.long
def test_the_server_says_what_it_serves(server):
    status, headers, content = server.ask("GET", "/")
    page = content.decode()
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    found = re.search(r'id="model">(.*?)</script>', page, re.DOTALL)
    facts = json.loads(found[1])
    assert facts["name"] == "name"
    assert facts["signatures"]["serve"] == {
        "text": {"dtype": "string", "shape": [None]}
    }
    assert "http://" not in page and "https://" not in page
    for path, expected in (
        ("/healthz", {"status": "ok"}),
        ("/v1/models", {"models": [{"name": "name", "versions": [2, 1]}]}),
    ):
        status, _, content = server.ask("GET", path)
        assert (status, json.loads(content)) == (200, expected)
    status, headers, _ = server.ask("GET", "/docs")
    assert (status, headers["location"]) == (307, "/#api")


@pytest.mark.long
def test_the_openapi_describes_the_paths_that_are_there(server):
    described = json.loads(server.ask("GET", "/openapi.json")[2])
    assert described["openapi"].startswith("3.1")
    for path, verbs in described["paths"].items():
        [verb] = verbs
        path = path.replace("{version}", "1")
        body = b'{"instances": ["a fine film"]}' if verb == "post" else b""
        status, _, _ = server.ask(verb.upper(), path, body)
        assert status in (200, 307), path
    body = described["paths"]["/v1/models/name:predict"]["post"]["requestBody"]
    schemas = body["content"]["application/json"]["schema"]["anyOf"]
    inputs = {
        schema["properties"]["signature_name"]["const"]: schema["properties"][
            "inputs"
        ]["properties"]
        for schema in schemas
    }
    assert inputs["serve"]["text"] == {
        "type": "array",
        "items": {"type": "string"},
    }
    status, _, content = server.ask("GET", "/nothing")
    assert status == 404
    assert "/openapi.json" in json.loads(content)["error"]


def test_a_name_cannot_end_the_script_that_holds_it():
    class Nothing:
        signatures = {}

    content = page("</script><script>alert(1)", Nothing())
    assert "<script>alert" not in content
    found = re.search(r'id="model">(.*?)</script>', content, re.DOTALL)
    assert json.loads(found[1])["name"] == "</script><script>alert(1)"
