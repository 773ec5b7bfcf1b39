"""The names that `import graphnn` gives."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import graphnn
from graphnn import errors
from graphnn.augmentation.base import AUGMENTATIONS
from graphnn.averaging.base import AVERAGINGS
from graphnn.layers.base import LAYERS
from graphnn.losses.base import LOSSES
from graphnn.model.model import Model
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.schedules.base import SCHEDULES

ROOT = Path(__file__).parents[1]
ERRORS = {name: one for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}


HEAD = (
    '"""The public names and the modules that define them; `__init__.py` imports a name when it is first used."""\n\n'
)
OTHERS = {  # besides all that is registered, and the errors
    "averaging.base": ["Averaging"],
    "errors": ["Problem"],
    "graph.build": ["build_graph"],
    "graph.graph": ["Graph", "Node"],
    "graph.initialisation": ["initialise"],
    "initializers.constant": ["ConstantInitializer"],
    "layers.base": ["Layer", "register"],
    "layers.batchwise": ["BatchwiseLayer"],
    "layers.built": ["BuiltLayer"],
    "losses.base": ["Loss"],
    "model.model": ["Model"],
    "optimizers.base": ["Optimizer"],
    "optimizers.groups": ["ParameterGroup"],
    "parameters.parameter": ["Parameter", "Role"],
    "schedules.base": ["Schedule"],
    "specification.spec": ["Spec", "parse_spec", "read_spec", "spec_from_values"],
    "training.monitor": ["EarlyStopping"],
    "version": ["__version__"],
}


def test_the_public_names_are_what_is_registered_and_a_few_more(golden: Callable[[Path, str], None]) -> None:
    names = [(f"graphnn.{module}", name) for module, listed in OTHERS.items() for name in listed]
    names += [("graphnn.errors", name) for name in ERRORS]
    for registry in (LAYERS, LOSSES, OPTIMIZERS, AUGMENTATIONS, SCHEDULES, AVERAGINGS):
        names += [(one.__module__, one.__name__) for one in registry.built_in().values()]
    lines = [f"from {module} import {name} as {name}\n" for module, name in sorted(names)]
    golden(ROOT / "graphnn" / "__init__.pyi", HEAD + "".join(lines))


def test_all_lists_what_is_there() -> None:
    assert all(hasattr(graphnn, name) for name in graphnn.__all__)
    assert graphnn.Model is Model


def test_dir_lists_the_public_names_alone() -> None:
    """Also after parts of the package were imported, which are then attributes of it."""
    assert hasattr(graphnn, "model")
    assert dir(graphnn) == sorted(graphnn.__all__)


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="module 'graphnn' has no attribute 'Modle'"):
        _ = graphnn.Modle


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert graphnn.__version__ == project["version"]


def test_import_does_not_load_what_only_training_needs() -> None:
    code = "import sys, graphnn; print(*sorted({'threadpoolctl', 'graphnn.engine.engine'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout.strip() == ""
