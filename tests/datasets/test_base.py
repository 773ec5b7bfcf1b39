"""Data sets by name, their folders, and whether they suit a network."""

import json
from pathlib import Path

import platformdirs
import pytest

from graphnn.datasets import base
from graphnn.datasets.base import DATASETS, Source, check_input_shape
from graphnn.datasets.digits import load_digits
from graphnn.datasets.facts import FACTS
from graphnn.datasets.loading import load
from graphnn.errors import DataError

SCHEMA = Path(__file__).parents[2] / "schemas" / "network.schema.json"


def test_every_data_set_of_the_schema_has_a_loader_and_facts():
    names = json.loads(SCHEMA.read_text())["definitions"]["data"]["properties"]["dataset"]["enum"]
    assert sorted(names) == sorted(DATASETS) == sorted([*FACTS, "npz"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minst", 'unknown data set "minst"; did you mean "mnist"? Known: cifar10, digits, mnist, npz'),
        ("CIFAR-10", 'unknown data set "CIFAR-10"; did you mean "cifar10"? Known: cifar10, digits, mnist, npz'),
        ("imagenet", 'unknown data set "imagenet"; known: cifar10, digits, mnist, npz'),
    ],
)
def test_unknown_name_lists_the_known(name, message):
    with pytest.raises(DataError) as caught:
        load(name)
    assert str(caught.value) == message


def test_second_loader_of_a_name_is_an_error():
    with pytest.raises(DataError, match=r'"digits" is registered already, by graphnn\.datasets\.digits'):
        DATASETS.register(load_digits)


def test_path_belongs_to_npz_only(tmp_path):
    with pytest.raises(DataError, match='"digits" takes no path'):
        load("digits", path=tmp_path / "a.npz")


def test_folder_is_data_dir_else_the_environment_else_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHNN_DATA", str(tmp_path / "environment"))
    assert Source(data_dir=tmp_path / "given").folder("mnist") == tmp_path / "given" / "mnist"
    assert Source().folder("mnist") == tmp_path / "environment" / "mnist"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("GRAPHNN_DATA")
        else:
            monkeypatch.setenv("GRAPHNN_DATA", unset)
        assert Source().folder("cifar10") == platformdirs.user_cache_path("graphnn") / "cifar10"


def test_failure_of_the_system_is_told(monkeypatch):
    def refused(source):
        raise PermissionError(13, "Permission denied", "/somewhere/mnist")

    monkeypatch.setitem(base.DATASETS, "mnist", refused)
    with pytest.raises(DataError, match=r"^mnist: /somewhere/mnist: Permission denied$"):
        load("mnist")


@pytest.mark.parametrize(
    ("shape", "input_shape"), [((3, 32, 32), (3, 32, 32)), ((3, 32, 32), (3072,)), ((7,), (7,)), ((1, 1, 4), (4,))]
)
def test_equal_and_flattened_shapes_fit(shape, input_shape):
    check_input_shape("own", shape, input_shape)


@pytest.mark.parametrize(
    ("shape", "input_shape", "message"),
    [
        (
            (3, 32, 32),
            (3, 28, 28),
            "the samples of own are 3×32×32, but the network's input is 3×28×28; "
            "set input.shape to [3, 32, 32], or [3072], which flattens it",
        ),
        ((12,), (3, 2, 2), "the samples of own are 12, but the network's input is 3×2×2; set input.shape to [12]"),
        (
            (32, 32, 3),
            (3, 32, 32),
            "the samples of own are 32×32×3, but the network's input is 3×32×32; "
            "store the images channels first, N×C×H×W: x.transpose(0, 3, 1, 2)",
        ),
    ],
)
def test_other_shapes_are_told(shape, input_shape, message):
    with pytest.raises(DataError) as caught:
        check_input_shape("own", shape, input_shape)
    assert str(caught.value) == message
