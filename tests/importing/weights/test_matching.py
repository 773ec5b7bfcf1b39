"""Which module is which layer: by which rule, and what is left open."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.document.document import parse_document
from graphnn.graph.build import build_graph
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.matching import Matching, MatchingRule, match
from graphnn.importing.weights.modules import grouped
from graphnn.importing.weights.slots import Slot, in_our_order, slots_of
from graphnn.specification.spec import make_spec

SHAPES = {"c": (4, 4, 3, 3), "s": (4, 3, 3, 3), "f": (5, 4), "n": (4,)}


def slots(*layers: dict[str, Any]) -> tuple[Slot, ...]:
    document = {
        "input": {"shape": [3, 8, 8]},
        "layers": [*layers, {"type": "GlobalAveragePooling"}, {"type": "Dense", "name": "head", "units": 5}],
        "loss": {"type": "MeanSquaredError"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": "x.npz"},
        "training": {"epochs": 1},
    }
    return slots_of(build_graph(make_spec(parse_document(json.dumps(document)), (), {}))).slots


def conv(name: str | None = None, **settings: Any) -> dict[str, Any]:
    return {"type": "Conv2D", "filters": 4, "use_bias": False, **({"name": name} if name else {}), **settings}


def matched(wanted: tuple[Slot, ...], modules: str, *, ordered: bool = False, chosen: Any = None) -> Matching:
    """Match with modules written as name:shape; s is the first convolution, c another one, n a norm, f the head."""
    arrays: dict[str, Any] = {}
    for module in modules.split():
        name, _, shape = module.partition(":")
        arrays[f"{name}.weight"] = np.ones(SHAPES[shape], np.float32)
        if shape == "f":
            arrays[f"{name}.bias"] = np.ones(5, np.float32)
        if shape == "n":
            for part in ("bias", "running_mean", "running_var"):
                arrays[f"{name}.{part}"] = np.ones(4, np.float32)
    file = ForeignFile(Path("w"), "test", grouped(arrays).modules, ordered=ordered)
    by_name = {module.name: module for module in file.modules}
    given = {slot: [by_name[name] for name in names] for slot, names in (chosen or {}).items()}
    return match(wanted, file, given)


def pairs(found: Matching) -> dict[str, str]:
    return {name: module.name for name, module in found.pairs.items()}


THREE = slots(conv("first"), conv("second"), conv("third"))


def test_equal_names_come_first() -> None:
    found = matched(THREE, "third:c second:c first:s head:f")
    assert pairs(found) == {"first": "first", "second": "second", "third": "third", "head": "head"}
    assert found.rules == (MatchingRule.NAMES,)
    assert pairs(matched(THREE, "net.third:c net.second:c net.first:s net.head:f"))["third"] == "net.third"


def test_equal_names_in_another_order_of_the_graph_are_not_believed() -> None:
    arrays = {
        "first.weight": np.ones(SHAPES["s"]),
        **dict.fromkeys(("third.weight", "second.weight"), np.ones(SHAPES["c"])),
        "head.weight": np.ones(SHAPES["f"]),
        "head.bias": np.ones(5),
    }
    before = {"first": (), "third": ("first",), "second": ("first", "third"), "head": ("first", "third", "second")}
    file = ForeignFile(Path("w"), "test", grouped(arrays).modules, before={k: frozenset(v) for k, v in before.items()})
    found = match(THREE, file)
    assert found.rules == (MatchingRule.GRAPH,)
    assert pairs(found) == {"first": "first", "second": "third", "third": "second", "head": "head"}


def test_some_equal_names_leave_the_others_to_start_anew() -> None:
    found = matched(THREE, "first:s second:c third:c")
    assert (len(found.pairs), [slot.name for slot in found.anew], found.unused) == (3, ["head"], ())


def test_equal_names_that_leave_a_doubt_are_not_enough() -> None:
    found = matched(THREE, "first:s second:c other:c head:f")
    assert set(found.open) == {"second", "third"}
    numbers = slots(conv("conv1"), conv("conv2"), conv("conv3"))
    shifted = matched(numbers, "conv0:s conv1:c conv2:c head:f")  # by its place, their conv1 is conv2 here
    assert set(shifted.open) == {"conv2", "conv3"}
    assert 'the module called "conv2" is another by its place' in shifted.reason
    unnamed = slots(conv(), conv(), conv())  # conv2d_1 is the second one of Keras
    assert pairs(matched(unnamed, "conv2d:s conv2d_1:c conv2d_2:c fc:f"))["conv2d_2"] == "conv2d_1"
    again = matched(numbers, "a:s conv2:c conv1:c head:f", ordered=True)
    assert set(again.open) == {"conv2", "conv3"}


def test_shapes_decide_where_each_is_there_once() -> None:
    found = matched(slots(conv(), conv()), "zz:c yy:f xx:s")
    assert pairs(found) == {"conv2d_1": "xx", "conv2d_2": "zz", "head": "yy"}
    assert found.rules == (MatchingRule.SHAPES,)


def test_numbers_decide_and_ten_comes_after_two() -> None:
    found = matched(THREE, "l10:c l2:c l1:s out:f")
    assert pairs(found) == {"first": "l1", "second": "l2", "third": "l10", "head": "out"}
    assert found.rules == (MatchingRule.NUMBERS,)


def test_names_without_numbers_are_refused_unless_the_file_has_an_order() -> None:
    modules = "stem:s beta:c alpha:c out:f"
    found = matched(THREE, modules)
    assert {name: [module.name for module in each] for name, each in found.open.items()} == {
        "second": ["beta", "alpha"],
        "third": ["beta", "alpha"],
    }
    assert "order is not known" in found.reason
    ordered = matched(THREE, modules, ordered=True)
    assert pairs(ordered)["second"] == "beta"
    assert ordered.rules == (MatchingRule.DEFINITION,)


def test_an_order_against_the_numbers_is_refused() -> None:
    found = matched(THREE, "l1:s l3:c l2:c out:f", ordered=True)
    assert set(found.open) == {"second", "third"}
    assert "another than that of the numbers" in found.reason
    against_shapes = matched(THREE, "l3:s l2:c l1:c out:f", ordered=True)  # no way is in the order of these numbers
    assert set(against_shapes.open) == {"second", "third"}


def test_more_modules_of_a_shape_than_layers_are_refused() -> None:
    found = matched(THREE, "l1:s l2:c l3:c l4:c out:f", ordered=True)
    assert set(found.open) == {"second", "third"}
    assert found.reason == "3 of its modules fit 2 layers"


def test_a_map_decides_and_leaves_the_rest_to_the_rules() -> None:
    modules = "stem:s beta:c alpha:c out:f"
    found = matched(THREE, modules, chosen={"third": ["beta"]})
    assert pairs(found) == {"first": "stem", "second": "alpha", "third": "beta", "head": "out"}
    assert found.rules == (MatchingRule.MAP, MatchingRule.SHAPES)
    left_out = matched(THREE, modules, chosen={"third": [], "second": ["alpha"]})
    assert [slot.name for slot in left_out.anew] == ["third"]
    assert [module.name for module in left_out.unused] == ["beta"]


BLOCK = (
    conv("stem"),
    {
        "type": "Residual",
        "layers": [conv("a"), {"type": "ReLU"}, conv("b")],
        "shortcut": [conv("c")],
    },
)


def test_a_shortcut_is_told_by_its_name() -> None:
    found = matched(slots(*BLOCK), "conv1:s block.conv1:c block.conv2:c block.downsample.0:c fc:f")
    assert pairs(found) == {
        "stem": "conv1",
        "a": "block.conv1",
        "b": "block.conv2",
        "c": "block.downsample.0",
        "head": "fc",
    }


@pytest.mark.parametrize("ordered", [False, True])
def test_a_shortcut_that_nothing_tells_is_refused(ordered: bool) -> None:
    """It may be defined before the layers that it goes past, or after them."""
    found = matched(slots(*BLOCK), "l1:s l2:c l3:c l4:c fc:f", ordered=ordered)
    assert set(found.open) == {"a", "b", "c"}


def test_biases_of_zero_and_missing_ones_make_no_difference() -> None:
    with_bias, without = slots(conv("x", use_bias=True)), slots(conv("x"))
    weight, zeros = np.ones((4, 3, 3, 3), np.float32), np.zeros(4, np.float32)
    head = {"head.weight": np.ones((5, 4), np.float32)}

    def taken(wanted: tuple[Slot, ...], **arrays: Any) -> Matching:
        return match(
            wanted, ForeignFile(Path("w"), "", grouped({f"x.{key}": arrays[key] for key in arrays} | head).modules)
        )

    found = taken(with_bias, weight=weight)
    assert (in_our_order(with_bias[0], found.pairs["x"])["x/biases"] == 0).all()
    assert taken(without, weight=weight, bias=zeros).pairs["x"].name == "x"
    assert [slot.name for slot in taken(without, weight=weight, bias=zeros + 1).anew] == ["x"]
