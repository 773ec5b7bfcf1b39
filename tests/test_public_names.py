"""The names that `import graphnn` gives."""

import subprocess
import sys
import tomllib
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


@pytest.mark.parametrize("registry", [LAYERS, LOSSES, OPTIMIZERS, AUGMENTATIONS, ERRORS])
def test_everything_that_is_registered_is_a_public_name(registry: dict[str, type]) -> None:
    own = {name: one for name, one in registry.items() if one.__module__.startswith("graphnn.")}
    assert own
    assert {name: getattr(graphnn, name, None) for name in own} == own


@pytest.mark.parametrize("registry", [SCHEDULES, AVERAGINGS])
def test_what_documents_name_otherwise_is_a_public_name_by_its_class(registry: dict[str, type]) -> None:
    assert {one.__name__: getattr(graphnn, one.__name__, None) for one in registry.values()} == {
        one.__name__: one for one in registry.values()
    }


def test_all_lists_what_is_there() -> None:
    assert all(hasattr(graphnn, name) for name in graphnn.__all__)
    assert graphnn.Model is Model


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="module 'graphnn' has no attribute 'Modle'"):
        _ = graphnn.Modle


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert graphnn.__version__ == project["version"]


def test_import_does_not_load_what_only_training_needs() -> None:
    code = "import sys, graphnn; print(*sorted({'tqdm', 'threadpoolctl', 'graphnn.engine.engine'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout.strip() == ""
