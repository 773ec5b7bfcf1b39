"""Notes about blocks and defaults that no layer makes use of."""

from typing import Any

from graphnn.graph.build import build_graph
from graphnn.graph.notes import notes
from graphnn.specification.spec import spec_from_values

CONV = {"layers": [{"type": "Conv2D", "filters": 4}, {"type": "ReLU"}]}
TWICE = {"layers": [{"type": "conv"}, {"type": "conv"}]}


def found_notes(layers: list[dict[str, Any]], **short_forms: Any) -> list[str]:
    """Return the notes on a document with these first layers."""
    values: dict[str, Any] = {
        **short_forms,
        "input": {"shape": [1, 8, 8]},
        "layers": [*layers, {"type": "Flatten"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "digits"},
        "training": {"epochs": 1},
    }
    spec = spec_from_values(values, "net")
    return [str(note) for note in notes(spec, build_graph(spec))]


def test_a_block_that_no_layer_uses_gives_a_note_with_its_name() -> None:
    unused = found_notes([{"type": "conv"}], blocks={"conv": CONV, "twice": TWICE})
    assert unused == ['net: blocks: no layer uses the block "twice"; leave it out']


def test_a_block_that_only_uses_others_is_used() -> None:
    assert found_notes([{"type": "twice"}], blocks={"conv": CONV, "twice": TWICE}) == []
    many = {"type": "Repeat", "times": 2, "layers": [{"type": "twice"}]}
    assert found_notes([many], blocks={"conv": CONV, "twice": TWICE}) == []


def test_a_default_that_each_layer_writes_itself_gives_a_note() -> None:
    layers = [{**CONV["layers"][0], "use_bias": True}, {"type": "ReLU"}]
    written = found_notes(layers, defaults={"Conv2D": {"use_bias": False}})
    assert written == ["net: defaults.Conv2D: changes nothing: no Conv2D leaves use_bias out"]
