"""Files of PyTorch: state_dicts and checkpoints, and what is never loaded."""

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError, WeightsError
from graphnn.importing.weights.state_dict_file import read_state_dict

torch = pytest.importorskip("torch")
Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def saved(content: Any, **how: Any) -> Path:
        torch.save(content, tmp_path / "w.pt", **how)
        return tmp_path / "w.pt"

    return saved


def state(**more: Any) -> dict[str, Any]:
    return {"b.weight": torch.ones(2, 3), "b.bias": torch.zeros(2), "a.weight": torch.ones(3, 3), **more}


@pytest.mark.parametrize("zipped", [True, False])
def test_a_state_dict_in_its_order(save: Save, zipped: bool) -> None:
    found = read_state_dict(save(state(), _use_new_zipfile_serialization=zipped))
    assert [module.name for module in found.modules] == ["b", "a"]
    assert (found.kind, found.ordered, found.notes) == ("PyTorch state_dict", True, ())


def test_what_was_sorted_has_no_order(save: Save) -> None:
    assert not read_state_dict(save(dict(sorted(state().items())))).ordered


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ({"epoch": 3, "state_dict": state(), "optimizer": {"state": {0: {"exp_avg": torch.ones(2, 2)}}}}, "state_dict"),
        ({"model": {f"module.{name}": each for name, each in state().items()}, "lr": 0.1}, "model"),
        (
            {"anything": {"inner": {f"_orig_mod.module.{name}": each for name, each in state().items()}}},
            "anything.inner",
        ),
        ({"optimizer_states": [{"state": {}}], "hyper_parameters": {"lr": 1}, "state_dict": state()}, "state_dict"),
    ],
)
def test_checkpoints_are_unwrapped(save: Save, content: Any, where: str) -> None:
    found = read_state_dict(save(content))
    assert [module.name for module in found.modules] == ["b", "a"]
    assert found.kind == f'PyTorch checkpoint, its "{where}"'


def test_of_several_the_likeliest_is_taken_and_the_others_are_told(save: Save) -> None:
    found = read_state_dict(save({"ema": state(), "model": state()}))
    assert found.kind.endswith('"model"')
    assert found.notes == ('the weights are those of "model"; "ema" in it could be meant, too',)


def test_an_averaged_model(save: Save) -> None:
    content = {"n_averaged": torch.tensor(3), **{f"module.{name}": each for name, each in state().items()}}
    assert [module.name for module in read_state_dict(save(content)).modules] == ["b", "a"]


def test_numbers_of_other_types(save: Save) -> None:
    halves = {name: each.to(torch.bfloat16) for name, each in state().items()}
    assert read_state_dict(save(halves)).modules[0].arrays["weight"].dtype == np.float32
    doubles = {name: each.double() for name, each in state().items()}
    assert read_state_dict(save(doubles)).modules[0].arrays["weight"].dtype == np.float32
    found = read_state_dict(save(state(**{"b.num_batches_tracked": torch.tensor(3), "ids": torch.arange(3)})))
    assert found.others == ("ids",)
    for tensor, words in (
        (torch.ones(2, 2, dtype=torch.int8), "is of int8, where floats are needed; save the weights before"),
        (torch.ones(2, 2, dtype=torch.complex64), "is of complex64, where"),
        (torch.ones(2, 2).to_sparse(), r"torch.sparse_coo, where floats"),
        (torch.ones(2, 2, device="meta"), r"a meta tensor, float32"),
    ):
        with pytest.raises(WeightsError, match=f'"c.weight".*{words}'):
            read_state_dict(save(state(**{"c.weight": tensor})))


def test_a_tensor_that_claims_more_than_it_holds(save: Save) -> None:
    """A few bytes may be said to be a matrix of any size, all of whose values are the same."""
    with pytest.raises(WeightsError, match=r'"c.weight" is said to have 100 values, more than the file holds'):
        read_state_dict(save(state(**{"c.weight": torch.ones(1).expand(10, 10)})))


def test_parts_of_one_tensor_are_taken(save: Save) -> None:
    whole = torch.arange(12.0).reshape(4, 3)
    found = read_state_dict(save({"a.weight": whole[1:3], "b.weight": whole.T[:, :2]}))
    np.testing.assert_array_equal(found.modules[0].arrays["weight"], whole[1:3].numpy())
    np.testing.assert_array_equal(found.modules[1].arrays["weight"], whole.T[:, :2].numpy())


class Evil:
    """Runs a command where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("zipped", [True, False])
def test_no_pickle_is_run(save: Save, tmp_path: Path, zipped: bool) -> None:
    mark = tmp_path / "ran"
    with pytest.raises(WeightsError) as raised:
        read_state_dict(save(state(evil=Evil(mark)), _use_new_zipfile_serialization=zipped))
    assert "which are never loaded, because that runs code" in str(raised.value)
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Evil(mark)))
    with pytest.raises(WeightsError):
        read_state_dict(tmp_path / "plain.pt")
    assert not mark.exists()
    pickle.loads(pickle.dumps(Evil(mark)))
    assert mark.exists()  # so it would have been


def test_a_whole_module_is_refused_with_what_to_write(save: Save) -> None:
    with pytest.raises(WeightsError, match=r"holds Python objects \(torch.nn.modules.linear.Linear\)") as raised:
        read_state_dict(save(torch.nn.Linear(2, 2)))
    assert str(raised.value).endswith('save the weights alone: torch.save(model.state_dict(), "weights.pt")')
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (torch.ones(3), "holds a single tensor"),
        ({}, "holds no tensors by name: it is empty"),
        ({"epoch": 3}, 'holds no tensors by name: its keys are "epoch"'),
        ([torch.ones(3)], "holds no tensors by name, but a list"),
        ({"optimizer": {"a": torch.ones(2)}}, 'its keys are "optimizer"'),
    ],
)
def test_what_holds_no_weights(save: Save, content: Any, words: str) -> None:
    with pytest.raises(WeightsError) as raised:
        read_state_dict(save(content))
    assert words in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"abc", b"PK\x03\x04abc", b"\x80\x02}q\x00.", b"\x80\x04" + b"(" * 1000])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(WeightsError) as raised:
        read_state_dict(tmp_path / "w.pt")
    assert "damaged" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_changed_numbers_are_noticed_by_their_checksum(save: Save) -> None:
    path = save(state(c=torch.full((5,), 7.0)))
    content = path.read_bytes()
    numbers = np.full(5, 7, np.float32).tobytes()
    assert numbers in content
    path.write_bytes(content.replace(numbers, numbers[:-4] + bytes(4)))
    with pytest.raises(WeightsError, match=r'damaged: the checksum of "w/data/\d" is another'):
        read_state_dict(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_cuts_are_refused(save: Save, zipped: bool) -> None:
    file = save(state(), _use_new_zipfile_serialization=zipped)
    whole = file.read_bytes()
    for length in range(0, len(whole) - 1, 97):
        file.write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            read_state_dict(file)


def test_other_archives_are_refused(tmp_path: Path, save: Save) -> None:
    file = tmp_path / "w.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(WeightsError, match=r"none of torch.save: it has no data.pkl"):
        read_state_dict(file)
    whole = zipfile.ZipFile(io.BytesIO(save(state()).read_bytes()))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in whole.namelist():
            archive.writestr(name, whole.read(name))
    with pytest.raises(WeightsError, match=r"is compressed, which torch.save never does"):
        read_state_dict(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("m/data.pkl", b"x")
        archive.writestr("m/constants.pkl", b"x")
    with pytest.raises(WeightsError, match=r'is a TorchScript program, .*torch.jit.load\("w.pt"\)'):
        read_state_dict(file)


def test_without_torch_and_with_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "__version__", "2.5.1")
    with pytest.raises(GraphError, match=r"torch 2.5.1 could run code in it.*upgrade torch"):
        read_state_dict(tmp_path / "w.pt")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(GraphError, match=r"reading files of PyTorch needs torch, .*pip install 'graphnn\[torch\]'"):
        read_state_dict(tmp_path / "w.pt")


def test_one_dictionary_in_many_places_is_looked_at_once(save: Save) -> None:
    inner: dict[str, Any] = {}
    for _ in range(4):
        inner = {f"k{i}": inner for i in range(300)}  # 8 thousand million ways through it
    with pytest.raises(WeightsError, match="holds no tensors by name"):
        read_state_dict(save(inner))
