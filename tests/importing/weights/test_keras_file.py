"""Files of Keras, written here as it writes them, and damaged or hostile ones."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError, WeightsError
from graphnn.importing.weights.keras_file import read_keras_weights

h5py = pytest.importorskip("h5py")

KERNEL = np.arange(2 * 2 * 3 * 4, dtype=np.float32).reshape(2, 2, 3, 4)
LAYERS: dict[str, tuple[str, list[Any]]] = {  # by group: the name of the layer, its arrays
    "conv2d": ("stem", [KERNEL, np.zeros(4)]),
    "batch_normalization": ("norm", [np.full(4, 2.0), np.zeros(4), np.ones(4)]),
    "dense_1": ("head", [np.arange(8.0).reshape(4, 2), np.zeros(2)]),
    "dense": ("middle", [np.ones((16, 4))]),
    "re_lu": ("re_lu", []),
}


def weights(**more: Any) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for group, (name, arrays) in {**LAYERS, **more}.items():
            place = file.create_group(f"layers/{group}/vars")
            place.attrs["name"] = name
            for i, array in enumerate(arrays):
                place[str(i)] = np.asarray(array, np.float32)
        file["optimizer/vars/0"] = np.int64(3)
    return stream.getvalue()


def config(**batch_norm: Any) -> str:
    layers = [
        ("InputLayer", {"name": "input"}),
        ("Conv2D", {"name": "stem", "data_format": "channels_last"}),
        ("BatchNormalization", {"name": "norm", "epsilon": 0.001, "scale": True, "center": True, **batch_norm}),
        ("Dense", {"name": "middle"}),
        ("Dense", {"name": "head"}),
    ]
    listed = [{"class_name": kind, "config": settings} for kind, settings in layers]
    return json.dumps({"class_name": "Sequential", "config": {"layers": listed}})


def keras(file: Path, text: str, data: bytes) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", data)
    return file


def test_an_archive_tells_names_order_and_settings(tmp_path: Path) -> None:
    found = read_keras_weights(keras(tmp_path / "w.keras", config(scale=False), weights()))
    by_name = {module.name: module for module in found.modules}
    assert set(by_name) == {"stem", "norm", "middle", "head"}
    np.testing.assert_array_equal(by_name["stem"].arrays["weight"], KERNEL.transpose(3, 2, 0, 1))
    assert set(by_name["norm"].arrays) == {"bias", "mean", "variance"}
    assert by_name["norm"].epsilon == 0.001
    assert by_name["head"].arrays["weight"].shape == (2, 4)
    assert by_name["middle"].channels_last
    assert found.before == {
        "stem": set(),
        "norm": {"stem"},
        "middle": {"stem", "norm"},
        "head": {"stem", "norm", "middle"},
    }


def test_weights_alone_have_the_numbers_of_their_classes(tmp_path: Path) -> None:
    file = tmp_path / "w.weights.h5"
    file.write_bytes(weights(batch_normalization=("norm", [np.ones(4)] * 4)))
    found = read_keras_weights(file)
    names = {module.name: module.alias for module in found.modules}
    assert names == {"batch_normalization_0": "norm", "conv2d_0": "stem", "dense_0": "middle", "dense_1": "head"}
    assert found.before is None
    assert found.epsilon == 1e-3
    file.write_bytes(weights())
    with pytest.raises(WeightsError, match='"norm" has a scale or a shift, and the file does not say which'):
        read_keras_weights(file)


def test_the_older_format(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = ["zz", "aa", "empty"]
        for name, kernel in (("zz", np.ones((3, 2))), ("aa", np.zeros((2, 2)))):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0", f"{name}/bias:0"]
            group[f"{name}/kernel:0"], group[f"{name}/bias:0"] = kernel, np.zeros(2)
        file.create_group("empty").attrs["weight_names"] = []
    found = read_keras_weights(tmp_path / "w.h5")
    assert [(module.alias, module.arrays["weight"].shape) for module in found.modules] == [
        ("zz", (2, 3)),
        ("aa", (2, 2)),
    ]


def test_arrays_in_other_files_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(16))
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", (2, 2), "f4", external=[(str(secret), 0, 16)])
    with pytest.raises(WeightsError, match="lies in another file, where nothing is read"):
        read_keras_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = np.ones((2, 2), np.float32)
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file.create_group("layers/dense/vars")["0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "a")
    assert read_keras_weights(tmp_path / "w.weights.h5").modules == ()


def test_a_huge_array_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", (10**7, 10**7), "f4", chunks=(1, 10**4), compression="gzip")
    with pytest.raises(WeightsError, match=r"reading it takes .* PiB, but"):
        read_keras_weights(tmp_path / "w.weights.h5")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"class_name": "X", "config": {"layers": [1]}}', "[" * 100_000])
def test_a_damaged_configuration_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(WeightsError, match="its configuration is damaged"):
        read_keras_weights(keras(tmp_path / "w.keras", text, weights()))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    file = keras(tmp_path / "w.keras", config(), weights())
    whole = file.read_bytes()
    for length in [*range(0, len(whole), 997), len(whole) - 1]:
        file.write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            read_keras_weights(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(WeightsError, match=r"is a zip archive, but no .keras"):
        read_keras_weights(file)


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(GraphError, match=r"reading files of Keras needs h5py, .*pip install 'graphnn\[keras\]'"):
        read_keras_weights(tmp_path / "w.keras")
