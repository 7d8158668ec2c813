"""Limits on requests, and the body of one within them."""

import asyncio
import dataclasses

from starlette.exceptions import HTTPException
from starlette.requests import Request

from tfq_hybrid.errors import UserError, check_integer, is_number


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of a server.

    Args:
        body_bytes: The largest body. Defaults to 4 MiB.
        request_rows: The most rows in one request. Defaults to 128.
        batch_rows: The most rows that the model gets at once, from many
            requests. Defaults to 32.
        batch_wait: Seconds that a request waits at most for others to share
            a batch with. Defaults to 0.001.
        queue_rows: Rows that may wait for the model; beyond, requests are
            answered with 429. Defaults to 256.
        timeout: Seconds to read a request's body, and again to answer it.
            Defaults to 30.
        connections: Beyond, a connection is answered with 503. Defaults to
            1024.
        drain: Seconds that a stop waits for the requests under way. Defaults
            to 30.

    Raises:
        UserError: a limit is out of its range.

    Example:

    >>> Limits(batch_rows=8).request_rows
    128
    """

    body_bytes: int = 4 * 2**20
    request_rows: int = 128
    batch_rows: int = 32
    batch_wait: float = 0.001
    queue_rows: int = 256
    timeout: float = 30.0
    connections: int = 1024
    drain: float = 30.0

    def __post_init__(self):
        for name in ("body_bytes", "request_rows", "batch_rows"):
            check_integer(name, getattr(self, name), minimum=1)
        for name in ("queue_rows", "connections"):
            check_integer(name, getattr(self, name), minimum=1)
        for name, least in (("batch_wait", 0), ("timeout", 1e-3), ("drain", 0)):
            value = getattr(self, name)
            if not is_number(value) or not least <= value <= 86400:
                raise UserError(
                    f"Expected {name} to be seconds from {least} to 86400. "
                    f"Received: {name}={value!r}"
                )


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body of a request.

    Raises:
        HTTPException: the body is too large, too slow or compressed.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise HTTPException(
            415, f"Expected a plain body. Received: {encoding!a}"
        )
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limits.body_bytes:
        raise _too_large(limits, declared)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.timeout):
            async for part in request.stream():
                size += len(part)
                if size > limits.body_bytes:
                    raise _too_large(limits, f"more than {limits.body_bytes}")
                parts.append(part)
    except TimeoutError:
        raise HTTPException(
            408, f"Expected the whole body within {limits.timeout:g} s"
        ) from None
    return b"".join(parts)


def _too_large(limits: Limits, size: str) -> HTTPException:
    return HTTPException(
        413,
        f"Expected a body of at most {limits.body_bytes} bytes. Received: "
        f"{size[:20]} bytes",
    )
