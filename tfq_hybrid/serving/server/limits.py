"""Limits on requests, and the body of one within them."""

import asyncio
import dataclasses

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from tfq_hybrid.errors import UserError, check_integer, is_number

# Bytes a second that a client sends or takes at least, beyond `timeout`.
SLOWEST = 2**10


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of a server.

    Args:
        body_bytes: The largest body. Defaults to 4 MiB.
        body_items: The most values in a body, nested lists and objects among
            them. Defaults to 262144.
        request_rows: The most rows in one request. Defaults to 128.
        batch_rows: The most rows that the model gets at once, from many
            requests. Defaults to 32.
        batch_wait: Seconds that a request waits at most for others to share
            a batch with. Defaults to 0.001.
        queue_rows: Rows that may wait for the model; beyond, requests are
            answered with 429. Defaults to 256.
        timeout: Seconds that a client may take to send the head of a request,
            its body and to take its answer, each, with one second more for
            each KiB; and seconds to answer it. Defaults to 30.
        connections: Requests under way and open connections; beyond, idle
            connections are closed and requests answered with 503. Defaults to
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
    body_items: int = 2**18
    request_rows: int = 128
    batch_rows: int = 32
    batch_wait: float = 0.001
    queue_rows: int = 256
    timeout: float = 30.0
    connections: int = 1024
    drain: float = 30.0

    def __post_init__(self):
        for name in ("body_bytes", "body_items", "request_rows"):
            check_integer(name, getattr(self, name), minimum=1)
        for name in ("batch_rows", "queue_rows", "connections"):
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
        HTTPException: the body is too large, too slow, cut off or compressed.
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
        async with asyncio.timeout(limits.timeout) as allowed:
            began = allowed.when() or 0.0
            async for part in request.stream():
                size += len(part)
                allowed.reschedule(began + size / SLOWEST)
                if size > limits.body_bytes:
                    raise _too_large(limits, f"more than {limits.body_bytes}")
                parts.append(part)
    except TimeoutError:
        raise HTTPException(
            408, f"Expected the whole body within {limits.timeout:g} s"
        ) from None
    except ClientDisconnect:
        raise HTTPException(
            400, f"Expected the whole body. Received: {size} bytes of it"
        ) from None
    return b"".join(parts)


def _too_large(limits: Limits, size: str) -> HTTPException:
    return HTTPException(
        413,
        f"Expected a body of at most {limits.body_bytes} bytes. Received: "
        f"{size[:20]} bytes",
    )
