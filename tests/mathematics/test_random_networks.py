"""Training random documents gives what PyTorch gives: every layer, loss, optimizer, schedule and averaging in turn."""

import importlib
import runpy
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.averaging.base import AVERAGINGS
from graphnn.layers.base import LAYERS
from graphnn.losses.base import LOSSES
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.schedules.base import SCHEDULES

FOLDER = Path(__file__).parent
NETWORKS: dict[str, Any] = runpy.run_path(str(FOLDER / "networks.py"))
ORDINARY, ALL = 24, 400  # documents
COMPILED = {
    "activations": ("activate", "pass_back"),
    "im2col": ("gather_runs",),
    "normalization": ("moments", "normalise", "gradient_sums", "normalise_gradient"),
    "pooling": ("max_pool", "max_pool_gradient"),
    "winograd": ("transform_input", "transform_output", "transform_gradient"),
}  # what the kernels call, by module
REGISTRIES: Mapping[str, Any] = {
    "OPTIMIZERS": OPTIMIZERS,
    "LOSSES": LOSSES,
    "SCHEDULES": SCHEDULES,
    "AVERAGINGS": AVERAGINGS,
}


@cache
def comparison() -> dict[str, Any]:
    pytest.importorskip("torch")
    return runpy.run_path(str(FOLDER / "comparison.py"))


def random_case(number: int, folder: Path) -> Any:
    """Return a document with its data and initial values."""
    values = NETWORKS["document"](number)
    counts = (values.pop("samples"), 11)
    return comparison()["case"](folder, values, NETWORKS["initial_values"], NETWORKS["samples"], counts, number)


@pytest.mark.parametrize(
    "number", [*range(ORDINARY), *(pytest.param(each, marks=pytest.mark.long) for each in range(ORDINARY, ALL))]
)
def test_training_is_that_of_pytorch(number: int, tmp_path: Path) -> None:
    module = comparison()
    for other in range(10):  # the first that rounding alone does not change
        case = random_case(number + 10_000 * other, tmp_path)
        exact = case.theirs(np.float64)
        if module["well_conditioned"](case, exact):
            module["compare"](case, exact)
            return
    pytest.fail("rounding errors change the result of ten documents in a row")


def test_every_compiled_operation_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    missing = set()

    def watched(name: str, operation: Any) -> Any:
        def call(*arguments: Any) -> Any:
            missing.discard(name)
            return operation(*arguments)

        return call

    for module, names in COMPILED.items():
        for name in names:
            missing.add(f"{module}.{name}")
            place = importlib.import_module(f"graphnn.kernels.compiled.{module}")
            monkeypatch.setattr(place, name, watched(f"{module}.{name}", getattr(place, name)))
    for number in range(ORDINARY):
        case = random_case(number, tmp_path)
        if missing and len(case.graph.input_shape) == 3:
            case.ours("float32", "numba")
    assert missing == set()


def types(value: Any) -> Iterator[str]:
    """Yield every type that is named in a document."""
    if isinstance(value, Mapping):
        if "type" in value:
            yield value["type"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from types(each)


def test_everything_registered_comes_up() -> None:
    found = {name for number in range(ORDINARY) for name in types(NETWORKS["document"](number))}
    expected = {name for registry in (LAYERS, *REGISTRIES.values()) for name in registry.built_in()}
    assert expected - found == set()


@pytest.mark.parametrize("table", REGISTRIES)
def test_everything_registered_is_known_to_the_reference(table: str) -> None:
    assert set(comparison()["REFERENCE"][table]) == set(REGISTRIES[table].built_in())
