"""Settings that have no effect beside others are told of, unless they say what is so anyway."""

from collections.abc import Callable, Mapping
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from graphnn import (
    SGD,
    Adam,
    AdamW,
    BatchNormalization,
    Constant,
    Cosine,
    CrossEntropy,
    Dense,
    Lion,
    Model,
    OneCycle,
    ReduceOnPlateau,
    ReLU,
    RMSprop,
    SGDMomentum,
    Softmax,
)
from graphnn.graph.build import build_graph
from graphnn.graph.notes import notes
from graphnn.optimizers.base import Optimizer
from graphnn.schedules.base import Schedule
from graphnn.specification.spec import spec_from_values

TABLES = run_path(str(Path(__file__).with_name("dead_settings.py")))
put = TABLES["DOCUMENTS"]["put"]


@pytest.mark.parametrize("dead", TABLES["DEAD"], ids=lambda dead: f"{dead.path}={dead.value}")
def test_it_does_nothing_and_is_told_of(dead: Any, trained: Callable[[Mapping[str, Any]], Any]) -> None:
    path = tuple(int(key) if key.isdigit() else key for key in dead.path.split("."))
    without, beside = trained(put(dead.document, path, None)), trained(put(dead.document, path, dead.value))
    assert not without.refused, without.said
    assert beside.numbers == without.numbers
    said = [line for line in beside.said if line not in without.said]
    assert [dead.words in line for line in said] == ([True] if dead.words else []), said


def noted(document: Mapping[str, Any]) -> list[str]:
    """Return the notes on a document."""
    spec = spec_from_values(document, "net")
    return [str(note) for note in notes(spec, build_graph(spec))]


def about_single_layers(document: Mapping[str, Any]) -> list[str]:
    """Return the notes but those on layers that together are one linear map: tests/graph/test_linear_notes.py."""
    return [line for line in noted(document) if "nothing nonlinear stands between" not in line]


@pytest.mark.parametrize(("document", "words"), TABLES["IDLE_LAYERS"])
def test_a_layer_that_does_nothing_is_told_of(document: Mapping[str, Any], words: str) -> None:
    [line] = about_single_layers(document)
    assert words in line


@pytest.mark.parametrize(
    "optimizer", [Adam(), AdamW(), Lion(), RMSprop(), SGD(0.1), SGDMomentum(0.1, weight_decay=0.1)]
)
@pytest.mark.parametrize("schedule", [None, Constant(), Cosine(), OneCycle(), ReduceOnPlateau()])
def test_documents_of_models_give_no_note(optimizer: Optimizer, schedule: Schedule | None) -> None:
    model = Model(CrossEntropy(), optimizer, schedule)
    for layer in (Dense(8, input_shape=(64,)), BatchNormalization(), ReLU(), Dense(10), Softmax()):
        model.add(layer)
    assert noted(model.to_document(data={"dataset": "digits"}, training={"epochs": 20})) == []


@pytest.mark.parametrize("document", [*TABLES["LIVE_LAYERS"], *TABLES["SILENT_LAYERS"]])
def test_other_layers_are_not(document: Mapping[str, Any]) -> None:
    assert about_single_layers(document) == []
