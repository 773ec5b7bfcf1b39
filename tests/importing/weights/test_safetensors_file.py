"""Safetensors files: types of numbers, names of Keras, and damaged or hostile ones."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError, WeightsError
from graphnn.exporting.base import ExportWishes
from graphnn.exporting.targets.safetensors import SAFETENSORS
from graphnn.importing.weights.safetensors_file import read_safetensors
from tests.exporting.random_networks import network

safetensors = pytest.importorskip("safetensors.numpy")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "w.safetensors"


def written(file: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return file


def entry(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_all_floats_are_taken(file: Path) -> None:
    values = np.array([[1.5, -2.0], [0.25, 3.0]])
    data = b"".join(values.astype(kind).tobytes() for kind in ("<f8", "<f4", "<f2"))
    bits = (values.astype("<f4").view(np.uint32) >> 16).astype("<u2").tobytes()
    header = {
        "a.weight": entry("F64", [2, 2], 0, 32),
        "b.weight": entry("F32", [2, 2], 32, 48),
        "c.weight": entry("F16", [2, 2], 48, 56),
        "d.weight": entry("BF16", [2, 2], 56, 64),
        "steps": entry("I64", [], 64, 72),
    }
    found = read_safetensors(written(file, header, data + bits + bytes(8)))
    assert [module.name for module in found.modules] == ["a", "b", "c", "d"]
    for module in found.modules:
        assert module.arrays["weight"].dtype == np.float32
        np.testing.assert_array_equal(module.arrays["weight"], values)
    assert found.others == ("steps",)
    assert not found.ordered


def test_numbers_of_other_types_are_refused_by_name(file: Path) -> None:
    with pytest.raises(WeightsError, match=r'"a.weight" is of I8, where floats are needed; save the weights before'):
        read_safetensors(written(file, {"a.weight": entry("I8", [2], 0, 2)}, b"ab"))
    with pytest.raises(WeightsError, match=r'"a.weight" is of F8_E4M3, where floats are needed$'):
        read_safetensors(written(file, {"a.weight": entry("F8_E4M3", [2], 0, 2)}, b"ab"))
    safetensors.save_file({"a.weight": np.full((2, 2), 1e300)}, str(file))
    with pytest.raises(WeightsError, match=r'"a.weight" holds values beyond the range of float32'):
        read_safetensors(file)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abc",
        struct.pack("<Q", 10**18) + b"{}",
        struct.pack("<Q", 2) + b"xx",
        struct.pack("<Q", 100_000) + b"[" * 100_000,
        struct.pack("<Q", 2) + b"{}" + bytes(8),
    ],
)
def test_damaged_files_are_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"is no safetensors file, or is damaged: ") as raised:
        read_safetensors(file)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    "header",
    [
        {"a": entry("F32", [2**62, 2**10], 0, 4)},
        {"a": entry("F32", [2], 0, 4)},
        {"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 0, 4)},
        {"a": entry("F32", [1], 4, 8)},
        {"a": {"dtype": "F32"}},
    ],
)
def test_headers_that_lie_are_refused(file: Path, header: Any) -> None:
    with pytest.raises(WeightsError, match=r"is no safetensors file, or is damaged: "):
        read_safetensors(written(file, header, bytes(4)))


def test_a_name_twice_is_refused(file: Path) -> None:
    one = json.dumps(entry("F32", [1], 0, 4))
    with pytest.raises(WeightsError, match=r'"a.weight" stands twice in its header'):
        read_safetensors(written(file, f'{{"a.weight":{one},"a.weight":{one}}}'.encode(), bytes(4)))


def test_every_cut_is_refused(file: Path) -> None:
    safetensors.save_file({"a.weight": np.ones((2, 2), np.float32)}, str(file))
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            read_safetensors(file)


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "one.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"no such file; did you mean .*one\.safetensors\?"):
        read_safetensors(tmp_path / "ones.safetensors")
    with pytest.raises(WeightsError, match="is a folder, not a regular file"):
        read_safetensors(tmp_path)


def test_memory_that_is_not_there_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    safetensors.save_file({"a.weight": np.ones((2, 2), np.float32)}, str(file))
    monkeypatch.setattr("graphnn.importing.reading.shortage", lambda needed: f"only {needed - 1} are left")
    with pytest.raises(WeightsError, match=r"reading it takes \d+ B, but only"):
        read_safetensors(file)


def test_without_the_package(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(GraphError, match=r"reading it needs safetensors, .*pip install 'graphnn\[safetensors\]'"):
        read_safetensors(file)


def test_of_an_export_of_graphnn_no_epsilon_of_another_library_is_supposed(file: Path) -> None:
    made = network(0)
    SAFETENSORS.write(made, file, ExportWishes())
    assert read_safetensors(file).epsilon is None
    safetensors.save_file(safetensors.load_file(str(file)), str(file))
    assert read_safetensors(file).epsilon == pytest.approx(1e-5)
