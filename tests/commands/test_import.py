"""`graphnn import`: from an ONNX file to a document that the other commands take."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graphnn.specification.spec import read_spec
from graphnn.storage.weights import load_weights

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A file of a network for images of 1×8×8, that gives scores of ten classes."""
    helper, draw = onnx.helper, np.random.default_rng(0)
    arrays = {
        "conv.weight": draw.normal(size=(4, 1, 3, 3)),
        "conv.bias": draw.normal(size=4),
        "fc.weight": draw.normal(size=(10, 64)),
        "fc.bias": draw.normal(size=10),
    }
    nodes = [
        helper.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "fc.weight", "fc.bias"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["N", 10])],
        [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()],
    )
    path = tmp_path / "digits_net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_document_and_weights_lie_beside_the_file(digits: Path, graphnn: Run) -> None:
    done = graphnn("import", digits)
    assert done.returncode == 0, done.stderr
    assert "note: the last layer gives 10 numbers, so the loss is MeanSquaredError" in done.stderr
    assert "largest difference" in done.stdout
    assert "8 random samples, by onnxruntime" in done.stdout
    spec = read_spec(digits.with_suffix(".json"))
    assert [layer.name for layer in spec.layers] == ["conv", "relu_1", "maxpooling2d_1", "flatten_1", "fc"]
    weights = load_weights(digits.with_suffix(".npz"))
    assert list(weights.arrays) == ["conv/weights", "conv/biases", "fc/weights", "fc/biases"]
    shown = graphnn("inspect", digits.with_suffix(".json"), "--weights", digits.with_suffix(".npz"))
    assert (shown.returncode, shown.stderr) == (0, "")


def test_the_other_commands_take_what_was_imported(digits: Path, graphnn: Run, tmp_path: Path) -> None:
    document = tmp_path / "net.json"
    options = ("--data", "digits", "--softmax", "--scale", "16", "--mean", "0.3", "--std", "0.4")
    assert graphnn("import", digits, "--output", document, *options).returncode == 0
    measured = graphnn("evaluate", document, "--format", "json")
    assert measured.returncode == 0, measured.stderr
    assert measured.stderr == ""
    x = np.random.default_rng(0).integers(0, 17, (3, 1, 8, 8)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    predicted = graphnn("predict", document, tmp_path / "x.npy", "--format", "json")
    assert predicted.returncode == 0, predicted.stderr
    theirs = reference.ReferenceEvaluator(str(digits)).run(None, {"x": (x / 16 - np.float32(0.3)) / np.float32(0.4)})
    shares = np.exp(theirs[0] - theirs[0].max(axis=1, keepdims=True))
    best = (shares / shares.sum(axis=1, keepdims=True)).max(axis=1)
    found = [max(each["probability"] for each in sample["predictions"]) for sample in json.loads(predicted.stdout)]
    np.testing.assert_allclose(found, best, atol=2e-5)
    trained = graphnn(
        "train",
        document,
        "--quiet",
        "--init-from",
        tmp_path / "net.npz",
        "--set",
        "training.epochs=1",
        "--set",
        "data.seed=7",
        "--output",
        tmp_path / "more.npz",
    )
    assert trained.returncode == 0, trained.stderr
    assert "split otherwise" not in trained.stderr  # nobody knows on what another library has trained it


@pytest.mark.parametrize("there", ["net.json", "net.npz"])
def test_what_is_there_is_not_replaced(there: str, digits: Path, graphnn: Run, tmp_path: Path) -> None:
    (tmp_path / there).write_text("mine", encoding="utf-8")
    done = graphnn("import", digits, "--output", tmp_path / "net.json")
    assert done.returncode == 2
    assert f"{there}: is there already; it is replaced with --replace only" in done.stderr
    assert (tmp_path / there).read_text(encoding="utf-8") == "mine"
    assert len(list(tmp_path.glob("net.*"))) == 1
    assert graphnn("import", digits, "--output", tmp_path / "net.json", "--replace").returncode == 0
    assert read_spec(tmp_path / "net.json").name == "digits_net"


def test_what_is_refused_writes_nothing(digits: Path, graphnn: Run, tmp_path: Path) -> None:
    model = onnx.load(digits)
    model.graph.node[1].op_type = "HardSwish"
    onnx.save(model, tmp_path / "other.onnx")
    done = graphnn("import", tmp_path / "other.onnx")
    assert done.returncode == 2
    assert done.stdout == ""
    assert 'other.onnx: node "r" (HardSwish): the nearest layers are ReLU, SiLU and GELU' in done.stderr
    assert not list(tmp_path.glob("other.[jn]*"))
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "net.txt"), "ends in .json; write net.json"),
        (("--data", "mnst"), 'unknown data set "mnst"; did you mean "mnist"?'),
        (("--data", "cifar10"), "its samples are 3×32×32, the network takes 1×8×8"),
        (("--data", "table.csv"), "a table needs a target too"),
        (("--classes", "a,,b"), "has an empty name"),
        (("--std", "0"), "not above 0"),
        (("--mean", "x"), "no row of numbers"),
        (("--mean", "1,2,3"), "one number, or one for each of 1 channels"),
        (("--std", "1,2"), "one number, or one for each of 1 channels"),
        (("--mean", "nan"), "no row of numbers"),
        (("--std", "inf"), "no row of numbers"),
        (("--scale", "1,2"), "is not one number"),
        (("--classes", "a,b"), "add --softmax"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, str], said: str, digits: Path, graphnn: Run, tmp_path: Path) -> None:
    values = [str(tmp_path / each) if each.startswith("net.") else each for each in arguments]
    done = graphnn("import", digits, *values)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.glob("*.npz"))


def test_a_folder_of_pictures_relative_to_the_document(digits: Path, graphnn: Run, tmp_path: Path) -> None:
    (tmp_path / "pictures" / "cat").mkdir(parents=True)
    (tmp_path / "models").mkdir()
    output = tmp_path / "models" / "net.json"
    assert graphnn("import", digits, "--softmax", "--data", tmp_path / "pictures", "--output", output).returncode == 0
    data = json.loads(output.read_text(encoding="utf-8"))["data"]
    assert data == {"dataset": "images", "path": "../pictures", "size": [8, 8], "color": "grey", "normalize": "none"}


def test_for_programs(digits: Path, graphnn: Run) -> None:
    done = graphnn("import", digits, "--softmax", "--format", "json")
    found = json.loads(done.stdout)
    assert [Path(each["file"]).name for each in found["files"]] == ["digits_net.json", "digits_net.npz"]
    assert (found["layers"], found["parameters"]) == (6, 690)
    assert found["compared"]["largest_difference"] < 1e-5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("net.pt", "torch.onnx.export("),
        ("net.keras", 'model.export("net.onnx", format="onnx")'),
        ("net.safetensors", "--into"),
        ("net.npz", "their document stands beside them"),
        ("net.json", "this is a document"),
        ("net.tflite", "tf2onnx.convert"),
    ],
)
def test_networks_in_other_files(name: str, said: str, graphnn: Run, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    done = graphnn("import", tmp_path / name)
    assert done.returncode == 2
    assert f"{name}: import takes ONNX files; " in done.stderr
    assert said in done.stderr


def test_a_missing_file(graphnn: Run, digits: Path, tmp_path: Path) -> None:
    done = graphnn("import", tmp_path / "digits_nt.onnx")
    assert done.returncode == 2
    assert f"no such file; did you mean {digits}?" in done.stderr
