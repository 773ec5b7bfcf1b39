"""The registries: lookup without importing everything, one message for unknown names, completeness."""

import ast
import subprocess
import sys
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graphnn.augmentation.base import AUGMENTATIONS
from graphnn.averaging.base import AVERAGINGS
from graphnn.datasets.base import DATASETS
from graphnn.errors import DataError, SpecError
from graphnn.initializers.base import INITIALIZERS
from graphnn.layers.base import LAYERS
from graphnn.losses.base import LOSSES
from graphnn.metrics.base import METRICS
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.registry import Registry
from graphnn.schedules.base import SCHEDULES
from graphnn.specification.names import REPEAT
from graphnn.specification.schema import load_schema
from graphnn.text.suggestions import folded

ROOT = Path(__file__).parents[1]
KINDS: dict[str, Registry[Any]] = {
    "layer": LAYERS,
    "initializer": INITIALIZERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "averaging": AVERAGINGS,
    "augmentation": AUGMENTATIONS,
}
REGISTRIES = {**KINDS, "data set": DATASETS, "metric": METRICS}


@pytest.fixture
def animals() -> Registry[Any]:
    """An empty registry, with a package that registers nothing in it."""
    registry: Registry[Any] = Registry("animal", "graphnn.text", name_of=attrgetter("name"), error=DataError)
    for name in ("cat", "horse"):
        registry.register(SimpleNamespace(name=name, __module__="zoo"))
    return registry


def test_a_second_thing_of_one_name_is_refused(animals: Registry[Any]) -> None:
    with pytest.raises(DataError, match='a animal "cat" is registered already, by zoo'):
        animals.register(SimpleNamespace(name="cat", __module__="garden"))
    assert animals["cat"].__module__ == "zoo"


def test_an_unknown_name_is_told_with_the_nearest_or_all(animals: Registry[Any]) -> None:
    with pytest.raises(DataError) as told:
        animals.find("hors")
    assert str(told.value) == 'unknown animal "hors"; did you mean "horse"?'
    with pytest.raises(DataError) as told:
        animals.find("xyz")
    assert str(told.value) == 'unknown animal "xyz"; known: cat, horse'
    assert "xyz" not in animals
    with pytest.raises(KeyError):
        animals["xyz"]


def test_a_name_may_be_taken_out_and_replaced(animals: Registry[Any]) -> None:
    del animals["cat"]
    animals["cow"] = animals.find("horse")
    assert list(animals) == ["cow", "horse"]
    assert len(animals) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_and_the_registry_know_the_same(kind: str) -> None:
    types = [name for name in load_schema().types(kind) if name != REPEAT]  # stands for other layers
    assert sorted(types) == sorted(KINDS[kind].built_in())


def test_the_schema_and_the_registry_know_the_same_data_sets() -> None:
    assert sorted(load_schema().section("data")["properties"]["dataset"]["enum"]) == sorted(DATASETS)


@pytest.mark.parametrize("kind", REGISTRIES)
def test_every_definition_lies_in_a_file_of_its_name(kind: str) -> None:
    registry = REGISTRIES[kind]
    assert len(registry.built_in()) >= 2
    for name, thing in registry.built_in().items():
        assert folded(thing.__module__.rpartition(".")[2]) == folded(name)


@pytest.mark.parametrize("kind", REGISTRIES)
def test_looking_one_up_does_not_import_the_others(kind: str) -> None:
    registry = REGISTRIES[kind]
    base = f"{registry.package}.base"
    first, *_, last = sorted(registry.built_in())
    code = (
        f"import sys, {base} as base; from graphnn.registry import Registry;"
        f"registry = next(one for one in vars(base).values() if getattr(one, 'kind', 0) == {registry.kind!r});"
        f"registry.find({last!r}); print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert registry[last].__module__ in ran.stdout.split()
    assert registry[first].__module__ not in ran.stdout.split()


def test_every_layer_has_a_test_of_its_own() -> None:
    modules = {layer.__module__.rpartition(".")[2] for layer in LAYERS.built_in().values()}
    assert {name for name in modules if not (ROOT / "tests" / "layers" / f"test_{name}.py").exists()} == set()


@pytest.mark.parametrize("kind", REGISTRIES)
def test_everything_registered_is_in_the_tables_of_its_readme(kind: str) -> None:
    text = (ROOT / "schemas" / "README.md").read_text(encoding="utf-8")
    assert [name for name in REGISTRIES[kind].built_in() if f"| **{name}** |" not in text] == []


def test_only_the_registry_says_what_an_unknown_name_is() -> None:
    """The words "did you mean" are in one function only, except for names that are not looked up in a list."""
    elsewhere = {
        "text/suggestions.py",
        "storage/weights.py",
        "layers/residual.py",
        "model/stack.py",
        "document/unreadable.py",
        "language_server/fixes.py",  # which reads the words
    }
    found = set()
    for file in (ROOT / "graphnn").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "did you mean" in node.value:
                found.add(str(file.relative_to(ROOT / "graphnn")))
    assert found - elsewhere == {
        "optimizers/groups.py",
        "specification/overrides.py",
        "specification/violations.py",
        "commands/arguments.py",
        "commands/run.py",
    }


def test_registering_twice_is_an_error_for_layers_too() -> None:
    with pytest.raises(SpecError, match=r'a layer type "Dense" is registered already, by graphnn\.layers\.dense'):
        LAYERS.register(type("Dense", (), {}))


def test_a_plugin_cannot_take_a_name_whose_module_is_not_imported_yet() -> None:
    """In a process of its own, because in this one other tests have imported it."""
    code = (
        "from graphnn.layers.base import LAYERS, Layer\n"
        "from graphnn.errors import SpecError\n"
        "try: LAYERS.register(type('Dense', (Layer,), {'__module__': 'plugin'}))\n"
        "except SpecError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout == 'a layer type "Dense" is registered already, by graphnn.layers.dense\n'


def test_a_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for file in sorted((ROOT / "graphnn").rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(file.name)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
