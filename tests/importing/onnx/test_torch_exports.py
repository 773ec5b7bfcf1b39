"""Networks that PyTorch wrote, by both of its exporters, give what PyTorch gives."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.engine.engine import Engine
from graphnn.importing.onnx.imported import Imported, ImportWishes, import_onnx
from graphnn.parameters.parameters import Parameters
from graphnn.storage.weights import assign

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
CLOSE = 1e-5


def lenet() -> Any:
    """Return LeNet-5 with ReLU, for images of 1×28×28."""
    nn = torch.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


def vgg() -> Any:
    """Return a network as VGG with batch normalisation and dropout, for images of 3×16×16."""
    nn, layers = torch.nn, []
    for inputs, outputs in ((3, 8), (8, 8), (8, 16)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
    head = [nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10), nn.LogSoftmax(1)]
    return nn.Sequential(*layers, *head)


def resnet() -> Any:
    """Return a network of residual blocks, for images of 3×16×16."""
    nn = torch.nn

    class Block(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            down = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            self.downsample = down if stride > 1 else nn.Identity()

        def forward(self, x: Any) -> Any:
            y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
            return torch.relu(y + self.downsample(x))

    class ResNet(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8)
            self.layer1, self.layer2 = Block(8, 8, 1), nn.Sequential(Block(8, 16, 2), Block(16, 16, 1))
            self.fc = nn.Linear(16, 10)

        def forward(self, x: Any) -> Any:
            x = self.layer2(self.layer1(torch.relu(self.bn1(self.conv1(x)))))
            x = torch.nn.functional.adaptive_avg_pool2d(x, 1)
            return torch.softmax(self.fc(torch.flatten(x, 1)), 1)

    return ResNet()


def activations() -> Any:
    """Return a network with every activation and normalisation of vectors, for 16 features."""
    nn = torch.nn
    kinds = [
        nn.LeakyReLU(0.2),
        nn.PReLU(16),
        nn.ELU(0.7),
        nn.GELU(),
        nn.GELU("tanh"),
        nn.SiLU(),
        nn.Sigmoid(),
        nn.Tanh(),
    ]
    kinds += [nn.LayerNorm(16), nn.BatchNorm1d(16), nn.ReLU()]
    return nn.Sequential(*(each for kind in kinds for each in (nn.Linear(16, 16), kind)))


NETWORKS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "LeNet": (lenet, (1, 28, 28)),
    "VGG": (vgg, (3, 16, 16)),
    "ResNet": (resnet, (3, 16, 16)),
    "activations": (activations, (16,)),
}
TYPES = {
    "LeNet": "Conv2D ReLU MaxPooling2D Conv2D ReLU MaxPooling2D Flatten Dense Tanh Dense Tanh Dense",
    "VGG": "Conv2D ReLU MaxPooling2D " * 3 + "Flatten Dense ReLU Dense Softmax",
    "ResNet": "Conv2D ReLU Residual ReLU Residual ReLU Residual ReLU GlobalAveragePooling Dense Softmax",
}


def made(name: str) -> Any:
    """Return a network with weights and statistics as after a training."""
    torch.manual_seed(0)
    network = NETWORKS[name][0]()
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.running_mean, 0, 0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.normal_(module.weight, 1, 0.2)
            torch.nn.init.normal_(module.bias, 0, 0.2)
    return network.eval()


def exported(network: Any, shape: tuple[int, ...], path: Path, **settings: Any) -> Path:
    """Write a network by torch.onnx.export, for any number of samples."""
    x = torch.zeros(2, *shape)
    if settings.get("dynamo"):
        pytest.importorskip("onnxscript")
        argument = "x" if hasattr(network, "fc") else "input"
        settings["dynamic_shapes"] = {argument: {0: torch.export.Dim("n")}}
    else:
        settings["dynamic_axes"] = {"x": {0: "n"}}
    with warnings.catch_warnings():  # about the exporters themselves
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (x,), path, input_names=["x"], verbose=False, **settings)
    return path


def outputs(imported: Imported, x: Any) -> Any:
    """Return what an imported network gives."""
    graph = imported.graph
    parameters = Parameters({node.name: node.parameters for node in graph.nodes})
    assign(parameters, imported.arrays)
    with Engine(graph, parameters, batch_size=len(x), threads=1) as engine:
        return engine.predict(x)


def check(name: str, path: Path) -> Imported:
    """Import a network's file, compare both, and return what was imported."""
    imported = import_onnx(path, ImportWishes())
    x = np.random.default_rng(0).normal(size=(5, *NETWORKS[name][1])).astype(np.float32)
    with torch.no_grad():
        theirs = made(name)(torch.from_numpy(x)).numpy()
    if name == "VGG":
        theirs = np.exp(theirs)
    np.testing.assert_allclose(outputs(imported, x), theirs, rtol=CLOSE, atol=CLOSE)
    if name in TYPES:
        assert [layer["type"] for layer in imported.values["layers"]] == TYPES[name].split()
    return imported


@pytest.mark.parametrize(
    ("name", "opset"),
    [
        *(("VGG", 17), ("activations", 13)),
        *(pytest.param(name, opset, marks=pytest.mark.long) for name in NETWORKS for opset in (9, 11, 17)),
    ],
)
def test_the_exporter_by_torchscript(name: str, opset: int, tmp_path: Path) -> None:
    path = exported(made(name), NETWORKS[name][1], tmp_path / "net.onnx", dynamo=False, opset_version=opset)
    check(name, path)


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_the_exporter_by_dynamo(name: str, tmp_path: Path) -> None:
    path = exported(made(name), NETWORKS[name][1], tmp_path / "net.onnx", dynamo=True)
    imported = check(name, path)
    if name == "ResNet":
        named = [each.name for each in imported.spec.every_layer if each.type in ("Conv2D", "Dense")]
        assert named == [
            *("conv1", "layer1.conv1", "layer1.conv2", "layer2.0.conv1", "layer2.0.conv2", "layer2.0.downsample.0"),
            *("layer2.1.conv1", "layer2.1.conv2", "fc"),
        ]


def test_batch_normalisation_that_was_not_folded(tmp_path: Path) -> None:
    """Exported in training, it stays a layer with its running statistics, and Dropout with its rate."""
    path = tmp_path / "net.onnx"
    mode = torch.onnx.TrainingMode.TRAINING
    settings = {"dynamo": False, "opset_version": 17, "training": mode, "do_constant_folding": False}
    network = made("VGG")
    exported(network, NETWORKS["VGG"][1], path, **settings)
    imported = import_onnx(path, ImportWishes())
    types = [layer["type"] for layer in imported.values["layers"]]
    assert (
        types
        == (
            "Conv2D BatchNormalization ReLU MaxPooling2D " * 3 + "Flatten Dense ReLU Dropout Scale Dense Softmax"
        ).split()
    )
    x = np.random.default_rng(0).normal(size=(5, 3, 16, 16)).astype(np.float32)
    with torch.no_grad():
        theirs = network.eval()(torch.from_numpy(x)).exp().numpy()
    np.testing.assert_allclose(outputs(imported, x), theirs, rtol=CLOSE, atol=CLOSE)
