"""Imports go one way: each module rests only on those before it in ORDER, and no two modules rest on each other."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = (
    "frozen_dataclass",
    "version",
    "errors",
    "types",
    "text",
    "machine",
    "registry",
    "randomness",
    "shared_memory",
    "document",
    "specification",
    "kernels",
    "initializers",
    "parameters",
    "storage",
    "layers",
    "metrics",
    "reports",
    "losses",
    "schedules",
    "optimizers",
    "averaging",
    "augmentation",
    "pictures",
    "datasets",
    "graph",
    "engine",
    "training",
    "evaluation",
    "importing",
    "describe",
    "plots",
    "exporting",
    "model",
    "runs",
    "__init__",
    "benchmark",
    "page",
    "course",
    "language_server",
    "serving",
    "commands",
    "__main__",
)
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted((ROOT / "graphnn").rglob("*.py"))
}


def part(module: str) -> str:
    """Return the name in ORDER of the module or package that a module is or lies in."""
    return module.split(".")[1] if "." in module else "__init__"


def imported(code: ast.AST, *, at_once: bool = False) -> Iterator[str]:
    """Yield the modules of graphnn that code imports; at_once: without what a function imports when it is called."""
    for node in ast.iter_child_nodes(code):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == "graphnn")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "graphnn":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue  # it is never run
        elif not (at_once and isinstance(node, ast.FunctionDef)):
            yield from imported(node, at_once=at_once)


def upward(module: str, code: str) -> list[str]:
    """Return what a module imports although it stands below it."""
    own = ORDER.index(part(module))
    return [other for other in imported(ast.parse(code)) if ORDER.index(part(other)) > own]


def test_every_module_has_its_place_in_the_order() -> None:
    assert sorted({part(module) for module in MODULES}) == sorted(ORDER)


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_imported_from_further_down(module: str) -> None:
    assert upward(module, MODULES[module].read_text(encoding="utf-8")) == []


def test_no_two_modules_import_each_other() -> None:
    texts = {module: file.read_text(encoding="utf-8") for module, file in MODULES.items()}
    uses = {module: set(imported(ast.parse(text), at_once=True)) - {module} for module, text in texts.items()}
    assert len(list(TopologicalSorter(uses).static_order())) == len(MODULES)  # raises CycleError with the ring


def test_an_upward_import_is_noticed_wherever_it_stands() -> None:
    code = "def build():\n    if True:\n        from graphnn.model.stack import Stack\n        import graphnn.types"
    assert upward("graphnn.layers.built", code) == ["graphnn.model.stack"]
    assert upward("graphnn.types", "from graphnn import errors, layers") == ["graphnn.layers"]
    assert upward("graphnn.types", "from graphnn import Dense") == ["graphnn"]
