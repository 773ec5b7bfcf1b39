"""Networks of PyTorch compute here, with their weights, what they compute there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.document.document import parse_document
from graphnn.engine.engine import Engine
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import unset
from graphnn.importing.weights.fitted_weights import fitted_weights
from graphnn.importing.weights.matching import MatchingRule
from graphnn.specification.spec import make_spec
from graphnn.storage.weights import assign
from graphnn.types import Array
from tests.conftest import ROOT

torch = pytest.importorskip("torch")
for needed in ("onnx", "safetensors"):
    pytest.importorskip(needed)


def graph_of(layers: list[dict[str, Any]], shape: list[int]) -> Graph:
    rest = {"loss": {"type": "CrossEntropy"}, "optimizer": {"type": "SGD"}, "training": {"epochs": 1}}
    values = {"input": {"shape": shape}, "layers": layers, "data": {"dataset": "npz", "path": "x.npz"}, **rest}
    return build_graph(make_spec(parse_document(json.dumps(values)), (), {}))


def randomised(model: Any) -> Any:
    """Return a model with statistics and vectors that are not those of a new one, ready to predict."""
    torch.manual_seed(0)
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(torch.rand_like(tensor) + 0.5)
        elif tensor.ndim == 1:
            tensor.copy_(torch.randn_like(tensor) * 0.3)
    return model.eval()


def files(model: Any, folder: Path) -> list[Path]:
    """Write the weights as a state_dict and as safetensors, whose order is that of the names."""
    from safetensors.numpy import save_file

    torch.save(model.state_dict(), folder / "w.pt")
    save_file({name: tensor.numpy() for name, tensor in model.state_dict().items()}, str(folder / "w.safetensors"))
    return [folder / "w.pt", folder / "w.safetensors"]


def outputs(graph: Graph, file: Path, x: Array) -> tuple[Array, tuple[MatchingRule, ...]]:
    found = fitted_weights(file, graph, option="--init-map")
    assert found.complete
    assert found.notes == ()
    parameters = unset(graph)
    assign(parameters, found.arrays)
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2) if x.ndim == 4 else x
    with Engine(graph, parameters, batch_size=len(x), samples=len(x), threads=1) as engine:
        return engine.predict(last).reshape(len(x), -1).copy(), found.matching.rules


def compare(graph: Graph, model: Any, folder: Path, *rules: MatchingRule) -> None:
    """Compare outputs after a softmax. rules: by which the state_dict and the safetensors are matched."""
    randomised(model)
    x = np.random.default_rng(0).normal(size=(3, *graph.input_shape)).astype(np.float32)
    with torch.no_grad():
        expected = torch.softmax(model(torch.from_numpy(x)), 1).numpy()
    for file, rule in zip(files(model, folder), rules, strict=True):
        y, found = outputs(graph, file, x)
        np.testing.assert_allclose(y, expected, atol=1e-5)
        assert found == (rule,)


def basic(given: int, filters: int, stride: int) -> Any:
    """Return a block as torchvision has it."""
    nn = torch.nn

    class Basic(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(given, filters, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(filters)
            self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(filters)
            short = nn.Sequential(nn.Conv2d(given, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))
            self.downsample = short if stride > 1 else None

        def forward(self, x: Any) -> Any:
            y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
            return (y + (x if self.downsample is None else self.downsample(x))).relu()

    return Basic()


def resnet(width: int) -> Any:
    """Return ResNet-18 for small pictures, with the names of torchvision. width: of its first layer; it has 64."""
    nn = torch.nn

    class ResNet(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            one, two, four, eight = (width * factor for factor in (1, 2, 4, 8))
            self.conv1 = nn.Conv2d(3, one, 3, 1, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(one)
            self.layer1 = nn.Sequential(basic(one, one, 1), basic(one, one, 1))
            self.layer2 = nn.Sequential(basic(one, two, 2), basic(two, two, 1))
            self.layer3 = nn.Sequential(basic(two, four, 2), basic(four, four, 1))
            self.layer4 = nn.Sequential(basic(four, eight, 2), basic(eight, eight, 1))
            self.fc = nn.Linear(eight, 10)

        def forward(self, x: Any) -> Any:
            x = self.bn1(self.conv1(x)).relu()
            for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
                x = layer(x)
            return self.fc(x.mean((2, 3)))

    return ResNet()


@pytest.mark.parametrize("width", [4, pytest.param(64, marks=pytest.mark.long)])
def test_resnet_18(tmp_path: Path, width: int) -> None:
    text = (ROOT / "models" / "cifar10_resnet18.json").read_text()
    for filters in (64, 128, 256, 512):
        text = text.replace(f'"filters": {filters}', f'"filters": {filters * width // 64}')
    graph = build_graph(make_spec(parse_document(text), (), {}))
    compare(graph, resnet(width), tmp_path, MatchingRule.DEFINITION, MatchingRule.CONTAINERS)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # of torch.onnx
@pytest.mark.parametrize("dynamo", [True, False])
def test_resnet_18_as_onnx(tmp_path: Path, dynamo: bool) -> None:
    text = (ROOT / "models" / "cifar10_resnet18.json").read_text()
    graph = build_graph(make_spec(parse_document(text), (), {}))
    model, x = randomised(resnet(64)), np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)
    preserve = torch.onnx.TrainingMode.PRESERVE
    how = {"optimize": False} if dynamo else {"training": preserve, "do_constant_folding": False}
    torch.onnx.export(model, (torch.from_numpy(x),), str(tmp_path / "w.onnx"), dynamo=dynamo, **how)
    with torch.no_grad():
        expected = torch.softmax(model(torch.from_numpy(x)), 1).numpy()
    y, rules = outputs(graph, tmp_path / "w.onnx", x)
    np.testing.assert_allclose(y, expected, atol=1e-5)
    assert rules == (MatchingRule.GRAPH,)


def test_a_sequential_network_with_all_kinds_of_layers(tmp_path: Path) -> None:
    nn = torch.nn
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.PReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.PReLU(4)),
        *(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4, affine=False), nn.LayerNorm([4, 8, 8])),
        *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 64), nn.LayerNorm(64), nn.Linear(64, 64), nn.Linear(64, 10)),
    )
    conv = {"type": "Conv2D", "filters": 4}
    layers = [
        *(conv, {"type": "BatchNormalization"}, {"type": "PReLU"}, conv, {"type": "PReLU"}, conv),
        *(
            {"type": "BatchNormalization"},
            {"type": "LayerNormalization"},
            {"type": "MaxPooling2D"},
            {"type": "Flatten"},
        ),
        *({"type": "Dense", "units": 64}, {"type": "LayerNormalization"}, {"type": "Dense", "units": 64}),
        *({"type": "Dense", "units": 10}, {"type": "Softmax"}),
    ]
    compare(graph_of(layers, [1, 8, 8]), model, tmp_path, MatchingRule.DEFINITION, MatchingRule.NUMBERS)


def test_attributes_that_are_not_in_the_order_of_the_alphabet(tmp_path: Path) -> None:
    nn = torch.nn

    class LeNet(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.conv2, self.conv1 = nn.Linear(64, 20), nn.Conv2d(4, 4, 3), nn.Conv2d(1, 4, 3, padding=1)
            self.out, self.fc2 = nn.Linear(20, 10), nn.Linear(20, 20)

        def forward(self, x: Any) -> Any:
            x = self.conv2(torch.max_pool2d(self.conv1(x).relu(), 2))
            return self.out(self.fc2(self.fc1(x.flatten(1)).relu()).relu())

    layers = [
        *({"type": "Conv2D", "filters": 4}, {"type": "ReLU"}, {"type": "MaxPooling2D"}),
        *({"type": "Conv2D", "filters": 4, "padding": "valid"}, {"type": "Flatten"}),
        *({"type": "Dense", "units": 20}, {"type": "ReLU"}, {"type": "Dense", "units": 20}, {"type": "ReLU"}),
        *({"type": "Dense", "units": 10}, {"type": "Softmax"}),
    ]

    compare(graph_of(layers, [1, 12, 12]), LeNet(), tmp_path, MatchingRule.SHAPES, MatchingRule.SHAPES)
