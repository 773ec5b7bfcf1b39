"""Repetitions, blocks and defaults: the plain layers they stand for, their names, and where faults are reported."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.specification.plain_layers import MOST_LAYERS
from graphnn.specification.spec import Spec, parse_spec, spec_from_values
from tests.conftest import SMALL

CONV = {
    "parameters": ["filters"],
    "optional": {"strides": 1},
    "layers": [
        {"type": "Conv2D", "filters": "$filters", "strides": "$strides"},
        {"type": "BatchNormalization"},
        {"type": "ReLU"},
    ],
}
ENDING = [{"type": "GlobalAveragePooling"}, {"type": "Dense", "name": "output", "units": 10}, {"type": "Softmax"}]


def made(layers: list[Any], **sections: Any) -> dict[str, Any]:
    """Return a document of images with these layers before the last three."""
    return {**copy.deepcopy(dict(SMALL)), "input": {"shape": [1, 8, 8]}, "layers": [*layers, *ENDING], **sections}


def names(spec: Spec) -> list[str]:
    return [layer.name for layer in spec.every_layer]


def problems(values: dict[str, Any]) -> list[str]:
    """Return the problems of a document, each with its line and column, without the file."""
    text = json.dumps(values, indent=1)
    with pytest.raises(SpecError) as told:
        build_graph(parse_spec(text, "net.json"))
    return [str(problem).partition("\n")[0].removeprefix("net.json:") for problem in told.value.problems]


def test_a_repetition_numbers_the_names_and_no_other_name_changes() -> None:
    def with_times(times: int) -> list[str]:
        inside = [{"type": "Conv2D", "filters": 4}, {"type": "ReLU", "name": "on"}]
        repeat = {"type": "Repeat", "times": times, "layers": inside}
        return names(
            spec_from_values(made([{"type": "Conv2D", "filters": 4}, repeat, {"type": "Conv2D", "filters": 4}]))
        )

    ending = ["globalaveragepooling_1", "output", "softmax_1"]
    twice = ["conv2d_1", "conv2d_2.1", "on.1", "conv2d_2.2", "on.2", "conv2d_3", *ending]
    assert with_times(2) == twice
    assert with_times(3) == [*twice[:5], "conv2d_2.3", "on.3", "conv2d_3", *ending]
    assert with_times(1) == ["conv2d_1", "conv2d_2.1", "on.1", "conv2d_3", *ending]


def test_repetitions_inside_repetitions_are_numbered_from_the_outer_one() -> None:
    inner = {"type": "Repeat", "times": 2, "layers": [{"type": "ReLU"}]}
    spec = spec_from_values(made([{"type": "Repeat", "times": 2, "layers": [inner]}]))
    assert names(spec)[:4] == ["relu_1.1.1", "relu_1.1.2", "relu_1.2.1", "relu_1.2.2"]


def test_a_block_stands_for_its_layers_with_the_values_of_its_use() -> None:
    layers = [{"type": "conv", "filters": 4}, {"type": "conv", "name": "second", "filters": 8, "strides": 2}]
    spec = spec_from_values(made(layers, blocks={"conv": CONV}))
    assert names(spec)[:6] == [
        *("conv_1.conv2d_1", "conv_1.batchnormalization_1", "conv_1.relu_1"),
        *("second.conv2d_1", "second.batchnormalization_1", "second.relu_1"),
    ]
    first, second = spec.layers[0].options, spec.layers[3].options
    assert (first["filters"], first["strides"]) == (4, 1)
    assert (second["filters"], second["strides"]) == (8, 2)
    assert build_graph(spec).nodes[5].output_shape == (8, 4, 4)


def test_blocks_use_blocks_and_lie_in_residual_ones_and_repetitions() -> None:
    twice = {
        "parameters": ["width", "times"],
        "layers": [
            {
                "type": "Repeat",
                "times": "$times",
                "layers": [{"type": "Residual", "layers": [{"type": "conv", "name": "a", "filters": "$width"}]}],
            }
        ],
    }
    layers = [{"type": "Conv2D", "filters": 6}, {"type": "stage", "width": 6, "times": 2}]
    spec = spec_from_values(made(layers, blocks={"stage": twice, "conv": CONV}))
    assert names(spec)[1:9] == [
        *("stage_1.residual_1.1", "stage_1.a.1.conv2d_1", "stage_1.a.1.batchnormalization_1", "stage_1.a.1.relu_1"),
        *("stage_1.residual_1.2", "stage_1.a.2.conv2d_1", "stage_1.a.2.batchnormalization_1", "stage_1.a.2.relu_1"),
    ]
    assert build_graph(spec).output_shape == (10,)


def test_defaults_fill_in_what_a_layer_does_not_write() -> None:
    layers = [{"type": "Conv2D", "filters": 4}, {"type": "Conv2D", "filters": 4, "kernel_size": 1}]
    block = {"type": "Residual", "layers": [{"type": "Conv2D", "filters": 4}]}
    spec = spec_from_values(made([*layers, block], defaults={"Conv2D": {"kernel_size": 5, "use_bias": False}}))
    convolutions = [layer for layer in spec.every_layer if layer.type == "Conv2D"]
    assert [one.options["kernel_size"] for one in convolutions] == [5, 1, 5]
    assert [one.options["use_bias"] for one in convolutions] == [False] * 3


def test_a_document_written_out_by_hand_is_the_same_network() -> None:
    short = made(
        [{"type": "Repeat", "times": 2, "layers": [{"type": "conv", "filters": 4}]}],
        blocks={"conv": CONV},
        defaults={"BatchNormalization": {"momentum": 0.6}},
    )
    layers = [
        layer
        for number in (1, 2)
        for layer in (
            {"type": "Conv2D", "name": f"conv_1.{number}.conv2d_1", "filters": 4},
            {"type": "BatchNormalization", "name": f"conv_1.{number}.batchnormalization_1", "momentum": 0.6},
            {"type": "ReLU", "name": f"conv_1.{number}.relu_1"},
        )
    ]
    assert spec_from_values(short).resolved() == spec_from_values(made(layers)).resolved()
    assert spec_from_values(short) != spec_from_values(made(layers[:3]))


def test_settings_of_blocks_and_defaults_can_be_set_from_the_command_line() -> None:
    values = made([{"type": "conv", "filters": 4}], blocks={"conv": CONV}, defaults={"Conv2D": {"kernel_size": 5}})
    overrides = ("blocks.conv.optional.strides=2", "layers.conv_1.filters=6", "defaults.Conv2D.kernel_size=1")
    options = spec_from_values(values, overrides=overrides).layers[0].options
    assert [options[key] for key in ("filters", "strides", "kernel_size")] == [6, 2, 1]
    with pytest.raises(SpecError) as told:
        spec_from_values(values, overrides=("layers.conv_1.filters=-6",))
    assert str(told.value).startswith("--set layers.conv_1.filters=-6: layers[0].filters: must be at least 1, found -6")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "layers.conv_1.conv2d_1.filters=3",
            '"conv2d_1" is a layer of the block "conv"; write blocks.conv.layers[0].filters, which sets it wherever',
        ),
        ("layers.on.2.name=x", 'a repetition cannot be set alone; leave ".2" out to set all of them'),
        ("layers.output.2.units=3", 'layers[3] "output": unknown key "2"'),
    ],
)
def test_one_of_several_copies_of_a_layer_cannot_be_set_alone(override: str, message: str) -> None:
    repeat = {"type": "Repeat", "times": 2, "layers": [{"type": "ReLU", "name": "on"}]}
    values = made([{"type": "conv", "filters": 4}, repeat], blocks={"conv": CONV})
    with pytest.raises(SpecError) as told:
        spec_from_values(values, overrides=(override,))
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "conv", "filter": 4}),
            ['layers[0]: unknown key "filter" of the block "conv"; did you mean "filters"?'],
            id="misspelt",
        ),
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "conv", "name": "c"}),
            ['layers[0] "c": missing "filters", which the block "conv" needs'],
            id="missing",
        ),
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "conv", "filters": 0}),
            ["layers[0].filters: must be at least 1, found 0 (in blocks.conv.layers[0].filters at line "],
            id="value",
        ),
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "conv", "filters": "$filters"}),
            ['layers[0].filters: "$filters" stands for a parameter, which only blocks have; write its value'],
            id="outside",
        ),
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "Conv2D", "filters": "$filters"}),
            ['layers[0].filters: expected an integer, found the string "$filters"'],
            id="reference-in-a-plain-layer",
        ),
        pytest.param(
            lambda v: v["blocks"]["conv"]["layers"].append({"type": "Dropout", "rate": "$rte"}),
            ['blocks.conv.layers[3].rate: the block "conv" has no parameter "rte"; its parameters: $filters, $strides'],
            id="unknown-parameter",
        ),
        pytest.param(
            lambda v: v["blocks"]["conv"]["parameters"].append("width"),
            [
                'layers[0]: missing "width", which the block "conv" needs',
                'blocks.conv.parameters[1]: no layer of the block has "$width" as a value; remove it, or use it',
            ],
            id="unused-parameter",
        ),
        pytest.param(
            lambda v: v["blocks"]["conv"]["parameters"].append("strides"),
            [
                'layers[0]: missing "strides", which the block "conv" needs',
                'blocks.conv.parameters[1]: "strides" is among the optional ones, too; remove it from one of them',
            ],
            id="twice",
        ),
        pytest.param(
            lambda v: v["blocks"]["conv"]["layers"].append({"type": "conv", "filters": 3}),
            ['blocks.conv.layers[3].type: a block cannot use itself: "conv" uses "conv"'],
            id="circle",
        ),
        pytest.param(
            lambda v: v["blocks"].update(conv2d={"layers": [{"type": "ReLU"}]}),
            ['blocks: "conv2d" is too like the layer type Conv2D; call the block something else'],
            id="like-a-type",
        ),
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "konv", "filters": 4}),
            ['layers[0]: unknown layer type "konv"; did you mean "conv"?'],
            id="unknown-block",
        ),
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "Repeat", "times": 2}),
            ['layers[0]: missing "layers", which Repeat needs: the layers that are repeated, in order'],
            id="repeat-without-layers",
        ),
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "Repeat", "times": MOST_LAYERS + 1, "layers": [{"type": "ReLU"}]}),
            ["layers[0]: this makes more than 10,000 layers"],
            id="too-many",
        ),
        pytest.param(
            lambda v: v.update(defaults={"Conv2D": {"filters": 3}}),
            ['defaults.Conv2D: unknown key "filters"; each Conv2D writes its own'],
            id="default-of-what-is-required",
        ),
        pytest.param(
            lambda v: v.update(defaults={"Dropout": {"rate": 0.2}}),
            ['defaults: unknown key "Dropout"; Dropout has no setting that a layer may leave out'],
            id="defaults-of-a-type-without-any",
        ),
        pytest.param(
            lambda v: v["layers"].insert(0, {"type": "ReLU", "name": "conv_1.relu_1"}),
            ['layers[0] "conv_1.relu_1".name: blocks.conv.layers[2], which has no name of its own, is called'],
            id="equal-names",
        ),
    ],
)
def test_a_fault_is_told_where_it_is_written(change: Any, expected: list[str]) -> None:
    values = made([{"type": "conv", "filters": 4}], blocks={"conv": copy.deepcopy(CONV)})
    change(values)
    found = [problem.split(": ", 1)[1] for problem in problems(values)]
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True)), found


def test_a_shape_that_does_not_fit_names_the_block_and_its_use() -> None:
    values = made([{"type": "Flatten"}, {"type": "conv", "filters": 4}], blocks={"conv": CONV})
    [first, *_] = problems(values)
    assert "blocks.conv.layers[0]: Conv2D needs an image C×H×W" in first
    assert "(used by layers[1] at line " in first


def test_the_same_fault_of_every_repetition_is_told_once() -> None:
    inside = [{"type": "Conv2D", "filters": 4}, {"type": "Dense", "units": 2}]
    told = problems(made([{"type": "Repeat", "times": 5, "layers": inside}]))
    assert len(told) == 3  # of the Conv2D from the second repetition on, of the Dense, of the pooling after it
    assert "(repetition 2 of layers[0] at line " in told[0]
    assert "(repetition 1 of layers[0] at line " in told[1]


@pytest.mark.parametrize(
    "value", [None, 3, [], {"conv": 3}, {"conv": {}}, {"conv": {"layers": 3}}, {"": {"layers": []}}]
)
def test_blocks_of_a_wrong_form_are_refused(value: Any) -> None:
    with pytest.raises(SpecError):
        spec_from_values(made([{"type": "conv", "filters": 4}], blocks=value))


def test_blocks_and_defaults_are_no_section_of_the_resolved_document(tmp_path: Path) -> None:
    resolved = spec_from_values(made([{"type": "conv", "filters": 4}], blocks={"conv": CONV})).resolved()
    assert not {"blocks", "defaults"} & resolved.keys()
    assert spec_from_values(resolved).resolved() == resolved


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (0, "must be at least 1, found 0"),
        (True, "expected an integer, found true"),
        (2.5, "expected an integer, found 2.5"),
        ("3", 'expected an integer, found the string "3"; write 3 without quotes'),
        (None, "expected an integer, found null"),
    ],
)
def test_a_parameter_that_says_how_often_layers_are_repeated_is_checked_where_it_is_written(
    times: Any, message: str
) -> None:
    blocks = {
        "some": {
            "optional": {"times": times},
            "layers": [{"type": "Repeat", "times": "$times", "layers": [{"type": "ReLU"}]}],
        },
        "more": {"parameters": ["count"], "layers": [{"type": "some", "times": "$count"}]},
    }
    found = problems(made([{"type": "more", "count": 2}, {"type": "some"}, {"type": "some"}], blocks=blocks))
    assert len(found) == 1
    assert f"blocks.some.optional.times: {message} (in blocks.some.layers[0].times at line " in found[0]
    uses = [{"type": "more", "count": times}, {"type": "some", "times": times}]
    found = problems(made(uses, blocks={**blocks, "some": {**blocks["some"], "optional": {"times": 2}}}))
    assert [one.split(": ")[1:] for one in found] == [
        [f"layers[{index}].{key}", f"{message} (in blocks.some.layers[0].times at line {found[0].split()[-1]}"]
        for index, key in enumerate(("count", "times"))
    ]


@pytest.mark.parametrize(
    ("type_", "key"), [("Residual", "layers"), ("Residual", "shortcut"), ("Repeat", "layers")], ids=str
)
def test_no_parameter_stands_for_the_layers_inside_a_layer(type_: str, key: str) -> None:
    layer = {"type": type_, "layers": [{"type": "ReLU"}], key: "$inside"} | ({"times": 2} if type_ == "Repeat" else {})
    blocks = {"some": {"parameters": ["inside"], "layers": [layer]}}
    found = problems(made([{"type": "some", "inside": [{"type": "ReLU"}]}], blocks=blocks))
    assert found[1].endswith(f'blocks.some.layers[0].{key}: expected a list […], found the string "$inside"')


def test_more_layers_than_the_most_are_refused_where_the_last_is_written_at_the_top() -> None:
    repeat = {"type": "Repeat", "times": MOST_LAYERS, "layers": [{"type": "ReLU"}]}
    found = problems(made([repeat]))
    assert [one.partition(": ")[2] for one in found] == ["layers[1]: this makes more than 10,000 layers"]


def test_layers_that_stand_for_each_other_too_deep_are_refused() -> None:
    blocks: dict[str, Any] = {"b0": {"layers": [{"type": "ReLU"}]}}
    for number in range(1, 2000):
        blocks[f"b{number}"] = {"layers": [{"type": f"b{number - 1}"}] * 2}
    message = "layers[0]: blocks and repetitions lie more than 100 deep in each other here"
    assert [one.partition(": ")[2] for one in problems(made([{"type": "b1999"}], blocks=blocks))] == [message]
    blocks = {"b0": {"layers": [{"type": "ReLU"}]}}
    for number in range(1, 60):
        blocks[f"b{number}"] = {"layers": [{"type": "Residual", "layers": [{"type": f"b{number - 1}"}]}]}
    message = "layers[0]: layers lie more than 50 deep in each other here"
    assert [one.partition(": ")[2] for one in problems(made([{"type": "b59"}], blocks=blocks))] == [message]


def test_a_circle_of_blocks_is_told_once_however_long_it_is() -> None:
    def told(count: int) -> list[str]:
        blocks = {f"b{at}": {"layers": [{"type": f"b{(at + 1) % count}"}]} for at in range(count)}
        return [one.partition(": ")[2] for one in problems(made([{"type": "b0"}], blocks=blocks))]

    start = "layers[0].type: a block cannot use itself: "
    assert told(3) == [f'blocks.b2.{start}"b0" uses "b1" uses "b2" uses "b0"']
    names = " uses ".join(f'"b{number}"' for number in range(6))
    assert told(2000) == [f'blocks.b1999.{start}{names} uses … uses "b0"']
