"""What the server says of itself: a page to try it, and its OpenAPI."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfq_hybrid.serving.server.servable import Servable, Signature
from tfq_hybrid.version import __version__

# Everything is in the page; it asks this server alone.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
PAGE = pathlib.Path(__file__).with_name("page.html")
# Of JSON Schema, by what a dtype is.
KINDS = (("is_integer", "integer"), ("is_floating", "number"))


def paths_of(name: str) -> dict[str, tuple[str, str]]:
    """The paths of a server: the verb, and what each is for."""
    model = f"/v1/models/{name}"
    return {
        "/": ("GET", "A page to try the model"),
        "/healthz": ("GET", "Whether the server is up"),
        "/v1/models": ("GET", "The models that are served"),
        model: ("GET", "The versions of the model"),
        f"{model}/metadata": ("GET", "Its signatures"),
        f"{model}:predict": ("POST", "An answer to instances or inputs"),
        f"{model}/versions/{{version}}:predict": (
            "POST",
            "The same of one version",
        ),
        "/metrics": ("GET", "Counts and times, for Prometheus"),
        "/openapi.json": ("GET", "This list as OpenAPI"),
        "/docs": ("GET", "This list as a page"),
    }


def page(name: str, servable: Servable) -> str:
    """The page of a model; its script reads what follows from JSON."""
    facts = {
        "name": name,
        "signatures": {
            key: {
                argument: {
                    "dtype": spec.dtype.name,
                    "shape": list(spec.shape),
                }
                for argument, spec in signature.inputs.items()
            }
            for key, signature in servable.signatures.items()
        },
        "paths": [
            [verb, path, about]
            for path, (verb, about) in paths_of(name).items()
        ],
    }
    # A name could end the script that holds it.
    content = json.dumps(facts).replace("<", "\\u003c")
    return PAGE.read_text("utf-8").replace("MODEL", content, 1)


def openapi(name: str, servables: Mapping[int, Servable]) -> dict[str, Any]:
    """The paths as OpenAPI 3.1, with the inputs of the newest version."""
    newest = servables[max(servables)]
    bodies = [_body(signature) for signature in newest.signatures.values()]
    paths: dict[str, Any] = {}
    for path, (verb, about) in paths_of(name).items():
        found: dict[str, Any] = {
            "summary": about,
            "responses": {"200": {"description": about}},
        }
        if verb == "POST":
            schema = {"anyOf": bodies}
            content = {"application/json": {"schema": schema}}
            found["requestBody"] = {"required": True, "content": content}
            found["responses"]["400"] = {"description": "A wrong body"}
            found["responses"]["429"] = {"description": "Too many requests"}
        if "{version}" in path:
            found["parameters"] = [
                {
                    "name": "version",
                    "in": "path",
                    "required": True,
                    "schema": {"enum": sorted(servables)},
                }
            ]
        paths[path] = {verb.lower(): found}
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": str(newest.version)},
        "x-generator": f"tfq-hybrid {__version__}",
        "paths": paths,
    }


def _body(signature: Signature) -> dict[str, Any]:
    """The schema of a body for one signature, by columns."""
    inputs = {name: _schema(spec) for name, spec in signature.inputs.items()}
    return {
        "type": "object",
        "properties": {
            "signature_name": {"const": signature.name},
            "inputs": {
                "type": "object",
                "properties": inputs,
                "required": sorted(inputs),
            },
        },
        "required": ["inputs"],
    }


def _schema(spec: tf.TensorSpec) -> dict[str, Any]:
    kind = next((kind for is_, kind in KINDS if getattr(spec.dtype, is_)), None)
    name = kind or ("boolean" if spec.dtype.is_bool else "string")
    schema: dict[str, Any] = {"type": name}
    for size in reversed(list(spec.shape)):
        schema = {"type": "array", "items": schema}
        if size is not None:
            schema |= {"minItems": size, "maxItems": size}
    return schema
