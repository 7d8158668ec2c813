"""Connections: accepted, watched, and answered before the server stops."""

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.server.limits import SLOWEST, Limits

# A read of one connection: what it costs to parse, the others wait.
READ_BYTES = 2048
# Seconds that a stop waits for the request of an open connection, and that a
# client who is refused has to read why.
GRACE = 1.0


class Connection(H11Protocol, asyncio.BufferedProtocol):
    """A connection that ends where its client keeps it waiting.

    A client has `timeout` seconds to send the head of a request, and as many to
    take an answer, with one second more for each `SLOWEST` bytes that it takes.
    The time for a body is the application's to bound.

    Args:
        timeout: In seconds.
        on_refused: Called with the status of each answer to what is no whole
            request, of which the application does not know.
        **options: As of uvicorn.
    """

    def __init__(
        self, timeout: float, on_refused: Callable[[int], None], **options: Any
    ):
        super().__init__(**options)
        self._timeout = timeout
        self._on_refused = on_refused
        self._is_refused = self._has_ended = False
        self._buffer = bytearray(READ_BYTES)
        self._unsent = 0
        self._renew()

    def _renew(self) -> None:
        self.ends = self.loop.time() + self._timeout

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def has_begun(self) -> bool:
        """Whether a request is under way, or a part of its head is there."""
        has_part = bool(self.conn.trailing_data[0]) and not self._is_refused
        return has_part or not self.is_idle

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if not self._is_refused:
            self.data_received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether the connection stays open: its client may read on."""
        self._has_ended = not self.is_idle and not self.cycle.more_body
        return self._has_ended

    def on_response_complete(self) -> None:
        self._renew()
        self._unsent = self.transport.get_write_buffer_size()
        super().on_response_complete()
        if self._has_ended and self.is_idle:
            self.transport.close()

    def resume_writing(self) -> None:
        self._renew()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        cycle = self.cycle
        if cycle is None or not cycle.more_body:
            self._refuse(HTTPStatus.BAD_REQUEST, "a request of HTTP/1.1")
        elif cycle.response_started:  # Its body was refused already.
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _refuse(self, status: HTTPStatus, expected: str) -> None:
        """Answers what is no whole request; then only reads on.

        A connection that is closed before all is read is reset, and the answer
        lost.
        """
        self._on_refused(status.value)
        error = {"error": f"Expected {expected}", "code": status.name}
        body = json.dumps(error)
        self.transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "connection: close\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}".encode()
        )
        self.transport.write_eof()
        self._is_refused = True
        self.ends = self.loop.time() + GRACE

    def check(self) -> None:
        """Ends the connection where the client is late."""
        now, unsent = self.loop.time(), self.transport.get_write_buffer_size()
        if not self.is_idle and not unsent:
            self._renew()  # The client waits for the server.
        more = max(0, self._unsent - unsent) / SLOWEST
        self.ends = min(now + self._timeout, self.ends + more)
        self._unsent = unsent
        if now <= self.ends:
            return
        has_part = self.is_idle and self.has_begun
        if has_part and not self.transport.is_closing():
            time = f"the head of a request within {self._timeout:g} s"
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, time)
        else:
            self.transport.abort()


class Server(uvicorn.Server):
    """A server that accepts connections as far as there is room for them.

    Args:
        config: Of uvicorn.
        listener: A socket that listens; it is closed at the stop.
        limits: Of connections, and of time.
        on_refused: As of `Connection`.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        limits: Limits,
        on_refused: Callable[[int], None],
    ):
        super().__init__(config)
        self._listener = listener
        self._limits = limits
        self._on_refused = on_refused

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        self._listener.setblocking(False)
        self._wakes = asyncio.Event()
        self._accepting = asyncio.create_task(self._accept())

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            self._check()
        if self._accepting.done():
            self._accepting.result()  # Raises what ended it.
        return await super().on_tick(counter)

    def _check(self) -> None:
        for connection in self._connections():
            connection.check()

    def _connections(self) -> list[Connection]:
        found = self.server_state.connections
        return [one for one in found if isinstance(one, Connection)]

    async def _accept(self) -> None:
        """Accepts until the server stops.

        It ends by itself: a task that is cancelled would drop whom it accepts.
        """
        while not self.should_exit:
            try:
                client, _ = self._listener.accept()
            except BlockingIOError:
                await self._wait_for_clients()
                continue
            except OSError as error:
                # Without descriptors each further try fails at once.
                logging.getLogger("uvicorn.error").warning(
                    "Cannot accept connections: %s", error.strerror
                )
                self._make_room()
                await asyncio.sleep(0.1)
                continue
            if len(self.server_state.connections) >= self._limits.connections:
                self._make_room()
            await self._connect(client)

    async def _wait_for_clients(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._listener, self._wakes.set)
        await self._wakes.wait()
        loop.remove_reader(self._listener)
        self._wakes.clear()

    async def _connect(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                lambda: Connection(
                    self._limits.timeout,
                    self._on_refused,
                    config=self.config,
                    server_state=self.server_state,
                    app_state=self.lifespan.state,
                    _loop=loop,
                ),
                client,
            )
        except OSError:  # The client has left.
            client.close()

    async def _take_queue(self) -> bool:
        """Accepts all who wait; whether descriptors sufficed for them."""
        clients, is_empty = [], False
        try:
            while True:
                clients.append(self._listener.accept()[0])
        except BlockingIOError:
            is_empty = True
            self._listener.close()  # Before anybody else joins the queue.
        except OSError:
            pass
        for client in clients:
            await self._connect(client)
        return is_empty

    def _make_room(self) -> None:
        """Ends the connection that has been idle for longest."""
        idle = [
            one
            for one in self._connections()
            if one.is_idle and not one.transport.get_write_buffer_size()
        ]
        if idle:
            min(idle, key=lambda one: one.ends).transport.abort()

    async def shutdown(
        self, sockets: list[socket.socket] | None = None
    ) -> None:
        """Answers who is connected or waits to be accepted, and stops."""
        now = asyncio.get_running_loop().time
        began, ends = now(), now() + self._limits.drain
        self._wakes.set()
        await asyncio.gather(self._accepting, return_exceptions=True)
        self.server_state.default_headers.append(CLOSE_HEADER)
        while not await self._take_queue() and now() < ends:
            await asyncio.sleep(0.05)
        self._listener.close()
        for one in self._connections():
            if not one.is_idle:
                one.shutdown()
        while self._connections() and now() < ends and not self.force_exit:
            has_begun = any(one.has_begun for one in self._connections())
            if not has_begun and now() > began + GRACE:
                break
            self._check()
            await asyncio.sleep(0.05)
        # It takes parts of a second too.
        left = max(0, ends - now())
        self.config.timeout_graceful_shutdown = left  # type: ignore[assignment]
        await super().shutdown(sockets=[])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, from which connections inherit their options.

    Raises:
        UserError: the address cannot be taken.
    """
    try:
        family = socket.getaddrinfo(host, port)[0][0]
        listener = socket.create_server(
            (host, port), family=family, backlog=1024
        )
        # asyncio sets it only where the socket says that it is TCP's; without
        # it the body of an answer waits 40 ms for the client to acknowledge
        # the head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # What the system holds back itself, and not in the server, cannot be
        # seen to go out.
        listener.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 16 * SLOWEST
        )
        return listener
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            "Expected an address that is free on this machine. Received: "
            f"host={host}, port={port} ({reason})"
        ) from None
