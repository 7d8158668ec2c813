"""Counts and times of a server, for Prometheus."""

import prometheus_client

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PREFIX = "tfq_hybrid_serving"


class Metrics:
    """What one server counts, in a registry of its own.

    Attributes:
        requests: counter of answers by `path` and `code`.
        request_seconds: histogram by `path`.
        model_seconds: histogram of calls of the model.
        batch_rows: histogram of rows in a call of the model.
        queue_rows: gauge of rows that wait.

    Example:

    >>> metrics = Metrics()
    >>> metrics.queue_rows.set(3)
    >>> b"tfq_hybrid_serving_queue_rows 3.0" in metrics.text()[0]
    True
    """

    def __init__(self):
        self._registry = prometheus_client.CollectorRegistry()
        self.requests = self._make(
            prometheus_client.Counter,
            "requests",
            "Answers by path and status.",
            labelnames=("path", "code"),
        )
        self.request_seconds = self._make(
            prometheus_client.Histogram,
            "request_seconds",
            "Time of a request.",
            labelnames=("path",),
            buckets=SECONDS,
        )
        self.model_seconds = self._make(
            prometheus_client.Histogram,
            "model_seconds",
            "Time of a call of the model.",
            buckets=SECONDS,
        )
        self.batch_rows = self._make(
            prometheus_client.Histogram,
            "batch_rows",
            "Rows in a call of the model.",
            buckets=ROWS,
        )
        self.queue_rows = self._make(
            prometheus_client.Gauge, "queue_rows", "Rows that wait."
        )

    def _make(self, kind, name, about, **options):
        return kind(
            f"{PREFIX}_{name}", about, registry=self._registry, **options
        )

    def text(self):
        """The metrics, and the type of their text: bytes and str."""
        content = prometheus_client.generate_latest(self._registry)
        return content, prometheus_client.CONTENT_TYPE_LATEST
