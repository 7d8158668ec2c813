"""Bodies of requests to the server, and what stands around them."""

import asyncio
import base64
import json

import numpy as np
import tensorflow as tf
from starlette.exceptions import HTTPException

from tests.fuzz.target import Target
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.server.app import make_app
from tfq_hybrid.serving.server.bodies import parse
from tfq_hybrid.serving.server.limits import Limits
from tfq_hybrid.serving.server.servable import Signature

LIMITS = Limits(request_rows=4, body_bytes=2**20, batch_wait=0, timeout=5)
TOKENS = {"token_ids": [1, 2, 3], "weights": 0.5}
BODIES = [
    {"instances": ["a", "é"]},
    {"instances": [{"text": "a"}, {"text": "é"}]},
    {"instances": ["a", {"b64": base64.b64encode(b"\xff").decode()}]},
    {"inputs": {"text": ["a", "é"]}},
    {"signature_name": "serve_tokens", "instances": [TOKENS, TOKENS]},
    {
        "signature_name": "serve_tokens",
        "inputs": {"token_ids": [[1, 2, 3]], "weights": [0.5]},
    },
    {"signature_name": "flags", "instances": [True, False]},
    {"signature_name": "whole", "inputs": 0.5},
    {"signature_name": "free", "inputs": [[1, 2], [3, 4]]},
]
HEADERS = [
    ["content-type", "application/json"],
    ["content-length", "100"],
    ["accept", "*/*"],
]
REQUEST = {
    "method": "POST",
    "path": "/v1/models/m:predict",
    "headers": HEADERS,
    "parts": 1,
}
# As it is sent in most cases: by the parser alone, where there is none.
PATHS = ["/v1/models/m:predict", "/v1/models/m/versions/1:predict"]


def _signature(name, function, outputs, **inputs):
    specs = {
        key: tf.TensorSpec(shape, dtype, name=key)
        for key, (shape, dtype) in inputs.items()
    }
    outputs = {
        key: tf.TensorSpec(shape, dtype)
        for key, (shape, dtype) in outputs.items()
    }
    return Signature(name, specs, outputs, function)


ROWS = {"y": ([None], tf.float32)}
SIGNATURES = {
    signature.name: signature
    for signature in (
        _signature(
            "serving_default",
            lambda text: {
                "text": tf.strings.lower(text),
                "y": tf.ones(text.shape),
            },
            {"text": ([None], tf.string), **ROWS},
            text=([None], tf.string),
        ),
        _signature(
            "serve_tokens",
            lambda token_ids, weights: {
                "y": tf.cast(tf.reduce_sum(token_ids, 1), "float32") * weights
            },
            ROWS,
            token_ids=([None, 3], tf.int32),
            weights=([None], tf.float32),
        ),
        _signature(
            "flags",
            lambda on: {"y": tf.cast(on, "float32")},
            ROWS,
            on=([None], tf.bool),
        ),
        _signature(
            "whole",
            lambda scale: {"y": tf.tanh(scale)[None]},
            ROWS,
            scale=([], tf.float32),
        ),
        _signature(
            "free",
            lambda x: {"y": tf.cast(tf.reduce_sum(x, axis=1), "float32")},
            ROWS,
            x=([None, None], tf.int64),
        ),
    )
}


def corpus():
    """Bodies for the parser, and whole requests for the application."""
    bodies = [json.dumps(body).encode() for body in BODIES]
    requests = [{**REQUEST, "path": path} for path in PATHS]
    requests += [{**REQUEST, "parts": 3}]
    requests += [
        {**REQUEST, "method": "GET", "path": path}
        for path in ("/metrics", "/v1/models/m", "/v1/models/m/metadata")
    ]
    found = [{"body.json": body} for body in bodies] * 3
    for request in requests:
        text = json.dumps(request).encode()
        found += [{"body.json": b, "request.json": text} for b in bodies[::3]]
    return found


def hostile():
    """What is deep, large or no text."""
    texts = [
        '{"instances": ' + "[" * 100_000,
        '{"instances": ' + "[" * 900 + "]" * 900 + "}",
        '{"instances": [' + "1e5," * 50_000 + "1]}",
        '{"instances": [' + "9" * 4000 + "]}",
        '{"signature_name": "whole", "inputs": 1e999}',
        '{"signature_name": "whole", "inputs": NaN}',
        '{"signature_name": "whole", "inputs": -1}',
        '{"signature_name": "free", "inputs": [[]]}',
        '{"signature_name": "free", "inputs": [[9223372036854775808]]}',
        '{"signature_name": ["a"], "inputs": 1}',
        '{"signature_name": {"a": 1}, "inputs": 1}',
        '{"instances": ["\\ud800"]}',
        '{"instances": [{"b64": "\\ud800"}]}',
        '{"instances": [{"b64": "é"}]}',
        '{"instances": [{"b64": 1}, {"text": 2}]}',
        '{"inputs": {"text": ["a"], "text": ["b"]}}',
        '{"\\ud800": 1}',
        "\0",
    ]
    request = json.dumps(REQUEST).encode()
    bodies = [text.encode() for text in texts]
    return [
        tree
        for body in bodies
        for tree in (
            {"body.json": body},
            {"body.json": body, "request.json": request},
        )
    ]


class _Servable:
    """What the application needs of a loaded export."""

    version = 1
    signatures = SIGNATURES
    metadata = {}


def reader():
    """The parser; the application where there is a `request.json`."""
    app = make_app("m", {1: _Servable()}, LIMITS, allowed_hosts=["*"])
    loop = asyncio.new_event_loop()
    lifespan = app.router.lifespan_context(app)
    loop.run_until_complete(lifespan.__aenter__())

    def read(folder, changed, random):
        body = _content(folder / "body.json") or b""
        text = _content(folder / "request.json")
        if text is not None:
            status = loop.run_until_complete(_ask(app, body, text))
        else:
            status = _parse(body)
        if 400 <= status < 500:
            raise UserError(f"{status}")
        assert status == 200, f"status {status}"

    return read


def _content(path):
    """What is in a file, and in nothing else."""
    is_file = path.is_file() and not path.is_symlink()
    return path.read_bytes() if is_file else None


def _parse(body):
    try:
        call = parse(body, SIGNATURES, LIMITS)
    except HTTPException as error:
        assert str(error).isprintable(), str(error)
        return error.status_code
    for array in call.arrays.values():
        assert isinstance(array, np.ndarray)
    return 200


async def _ask(app, body, text):
    """The status of the answer to a request."""
    try:
        request = {**REQUEST, **json.loads(text)}
    except (ValueError, TypeError, RecursionError):
        request = REQUEST
    path, method = str(request["path"]), str(request["method"])
    count = request["parts"]
    count = count if type(count) is int and 0 < count < 100 else 1
    size = -(-len(body) // count) or 1
    parts = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": i + 1 < len(parts)}
        for i, part in enumerate(parts)
    ]
    sent = []

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": list(_headers(request["headers"])),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    await app(scope, receive, send)
    assert sent[-1]["type"] == "http.response.body"
    return sent[0]["status"]


def _headers(headers):
    """Those that an HTTP server would hand on: latin-1, in lower case."""
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, list) and len(header) == 2:
            name, value = (str(x).encode("latin-1", "replace") for x in header)
            yield name.lower(), value


def names():
    """Names that stand in requests."""
    return [*SIGNATURES, "instances", "inputs", "b64", "content-encoding"]


TARGET = Target(corpus, reader, hostile=hostile, names=names)
