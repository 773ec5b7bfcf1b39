"""Tests of what is drawn: repetitions as one, and what the box of a layer says."""

from typing import Any

from graphnn import BatchNormalization, Conv2D, CrossEntropy, Dense, Flatten, ReLU, Residual
from graphnn.exporting.drawings.steps import Drawn, DrawnBranches, LayerBox, Repeat, described, drawn_steps, totals
from graphnn.graph.graph import Graph, chain
from graphnn.layers.base import Layer


def graph_of(*layers: Layer) -> Graph:
    named = [(layer.name or f"{layer.type.lower()}_{index}", layer) for index, layer in enumerate(layers)]
    return chain(named, (4, 8, 8), CrossEntropy())


def outline(steps: tuple[Drawn, ...]) -> list[Any]:
    """Return the types of steps; a repetition as (times, outline), a block as its outline."""
    found: list[Any] = []
    for step in steps:
        if isinstance(step, Repeat):
            found.append((step.times, outline(step.steps)))
        elif isinstance(step, DrawnBranches):
            found.append([outline(step.body), outline(step.shortcut)])
        else:
            found.append(step.layer.type)
    return found


CONV = Conv2D(4)


def test_layers_that_repeat_themselves_are_drawn_once() -> None:
    steps = drawn_steps(graph_of(CONV, ReLU(), CONV, ReLU(), CONV, ReLU(), Flatten()))
    assert outline(steps) == [(3, ["Conv2D", "ReLU"]), "Flatten"]


def test_a_longer_repetition_that_begins_later_is_drawn() -> None:
    steps = drawn_steps(graph_of(CONV, *[CONV, ReLU()] * 3))
    assert outline(steps) == ["Conv2D", (3, ["Conv2D", "ReLU"])]


def test_other_settings_and_other_shapes_are_drawn_by_themselves() -> None:
    steps = drawn_steps(graph_of(Conv2D(8), Conv2D(8), Conv2D(8, 5), ReLU(), Conv2D(8, 5, use_bias=False), ReLU()))
    assert outline(steps) == ["Conv2D", "Conv2D", "Conv2D", "ReLU", "Conv2D", "ReLU"]


def test_a_repetition_begins_with_a_block_or_with_weights() -> None:
    block = Residual((CONV, BatchNormalization()))
    steps = drawn_steps(graph_of(CONV, ReLU(), block, ReLU(), block, ReLU(), Flatten()))
    assert outline(steps) == ["Conv2D", "ReLU", (2, [[["Conv2D", "BatchNormalization"], []], "ReLU"]), "Flatten"]
    repeat = steps[2]
    assert isinstance(repeat, Repeat)
    assert (repeat.name, repeat.names) == ("× 2", "residual_2 … residual_4")


def test_repetitions_inside_blocks_and_of_repetitions() -> None:
    inner = Residual((CONV, CONV, CONV), (Conv2D(4, 1),))
    steps = drawn_steps(graph_of(inner, inner, Flatten()))
    assert outline(steps) == [(2, [[[(3, ["Conv2D"])], ["Conv2D"]]]), "Flatten"]


def test_a_box_has_what_inspect_shows_and_no_name_that_only_counts() -> None:
    graph = graph_of(Conv2D(4, 3, strides=2, name="stem"), ReLU(), Flatten(), Dense(20_000))
    first, relu, _, dense = map(LayerBox.of, graph.nodes)
    assert first == LayerBox("convolution", "Conv2D", "stem", "3×3, 4 filters, stride 2, same", "148")
    assert relu == LayerBox("activation", "ReLU", "", "", "")
    assert dense.parameters == "1.30 M"


def test_totals_and_the_sentence_for_those_who_do_not_see() -> None:
    graph = graph_of(CONV, ReLU(), Flatten(), Dense(3))
    assert totals(graph) == "4 layers · 919 parameters · 9,984 multiply-adds"
    assert described(graph) == (
        "A network from 4×8×8 to 3, drawn from its input to its output: "
        "4 layers · 919 parameters · 9,984 multiply-adds; 1 Conv2D, 1 ReLU, 1 Flatten, 1 Dense; loss CrossEntropy."
    )
