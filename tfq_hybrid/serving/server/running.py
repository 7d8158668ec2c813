"""The server's life: socket, signals and logs."""

import contextlib
import dataclasses
import datetime
import gc
import ipaddress
import json
import logging
import os
import re
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence

import uvicorn

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.server.app import LOOPBACK_HOSTS, make_app
from tfq_hybrid.serving.server.connections import Server, listen
from tfq_hybrid.serving.server.limits import Limits
from tfq_hybrid.serving.server.servable import load_servables

# Files, pipes and sockets of the process that are no client's.
RESERVED_DESCRIPTORS = 64


def serve(
    path: str | os.PathLike[str],
    host: str = "127.0.0.1",
    port: int = 8501,
    name: str | None = None,
    every_version: bool = False,
    limits: Limits | None = None,
    as_json: bool = False,
    allowed_hosts: Sequence[str] = (),
) -> None:
    """Serves an export until SIGTERM or SIGINT.

    A signal ends the taking of connections; who is connected by then is
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
        allowed_hosts: Names that requests may call this server by, beside
            those of the loopback interface and `host`; see `make_app`.

    Raises:
        UserError: there is no export there, a damaged one, the address cannot
            be taken, or a name is none.
    """
    limits = _within_descriptors(limits or Limits())
    names = [*LOOPBACK_HOSTS, *map(_host_name, (host, *allowed_hosts))]
    log = _make_log(as_json)
    for logger in ("uvicorn.error", "asyncio"):
        logging.getLogger(logger).addHandler(_Handler(log))
    with contextlib.closing(listen(host, port)) as listener:
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
                "it that has both. Requests are answered that call it "
                f"{', '.join(names)}",
            )
        app = make_app(name, servables, limits, log, names)
        server = Server(
            uvicorn.Config(
                app,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
            ),
            listener,
            limits,
            lambda status: app.state.metrics.count("other", status, 0),
        )
        # From here on; and uvicorn raises a signal again once it has stopped.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.handle_exit)
        # The garbage collector leaves out what is there for good: TensorFlow
        # and the model, which take it a third of a second.
        gc.freeze()
        log(
            event="serving",
            url=f"http://{address}/v1/models/{name}",
            port=listener.getsockname()[1],
            versions=list(servables),
        )
        server.run()
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


def _within_descriptors(limits: Limits) -> Limits:
    """Limits with no more connections than this process may open."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most == resource.RLIM_INFINITY:
        return limits
    most = max(1, min(limits.connections, most - RESERVED_DESCRIPTORS))
    return dataclasses.replace(limits, connections=most)


def _host_name(text: str) -> str:
    """A name as it stands in the header `Host`, without a port."""
    with contextlib.suppress(ValueError):
        return f"[{ipaddress.IPv6Address(text.strip('[]'))}]"
    if not re.fullmatch(r"\*|(\*\.)?[\w.-]+", text, re.ASCII):
        raise UserError(
            "Expected a host's name or address without a port, *.DOMAIN or *. "
            f"Received: {text!a:.80}"
        )
    return text


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


class _Handler(logging.Handler):
    """Passes on what libraries log: each kind of warning once a minute."""

    def __init__(self, log: Callable[..., None]):
        super().__init__(logging.WARNING)
        self._log = log
        self._times: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        kind = str(record.msg)
        if record.levelno < logging.ERROR:
            if now < self._times.get(kind, now):
                return
            self._times[kind] = now + 60
        self._log(event=record.levelname.lower(), text=self.format(record))
