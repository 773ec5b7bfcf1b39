"""measure: the figures of a finished run on a part that it was not measured on."""

from dataclasses import replace
from pathlib import Path

from graphnn.engine.engine import Engine
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import unset
from graphnn.runs.data import TrainingData
from graphnn.runs.final_figures import measured
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import written
from graphnn.runs.trained import trained_kernels
from graphnn.specification.spec import Spec
from graphnn.storage.weights import WeightsFile, assign


def measure(
    run: RunFolder,
    weights: WeightsFile,
    spec: Spec,
    part: str,
    *,
    data_dir: Path | None,
    limit: int | None,
    threads: int | None,
    kernels: str | None,
) -> None:
    """Add the figures of a finished run's weights on the test or validation part, and its views, to its facts.

    Raises GraphError where its data cannot be read, its facts cannot be read or written, or a figure is not finite.
    """
    graph = build_graph(spec)
    parameters = unset(graph)
    assign(parameters, weights.arrays, file=weights.path)
    data = TrainingData.load(spec, graph, data_dir=data_dir, limit=limit, test=part == "test")
    graph = data.weighted(spec, graph)
    samples = data.test if part == "test" else data.validation
    assert samples is not None  # the comparison refuses documents without
    with Engine(
        graph,
        parameters,
        batch_size=spec.training["batch_size"],
        threads=threads,
        seed=spec.training["seed"],
        kernels=trained_kernels(spec, graph, weights.meta, kernels),
    ) as engine:
        engine.supply(samples)
        figures = measured(engine, spec, part, samples)
    assert figures is not None  # nothing can stop it
    facts = run.facts()
    with written(run.facts_file):
        replace(facts, figures={**facts.figures, **figures}).save(run.facts_file)
