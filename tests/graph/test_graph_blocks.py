"""Residual blocks in a document: the nodes that they become, their names and paths, and findings after an error."""

import json
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.specification.sections import LayerSection
from graphnn.specification.spec import Spec, spec_from_values

RELU = {"type": "ReLU"}
END = [{"type": "GlobalAveragePooling"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}]


def conv(filters: int, **options: Any) -> dict[str, Any]:
    return {"type": "Conv2D", "filters": filters, **options}


def residual(*layers: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"type": "Residual", "layers": list(layers), **options}


def spec_of(*layers: dict[str, Any], overrides: tuple[str, ...] = ()) -> Spec:
    values = {
        "input": {"shape": [3, 32, 32]},
        "layers": [*layers, *END],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "Adam"},
        "data": {"dataset": "cifar10"},
        "training": {"epochs": 1},
    }
    return spec_from_values(values, "net", overrides=overrides)


def refusals(*layers: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as refused:
        build_graph(spec_of(*layers))
    return [str(problem).removeprefix("net: ") for problem in refused.value.problems]


NESTED = (
    conv(4),
    residual(
        residual(RELU, conv(4)),
        conv(8, name="down", strides=2),
        shortcut=[conv(8, kernel_size=1, strides=2), RELU],
    ),
    RELU,
    residual(conv(8), name="last", shortcut=[]),
)


def test_a_block_becomes_a_flat_run_of_nodes() -> None:
    graph = build_graph(spec_of(*NESTED))
    assert [node.index for node in graph.nodes] == list(range(len(graph.nodes)))
    assert [(node.location, node.name, node.output_shape) for node in graph.nodes][:-3] == [
        ("layers[0]", "conv2d_1", (4, 32, 32)),
        ("layers[1]", "residual_1/save", (4, 32, 32)),
        ("layers[1].layers[0]", "residual_2/save", (4, 32, 32)),
        ("layers[1].layers[0].layers[0]", "relu_1", (4, 32, 32)),
        ("layers[1].layers[0].layers[1]", "conv2d_2", (4, 32, 32)),
        ("layers[1].layers[0]", "residual_2/add", (4, 32, 32)),
        ("layers[1].layers[1]", "down", (8, 16, 16)),
        ("layers[1]", "residual_1/swap", (4, 32, 32)),
        ("layers[1].shortcut[0]", "conv2d_4", (8, 16, 16)),
        ("layers[1].shortcut[1]", "relu_2", (8, 16, 16)),
        ("layers[1]", "residual_1/add", (8, 16, 16)),
        ("layers[2]", "relu_3", (8, 16, 16)),
        ("layers[3]", "last/save", (8, 16, 16)),
        ("layers[3].layers[0]", "conv2d_5", (8, 16, 16)),
        ("layers[3]", "last/add", (8, 16, 16)),
    ]
    keys = list(initialise(graph, 0).named())
    assert keys[:4] == ["conv2d_1/weights", "conv2d_1/biases", "conv2d_2/weights", "conv2d_2/biases"]
    assert len(keys) == 12
    assert graph.nodes[6].layer.name == "down"


def test_the_spec_holds_the_layers_inside_as_layers() -> None:
    spec = spec_of(*NESTED)
    block = spec.layers[1]
    assert [(layer.name, layer.named, layer.path) for layer in block.inside] == [
        ("residual_2", False, ("layers", 1, "layers", 0)),
        ("down", True, ("layers", 1, "layers", 1)),
        ("conv2d_4", False, ("layers", 1, "shortcut", 0)),
        ("relu_2", False, ("layers", 1, "shortcut", 1)),
    ]
    inner = block.inside[0].options["layers"][1]
    assert isinstance(inner, LayerSection)
    assert inner.options["kernel_size"] == 3  # a default, filled in
    assert spec.layers[3].inside[0].name == "conv2d_5"
    resolved = spec.resolved()
    assert resolved["layers"][1]["layers"][0]["layers"][1]["name"] == "conv2d_2"
    assert resolved["layers"][3]["shortcut"] == []
    assert spec_from_values(resolved, "net") == spec


def test_the_command_line_reaches_the_layers_inside() -> None:
    overrides = (
        "layers[1].layers[0].layers[1].kernel_size=5",
        "layers.down.use_bias=false",
        "layers.conv2d_4.name=way",
        "layers.last.layers[0].filters=8",
    )
    spec = spec_of(*NESTED, overrides=overrides)
    inside = spec.layers[1].inside
    assert inside[0].inside[1].options["kernel_size"] == 5
    assert inside[1].options["use_bias"] is False
    assert inside[2].name == "way"
    with pytest.raises(SpecError, match=r'there is no layer "donw"; did you mean "down"\?'):
        spec_of(*NESTED, overrides=("layers.donw.rate=1",))
    with pytest.raises(SpecError, match=r"layers\[1\]\.layers has 2 entries, \[0\] to \[1\]"):
        spec_of(*NESTED, overrides=("layers[1].layers[2].rate=1",))
    with pytest.raises(SpecError) as refused:
        spec_of(*NESTED, overrides=("layers.down.filters=-1",))
    (problem,) = refused.value.problems
    expected = '--set layers.down.filters=-1: layers[1].layers[1] "down".filters: must be at least 1, found -1'
    assert str(problem) == expected


def test_every_branch_is_looked_at_and_the_shape_is_known_again_after_the_block() -> None:
    dense = {"type": "Dense", "units": 4}
    assert refusals(conv(4), residual(dense, RELU, shortcut=[{"type": "Flatten"}, conv(3)]), conv(4)) == [
        'layers[1].layers[0]: Dense needs a vector, but "conv2d_1" gives 4×32×32; put Flatten or GlobalAveragePooling '
        "before it",
        'layers[1].shortcut[1]: Conv2D needs an image C×H×W, but "flatten_1" gives 4096; put it before Flatten or '
        "GlobalAveragePooling",
        'layers[2]: Conv2D needs an image C×H×W, but "residual_1" gives 4; put it before Flatten or '
        "GlobalAveragePooling",
    ]
    broken = residual(conv(4, kernel_size=40, padding="valid"), shortcut=[conv(9)])
    assert [text.partition(":")[0] for text in refusals(broken, residual(conv(8)))] == [
        "layers[0].layers[0]",
        "layers[1]",  # for it gives 8 channels, where the shortcut before it gave 9
    ]


def test_the_blocks_of_the_readme_are_a_network() -> None:
    text = (Path(__file__).parents[2] / "models" / "README.md").read_text(encoding="utf-8")
    example = text.partition("## Residual blocks")[2].partition("```json\n")[2].partition("```")[0]
    graph = build_graph(spec_of(conv(32), *json.loads(example)))
    assert (graph.nodes[-4].name, graph.nodes[-4].output_shape) == ("relu_2", (64, 16, 16))
    assert "way1/weights" in initialise(graph, 0).named()


def test_findings_after_an_unknown_shape_are_not_reported_twice() -> None:
    assert len(refusals(conv(4, kernel_size=40, padding="valid"), residual(conv(4)), residual(RELU))) == 1
