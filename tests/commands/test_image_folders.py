"""From a folder of pictures to a prediction, by the commands."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.datasets.data_memory import DataMemory
from graphnn.graph.build import build_graph
from graphnn.runs.data import TrainingData, data_of
from graphnn.specification.spec import read_spec

MAKE = runpy.run_path(str(Path(__file__).parents[1] / "datasets" / "picture_folders.py"))["make"]
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRAPHNN_DATA", str(tmp_path / "data"))


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A document of a network on a folder of three classes beside it."""
    MAKE(tmp_path / "animals", {"cat": 30, "cow": 30, "dog": 40})
    file = tmp_path / "net.json"
    values = {
        "input": {"shape": [3, 4, 8]},
        "layers": [{"type": "Flatten"}, {"type": "Dense", "name": "output", "units": 3}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGDMomentum", "learning_rate": 0.02},
        "data": {"dataset": "images", "path": "animals", "size": [4, 8], "seed": 1},
        "training": {"epochs": 4, "batch_size": 16},
    }
    file.write_text(json.dumps(values, indent=1))
    return file


def test_from_a_folder_to_a_prediction(net: Path, graphnn: Run, tmp_path: Path) -> None:
    ran = graphnn("train", net, "--quiet")
    assert (ran.returncode, ran.stderr) == (
        0,
        f"note: {tmp_path / 'animals'}: 100 pictures of 3 classes: cat, cow, dog; 20 held out as the test part by "
        "data.seed 1\n"
        f"note: decoded 100 pictures into 9.4 KiB at {next((tmp_path / 'data' / 'decoded').iterdir())}\n",
    )
    for part, count in (("test", 20), ("validation", 8), ("train", 72)):
        found = json.loads(graphnn("evaluate", net, "--split", part, "--format", "json").stdout)
        assert (found["samples"], [each["name"] for each in found["classes"]]) == (count, ["cat", "cow", "dog"])
        assert found["accuracy"] == 1
    wide = tmp_path / "wide.webp"
    Image.open(tmp_path / "animals" / "dog" / "000.png").resize((64, 32)).save(wide)
    ran = graphnn("predict", net, wide, tmp_path / "animals" / "cat" / "000.png", "--format", "json")
    assert [each["predictions"][0]["class"] for each in json.loads(ran.stdout)] == ["dog", "cat"]


def test_a_prediction_sees_what_the_training_saw(net: Path, graphnn: Run, tmp_path: Path) -> None:
    """The same pixels, whatever the document says by now: bars where those of the training had bars."""
    graphnn("train", net, "--quiet")
    picture = tmp_path / "animals" / "cow" / "003.png"
    before = json.loads(graphnn("predict", net, picture, "--format", "json").stdout)
    net.write_text(net.read_text().replace('"size"', '"resize": "stretch", "size"'))
    ran = graphnn("predict", net, picture, "--format", "json")
    assert json.loads(ran.stdout) == before
    assert "net.npz was trained from another document: data.resize: " in ran.stderr
    inner = np.asarray(Image.open(picture).resize((4, 4), Image.Resampling.BILINEAR))
    pixels = np.full((4, 8, 3), 128, np.uint8)
    pixels[:, 2:6] = inner
    np.save(tmp_path / "cow.npy", pixels.transpose(2, 0, 1))
    found = json.loads(graphnn("predict", net, tmp_path / "cow.npy", "--format", "json").stdout)
    assert found[0]["predictions"] == before[0]["predictions"]


def test_a_shape_that_does_not_fit_is_told_by_inspect(net: Path, graphnn: Run) -> None:
    ran = graphnn("inspect", net, "--set", "data.color=grey")
    assert ran.returncode == 2
    assert ran.stderr.startswith(
        f"{net}:3:12: input.shape: [3, 4, 8] is not the shape of the pictures, by data.size and data.color; write "
        "[1, 4, 8], or [32] to flatten it\n"
    )
    assert graphnn("inspect", net, "--set", "input.shape=[96]", "--set", "layers[0]=null").returncode == 0


def test_errors_have_a_place_in_the_document(net: Path, graphnn: Run, tmp_path: Path) -> None:
    ran = graphnn("train", net, "--set", "layers.output.units=2")
    assert ran.stderr.splitlines()[-1] == (
        '--set layers.output.units=2: layers[1] "output".units: the network has 2 outputs for 3 classes, "cat", "cow", '
        '"dog"; write 3 units'
    )
    net.write_text(net.read_text().replace('"animals"', '"animal"'))
    ran = graphnn("train", net)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[0].endswith(
        f': data.path: {tmp_path / "animal"}: no such folder; did you mean "animals"?'
    )
    assert ran.stderr.startswith(f"{net}:")


def test_more_commands_on_such_data(net: Path, graphnn: Run, tmp_path: Path) -> None:
    assert graphnn("train", net, "--quiet", "--set", "training.epochs=2").returncode == 0
    ran = graphnn("train", net, "--quiet", "--set", "training.epochs=4", "--resume", "1")
    assert ran.returncode == 0
    assert "2/2" not in ran.stdout
    assert (
        graphnn("train", net, "--quiet", "--init-from", tmp_path / "net.runs" / "0001" / "weights.npz").returncode == 0
    )
    ran = graphnn("train", net, "--quiet", "--limit", "30")
    assert ran.returncode == 0
    file = tmp_path / "variants.json"
    changes = [{"name": "crop", "set": {"data.resize": "crop"}}, {"name": "seed", "set": {"data.seed": 2}}]
    file.write_text(json.dumps({"variants": changes}))
    ran = graphnn("compare", net, "--variants", file, "--set", "training.epochs=1", "--format", "json")
    assert ran.returncode == 0, ran.stderr
    assert [each["variant"] for each in json.loads(ran.stdout)] == ["as it is", "crop", "seed"]
    assert graphnn("runs", net).stdout.count("finished") >= 5


def test_a_validation_part_of_its_own_is_validated_on(net: Path, graphnn: Run, tmp_path: Path) -> None:
    parts = {f"{part}/{name}": count for part, count in (("train", 9), ("val", 4), ("test", 2)) for name in "abc"}
    MAKE(tmp_path / "parts", parts)
    path = ("--set", "data.path=parts")
    assert graphnn("train", net, "--quiet", *path).returncode == 0
    weights = next((tmp_path / "net.runs").glob("*/weights.npz"))
    for part, count in (("train", 27), ("validation", 12), ("test", 6)):
        ran = graphnn("evaluate", net, *path, "--weights", weights, "--split", part, "--format", "json")
        assert json.loads(ran.stdout)["samples"] == count
    ran = graphnn("train", net, *path, "--set", "data.validation_split=0.3")
    assert ran.returncode == 2
    assert "data.validation_split: " in ran.stderr
    assert "val is the validation part already; leave validation_split out" in ran.stderr


def test_samples_stay_in_their_file(net: Path) -> None:
    spec = read_spec(net)
    data = TrainingData.load(spec, build_graph(spec), data_dir=None, limit=None, test=True)
    assert data.validation is not None
    assert data.test is not None
    for part in (data.training, data.validation, data.test):
        x: Any = part.x
        while isinstance(x.base, np.ndarray):
            x = x.base
        assert isinstance(x, np.memmap)
    assert data_of(spec) == DataMemory(0, 0, None)


def test_a_document_may_lie_among_its_classes(net: Path, graphnn: Run, tmp_path: Path) -> None:
    inside = tmp_path / "animals" / "net.json"
    inside.write_text(net.read_text().replace('"animals"', '"."'))
    for _ in range(2):  # the first leaves its runs there
        assert graphnn("train", inside, "--quiet", "--set", "training.epochs=1").returncode == 0
    assert (tmp_path / "animals" / "net.runs" / "0002").is_dir()
