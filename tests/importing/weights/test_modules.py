"""Arrays grouped by module, in the layout here."""

import numpy as np
import pytest

from graphnn.importing.weights.modules import BIAS, MEAN, WEIGHT, ModuleKind, grouped, split, without_prefix


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("layer1.0.conv1.weight", ("layer1.0.conv1", "weight")),
        ("conv1/weights", ("conv1", "weights")),
        ("dense/kernel:0", ("dense", "kernel")),
        ("conv1_weight", ("conv1", "weight")),
        ("bn_running_mean", ("bn", "running_mean")),
        ("weight", ("", "weight")),
        ("head.weight_g", ("head", "weight_g")),
    ],
)
def test_names_of_arrays(name: str, parts: tuple[str, str]) -> None:
    assert split(name) == parts


def test_kinds_are_told_by_parts_and_ranks() -> None:
    zeros = np.zeros
    found = grouped(
        {
            "conv.weight": zeros((4, 3, 3, 3)),
            "conv.bias": zeros(4),
            "fc.weight": zeros((2, 4)),
            "bn.weight": zeros(4),
            "bn.bias": zeros(4),
            "bn.running_mean": zeros(4),
            "bn.running_var": zeros(4),
            "bn.num_batches_tracked": zeros(()),
            "plain.running_mean": zeros(4),
            "plain.running_var": zeros(4),
            "ln.weight": zeros((4, 8, 8)),
            "ln.bias": zeros((4, 8, 8)),
            "act.weight": zeros(1),
            "wn.weight_g": zeros(4),
        }
    )
    kinds = {module.name: module.kind for module in found.modules}
    assert kinds == {
        "conv": ModuleKind.CONVOLUTION,
        "fc": ModuleKind.LINEAR,
        "bn": ModuleKind.BATCH_NORM,
        "plain": ModuleKind.BATCH_NORM,
        "ln": ModuleKind.VECTORS,
        "act": ModuleKind.VECTOR,
    }
    assert found.others == ("wn.weight_g",)


def test_kernels_of_keras_are_turned() -> None:
    kernel, matrix = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5), np.arange(6).reshape(2, 3)
    norm = np.arange(24).reshape(2, 3, 4)  # height, width, channels
    arrays = {"c/kernel": kernel, "c/bias": np.zeros(5), "d/kernel": matrix, "p/alpha": np.arange(4).reshape(1, 1, 4)}
    found = grouped({**arrays, "n/gamma": norm, "n/beta": norm, "b/moving_mean": np.zeros(5)})
    by_name = {module.name: module for module in found.modules}
    assert by_name["c"].arrays[WEIGHT].shape == (5, 4, 2, 3)
    assert by_name["c"].arrays[WEIGHT][4, 3, 1, 2] == kernel[1, 2, 3, 4]
    assert by_name["c"].arrays[BIAS].shape == (5,)
    assert by_name["d"].arrays[WEIGHT].shape == (3, 2)
    assert by_name["n"].arrays[WEIGHT][3, 1, 2] == norm[1, 2, 3]
    assert by_name["n"].arrays[BIAS].shape == (4, 2, 3)
    assert by_name["p"].arrays[WEIGHT].tolist() == [0, 1, 2, 3]
    assert by_name["b"].arrays.keys() == {MEAN}
    assert all(module.channels_last for module in found.modules)


def test_what_all_names_begin_with_is_left_out() -> None:
    assert without_prefix(["net.a.conv1", "net.a.fc"]) == {"net.a.conv1": "conv1", "net.a.fc": "fc"}
    assert without_prefix(["conv"]) == {"conv": "conv"}
