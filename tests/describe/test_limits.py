"""What needs more memory than the machine has is refused before any of it is allocated, by every command and Model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.describe import limits
from graphnn.describe.limits import inference_bytes
from graphnn.errors import GraphError
from graphnn.graph.graph import chain
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.dense import Dense
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.machine import memory as machine_memory
from graphnn.machine.memory import Memory
from graphnn.model.model import Model
from graphnn.optimizers.sgd import SGD
from graphnn.parameters import parameters as parameters_module
from graphnn.storage.archives import Archive

Run = Callable[..., Any]


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with memory for a file of weights, on which none for parameters may be asked for."""
    monkeypatch.setattr(machine_memory, "available_memory", lambda: Memory(9000, 18000, "this machine"))
    monkeypatch.setattr(parameters_module, "shared_zeros", lambda *_: pytest.fail("memory was allocated"))


@pytest.mark.usefixtures("little")
@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "benchmark"])
def test_commands(trained_once: Path, graphnn: Run, tmp_path: Path, command: str) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 8, 8), np.float32))
    (tmp_path / "net.json").write_bytes((trained_once / "net.json").read_bytes())
    (tmp_path / "net.npz").write_bytes((trained_once / "net.npz").read_bytes())
    shown = graphnn(command, tmp_path / "net.json", *([tmp_path / "x.npy"] if command == "predict" else []))
    assert shown.returncode == 2
    assert "net.json: " in shown.stderr
    assert "but this machine has 8.8 KiB free of 17.6 KiB; " in shown.stderr


def test_data_count_before_they_are_loaded(trained_once: Path, graphnn: Run, tmp_path: Path, monkeypatch: Any) -> None:
    """The network takes little; the data 4 MiB, and 10 as they are loaded."""
    for name in ("net.json", "net.npz"):
        (tmp_path / name).write_bytes((trained_once / name).read_bytes())
    x, y = np.zeros((8000, 64), np.float64), np.arange(8000) % 10
    np.savez(tmp_path / "data.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    data = ["--set", "data.dataset=npz", "--set", f"data.path={tmp_path / 'data.npz'}"]
    read = Archive.read
    monkeypatch.setattr(Archive, "read", lambda file, key: pytest.fail(key) if key[:2] == "x_" else read(file, key))
    monkeypatch.setattr(machine_memory, "available_memory", lambda: Memory(4 * 2**20, 2**30, "this machine"))
    shown = graphnn("train", tmp_path / "net.json", *data)
    assert shown.returncode == 2
    assert "at a batch size of 64 takes " in shown.stderr
    assert " KiB and its data 4.0 MiB, but this machine has 4.0 MiB free of 1.0 GiB; inspect" in shown.stderr
    monkeypatch.setattr(machine_memory, "available_memory", lambda: Memory(9 * 2**20, 2**30, "this machine"))
    shown = graphnn("evaluate", tmp_path / "net.json", *data)
    assert shown.returncode == 2
    assert "data.npz: x_train is 8000×64 of float64: 3.9 MiB unpacked; all arrays take 7.9 MiB" in shown.stderr
    assert ", and 2.0 MiB more to convert them, but this machine has 9.0 MiB free of 1.0 GiB" in shown.stderr


@pytest.mark.usefixtures("little")
def test_model() -> None:
    model = Model(MeanSquaredError(), SGD(), normalize="none")
    model.add(Dense(100, input_shape=(50,)))
    x, y = np.zeros((4, 50), np.float32), np.zeros((4, 100), np.float32)
    for call in (lambda: model.fit(x, y), lambda: model.predict(x), lambda: model.evaluate(x, y)):
        with pytest.raises(GraphError, match="but this machine has"):
            call()


def test_inference_takes_what_is_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs once and outputs twice of 256 samples, however small a batch; parameters twice; pieces twice."""
    monkeypatch.setattr(limits, "available_cores", lambda: 1)
    graph = chain([("dense", Dense(100))], (50,), MeanSquaredError())
    assert inference_bytes(graph, 1, NUMPY) == 4 * (2 * 51 * 100 + 256 * (50 + 200) + 2 * 100)


def test_a_kernel_that_dwarfs_the_image(document: Path, small: dict[str, Any], graphnn: Run) -> None:
    small["input"]["shape"] = [1, 8, 8]
    conv = {"type": "Conv2D", "filters": 4, "kernel_size": 1437}
    small["layers"] = [conv, {"type": "Flatten"}, *small["layers"][-2:]]
    document.write_text(json.dumps(small, indent=2))
    shown = graphnn("train", document, "--dry-run")
    assert shown.returncode == 2
    assert "net.json:13:22: layers[0].kernel_size: a kernel of 1437×1437 on images of 8×8 reads little" in shown.stderr
    assert "15×15" in shown.stderr
    conv["kernel_size"] = 17
    document.write_text(json.dumps(small))
    assert graphnn("inspect", document).returncode == 0
    conv |= {"kernel_size": [3, 1], "padding": [0, 8]}
    document.write_text(json.dumps(small))
    shown = graphnn("inspect", document)
    assert shown.returncode == 2
    assert (
        "layers[0].padding: a padding of 0×8 around images of 8×8 gives outputs that no pixel reaches" in shown.stderr
    )
