"""`graphnn import --into`: weights of another library become those of a document, without training."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.storage.weights import load_weights

safetensors = pytest.importorskip("safetensors.numpy")
Run = Callable[..., "subprocess.CompletedProcess[str]"]
NAMES = {  # of PyTorch, by those here
    **{f"{layer}/weights": f"{module}.weight" for layer, module in (("hidden", "fc1"), ("output", "fc2"))},
    **{f"{layer}/biases": f"{module}.bias" for layer, module in (("hidden", "fc1"), ("output", "fc2"))},
    "norm/gamma": "bn.weight",
    "norm/beta": "bn.bias",
    "norm/running_mean": "bn.running_mean",
    "norm/running_variance": "bn.running_var",
}

DROPOUT = (
    'Dropout here multiplies by 1 − rate in inference, where other libraries divide by it in training: if "dropout_1" '
    'was in the training of these weights, write {"type": "Scale", "factor": 1.111111} after it\n'
)


@pytest.fixture
def foreign(trained: Path) -> Path:
    """The trained weights as another library would have them; those of graphnn are called kept.npz."""
    found = load_weights(trained.with_suffix(".npz"))
    file = trained.with_name("w.safetensors")
    safetensors.save_file({NAMES[key]: array for key, array in found.arrays.items()}, str(file))
    trained.with_suffix(".npz").rename(trained.with_name("kept.npz"))
    return file


def test_figures_are_those_of_the_weights(graphnn: Run, document: Path, foreign: Path) -> None:
    done = graphnn("import", foreign, "--into", document)
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        f"note: {foreign}: {DROPOUT}"
        f'note: {foreign}: how samples were normalised is not in the file; they are by "per_channel" of the training '
        "part, as the document says; --mean, --std and --scale say otherwise\n"
    )
    assert "hidden  fc1                 weights, biases" in done.stdout
    mine, kept = (load_weights(document.with_name(name)) for name in ("net.npz", "kept.npz"))
    assert list(mine.arrays) == list(kept.arrays)
    for key, array in mine.arrays.items():
        np.testing.assert_array_equal(array, kept.arrays[key])
    assert mine.meta["normalisation"] == kept.meta["normalisation"]
    before = graphnn("evaluate", document, "--weights", document.with_name("kept.npz"), "--format", "json")
    after = graphnn("evaluate", document, "--format", "json")
    assert (after.returncode, after.stderr) == (0, "")
    weights = str(document.with_name("kept.npz")), str(document.with_suffix(".npz"))
    assert after.stdout == before.stdout.replace(*weights)


def test_the_normalisation_may_be_said(graphnn: Run, document: Path, foreign: Path) -> None:
    done = graphnn("import", foreign, "--into", document, "--scale", "16", "--mean", "0.5", "--std", "0.25")
    assert (done.returncode, done.stderr) == (0, f"note: {foreign}: {DROPOUT}")
    found = load_weights(document.with_suffix(".npz")).meta["normalisation"]
    assert (found["offset"], found["divisor"], found["shape"]) == ([8.0], [4.0], [1, 8, 8])
    wrong = graphnn("import", foreign, "--into", document, "--mean", "1,2,3", "--replace")
    assert (wrong.returncode, wrong.stderr) == (2, "--mean and --std are one number, or one for each of 1 channels\n")


def test_what_is_there_is_replaced_only_when_asked(graphnn: Run, document: Path, foreign: Path) -> None:
    plain = ("import", foreign, "--into", document, "--std", "2")
    assert graphnn(*plain).returncode == 0
    written = document.with_suffix(".npz").read_bytes()
    again = graphnn(*plain)
    assert (again.returncode, "is replaced with --replace only" in again.stderr) == (2, True)
    assert graphnn(*plain, "--replace").returncode == 0
    assert document.with_suffix(".npz").read_bytes() == written
    assert graphnn(*plain, "--output", document.with_name("w.npz")).returncode == 0
    assert document.with_name("w.npz").read_bytes() == written
    named = graphnn(*plain, "--output", document.with_name("w.pt"))
    assert (named.returncode, "write w.npz" in named.stderr) == (2, True)


def test_weights_of_another_network_are_refused(
    graphnn: Run, document: Path, foreign: Path, small: dict[str, Any]
) -> None:
    small["layers"].insert(3, {"type": "Dense", "name": "more", "units": 16})
    document.write_text(json.dumps(small))
    done = graphnn("import", foreign, "--into", document, "--std", "2")
    assert done.returncode == 2
    assert f"{foreign}: its weights are not those of {document}:\n" in done.stderr
    assert '  "more/weights", 16×16, is in the network, not in the file\n' in done.stderr
    assert not document.with_suffix(".npz").exists()


def test_a_map_is_written_to_be_filled_in(graphnn: Run, document: Path, foreign: Path) -> None:
    done = graphnn("import", foreign, "--into", document, "--map", document.with_name("map.json"))
    assert done.returncode == 2
    assert "it says what would be taken without it; change it, or leave --map out" in done.stderr
    assert json.loads(document.with_name("map.json").read_text()) == {"hidden": "fc1", "norm": "bn", "output": "fc2"}
    again = graphnn("import", foreign, "--into", document, "--map", document.with_name("map.json"), "--format", "json")
    assert json.loads(again.stdout)["matched_by"] == ["map"]


def test_classes_are_named(graphnn: Run, document: Path, foreign: Path) -> None:
    letters = ("import", foreign, "--into", document, "--std", "2", "--classes")
    assert graphnn(*letters, "a,b,c,d,e,f,g,h,i,j").returncode == 0
    assert load_weights(document.with_suffix(".npz")).meta["classes"] == list("abcdefghij")
    few = graphnn(*letters, "a,b", "--replace")
    assert (few.returncode, "tells 10 classes apart" in few.stderr) == (2, True)


def test_other_commands_say_what_to_do_with_such_a_file(graphnn: Run, document: Path, foreign: Path) -> None:
    done = graphnn("evaluate", document, "--weights", foreign)
    assert done.returncode == 2
    assert done.stderr.endswith(f"import {foreign} --into {document} makes it an .npz\n")
    alone = graphnn("import", foreign)
    assert (alone.returncode, "name a document for them: --into SPEC.json" in alone.stderr) == (2, True)
    own = graphnn("import", document.with_name("kept.npz"), "--into", document)
    assert (own.returncode, "which evaluate and predict take as it is" in own.stderr) == (2, True)


def test_classes_of_a_network_that_gives_numbers_are_refused(graphnn: Run, document: Path, foreign: Path) -> None:
    values = json.loads(document.read_text(encoding="utf-8"))
    layers = [layer for layer in values["layers"] if layer["type"] != "Softmax"]
    other = {"layers": layers, "loss": {"type": "MeanSquaredError"}, "data": {"dataset": "npz", "path": "mine.npz"}}
    document.write_text(json.dumps({**values, **other}), encoding="utf-8")
    done = graphnn("import", foreign, "--into", document, "--mean", "0", "--classes", "a,b,c")
    assert done.returncode == 2
    assert "its last layer is Dense, which gives numbers; leave --classes out\n" in done.stderr
    assert not document.with_suffix(".npz").exists()


def test_imported_weights_are_quantised_on_the_training_part_of_the_document(
    graphnn: Run, document: Path, foreign: Path
) -> None:
    pytest.importorskip("onnxruntime")
    assert graphnn("import", foreign, "--into", document).returncode == 0
    done = graphnn("export", document, "--to", "onnx", "--quantize", "int8")
    assert done.returncode == 0, done.stderr
    assert "calibrated on" in done.stdout
    assert graphnn("evaluate", document, "--split", "train").returncode == 2
