"""A process that measures one side of a benchmark: it reads a task, then requests, as lines of JSON, and answers each.

Each side runs in a separate process, so that its memory and its start can be measured, and so that it can be stopped
while another one is measured.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from graphnn.benchmark.engine_side import EngineSide
from graphnn.benchmark.memory import peak_bytes
from graphnn.benchmark.task import ON_NUMPY, OUR_SIDES, Task, first_parameters
from graphnn.engine.plan import kernels_for
from graphnn.errors import GraphError
from graphnn.optimizers.sections import groups_from, optimizer_from


class Side(Protocol):
    """One way of training and running a network on a batch that stays the same."""

    def train(self) -> None:
        """Run one training step: forward, backward, update."""

    def predict(self) -> None:
        """Run the batch in inference."""

    def mode(self, *, training: bool) -> None:
        """Switch to training, or to inference."""

    def close(self) -> None:
        """End the processes that the side has started."""


def make_side(task: Task) -> Side:
    """Return the side that a task asks for."""
    spec, graph = task.read()
    optimizer, groups = optimizer_from(spec.optimizer), groups_from(spec.optimizer)
    parameters = first_parameters(graph, spec.training["seed"], task.batch_size)
    if task.side in OUR_SIDES:
        kernels = kernels_for(graph, "numpy" if task.side == ON_NUMPY else task.kernels)
        return EngineSide(
            graph,
            parameters,
            optimizer,
            groups,
            threads=task.threads,
            batch_size=task.batch_size,
            kernels=kernels,
        )
    from graphnn.benchmark.torch_network import TorchSide

    way, threads = task.side, task.threads
    return TorchSide(graph, parameters, optimizer, groups, way=way, threads=threads, batch_size=task.batch_size)


def timed(run: Callable[[], object], seconds: float, least: int = 1) -> list[float]:
    """Run for `seconds`, and at least `least` times; return the seconds of each run."""
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < least or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def answer(side: Side, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request."""
    if request["do"] == "memory":
        return {"peak_bytes": peak_bytes()}
    side.mode(training=request["do"] == "train")
    run = side.train if request["do"] == "train" else side.predict
    timed(run, request["warm_up"])  # after a stop, caches are cold and threads asleep
    return {"times": timed(run, request["seconds"])}


def serve(requests: TextIO, replies: TextIO) -> int:
    """Answer requests to the end, and return an exit code. The first answer comes after the first training step."""

    def reply(message: dict[str, Any]) -> None:
        print(json.dumps(message), file=replies, flush=True)

    try:
        task = Task(**json.loads(requests.readline()))
        if task.side == "check":
            from graphnn.benchmark.equality import compare

            found = compare(task.read()[1], task.batch_size)
            reply({dtype: differences.__dict__ for dtype, differences in found.items()})
            return 0
        if task.side == "ways":
            from graphnn.benchmark.torch_network import version, ways

            reply({"version": version(), "ways": ways(task.read()[1])})
            return 0
        side = make_side(task)
        try:
            side.train()
            reply({"ready": True})
            for line in requests:
                reply(answer(side, json.loads(line)))
        finally:
            side.close()
    except GraphError as error:
        reply({"error": str(error)})
        return 2
    except Exception as error:
        traceback.print_exc()  # before the reply, upon which this process is killed
        reply({"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


def main() -> int:
    """Serve on standard input and output, with everything that libraries print on standard error."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as replies:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        return serve(sys.stdin, replies)


if __name__ == "__main__":
    sys.exit(main())
