"""Data sets by name, their folders, and whether they suit a network."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from graphnn.datasets.base import DATASETS, KnownDataset, Location, check_input_shape, facts_of
from graphnn.datasets.digits import Digits
from graphnn.datasets.loading import load
from graphnn.errors import DataError

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schemas" / "network.schema.json"
KNOWN = "cifar10, cifar100, csv, digits, fashion_mnist, images, mnist, npz"


def test_every_data_set_of_the_schema_has_a_loader_and_facts():
    names = json.loads(SCHEMA.read_text())["definitions"]["data"]["properties"]["dataset"]["enum"]
    assert sorted(names) == sorted(DATASETS)
    assert [name for name in DATASETS if facts_of(name) is None] == ["csv", "images", "npz"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minst", 'unknown data set "minst"; did you mean "mnist"?'),
        ("CIFAR-10", 'unknown data set "CIFAR-10"; did you mean "cifar10"?'),
        ("svhn", f'unknown data set "svhn"; known: {KNOWN}'),
    ],
)
def test_unknown_name_lists_the_known(name, message):
    with pytest.raises(DataError) as caught:
        load(name)
    assert str(caught.value) == message


def test_second_loader_of_a_name_is_an_error():
    with pytest.raises(DataError, match=r'"digits" is registered already, by graphnn\.datasets\.digits'):
        DATASETS.register(type("Again", (Digits,), {}))


def test_path_belongs_to_npz_only(tmp_path):
    with pytest.raises(DataError, match='"digits" takes no path'):
        load("digits", path=tmp_path / "a.npz")


def test_folder_is_data_dir_else_the_environment_else_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHNN_DATA", str(tmp_path / "environment"))
    assert Location(data_dir=tmp_path / "given").root() == tmp_path / "given"
    assert Location().root() == tmp_path / "environment"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("GRAPHNN_DATA")
        else:
            monkeypatch.setenv("GRAPHNN_DATA", unset)
        assert Location().root() == platformdirs.user_cache_path("graphnn")


def test_failure_of_the_system_is_told(monkeypatch):
    class Refused(KnownDataset):
        @staticmethod
        def load(location):
            raise PermissionError(13, "Permission denied", "/somewhere/mnist")

    monkeypatch.setitem(DATASETS, "mnist", Refused)
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


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_the_schema_lets_those_have_a_path_that_take_one(name):
    definition = json.loads(SCHEMA.read_text())["definitions"][name]
    assert ("path" in definition["properties"]) is DATASETS[name].takes_path
    assert ("path" in definition.get("required", ())) is DATASETS[name].takes_path


@pytest.mark.parametrize("module", [one.__module__ for one in DATASETS.values()])
def test_what_is_known_of_a_data_set_costs_no_import_of_what_loading_takes(module):
    code = f"import sys, {module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
    loaded = set(ran.stdout.split())
    assert module in loaded
    assert not {"urllib.request", "http.client", "tarfile", "platformdirs"} & loaded


@pytest.mark.parametrize("name", [name for name, one in DATASETS.items() if one.facts is not None and name != "digits"])
def test_facts_are_those_of_the_samples(name, tmp_path, tiny_mnist, tiny_cifar, tiny_cifar100):
    tiny = {"cifar10": tiny_cifar, "cifar100": tiny_cifar100}.get(name, tiny_mnist)
    tiny.write(tmp_path, *([name] if tiny is tiny_mnist else []))
    check_facts(load(name, data_dir=tmp_path), DATASETS[name].facts)


def test_facts_of_digits_are_those_of_the_samples():
    digits = load("digits")
    check_facts(digits, DATASETS["digits"].facts)
    assert digits.x_train.mean() < 128  # bright ink on black


def check_facts(dataset, facts):
    """Compare what is known of a data set with its samples."""
    assert (dataset.shape, dataset.classes) == (facts.shape, facts.classes)
    assert (dataset.x_train.dtype == np.uint8) == facts.bytes
