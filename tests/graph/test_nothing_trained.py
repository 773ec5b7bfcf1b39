"""A network that trains nothing: refused where trainable says so, and not where there is nothing to train."""

from typing import Any

import pytest

from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.specification.spec import spec_from_values

BARE = {"type": "BatchNormalization", "scale": False, "center": False}


def graph(*layers: dict[str, Any]) -> Graph:
    """Return the graph of layers for vectors of four numbers."""
    document = {
        "input": {"shape": [4]},
        "layers": list(layers),
        "loss": {"type": "MeanSquaredError"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": "mine.npz"},
        "training": {"epochs": 1},
    }
    return build_graph(spec_from_values(document))


@pytest.mark.parametrize("kind", ["PReLU", "BatchNormalization", "LayerNormalization"])
def test_what_could_be_trained_is_to_be_trained_somewhere(kind: str) -> None:
    with pytest.raises(SpecError, match='nothing is trained: no parameter is trainable; leave "trainable" out'):
        graph({"type": kind, "trainable": False}, BARE)


def test_running_statistics_alone_are_no_reason_to_refuse() -> None:
    assert [parameter.trainable for node in graph(BARE).nodes for parameter in node.parameters] == [False, False]
    assert graph({"type": "ReLU"}).nodes[0].parameters == ()
