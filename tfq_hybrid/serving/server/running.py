"""The server's life: socket, signals and logs."""

import contextlib
import datetime
import ipaddress
import json
import os
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.server.app import make_app
from tfq_hybrid.serving.server.limits import Limits
from tfq_hybrid.serving.server.servable import load_servables


def serve(
    path: str | os.PathLike[str],
    host: str = "127.0.0.1",
    port: int = 8501,
    name: str | None = None,
    every_version: bool = False,
    limits: Limits | None = None,
    as_json: bool = False,
) -> None:
    """Serves an export until SIGTERM or SIGINT.

    A signal ends the taking of connections; the requests under way are
    answered first.

    Args:
        path: The folder of an export, or of one version.
        host: The address to listen on. Defaults to `"127.0.0.1"`, which no
            other machine reaches.
        port: 0 takes a free one. Defaults to 8501.
        name: The model's name in the paths. Defaults to `None`: that of the
            folder.
        every_version: Whether to serve all versions, not the newest alone.
            Defaults to `False`.
        limits: Defaults to `None`: those of `Limits()`.
        as_json: Whether to log a JSON object a line. Defaults to `False`.

    Raises:
        UserError: there is no export there, a damaged one, or the address
            cannot be taken.
    """
    limits = limits or Limits()
    log = _make_log(as_json)
    with contextlib.closing(_listen(host, port)) as listener:
        found, servables = load_servables(path, every_version)
        name = name or found
        for servable in servables.values():
            servable.warm_up()
        address = _address(listener)
        if not is_loopback(host):
            log(
                event="warning",
                text=f"{host} can be reached from other machines, and there "
                "is no authentication and no encryption: put a proxy before "
                "it that has both",
            )
        server = uvicorn.Server(
            uvicorn.Config(
                make_app(name, servables, limits, log),
                http="h11",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=limits.connections,
                # It takes parts of a second too.
                timeout_graceful_shutdown=limits.drain,  # type: ignore[arg-type]
            )
        )
        # uvicorn raises a signal again once it has stopped: the end is good.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        log(
            event="serving",
            url=f"http://{address}/v1/models/{name}",
            port=listener.getsockname()[1],
            versions=list(servables),
        )
        server.run(sockets=[listener])
        log(event="stopped")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    Example:

    >>> [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0")]
    [True, True, True, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port)[0][0]
        listener = socket.create_server(
            (host, port), family=family, backlog=1024
        )
        # Connections inherit it. asyncio sets it only where the socket says
        # that it is TCP's; without it the body of an answer waits 40 ms for
        # the client to acknowledge the head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            "Expected an address that is free on this machine. Received: "
            f"host={host}, port={port} ({reason})"
        ) from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _make_log(as_json: bool) -> Callable[..., None]:
    """A function of keywords that writes one line to stderr."""

    def log(**event):
        now = datetime.datetime.now(datetime.UTC)
        if as_json:
            line = json.dumps({"time": now.isoformat(), **event})
        else:
            words = [f"{key}={value}" for key, value in event.items()]
            line = f"{now:%Y-%m-%dT%H:%M:%S} {' '.join(words)}"
        print(line, file=sys.stderr, flush=True)

    return log
