"""The written file: what it is, for every shipped document; that it says what graphnn says; and what is refused."""

import ast
import json
import math
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn import SGD, Dense, MeanSquaredError, Model, ReLU, Residual
from graphnn.augmentation.base import AUGMENTATIONS
from graphnn.averaging.base import AVERAGINGS
from graphnn.datasets.preparation import Normalisation
from graphnn.errors import GraphError
from graphnn.exporting.agreement import agreement
from graphnn.exporting.base import ExportError, ExportWishes
from graphnn.exporting.targets.torch import TORCH, imported
from graphnn.exporting.torch_source.augmentation import AUGMENTING
from graphnn.exporting.torch_source.identifiers import RESERVED, Names
from graphnn.exporting.torch_source.initial import INITIAL
from graphnn.exporting.torch_source.losses import LOSS_SOURCES
from graphnn.exporting.torch_source.modules import CONVERSIONS
from graphnn.exporting.torch_source.optimizing import OPTIMIZER_SOURCES, SCHEDULE_SOURCES
from graphnn.exporting.torch_source.source import TorchFile
from graphnn.exporting.torch_source.structure import state_names
from graphnn.exporting.torch_source.training import AVERAGING
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.exporting.unchanged import with_digest
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise, unset
from graphnn.initializers.base import INITIALIZERS
from graphnn.layers.base import LAYERS
from graphnn.losses.base import LOSSES
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.schedules.base import SCHEDULES
from graphnn.specification.spec import parse_spec, read_spec

pytest.importorskip("safetensors")

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "models").glob("*.json"))
SHORT = 120  # lines that are not empty
LONGER = {
    "cifar10_record": 153,
    "cifar10_quick": 153,
    "mnist_record": 131,
    "cifar10_resnet": 128,
    "cifar10_resnet18": 126,
}
SLOW = {"cifar10", "cifar10_resnet", "cifar10_resnet18", "cifar10_wide"}
ALLOWED = {"copy", "fnmatch", "math", "sys", "pathlib", "numpy", "torch", "safetensors"}


def network_of(spec: Any, *, seed: int = 0) -> TrainedNetwork:
    """Return a network with random values of all parameters and statistics."""
    graph = build_graph(spec)
    parameters, rng = unset(graph), np.random.default_rng(seed)
    for name, array in parameters.named().items():
        spread = 1 / np.sqrt(max(array[0].size, 1)) if name.endswith("/weights") else 0.2
        array[...] = spread * rng.standard_normal(array.shape)
        if name.endswith(("variance", "gamma")):
            array[...] = 1 + np.abs(array)
    images = len(spec.input_shape) == 3
    shape = spec.input_shape if images or spec.input_shape != (784,) else (1, 28, 28)
    count = shape[0] if len(shape) == 3 else 1
    offsets, divisors = rng.uniform(10, 120, count), rng.uniform(40, 90, count)
    known = Normalisation("per_channel", shape, tuple(offsets.tolist()), tuple(divisors.tolist()))
    return TrainedNetwork(spec, graph, parameters, known)


@pytest.mark.parametrize(
    ("registry", "sources"),
    [
        (LAYERS, CONVERSIONS | {"Residual": None}),
        (LOSSES, LOSS_SOURCES),
        (OPTIMIZERS, OPTIMIZER_SOURCES),
        (SCHEDULES, SCHEDULE_SOURCES),
        (AVERAGINGS, AVERAGING),
        (AUGMENTATIONS, AUGMENTING),
        (INITIALIZERS, INITIAL),
    ],
    ids=lambda each: getattr(each, "kind", ""),
)
def test_everything_that_is_registered_can_be_written(registry: Any, sources: Any) -> None:
    assert set(sources) == set(registry.built_in())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_files_of_shipped_documents_are_short_and_formatted(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(with_digest(TorchFile(network_of(read_spec(file)), "net").text()))
    lines = path.read_text(encoding="utf-8").split("\n")
    assert sum(bool(line) for line in lines) <= LONGER.get(file.stem, SHORT)
    assert max(map(len, lines)) <= 88
    assert set(re.findall(r"^(?:from|import) (\w+)", "\n".join(lines), re.MULTILINE)) <= ALLOWED
    for width in ("88", "120"):
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--check", "--line-length", width, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "file",
    [pytest.param(each, marks=[pytest.mark.long] * (each.stem in SLOW), id=each.stem) for each in SHIPPED],
)
def test_files_of_shipped_documents_say_what_graphnn_says(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    network = network_of(read_spec(file))
    x = network.likely_samples(8)
    y = TORCH.outputs(TORCH.write(network, tmp_path / "net.py", ExportWishes()).files, x)
    assert y is not None
    assert agreement(network, x, y).difference < 1e-5


def small(**changes: Any) -> Any:
    """Return the spec of a small network on images, some of its sections changed."""
    values = {
        "name": "small",
        "input": {"shape": [1, 8, 8]},
        "layers": [
            {"type": "Conv2D", "name": "c", "filters": 4},
            *({"type": "Flatten"}, {"type": "Dense", "units": 3}, {"type": "Softmax"}),
        ],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": "none.npz"},
        "training": {"epochs": 1, "batch_size": 8},
    }
    return parse_spec(json.dumps(values | changes), "small.json", folder=Path())


def test_names_of_layers_become_attributes() -> None:
    names = Names(["mean"])
    wanted = ["train", "class", "1st", "a-b", "a_b", "type", "übel", "list", "match", "conv1", "conv1"]
    found = [names.new(each) for each in wanted]
    assert found[:3] == ["train_layer", "class_layer", "layer_1st"]
    assert found[3:5] == ["a_b", "a_b_2"]
    assert found[-2:] == ["conv1", "conv1_2"]
    assert len(set(found)) == len(found)
    assert all(each.isidentifier() for each in found)


def test_reserved_names_are_all_attributes_of_modules() -> None:
    torch = pytest.importorskip("torch")
    assert {name for name in dir(torch.nn.Sequential()) if not name.startswith("_")} <= RESERVED


def test_layers_with_awkward_names_run(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    names = ["train", "class", "mean", "forward", "body", "self", "half"]
    layers: list[Any] = [{"type": "Conv2D", "name": name, "filters": 2} for name in names]
    layers += [{"type": "Residual", "name": "sum", "layers": [{"type": "Conv2D", "name": "x", "filters": 2}]}]
    layers += [
        {"type": "Flatten", "name": "type"},
        {"type": "Dense", "name": "Network", "units": 2},
        {"type": "Softmax"},
    ]
    network = network_of(small(layers=layers))
    x = network.likely_samples(4)
    written = TORCH.write(network, tmp_path / "net.py", ExportWishes())
    y = TORCH.outputs(written.files, x)
    assert y is not None
    assert agreement(network, x, y).difference < 1e-5


def test_layers_with_dots_in_a_block_with_another_dot_run(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = Model(MeanSquaredError(), SGD(0.1), name="dots")
    model.add(Dense(4, name="one.a", input_shape=(3,)))
    inner = Residual((Dense(4, name="other.b"), Dense(4, name="other.c"), Dense(4, name="one.e")), name="third.block")
    model.add(Residual((Dense(4, name="two.b.x"), inner, Dense(4, name="one.b.d")), name="one.b.block"))
    network = network_of(model.spec())
    written = TORCH.write(network, tmp_path / "dots.py", ExportWishes()).files
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    y = TORCH.outputs(written, x)
    assert y is not None
    assert agreement(network, x, y).difference < 1e-5


def test_a_block_is_a_class_and_a_run_of_equal_ones_a_loop() -> None:
    block = {"parameters": ["filters"], "layers": [{"type": "Conv2D", "filters": "$filters"}, {"type": "ReLU"}]}
    uses = [{"type": "Repeat", "times": 5, "layers": [{"type": "unit", "name": "deep", "filters": 4}]}]
    layers = [{"type": "unit", "name": "first", "filters": 4}, *uses, {"type": "unit", "name": "last", "filters": 6}]
    layers += [{"type": "Flatten"}, {"type": "Dense", "units": 2}, {"type": "Softmax"}]
    text = TorchFile(network_of(small(blocks={"unit": block}, layers=layers)), "net").text()
    assert text.count("class Unit(nn.Sequential):") == 1
    assert "self.first = Unit(1, 4)" in text
    assert "self.deep = nn.Sequential(*[Unit(4, 4) for _ in range(5)])" in text
    assert "self.last = Unit(4, 6)" in text


def test_a_residual_block_has_its_layers_in_a_row_and_its_shortcut_apart() -> None:
    conv = {"type": "Conv2D", "filters": 4}
    layers = [conv, {"type": "Residual", "name": "a", "layers": [conv, {"type": "ReLU"}]}]
    layers += [{"type": "Residual", "name": "b", "layers": [{"type": "ReLU"}], "shortcut": [conv]}]
    layers += [{"type": "Residual", "name": "c", "layers": [conv] * 3}]
    layers += [{"type": "Flatten"}, {"type": "Dense", "units": 2}, {"type": "Softmax"}]
    text = TorchFile(network_of(small(layers=layers)), "net").text()
    assert "self.a = Residual(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())" in text
    assert (
        "            nn.ReLU(),\n            shortcut=nn.Sequential(nn.Conv2d(4, 4, 3, padding=1)),\n        )\n"
        in text
    )
    assert "self.c = Residual(*[nn.Conv2d(4, 4, 3, padding=1) for _ in range(3)])" in text


def write(folder: Path, **given: Any) -> tuple[Path, ...]:
    return TORCH.write(network_of(small()), folder / "net.py", ExportWishes(**given)).files


def test_an_export_is_replaced_and_a_changed_one_is_not(tmp_path: Path) -> None:
    path, weights = write(tmp_path)
    first = path.read_bytes(), weights.read_bytes()
    assert write(tmp_path) == (path, weights)
    assert (path.read_bytes(), weights.read_bytes()) == first
    path.write_bytes(first[0].replace(b"EPOCHS, BATCH_SIZE, SEED = 1,", b"EPOCHS, BATCH_SIZE, SEED = 9,"))
    changed = path.read_bytes()
    assert changed != first[0]
    with pytest.raises(ExportError, match=r"net\.py: was changed since it was exported; --replace"):
        write(tmp_path)
    assert path.read_bytes() == changed
    write(tmp_path, replace=True)
    assert path.read_bytes() == first[0]


def test_changed_weights_beside_it_are_not_replaced(tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    path, weights = write(tmp_path)
    with safe_open(weights, "numpy") as file:
        metadata = file.metadata()
    known = json.loads(metadata["graphnn"])
    assert known["document"]["name"] == "small"
    assert known["document"]["data"]["path"] == "none.npz"
    assert known["normalisation"]["mode"] == "per_channel"
    assert known["classes"] == ["0", "1", "2"]
    arrays = load_file(weights)
    arrays["c.weight"] += 1
    save_file(arrays, weights, metadata)
    before = path.read_bytes(), weights.read_bytes()
    with pytest.raises(ExportError, match=r"net\.safetensors: was changed since it was exported"):
        write(tmp_path)
    assert (path.read_bytes(), weights.read_bytes()) == before
    save_file(arrays, weights)
    with pytest.raises(GraphError, match=r"net\.safetensors: is no export of graphnn"):
        TORCH.check_place(path, ExportWishes())


@pytest.mark.parametrize("shape", [(1, 2, 2), (2, 2, 1), (4, 1, 1), (2, 1, 1), (1, 1, 4), (4,)])
def test_few_constants_have_the_form_of_a_sample(shape: tuple[int, ...], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = Model(MeanSquaredError(), SGD(0.1), name="small")
    model.add(Dense(3, input_shape=(math.prod(shape),)))
    count = math.prod(shape)
    known = Normalisation("per_feature", shape, tuple(map(float, range(count))), (2.0,) * count)
    network = replace(network_of(model.spec()), normalisation=known)
    x = np.random.default_rng(0).normal(size=(5, *shape)).astype(np.float32)
    written = TORCH.write(network, tmp_path / "small.py", ExportWishes()).files
    y = TORCH.outputs(written, x)
    assert y is not None
    assert agreement(network, x, y).difference < 1e-5


@pytest.mark.parametrize("fails", ["net.py", "net.safetensors"])
def test_both_files_are_written_or_neither(fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import graphnn.exporting.base as base
    import graphnn.exporting.targets.torch as target
    from graphnn.storage.replacing import replacing

    def full(path: Path) -> Any:
        if path.name == fails:
            raise OSError(28, "No space left on device")
        return replacing(path)

    for module in (base, target):
        monkeypatch.setattr(module, "replacing", full)
    with pytest.raises(ExportError, match="cannot be written: No space left on device"):
        write(tmp_path)
    assert not list(tmp_path.glob("net*"))


def test_the_weights_are_the_state_dict(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path, weights = write(tmp_path)
    from safetensors.torch import load_file

    network = imported(path).load()
    saved = load_file(weights)
    assert set(saved) == set(network.state_dict())
    assert all(torch.equal(saved[name], array) for name, array in network.state_dict().items())


@pytest.mark.parametrize("initializer", sorted(set(INITIAL) - {"patch_whitening"}))
def test_a_new_network_begins_as_in_graphnn(initializer: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    given = {"type": initializer, **({"value": 0.3} if initializer == "constant" else {})}
    layers = [
        {"type": "Conv2D", "name": "c", "filters": 24, "initializer": given},
        *({"type": "Conv2D", "name": "d", "filters": 8, "initializer": given}, {"type": "Flatten"}),
        *({"type": "Dense", "name": "head", "units": 30, "initializer": "normal"}, {"type": "Softmax"}),
    ]
    network = network_of(small(layers=layers, input={"shape": [8, 8, 8]}))
    ours = initialise(network.graph, 0).named()
    torch.manual_seed(0)
    theirs = imported(TORCH.write(network, tmp_path / "net.py", ExportWishes()).files[0]).Network().state_dict()
    for name, inside in state_names(network.spec, network.graph).items():
        values, found = ours[name], theirs[inside].numpy()
        assert abs(found.mean() - values.mean()) < 0.2 * values.std() + 1e-6, name
        assert abs(found.std() - values.std()) < 0.1 * values.std() + 1e-6, name
        if initializer == "identity" and name != "head/weights":
            assert (found[:8] == values[:8]).all(), name


def test_first_values_from_images_are_taken_from_the_weights(tmp_path: Path) -> None:
    layers = [{"type": "Conv2D", "name": "w", "filters": 8, "kernel_size": 2, "initializer": "patch_whitening"}]
    layers += [{"type": "Flatten"}, {"type": "Dense", "units": 3}, {"type": "Softmax"}]
    text = TorchFile(network_of(small(layers=layers)), "net").text()
    assert 'network.w.weight.data.copy_(known["w.weight"])' in text


def test_what_cannot_be_written_is_refused_with_its_place(tmp_path: Path) -> None:
    plateau = {"type": "reduce_on_plateau"}
    group = {"type": "SGD", "groups": [{"match": "c/*", "schedule": plateau}]}
    with pytest.raises(ExportError, match=r"optimizer\.groups\[0\]\.schedule: reduce_on_plateau of a group"):
        TORCH.write(network_of(small(optimizer=group)), tmp_path / "net.py", ExportWishes())
    watched = {"type": "SGD", "schedule": plateau | {"monitor": "validation_macro_f1"}}
    with pytest.raises(ExportError, match="measures loss and accuracy, not macro_f1"):
        TORCH.write(network_of(small(optimizer=watched)), tmp_path / "net.py", ExportWishes())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["torch.py", "types.py"])
def test_a_file_that_would_hide_a_module_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"would hide the module \w+.* \w+_network\.py"):
        TORCH.check_place(tmp_path / name, ExportWishes())


@pytest.mark.parametrize("text", ['a "quoted" one', '"""', "C:\\new\\x", "two\nlines", "\x00", "'", '"', "é → ü"])
def test_texts_of_a_document_cannot_break_the_file(text: str) -> None:
    spec = small(name=text, description=text)
    network = replace(network_of(spec), class_names=(text, "b", "c"))
    stem = "".join(each for each in text if each not in "/\x00")
    source = TorchFile(network, stem).text()
    tree = ast.parse(source)
    (classes,) = (node.value for node in tree.body if isinstance(node, ast.Assign) and "CLASSES" in ast.dump(node))
    assert ast.literal_eval(classes) == [text, "b", "c"]
    assert "parameters." in (ast.get_docstring(tree) or "")
    source.encode()


def test_a_network_without_anything_to_train_is_refused(tmp_path: Path) -> None:
    model = Model(MeanSquaredError(), SGD(0.1), name="bare")
    model.add(ReLU(input_shape=(3,)))
    with pytest.raises(ExportError, match="no parameters that are trained, so no training to write; see --to onnx"):
        model.export(tmp_path / "bare.py")
    assert not list(tmp_path.iterdir())


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    training = {"epochs": 1, "batch_size": 8, "early_stopping": {"patience": 2}}
    exported = TORCH.write(network_of(small(training=training)), tmp_path / "net.py", ExportWishes())
    assert exported.notes[0] == "training.early_stopping is not written: the file trains all its epochs"


def test_it_trains_when_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch = pytest.importorskip("torch")
    path, _ = write(tmp_path)
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 8, 8), np.uint8), rng.integers(0, 3, 40, np.uint8)
    np.savez(tmp_path / "data.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [path.name, "data.npz"])
    monkeypatch.setattr(torch, "set_default_device", lambda device: None)  # which would stay
    runpy.run_path(str(path), run_name="__main__")
    assert re.fullmatch(r"epoch 1: loss \d\.\d+\ntest accuracy \d+\.\d\d%\n", capsys.readouterr().out)
    assert (tmp_path / "net-trained.safetensors").exists()
    monkeypatch.setattr(sys, "argv", [path.name])
    with pytest.raises(SystemExit, match=r"python net\.py DATA\.npz"):
        runpy.run_path(str(path), run_name="__main__")
