"""What Prometheus reads of a server: counts, times and sizes, of all its workers together."""

import os
from collections.abc import Callable
from time import perf_counter
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the workers of a server keep their counts, by which the library knows
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
CONTENT_TYPE = CONTENT_TYPE_LATEST
KNOWN = frozenset({"/", "/predict", "/model", "/health", "/health/live", "/health/ready", "/metrics", "/docs"})


class Metrics:
    """The figures of one worker; `text` has those of all."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a line more for each figure, with the time of its beginning
        own = self.registry = CollectorRegistry()
        self._requests = Counter("graphnn_requests", "Requests, by path and status.", ("path", "status"), registry=own)
        self._seconds = Histogram(
            "graphnn_request_seconds",
            "Seconds from a request's headers to its answer, of predictions.",
            buckets=SECONDS,
            registry=own,
        )
        self._samples = Histogram("graphnn_batch_samples", "Samples computed together.", buckets=SIZES, registry=own)
        self._batched = Histogram("graphnn_batch_requests", "Requests answered together.", buckets=SIZES, registry=own)
        self._reloads = Counter("graphnn_model_reloads", "Weights taken up, or refused.", ("result",), registry=own)
        several = FOLDER in os.environ
        live: dict[str, Any] = {"multiprocess_mode": "livesum"} if several else {}
        self._queue = Gauge("graphnn_queue_length", "Requests that wait to be computed.", registry=own, **live)
        self._under_way = Gauge("graphnn_requests_under_way", "Requests not answered yet.", registry=own, **live)
        for result in ("taken", "refused"):
            self._reloads.labels(result)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(path if path in KNOWN else "other", str(status)).inc()
        if path == "/predict":
            self._seconds.observe(seconds)

    def batch(self, samples: int, requests: int) -> None:
        """Count a batch."""
        self._samples.observe(samples)
        self._batched.observe(requests)

    def reload(self, *, taken: bool) -> None:
        """Count new weights."""
        self._reloads.labels("taken" if taken else "refused").inc()

    def now(self, waiting: int, under_way: int) -> None:
        """Say how many requests wait, and how many are under way; of each worker, because it may not be asked next."""
        self._queue.set(waiting)
        self._under_way.set(under_way)

    def text(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        if FOLDER not in os.environ:
            return bytes(generate_latest(self.registry))
        gathered = CollectorRegistry()
        MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]
        return bytes(generate_latest(gathered))


def forget(pid: int) -> None:
    """Leave out what a worker that has ended said of the present, as its queue; its counts stay."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]


class CountedRequests:
    """An ASGI application whose requests are counted."""

    def __init__(self, app: Callable[..., Any], metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = perf_counter(), 500

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self.metrics.request(scope["path"], status, perf_counter() - start)
