"""Bodies of requests, good and bad, without a model."""

import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from tfq_hybrid.serving.server.bodies import answer, parse
from tfq_hybrid.serving.server.limits import Limits
from tfq_hybrid.serving.server.servable import Signature


def signature(name, **inputs):
    specs = {
        key: tf.TensorSpec(shape, dtype, name=key)
        for key, (shape, dtype) in inputs.items()
    }
    output = {"y": tf.TensorSpec([None], tf.float32)}
    return Signature(name, specs, output, function=None)


SIGNATURES = {
    s.name: s
    for s in (
        signature("serving_default", text=([None], tf.string)),
        signature(
            "serve_tokens",
            token_ids=([None, 3], tf.int32),
            weights=([None], tf.float32),
        ),
        signature("flags", on=([None], tf.bool)),
        signature("whole", scale=([], tf.float32)),
        signature("free", x=([None, None], tf.int64)),
    )
}
LIMITS = Limits(request_rows=4, body_items=100)


def read(content):
    body = content if isinstance(content, bytes) else json.dumps(content)
    body = body if isinstance(body, bytes) else body.encode()
    return parse(body, SIGNATURES, LIMITS)


def tokens(**values):
    return {"signature_name": "serve_tokens", **values}


@pytest.mark.parametrize(
    "content",
    [
        {"instances": ["a", "é"]},
        {"instances": [{"text": "a"}, {"text": "é"}]},
        {"instances": ["a", {"b64": "w6k="}]},
        {"inputs": ["a", "é"]},
        {"inputs": {"text": ["a", "é"]}},
        {"signature_name": "serving_default", "inputs": ["a", "é"]},
    ],
)
def test_forms_of_the_same_request(content):
    call = read(content)
    assert call.arrays["text"].tolist() == [b"a", "é".encode()]
    assert call.rows == 2
    assert call.is_row_format == ("instances" in content)


@pytest.mark.parametrize(
    "text",
    [
        "[{," * 1000,
        '"' * 1000 + "[" * 40,
        "\\" * 1001 + "[" * 40,
        '\\"' * 1001 + "[" * 40,
        "\u005b" * 40 + "]" * 40,
        "é[" * 40,
    ],
)
def test_what_is_in_a_text_is_no_list(text):
    """Only what JSON itself nests and separates is bounded."""
    call = read({"instances": [text, "b"]})
    assert call.arrays["text"].tolist() == [text.encode(), b"b"]


def test_several_inputs():
    rows = [{"token_ids": [1, 2, 3], "weights": 1}] * 2
    by_row = read(tokens(instances=rows))
    columns = {"token_ids": [[1, 2, 3]] * 2, "weights": [1.0, 1.0]}
    by_column = read(tokens(inputs=columns))
    for call in (by_row, by_column):
        assert call.arrays["token_ids"].dtype == np.int32
        assert call.arrays["token_ids"].tolist() == [[1, 2, 3]] * 2
        assert call.arrays["weights"].dtype == np.float32
    scale = read({"signature_name": "whole", "inputs": 2.5}).arrays["scale"]
    assert scale.shape == () and scale == 2.5


GOOD_ROW = {"token_ids": [1, 2, 3], "weights": 1.0}
BAD = [
    (b"", "nothing"),
    (b"{", "Expected JSON"),
    (b"\xff\xfe{}", "UTF-8"),
    (b"[" * 99, "at most 32 levels"),
    (b'{"instances": [1e999]}', "text of string"),
    (b'{"instances": [NaN]}', "no JSON"),
    (b'{"instances": [' + b"9" * 10_000 + b"]}", "Expected JSON"),
    (b"null", "JSON object"),
    (b"[]", "JSON object"),
    ({}, "one of 'instances'"),
    ({"instances": ["a"], "inputs": ["a"]}, "one of 'instances'"),
    ({"instances": []}, "list of rows"),
    ({"instances": {}}, "list of rows"),
    ({"inputs": []}, "shape (?)"),
    ({"instances": ["a"], "more": 1}, "'more'"),
    ({"instances": ["a"], "signature_name": "x"}, "signature_name of"),
    ({"instances": ["a"], "signature_name": ["x"]}, "signature_name of"),
    ({"instances": [1]}, "text of string"),
    ({"instances": [["a"]]}, "text of string"),
    ({"instances": ["a", {"txt": "b"}]}, "names text"),
    ({"instances": [{"txt": "a"}]}, "names text"),
    ({"instances": [{"b64": "!"}]}, "text of string"),
    (b'{"instances": ["\\ud800"]}', "text of string"),
    ({"instances": ["a"] * 5}, "at most 4 rows"),
    ({"instances": [[]] * 5}, "at most 4 rows"),
    (b'{"instances": [' + b"[]," * 1000 + b"[]]}", "at most 100 values"),
    (b'{"instances": [' + b"{}," * 1000 + b"{}]}", "at most 100 values"),
    (b'{"instances": ["a"' + b"," * 1000, "at most 100 values"),
    ({"inputs": {str(i): [] for i in range(101)}}, "at most 100 values"),
    (b'{"inputs": ' + b"[" * 40 + b"]" * 40 + b"}", "at most 32 levels"),
    (b'{"inputs": ' + b'{"a":' * 40 + b"1" + b"}" * 41, "at most 32 levels"),
    (b'{"a": "\\\\", "inputs": ' + b"[" * 40, "at most 32 levels"),
    (tokens(instances=["a"]), "names token_ids, weights"),
    (tokens(instances=[GOOD_ROW, {"token_ids": [1, 2, 3]}]), "the names"),
    (tokens(instances=[{**GOOD_ROW, "token_ids": [1, 2]}]), "shape (?, 3)"),
    (tokens(instances=[{**GOOD_ROW, "token_ids": 1}]), "nested lists"),
    (tokens(instances=[{**GOOD_ROW, "token_ids": [1, 2, "3"]}]), "int32"),
    (tokens(instances=[{**GOOD_ROW, "token_ids": [1, 2, True]}]), "int32"),
    (tokens(instances=[{**GOOD_ROW, "token_ids": [1, 2, 2**31]}]), "int32"),
    (tokens(instances=[{**GOOD_ROW, "token_ids": [1, 2, 0.5]}]), "int32"),
    (tokens(instances=[{**GOOD_ROW, "weights": 1e39}]), "float32"),
    (
        tokens(inputs={"token_ids": [[1, 2, 3]], "weights": [1.0, 2.0]}),
        "as many rows",
    ),
    ({"signature_name": "free", "inputs": [[1], [1, 2]]}, "ragged"),
    ({"signature_name": "flags", "instances": [1]}, "on of bool"),
    ({"signature_name": "whole", "instances": [1]}, "Expected 'inputs'"),
]


@pytest.mark.parametrize("content,message", BAD, ids=lambda v: str(v)[:40])
def test_bad_bodies(content, message):
    with pytest.raises(HTTPException) as caught:
        read(content)
    assert message in caught.value.detail
    assert 400 <= caught.value.status_code < 500
    assert len(caught.value.detail) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "signature_name": st.sampled_from([*SIGNATURES]) | JSON,
        "instances": JSON | st.lists(st.fixed_dictionaries({"text": JSON})),
        "inputs": JSON | st.fixed_dictionaries({"token_ids": JSON}),
    },
)


@pytest.mark.long
@given(BODIES | JSON)
def test_any_json_is_read_or_refused(content):
    try:
        call = read(content)
    except HTTPException as error:
        assert 400 <= error.status_code < 500
        return
    for name, spec in call.signature.inputs.items():
        array = call.arrays[name]
        assert spec.shape.is_compatible_with(array.shape)
        assert 1 <= call.rows <= LIMITS.request_rows


@given(st.binary())
def test_any_bytes_are_read_or_refused(body):
    with pytest.raises(HTTPException):
        read(body)


def test_answers():
    outputs = {
        "label": np.array([b"good", b"\xff"], object),
        "p": np.array([[0.25], [0.5]], "float32"),
    }
    rows = json.loads(answer(outputs, True))["predictions"]
    assert rows == [
        {"label": "good", "p": [0.25]},
        {"label": {"b64": "/w=="}, "p": [0.5]},
    ]
    columns = json.loads(answer(outputs, False))["outputs"]
    assert columns["p"] == [[0.25], [0.5]]
    with pytest.raises(HTTPException, match="not finite"):
        answer({"y": np.array([np.nan])}, True)
