"""Tests of what is drawn: repetitions as one, and what the box of a layer says."""

from typing import Any

import pytest

from graphnn import BatchNormalization, Conv2D, CrossEntropy, Dense, Flatten, MaxPooling2D, PReLU, ReLU, Residual
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


def test_layers_that_happen_to_repeat_themselves_are_all_drawn() -> None:
    steps = drawn_steps(graph_of(CONV, ReLU(), CONV, ReLU(), CONV, ReLU(), Flatten()))
    assert outline(steps) == ["Conv2D", "ReLU"] * 3 + ["Flatten"]


def names_of(*names: str) -> Graph:
    """Return a graph of layers that are all alike, with these names."""
    return chain([(name, CONV) for name in names], (4, 8, 8), CrossEntropy())


@pytest.mark.parametrize(
    ("names", "drawn", "titles"),
    [
        (("one.a", "one.b", "two.a", "two.b"), [(2, ["Conv2D"] * 2)], ["one … two"]),
        (("one.a", "one.b", "two.a"), ["Conv2D"] * 3, []),
        (("a.1", "b.1", "a.2", "b.2", "a.3", "b.3"), [(3, ["Conv2D"] * 2)], [""]),
        (("stem", "s.1.a", "s.1.b", "s.2.a", "s.2.b"), ["Conv2D", (2, ["Conv2D"] * 2)], ["s.1 … s.2"]),
        (("first.a", "conv2d_1", "second.a", "conv2d_2"), [(2, ["Conv2D"] * 2)], ["first … second"]),
        (("first.a", "pool", "second.a", "other"), ["Conv2D"] * 4, []),
        (("one.a", "a.1", "a.2"), ["Conv2D", (2, ["Conv2D"])], [""]),
    ],
)
def test_whole_uses_of_blocks_and_rounds_are_drawn_once(names: Any, drawn: Any, titles: list[str]) -> None:
    steps = drawn_steps(names_of(*names))
    assert outline(steps) == drawn
    assert [step.names for step in steps if isinstance(step, Repeat)] == titles


def test_no_name_is_hidden_by_blocks_that_are_cut() -> None:
    layers = [CONV, BatchNormalization(), ReLU()] * 2
    first, second = (
        [(f"{block}.{layer.type}{place}", layer) for place, layer in enumerate(layers)] for block in ("one", "two")
    )
    pooled = [*first, ("two.pool", MaxPooling2D(2)), *second]
    shown = outline(drawn_steps(chain(pooled, (4, 8, 8), CrossEntropy())))
    assert shown == [layer.type for _, layer in pooled]


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


def test_repetitions_inside_blocks() -> None:
    inner = Residual((CONV, CONV, CONV), (Conv2D(4, 1),))
    steps = drawn_steps(graph_of(Residual((inner, inner)), inner, inner, Flatten()))
    block = [["Conv2D"] * 3, ["Conv2D"]]
    assert outline(steps) == [[[(2, [block])], []], (2, [block]), "Flatten"]


def test_a_box_has_what_inspect_shows_and_no_name_that_only_counts() -> None:
    graph = graph_of(Conv2D(4, 3, strides=2, name="stem"), ReLU(), PReLU(), Flatten(), Dense(20_000))
    first, relu, prelu, _, dense = map(LayerBox.of, graph.nodes)
    assert first == LayerBox("convolution", "Conv2D", "stem", "3×3, 4 filters, stride 2, same", "148")
    assert relu == LayerBox("activation", "ReLU", "", "", "")
    assert (prelu.kind, prelu.parameters) == ("activation", "4")
    assert dense.parameters == "1.30 M"


def test_totals_and_the_sentence_for_those_who_do_not_see() -> None:
    graph = graph_of(CONV, ReLU(), Flatten(), Dense(3))
    assert totals(graph) == "4 layers · 919 parameters · 9,984 multiply-adds"
    assert described(graph) == (
        "A network from 4×8×8 to 3, drawn from its input to its output: "
        "4 layers · 919 parameters · 9,984 multiply-adds; 1 Conv2D, 1 ReLU, 1 Flatten, 1 Dense; loss CrossEntropy."
    )
