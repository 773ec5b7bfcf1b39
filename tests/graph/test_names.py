"""Names of layers and parameters in weights files: what is too long, or cannot be a name there, is refused at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.findings import name_findings
from graphnn.graph.graph import chain
from graphnn.initializers.constant import zeros
from graphnn.layers.base import Arrays, Backward, Layer
from graphnn.layers.context import Context
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.parameters.parameter import Parameter, Role
from graphnn.specification.spec import spec_from_values
from graphnn.storage.weights import load_weights
from graphnn.types import Array, Shape

CHARACTERS = ("a", "é", "層", "😀")  # of one to four bytes


@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize("length", [201, 65_530, 200_000])
def test_a_long_name_is_refused_with_its_position(character: str, length: int, small: dict[str, Any]) -> None:
    small["layers"][0]["name"] = character * length
    with pytest.raises(SpecError) as refused:
        spec_from_values(small, "net")
    [problem] = refused.value.problems
    assert f"has {length:,} characters; write at most 200" in str(problem)
    assert str(problem).startswith('net: layers[0] "')


@pytest.mark.parametrize("character", CHARACTERS)
def test_the_longest_names_and_a_description_of_megabytes_are_trained_and_saved(
    character: str, document: Path, small: dict[str, Any], train: Callable[..., tuple[int, str, str]]
) -> None:
    """With averaging and keep_best, whose arrays have the longest prefixes in a checkpoint."""
    name = character * 200
    inner = {"type": "Dense", "name": f"{name[:-1]}x", "units": 64, "trainable": {"weights": False}}
    small["layers"][0] = {"type": "Residual", "name": name, "layers": [inner]}
    small["name"], small["description"] = name * 3, character * 2**20
    small["training"] |= {"epochs": 1, "averaging": {"type": "exponential"}, "keep_best": "validation_loss"}
    document.write_text(json.dumps(small, ensure_ascii=False), encoding="utf-8")
    assert train("--quiet", "--limit", 100)[0] == 0
    file = load_weights(document.with_suffix(".npz"))
    assert f"{name[:-1]}x/weights" in file.arrays
    assert file.meta["document"]["description"] == small["description"]


@frozen_dataclass(kw_only=True)
class Named(Layer):
    """A layer with parameters of the given names."""

    names: tuple[str, ...] = ()

    def _check_settings(self) -> None:
        pass

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        return tuple(Parameter(name, (1,), zeros, Role.WEIGHT) for name in self.names)

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("",), "it is empty or has a slash"),
        (("b/weights",), "it is empty or has a slash"),  # that of a layer "b" inside a block
        (("a\0",), "has a backslash or a null character"),
        (("a\\b",), "has a backslash or a null character"),
        (("\ud800",), "half of a surrogate pair"),
        (("x" * 65_520,), "it takes 65,538 bytes, of which there is room for 65,531"),
        (("é" * 33_000,), "it takes 66,018 bytes"),
        (("x", "y", "x"), "2 parameters of the layer have it"),
    ],
)
def test_names_of_parameters_that_no_file_can_hold_are_found(names: tuple[str, ...], reason: str) -> None:
    graph = chain([("a", Named(names=names))], (1,), MeanSquaredError())
    [finding] = name_findings(graph.nodes)
    assert finding.path == ("layers", 0)
    assert reason in finding.message
    assert len(finding.message) < 250


def test_other_names_of_parameters_are_all_right() -> None:
    graph = chain([("a", Named(names=("weights", "w 1", "ß", "x" * 1000, "__meta__")))], (1,), MeanSquaredError())
    assert list(name_findings(graph.nodes)) == []


def test_they_are_refused_before_the_first_step(small: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphnn.layers.dense.Dense.parameters", Named(names=("a/b",)).parameters.__func__)  # type: ignore[attr-defined]
    monkeypatch.setattr("graphnn.layers.dense.Dense.names", ("a/b",), raising=False)
    monkeypatch.setattr("graphnn.layers.trainable.WeightedLayer.findings", lambda self, shape: iter(()))
    with pytest.raises(SpecError, match='"hidden/a/b" cannot be the name of an array'):
        build_graph(spec_from_values(small))


def test_half_a_surrogate_pair_from_python_is_refused(small: dict[str, Any]) -> None:
    for values in (small | {"description": "a\udc80"}, small | {"name": "\ud800"}):
        with pytest.raises(SpecError, match=r"a document cannot hold '\\ud[c8][80]0'"):
            spec_from_values(values)
    assert spec_from_values(small | {"description": "😀"}).description == "😀"
