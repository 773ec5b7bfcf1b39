"""Plugins: Python files that register further layer types, given on the command line and never in a document.

An example:

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import Layer, register

@register
@frozen_dataclass(kw_only=True)
class Softplus(Layer):
    schema: ClassVar[Mapping[str, Any]] = {
        "properties": {"beta": {"type": "number", "exclusiveMinimum": 0, "default": 1, "description": "sharpness"}},
    }
    beta: float = 1.0

    def forward(self, params, x, ctx):
        y = np.logaddexp(0, self.beta * x) / self.beta

        def backward(dy):
            return dy / (1 + np.exp(-self.beta * x)), {}

        return y, backward
"""

import hashlib
import importlib.util
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError

from graphnn.errors import SpecError
from graphnn.layers.base import LAYERS, Layer
from graphnn.storage.regular_files import open_regular, reading_problem

Fragment = Mapping[str, Any]
_loaded: dict[Path, dict[str, Fragment]] = {}  # by resolved path, so that a file given twice is run once


def load_plugins(files: Iterable[Path]) -> dict[str, Fragment]:
    """Run each file, and return the schema fragments of the layer types that they register, by type.

    A fragment is a draft-07 object schema of the layer's settings, with `properties`, `required` and so on; `type`,
    `name` and `description` are added to it. Raises SpecError where a file cannot be read or run or registers nothing,
    or a class and its fragment do not agree.
    """
    fragments: dict[str, Fragment] = {}
    for file in files:
        path = file.resolve()
        if path not in _loaded:
            _loaded[path] = load_plugin(file, path)
        fragments.update(_loaded[path])
    return fragments


def forget_plugins(files: Iterable[Path]) -> None:
    """Undo what these files have registered, so that they are run again when they are loaded: they may have changed."""
    for file in files:
        for name in _loaded.pop(file.resolve(), {}):
            del LAYERS[name]


def described_fragments(fragments: Mapping[str, Fragment]) -> dict[str, Fragment]:
    """Return fragments of plugins, those without a `description` with the first paragraph of the class's docstring."""
    described: dict[str, Fragment] = {}
    for type_, fragment in fragments.items():
        text = " ".join(str(LAYERS[type_].__doc__).partition("\n\n")[0].split())
        written = not text.startswith(f"{type_}(")  # as dataclass writes where there is none
        described[type_] = {"description": text if written else "A layer of a plugin.", **fragment}
    return described


def load_plugin(file: Path, path: Path) -> dict[str, Fragment]:
    """Run one file, and return the fragments of its layer types. After an error, none of them stay registered."""
    before = set(LAYERS)
    try:
        run_file(file, path)
        added = {name: layer for name, layer in LAYERS.items() if name not in before}
        if not added:
            raise SpecError(f"{file}: a plugin must register a layer class (@register from graphnn.layers.base)")
        return {name: checked_fragment(file, layer) for name, layer in added.items()}
    except BaseException:
        for name in set(LAYERS) - before:
            del LAYERS[name]
        raise


class FromSource(SourceFileLoader):
    """Compiles a file each time: bytecode counts as that of a file that was changed in the same second, too."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the file."""
        return self.source_to_code(self.get_data(self.path), self.path)


def run_file(file: Path, path: Path) -> None:
    """Execute a Python file as a new module. Raises SpecError with the line that failed."""
    name = f"graphnn_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    module_spec = importlib.util.spec_from_file_location(name, path, loader=FromSource(name, str(path)))
    if path.suffix != ".py" or module_spec is None or module_spec.loader is None:
        raise SpecError(f"{file}: a plugin is a Python file, NAME.py")
    module = importlib.util.module_from_spec(module_spec)
    try:
        open_regular(path).close()  # Python would wait for a fifo, and read a device without end
    except OSError as error:
        raise SpecError(f"{file}: {reading_problem(error)}") from error
    try:
        module_spec.loader.exec_module(module)
    except SpecError as error:
        raise SpecError(f"{file}: {error}") from error
    except Exception as error:
        raise SpecError(f"{location(file, path, error)}: the plugin failed: {type(error).__name__}: {error}") from error


def location(file: Path, path: Path, error: Exception) -> str:
    """Return file:line of the last line of the plugin in the error's traceback."""
    if isinstance(error, SyntaxError):
        return f"{file}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{file}:{lines[-1]}" if lines else str(file)


def checked_fragment(file: Path, layer: type[Layer]) -> Fragment:
    """Return the `schema` of a layer class. Raises SpecError where it does not agree with the fields of the class."""
    fragment = getattr(layer, "schema", None)
    subject = f"{file}: {layer.__name__}"
    if not isinstance(fragment, Mapping):
        raise SpecError(f"{subject}: the class needs `schema`, a draft-07 fragment such as {{'properties': {{}}}}")
    try:
        Draft7Validator.check_schema(fragment)
    except SchemaError as error:
        raise SpecError(f"{subject}: `schema` is not a draft-07 schema: {error.message}") from error
    common = {field.name for field in fields(Layer)}
    settings = {field.name: field for field in fields(layer) if field.name not in common}
    properties = fragment.get("properties", {})
    if set(settings) != set(properties):
        differing = ", ".join(sorted(set(settings) ^ set(properties)))
        raise SpecError(f"{subject}: the fields of the class and `schema.properties` differ in {differing}")
    required = set(fragment.get("required", ()))
    for name, field in settings.items():
        optional = field.default is not MISSING or field.default_factory is not MISSING
        if optional is (name in required):
            state = "has a default" if optional else "has no default"
            raise SpecError(f"{subject}: {name} {state}, so it must{' not' if optional else ''} be in `required`")
    return fragment
