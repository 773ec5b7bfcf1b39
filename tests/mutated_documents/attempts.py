"""What becomes of a document: it is run, or refused as it should be, within a limit of time and the memory foretold.

Test modules read this file with runpy, because they cannot import each other.
"""

import ctypes
import gc
import io
import math
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from graphnn.augmentation.base import augmentations_from
from graphnn.benchmark.task import first_parameters
from graphnn.datasets.base import known_shape
from graphnn.describe.describe import describe
from graphnn.describe.plan import plan_of
from graphnn.describe.plan_report import plan_report
from graphnn.describe.report import description_report
from graphnn.engine.engine import Engine
from graphnn.errors import DataError, DivergenceError, GraphError
from graphnn.evaluation.views import averaged_sums
from graphnn.graph.build import build_graph
from graphnn.graph.notes import notes
from graphnn.optimizers.sections import optimizer_from, schedule_from
from graphnn.reports.formats import render
from graphnn.specification.spec import parse_spec
from graphnn.training.options import training_options
from graphnn.training.samples import Samples
from graphnn.training.trainer import Trainer
from graphnn.training.validation import evaluate

SECONDS = 10  # of one document; what takes so long hangs
SMALL = 2**27, 10**9  # bytes by the estimate, and multiply-adds of a batch: what is trained
SPARE = 2**23  # bytes: what is not of the network itself, such as modules and functions compiled
STEPS = 2


class Fault(BaseException):  # so that nothing takes it for an error of a layer
    """The document was neither run nor refused as it should be."""


def fault_of(text: str) -> tuple[str, str | None]:
    """Return what became of a document, and what is wrong with that; None where nothing is."""
    try:
        with within(SECONDS), redirect_stderr(io.StringIO()):
            return ran(text), None
    except Fault as fault:
        return "fault", str(fault)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "fault", f"{type(error).__name__} in {last.filename}:{last.lineno}: {str(error)[:300]}"


def ran(text: str) -> str:
    """Build, describe and, where it is small, train a document; return "refused", "described", "trained", …"""
    try:
        spec = parse_spec(text, "net.json")
        graph = build_graph(spec)
    except GraphError as error:
        for problem in error.problems:
            if isinstance(problem, str) or (problem.file == "net.json" and problem.line is None):
                raise Fault(f"refused without a position: {problem}") from error
        return "refused"
    list(notes(spec, graph))
    with patch("graphnn.describe.memory.available_cores", lambda: 1):
        description = describe(spec, graph)
    for data_format in ("table", "json"):
        render(description_report(description), data_format)
    parse_spec(render_json(spec.resolved()), "resolved.json")
    render(plan_report(plan_of(spec, graph, description.optimizers), description_report(description)))
    batch = spec.training["batch_size"]
    if description.training_bytes > SMALL[0] or batch * (1000 + description.multiply_adds) > SMALL[1]:
        return "too large"
    gc.collect()
    with Peak() as peak:
        outcome = trained(spec, graph)
    data = 4 * batch * (math.prod(spec.input_shape) + math.prod(graph.output_shape))
    if peak.bytes > 1.1 * description.training_bytes + 3 * data + SPARE:
        raise Fault(f"took {peak.bytes:,} bytes, foretold were {description.training_bytes:,}")
    return outcome


def render_json(value: Any) -> str:
    """Return JSON that has no numbers that are not finite."""
    import json

    return json.dumps(value, allow_nan=False)


def trained(spec: Any, graph: Any) -> str:
    """Run two steps, a validation and the views of a document on random samples."""
    shape, batch = known_shape(spec.data) or spec.input_shape, spec.training["batch_size"]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, *shape)).astype(np.float32)
    y = graph.loss.outputs.random_targets(batch, graph.output_shape, rng, np.float32)
    samples = Samples(x, y)
    done = count()
    try:
        parameters = first_parameters(graph, spec.training["seed"], batch)
        with Engine(graph, parameters, batch_size=batch, threads=1, seed=spec.training["seed"]) as engine:
            graph.loss.check_targets(y, graph.output_shape)
            schedule = schedule_from(spec.optimizer.options["schedule"])
            trainer = Trainer(
                engine,
                optimizer_from(spec.optimizer),
                schedule,
                training_options(spec),
                samples.augmented(augmentations_from(spec.data["augment"]), spec.training["seed"]),
                Samples(x[:3], y[:3]) if spec.data["validation_split"] else None,
            )
            trainer.run(lambda: next(done) >= STEPS)
            evaluate(engine, samples)
            if spec.evaluation["test_time_augmentation"] != "none":
                averaged_sums(engine, samples, spec.evaluation["test_time_augmentation"])
    except DivergenceError:
        return "diverged"
    except DataError:
        return "data refused"
    except GraphError as error:
        raise Fault(f"failed in training: {error}") from error
    return "trained"


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise Fault where what is done takes longer."""

    def end(*_: object) -> None:
        raise Fault(f"took more than {seconds} s")

    before = signal.signal(signal.SIGPROF, end), signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of the processor, because the machine may be busy
    signal.alarm(60 * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        signal.signal(signal.SIGPROF, before[0])
        signal.signal(signal.SIGALRM, before[1])


class Peak:
    """How far the memory of this process has grown at most, in bytes; 0 where the system does not tell."""

    bytes = 0

    def __enter__(self) -> "Peak":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)  # so that memory which was freed before counts, too
            Path("/proc/self/clear_refs").write_text("5")
        self._before = status("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = max(0, status("VmHWM") - self._before)


def status(name: str) -> int:
    """Return a line of /proc/self/status in bytes; 0 where there is none."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return 1024 * int(line.split()[1])
    return 0


def warm_up() -> None:
    """Run what loads compiled functions, which takes memory and time once."""
    layers = [{"type": "Conv2D", "filters": 16}] * 2
    layers += [{"type": name} for name in ("BatchNormalization", "GELU", "MaxPooling2D", "SiLU", "AveragePooling2D")]
    layers += [{"type": "Conv2D", "filters": 16, "kernel_size": 5, "strides": 2}, {"type": "BatchNormalization"}]
    layers += [{"type": "ReLU"}, {"type": "Flatten"}, {"type": "Dense", "units": 2}]
    values = {"input": {"shape": [16, 12, 12]}, "layers": layers, "loss": {"type": "MeanSquaredError"}}
    values |= {"optimizer": {"type": "Adam"}, "data": {"dataset": "npz", "path": "x.npz"}}
    spec = parse_spec(render_json({**values, "training": {"epochs": 2, "batch_size": 2}}), "net.json")
    trained(spec, build_graph(spec))


def main(mutant: Callable[[int], str]) -> None:
    """Try the mutants of seeds START…END, arguments of the command line, and print what became of them."""
    warm_up()
    outcomes: dict[str, int] = {}
    kinds: dict[str, list[int]] = {}
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        outcome, fault = fault_of(mutant(seed))
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if fault is not None:
            kinds.setdefault(fault, []).append(seed)
            print(seed, fault, flush=True)
    print(outcomes)
    print(os.times())


if __name__ == "__main__":
    import runpy

    main(runpy.run_path(str(Path(__file__).with_name("mutations.py")))["mutant"])
