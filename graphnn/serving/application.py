"""The application: what is answered at which path."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from graphnn.pictures.opening import without_warnings
from graphnn.serving.askers import Askers, CheckedAskers
from graphnn.serving.batching import Batcher, Batching
from graphnn.serving.bodies import Held, given_in, read_body
from graphnn.serving.facts import facts_of_served
from graphnn.serving.given import wanted
from graphnn.serving.limits import Limits
from graphnn.serving.metrics import CONTENT_TYPE, CountedRequests, Metrics
from graphnn.serving.openapi import PREDICT
from graphnn.serving.page import docs_page, front_page, page_headers
from graphnn.serving.problems import RequestProblem
from graphnn.serving.reloading import Reloading
from graphnn.serving.served import Served
from graphnn.version import __version__

PATH = "/predict"


class Worker:
    """One process's server: its network, the requests under way, and what is counted."""

    def __init__(self, served: Served, limits: Limits, batching: Batching) -> None:
        self.limits, self.metrics, self.held = limits, Metrics(), Held(limits.held)
        self.batcher = Batcher(served, limits, batching, self.metrics.batch)
        self.ready = False

    async def predict(self, request: Request) -> bytes:
        """Return the answer to a request for predictions. Raises RequestProblem where it is refused."""
        batcher = self.batcher
        if not self.ready:
            raise RequestProblem(HTTPStatus.SERVICE_UNAVAILABLE, "the server is starting or stopping; try again later")
        if batcher.under_way >= self.limits.queue:
            text = f"{batcher.under_way:,} requests are under way, the most that are taken; try again later"
            raise RequestProblem(HTTPStatus.TOO_MANY_REQUESTS, text)
        batcher.under_way += 1
        self.metrics.now(len(batcher), batcher.under_way)
        try:
            asked = wanted(request.query_params.multi_items())
            with self.held.one() as add:
                batcher.coming[request] = perf_counter()
                try:
                    body = await read_body(request, self.limits, add)
                finally:
                    del batcher.coming[request]
                return await batcher.answer(await given_in(request, body, asked, self.limits))
        finally:
            batcher.under_way -= 1
            self.metrics.now(len(batcher), batcher.under_way)


class PredictEndpoint:
    """What answers at /predict: without the layers of FastAPI, which take a third of the time of the event loop."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. Raises RequestProblem."""
        answer = await self._worker.predict(Request(scope, receive))
        await Response(answer, media_type="application/json")(scope, receive, send)


class Application(FastAPI):
    """An application whose description has /predict, too."""

    def openapi(self) -> dict[str, Any]:
        """Return the description of all paths."""
        described = super().openapi()
        described["paths"] = {PATH: {"post": PREDICT}, **described["paths"]}
        return described


def application(worker: Worker, reloading: Reloading | None = None, *, askers: Askers | None = None) -> FastAPI:
    """Return the application of a worker.

    reloading: takes up new weights, where it is wanted. askers: who may ask; by default whoever reaches it.
    """

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.enter_context(without_warnings())  # of Pillow; no thread may open such a context later
            await worker.batcher.start()
            stack.push_async_callback(worker.batcher.stop)
            if reloading is not None:
                await stack.enter_async_context(reloading.running())
            worker.ready = True
            yield
            worker.ready = False

    spec = worker.batcher.served.trained.spec
    app = Application(
        title=spec.name,
        description=spec.description or f"The network {spec.name}, behind HTTP.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=life,
    )
    askers = askers or Askers(hosts=None)
    app.add_middleware(CheckedAskers, askers=askers, refuse=error_response)
    if askers.origins:
        app.add_middleware(CORSMiddleware, allow_origins=askers.origins, allow_methods=["*"], allow_headers=["*"])
    app.add_middleware(CountedRequests, metrics=worker.metrics)
    add_errors(app)

    app.router.routes.append(Route(PATH, PredictEndpoint(worker), methods=["POST"]))

    @app.get("/model", summary="The network", response_class=JSONResponse)
    async def model() -> Response:
        """Return the network's name, inputs, classes and figures."""
        return JSONResponse(facts_of_served(worker.batcher.served, worker.limits))

    @app.get("/health", summary="Name, digest of the weights, and whether requests are taken")
    @app.get("/health/ready", include_in_schema=False)
    async def health() -> Response:
        served = worker.batcher.served
        status = HTTPStatus.OK if worker.ready else HTTPStatus.SERVICE_UNAVAILABLE
        values = {
            "live": True,
            "ready": worker.ready,
            "model": served.trained.spec.name,
            "weights": f"sha256:{served.digest}",
        }
        return JSONResponse(values, status)

    @app.get("/health/live", include_in_schema=False)
    async def live() -> Response:
        return JSONResponse({"live": True})

    @app.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(worker.metrics.text(), media_type=CONTENT_TYPE)

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return HTMLResponse(front_page(facts_of_served(worker.batcher.served, worker.limits)), headers=page_headers())

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        facts = facts_of_served(worker.batcher.served, worker.limits)
        return HTMLResponse(docs_page(facts, str(request.base_url).rstrip("/")), headers=page_headers())

    return app


def add_errors(app: FastAPI) -> None:
    """Let every error be answered by {"error": one sentence}."""

    @app.exception_handler(RequestProblem)
    async def refused(_: Request, problem: RequestProblem) -> Response:
        return error_response(problem.status, problem.text, problem.headers)

    @app.exception_handler(ClientDisconnect)
    async def left(_: Request, problem: ClientDisconnect) -> Response:
        return error_response(HTTPStatus.BAD_REQUEST, "the client has left before its request was here")

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, problem: HTTPException) -> Response:
        path, method = request.url.path, request.method
        if problem.status_code == HTTPStatus.NOT_FOUND:
            text = f"there is nothing at {path}; POST /predict takes pictures and arrays, GET / is a page to try it"
        elif problem.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            text = f"{path} does not take {method}; it takes {(problem.headers or {}).get('Allow', 'another method')}"
        else:
            text = problem.detail
        return error_response(HTTPStatus(problem.status_code), text, problem.headers)

    @app.exception_handler(Exception)
    async def failed(_: Request, problem: Exception) -> Response:
        text = "the server failed at this request, which its log explains; others are not affected"
        return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, text)


def error_response(status: HTTPStatus, text: str, headers: Any = None) -> Response:
    """Return the answer to a request that has none."""
    return JSONResponse({"error": text}, status, headers)
