"""The paths of the server: TensorFlow Serving's, and what describes them."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

import prometheus_client
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from tfq_hybrid.serving.server.batching import Batcher
from tfq_hybrid.serving.server.limits import Limits, read_body
from tfq_hybrid.serving.server.pages import POLICY, openapi, page, paths_of
from tfq_hybrid.serving.server.servable import Servable

MODEL = "/v1/models/{name}"
VERSION = MODEL + "/versions/{version}"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# A body of more bytes waits for others of its kind alone, and shares no batch.
LARGE_BODY = 2**16


class Metrics:
    """What one server counts, for Prometheus, in a registry of its own.

    Example:

    >>> metrics = Metrics()
    >>> metrics.queue_rows.set(3)
    >>> b"tfq_hybrid_serving_queue_rows 3.0" in metrics.text()[0]
    True
    """

    def __init__(self):
        self._registry = prometheus_client.CollectorRegistry()

        def make(kind, name, about, **options):
            name = f"tfq_hybrid_serving_{name}"
            return kind(name, about, registry=self._registry, **options)

        histogram = prometheus_client.Histogram
        self.requests = make(
            prometheus_client.Counter,
            "requests",
            "Answers by path and status.",
            labelnames=("path", "code"),
        )
        self.request_seconds = make(
            histogram,
            "request_seconds",
            "Time of a request.",
            labelnames=("path",),
            buckets=SECONDS,
        )
        self.model_seconds = make(
            histogram,
            "model_seconds",
            "Time of a call of the model.",
            buckets=SECONDS,
        )
        self.batch_rows = make(
            histogram,
            "batch_rows",
            "Rows in a call of the model.",
            buckets=ROWS,
        )
        self.queue_rows = make(
            prometheus_client.Gauge, "queue_rows", "Rows that wait."
        )

    def count(self, path: str, status: int, seconds: float) -> None:
        """Counts one request."""
        self.requests.labels(path, str(status)).inc()
        self.request_seconds.labels(path).observe(seconds)

    def text(self) -> tuple[bytes, str]:
        """The metrics, and the type of their text."""
        content = prometheus_client.generate_latest(self._registry)
        return content, prometheus_client.CONTENT_TYPE_LATEST


def make_app(
    name: str,
    servables: Mapping[int, Servable],
    limits: Limits | None = None,
    log: Callable[..., None] = lambda **event: None,
    allowed_hosts: Sequence[str] = LOOPBACK_HOSTS,
) -> Starlette:
    """The ASGI application that serves a model.

    Args:
        name: The model's name in the paths.
        servables: The loaded versions by number.
        limits: Defaults to `None`: those of `Limits()`.
        log: Called with keywords for every request. Defaults to nothing.
        allowed_hosts: The names that the header `Host` may have; others are
            refused, as a web page could point a name of its own at this
            machine. `"*.example.org"` stands for all of a domain, `"*"` for
            any. Defaults to those of the loopback interface.

    Returns:
        The application. Its `state.metrics` are its `Metrics`.
    """
    limits = limits or Limits()
    server = _Server(name, servables, limits)
    routes = [
        Route(f"{base}{end}", method, methods=[verb])
        for base in (MODEL, VERSION)
        for end, method, verb in (
            (":predict", server.predict, "POST"),
            ("/metadata", server.metadata, "GET"),
            ("", server.status, "GET"),
        )
    ]
    routes += [
        Route(path, method, methods=["GET"])
        for path, method in (
            ("/metrics", server.show_metrics),
            ("/", server.show_page),
            ("/docs", server.show_paths),
            ("/healthz", server.health),
            ("/v1/models", server.models),
            ("/openapi.json", server.describe),
        )
    ]
    app = Starlette(
        routes=routes,
        lifespan=server.lifespan,
        exception_handlers={
            404: server.no_path,
            HTTPException: _failed,
            Exception: _failed,
        },
        middleware=[
            Middleware(
                _Watch,
                metrics=server.metrics,
                log=log,
                most=limits.connections,
            ),
            Middleware(
                TrustedHostMiddleware,
                allowed_hosts=allowed_hosts,
                www_redirect=False,
            ),
        ],
    )
    app.state.metrics = server.metrics
    return app


class _Server:
    """What the paths have in common."""

    def __init__(
        self, name: str, servables: Mapping[int, Servable], limits: Limits
    ):
        self.name = name
        self.servables = servables
        self.limits = limits
        self.metrics = Metrics()
        # By version, and whether a body is large.
        self.batchers: dict[tuple[int, bool], Batcher] = {}

    @contextlib.asynccontextmanager
    async def lifespan(self, app):
        """Runs the batchers of each version, while the server runs."""
        alone = dataclasses.replace(self.limits, batch_rows=1)
        for version in self.servables:
            for is_large, limits in ((False, self.limits), (True, alone)):
                batcher = Batcher(limits, self.metrics)
                self.batchers[version, is_large] = batcher
                batcher.start()
        yield
        for batcher in self.batchers.values():
            await batcher.stop()

    def _servable(self, request: Request) -> Servable:
        name = request.path_params["name"]
        if name != self.name:
            raise HTTPException(
                404, f"Expected the model {self.name}. Received: {name!a:.80}"
            )
        version = request.path_params.get("version")
        if version is None:
            return self.servables[max(self.servables)]
        known = {str(number): one for number, one in self.servables.items()}
        if version not in known:
            raise HTTPException(
                404,
                f"Expected a version of {', '.join(known)}. Received: "
                f"{version!a:.80}",
            )
        return known[version]

    async def predict(self, request: Request) -> Response:
        servable = self._servable(request)
        # Before any work on the body.
        self.batchers[servable.version, False].check_room()
        body = await read_body(request, self.limits)
        batcher = self.batchers[servable.version, len(body) > LARGE_BODY]
        content = await batcher.ask(body, servable.signatures)
        return Response(content, media_type="application/json")

    async def status(self, request: Request) -> Response:
        servable = self._servable(request)
        one = "version" in request.path_params
        found = [servable.version] if one else sorted(self.servables)[::-1]
        good = {"error_code": "OK", "error_message": ""}
        states = [
            {"version": str(version), "state": "AVAILABLE", "status": good}
            for version in found
        ]
        return JSONResponse({"model_version_status": states})

    async def metadata(self, request: Request) -> Response:
        servable = self._servable(request)
        spec = {
            "name": self.name,
            "signature_name": "",
            "version": str(servable.version),
        }
        return JSONResponse({"model_spec": spec, "metadata": servable.metadata})

    async def show_metrics(self, request: Request) -> Response:
        content, kind = self.metrics.text()
        return Response(content, media_type=kind)

    async def show_page(self, request: Request) -> Response:
        content = page(self.name, self.servables[max(self.servables)])
        headers = {"content-security-policy": POLICY}
        return HTMLResponse(content, headers=headers)

    async def show_paths(self, request: Request) -> Response:
        return RedirectResponse("/#api")

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def models(self, request: Request) -> Response:
        versions = sorted(self.servables)[::-1]
        found = [{"name": self.name, "versions": versions}]
        return JSONResponse({"models": found})

    async def describe(self, request: Request) -> Response:
        return JSONResponse(openapi(self.name, self.servables))

    async def no_path(self, request: Request, error: Exception) -> Response:
        """A 404 of no handler says which paths there are."""
        if isinstance(error, HTTPException) and error.detail == "Not Found":
            error = HTTPException(
                404,
                f"Expected one of the paths {', '.join(paths_of(self.name))}. "
                f"Received: {request.url.path!a:.80}",
            )
        return await _failed(request, error)


async def _failed(request: Request, error: Exception) -> Response:
    """The body for a request that fails: as TensorFlow Serving's."""
    if not isinstance(error, HTTPException):
        error = HTTPException(500, f"The server failed: {error!a}"[:300])
    code = HTTPStatus(error.status_code).name
    return JSONResponse(
        {"error": error.detail, "code": code},
        error.status_code,
        headers=error.headers,
    )


class _Watch:
    """Counts, times and logs every request, and refuses too many at once."""

    def __init__(self, app, metrics, log, most):
        self._app = app
        self._metrics = metrics
        self._log = log
        self._most = most
        self._under_way = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, code = time.perf_counter(), 500

        async def watched(message):
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        self._under_way += 1
        try:
            app = self._app
            if self._under_way > self._most:
                error = HTTPException(
                    503,
                    f"Expected at most {self._most} requests at once",
                    headers={"retry-after": "1"},
                )
                app = await _failed(Request(scope), error)
            await app(scope, receive, watched)
        finally:
            self._under_way -= 1
            seconds = time.perf_counter() - began
            path = _label(scope)
            self._metrics.count(path, code, seconds)
            self._log(
                event="request",
                method=scope["method"],
                path=ascii(scope["path"])[1:-1][:200],
                status=code,
                ms=round(1e3 * seconds, 2),
            )


def _label(scope):
    """Few labels, whatever paths are asked for."""
    path = scope["path"]
    for end in (":predict", "/metadata", "/metrics", "/healthz"):
        if path.endswith(end):
            return end[1:]
    return "status" if path.startswith("/v1/models/") else "other"
