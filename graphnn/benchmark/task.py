"""Task: a document to measure at one batch size, on random samples of its shape."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph, chain
from graphnn.graph.initialisation import initialise, needs_images
from graphnn.layers.context import empty_channels_last
from graphnn.layers.dropout import Dropout
from graphnn.losses.class_weights import ClassWeighted
from graphnn.parameters.parameters import Parameters
from graphnn.specification.spec import Spec, spec_from_values
from graphnn.types import Array

OURS = "graphnn"
ON_NUMPY = "graphnn, numpy alone"
OUR_SIDES = (OURS, ON_NUMPY)
# A factor on the document's learning rate. The time of a step does not depend on the rate. With a small one no numbers
# become denormal or NaN, which would change the time, however many steps are run on the same random targets.
LEARNING_RATE_SCALE = 0.01


@frozen_dataclass
class Task:
    """What one process measures.

    document: JSON values, with all defaults. side: one of OUR_SIDES, or the name of a way of running PyTorch; "check"
    compares both instead, and "ways" lists the ways. kernels: for OURS; None: the fastest installed.
    """

    document: Mapping[str, Any]
    plugins: Sequence[str]
    side: str
    threads: int
    batch_size: int
    kernels: str | None = None

    def values(self) -> dict[str, Any]:
        """Return the task as JSON values."""
        return asdict(self)

    def at(self, **changes: Any) -> "Task":
        """Return the task with other settings."""
        return replace(self, **changes)

    def read(self) -> tuple[Spec, Graph]:
        """Return the document's spec and graph. Raises SpecError."""
        plugins = {}
        if self.plugins:
            from graphnn.layers.plugins import load_plugins  # rarely needed

            plugins = load_plugins([Path(file) for file in self.plugins])
        spec = spec_from_values(self.document, plugins=plugins)
        return spec, with_any_weights(build_graph(spec))


def with_any_weights(graph: Graph) -> Graph:
    """Return the graph with numbers for class weights that depend on the data; a step takes as long with any."""
    loss = graph.loss
    if not isinstance(loss, ClassWeighted) or loss.class_weights is None or isinstance(loss.class_weights, tuple):
        return graph
    return replace(graph, loss=loss.with_numbers(np.linspace(0.5, 1.5, loss.class_count(graph.output_shape))))


def samples(graph: Graph, n: int, dtype: Any = np.float32) -> tuple[Array, Array]:
    """Return n random inputs, images in channels-last memory, and targets that fit the loss; always the same."""
    rng = np.random.default_rng(0)
    x = empty_channels_last((n, *graph.input_shape), dtype)
    x[...] = rng.standard_normal(x.shape, np.float32)
    return x, graph.loss.outputs.random_targets(n, graph.output_shape, rng, dtype)


def first_parameters(graph: Graph, seed: int, n: int) -> Parameters:
    """Return the parameters before the first step; those that come from training images come from n random ones."""
    return initialise(graph, seed, images=samples(graph, n)[0] if needs_images(graph) else None)


def without_dropout(graph: Graph) -> Graph:
    """Return the graph without its Dropout layers, whose random numbers no other library reproduces."""
    kept = [(node.name, node.layer) for node in graph.nodes if not isinstance(node.layer, Dropout)]
    return chain(kept, graph.input_shape, graph.loss) if len(kept) < len(graph.nodes) else graph
