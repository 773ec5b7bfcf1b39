"""Tests of `export` as a user runs it: what is written, what is refused, and that nothing else is replaced."""

from pathlib import Path

import pytest

from graphnn.storage.weights import load_weights
from tests.conftest import Run


def test_safetensors_hold_the_weights_by_names_of_pytorch(trained: Path, graphnn: Run) -> None:
    from safetensors.numpy import load_file

    found = graphnn("export", trained, "--to", "safetensors")
    assert found.returncode == 0, found.stderr
    arrays, ours = load_file(trained.with_suffix(".safetensors")), load_weights(trained.with_suffix(".npz")).arrays
    assert set(arrays) == {
        *("hidden.weight", "hidden.bias", "output.weight", "output.bias"),
        *("norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"),
    }
    assert (arrays["output.weight"] == ours["output/weights"]).all()
    assert (arrays["norm.running_var"] == ours["norm/running_variance"]).all()


def test_a_file_that_is_no_export_is_not_replaced(trained: Path, graphnn: Run) -> None:
    other = trained.with_suffix(".safetensors")
    other.write_text("mine", encoding="utf-8")
    found = graphnn("export", trained, "--to", "safetensors")
    assert found.returncode == 2
    assert "is not replaced" in found.stderr
    assert other.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "safetensors", "--output", "a.pt"), "ends in .safetensors"),
        (("--to", "safetensors", "--quantize", "int8"), "is for --to onnx"),
    ],
)
def test_wrong_arguments_are_told(trained: Path, graphnn: Run, arguments: tuple[str, ...], said: str) -> None:
    found = graphnn("export", trained, *arguments)
    assert found.returncode == 2
    assert said in found.stderr
