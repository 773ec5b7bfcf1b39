"""The kernels that train a document's network, chosen by the work of its whole training."""

from pathlib import Path

from graphnn.datasets.base import facts_of
from graphnn.engine.plan import kernels_for, training_work
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import Kernels
from graphnn.specification.spec import Spec


def document_kernels(
    spec: Spec, graph: Graph, name: str | None = None, *, limit: int | None = None, loaded: int | None = None
) -> Kernels:
    """Return the kernels of that name, by default those that end a training of the document first.

    limit: the most samples of a part; None: all. loaded: how many samples there are to train on, for data whose number
    is not known before they are loaded. The choice follows from numbers alone, never from a clock or a cache, so that
    a training repeats to the last bit. Raises GraphError where the kernels of that name are not there.
    """
    samples = known_samples(spec) or loaded
    if limit is not None:
        samples = limit if samples is None else min(limit, samples)
    return kernels_for(graph, name, None if samples is None else training_work(graph, samples, spec.training["epochs"]))


def known_samples(spec: Spec) -> int | None:
    """Return how many samples a document's data set has in all parts; None where it is not known without loading."""
    facts = facts_of(spec.data["dataset"])
    if facts is not None:
        return facts.samples
    if spec.data["path"] is None:
        return None
    from graphnn.datasets.data_memory import data_memory  # few documents that are inspected have a file of data

    return data_memory(spec.data["dataset"], Path(spec.data["path"])).samples
