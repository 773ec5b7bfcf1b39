"""train --init-from a file of another library, and --init-map."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.storage.weights import load_weights

safetensors = pytest.importorskip("safetensors.numpy")
Train = Callable[..., tuple[int, str, str]]


@pytest.fixture
def deep(document: Path, small: dict[str, Any]) -> Path:
    """A document with two layers of one shape."""
    names = ("first", "second", "third")
    small["layers"] = [
        *(each for name in names for each in ({"type": "Dense", "name": name, "units": 16}, {"type": "ReLU"})),
        {"type": "Dense", "name": "head", "units": 10},
        {"type": "Softmax"},
    ]
    small["training"]["epochs"] = 1
    document.write_text(json.dumps(small))
    return document


def saved(folder: Path, names: str, *, last: int = 10) -> tuple[Path, dict[str, Any]]:
    """Write weights of modules with these names as safetensors, and return them by name."""
    rng = np.random.default_rng(0)
    sizes = [(16, 64), (16, 16), (16, 16), (last, 16)]
    arrays: dict[str, Any] = {}
    for name, size in zip(names.split(), sizes, strict=True):
        arrays[f"{name}.weight"] = rng.normal(size=size).astype(np.float32) / 4
        arrays[f"{name}.bias"] = rng.normal(size=size[0]).astype(np.float32)
    safetensors.save_file(arrays, str(folder / "w.safetensors"))
    return folder / "w.safetensors", arrays


def test_what_is_taken_is_told(train: Train, deep: Path) -> None:
    file, arrays = saved(deep.parent, "net.0 net.2 net.4 net.6")
    code, out, err = train("--init-from", file, "--set", "layers[0].trainable=false")
    assert (code, err) == (0, "")
    assert (
        f"{file}: 8 of 8 parameters of the network taken from it\n"
        "  safetensors; its 4 modules taken, by shapes and the numbers in their names, which fit in one way only\n"
        "  first ← net.0: weights 16×64, biases 16\n"
    ) in out
    found = load_weights(deep.with_suffix(".npz")).arrays
    np.testing.assert_array_equal(found["first/weights"], arrays["net.0.weight"])
    facts = json.loads((deep.parent / "net.runs" / "0001" / "run.json").read_text())
    assert facts["init_from"] == str(file)


def test_another_last_layer_starts_anew(train: Train, deep: Path) -> None:
    file, _ = saved(deep.parent, "a1 a2 a3 a4", last=7)
    code, out, _ = train("--init-from", file, "--dry-run")
    assert code == 0
    assert f"{file}: 6 of 8 parameters of the network taken from it" in out
    assert '  "a4.weight", 7×16, is in the file, not used\n' in out
    assert '  "head/weights", 10×16, is in the network, not in the file\n' in out


def test_the_log_has_what_the_terminal_leaves_out(train: Train, deep: Path, small: dict[str, Any]) -> None:
    hidden = [[{"type": "Dense", "name": f"l{i}", "units": 16}, {"type": "ReLU"}] for i in range(8)]
    small["layers"] = [*(each for some in hidden for each in some), *small["layers"][-2:]]
    deep.write_text(json.dumps(small))
    arrays: dict[str, Any] = {"out.weight": np.ones((10, 16), np.float32), "out.bias": np.ones(10, np.float32)}
    for i in range(8):
        arrays[f"m{i}.weight"] = np.ones((16, 64 if i == 0 else 16), np.float32) * 0.1
        arrays[f"m{i}.bias"] = np.zeros(16, np.float32)
    safetensors.save_file(arrays, str(deep.parent / "w.safetensors"))
    code, out, _ = train("--init-from", deep.parent / "w.safetensors")
    assert code == 0
    assert "  … and 5 more such lines\n" in out
    assert "l7 ← m7" not in out
    assert "l7 ← m7: weights 16×16, biases 16" in (deep.parent / "net.runs" / "0001" / "log.txt").read_text()


def test_what_is_not_certain_is_refused_and_a_map_decides(train: Train, deep: Path) -> None:
    file, arrays = saved(deep.parent, "in beta alpha out")
    code, out, err = train("--init-from", file)
    assert (code, out) == (2, "")
    assert err == (
        f"{file}: it is not certain which of its modules is which layer: their shapes and names fit in more than one "
        'way, and their order is not known\n  second: "alpha" or "beta"\n  third: "alpha" or "beta"\n'
        "--init-map map.json writes a map there, in which to choose\n"
    )
    chosen = deep.parent / "map.json"
    code, _, err = train("--init-from", file, "--init-map", chosen, "--dry-run")
    assert (code, chosen.exists()) == (2, False)
    code, _, err = train("--init-from", file, "--init-map", chosen)
    assert (code, err) == (2, f"{chosen} written: leave one module of each list in it, then start again\n")
    values = json.loads(chosen.read_text())
    assert values == {"first": "in", "second": ["alpha", "beta"], "third": ["alpha", "beta"], "head": "out"}
    code, _, err = train("--init-from", file, "--init-map", chosen)
    assert code == 2
    assert err.endswith(f"in {chosen}, leave one module to each of them\n")
    chosen.write_text(json.dumps({**values, "second": "beta"}))
    code, out, err = train("--init-from", file, "--init-map", chosen, "--set", "layers[2].trainable=false")
    assert (code, err) == (0, "")
    assert "  second ← beta: weights 16×16, biases 16\n" in out
    np.testing.assert_array_equal(
        load_weights(deep.with_suffix(".npz")).arrays["second/weights"], arrays["beta.weight"]
    )


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"frist": "in"}, '"frist" is no layer with parameters; did you mean "first"?'),
        ({"first": "inn"}, '"first": the file has no module "inn"; did you mean "in"?'),
        ({"first": "out"}, '"first": "out" is linear 10×16 in the file, but the layer is linear 16×64'),
        ({"second": "beta", "third": "beta"}, '"beta" is given to "second" and to "third"'),
        ({"first": 3}, '"first": 3 is given, where the name of a module, a list of such, or null is needed'),
    ],
)
def test_a_wrong_map_is_refused(train: Train, deep: Path, entries: dict[str, Any], words: str) -> None:
    file, _ = saved(deep.parent, "in beta alpha out")
    (deep.parent / "map.json").write_text(json.dumps(entries))
    code, _, err = train("--init-from", file, "--init-map", deep.parent / "map.json")
    assert (code, err) == (2, f"{deep.parent / 'map.json'}: {words}\n")


def test_a_map_where_it_would_change_nothing_is_refused(train: Train, trained: Path) -> None:
    code, _, err = train("--init-map", "map.json")
    assert (code, err) == (2, "train: --init-map is for --init-from FILE, and changes nothing without it\n")
    code, _, err = train("--init-from", trained.with_suffix(".npz"), "--init-map", "map.json")
    assert code == 2
    assert "are taken by their names" in err


def test_values_that_are_not_finite_are_refused_by_name(train: Train, deep: Path) -> None:
    file, arrays = saved(deep.parent, "l1 l2 l3 l4")
    arrays["l2.bias"][3] = np.nan
    safetensors.save_file(arrays, str(file))
    code, _, err = train("--init-from", file)
    assert (code, err) == (2, f'{file}: "l2.bias" holds 1 value that is not finite\n')


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "w.onnx", "w.keras", "w.txt", "w.npz", "w.pkl"])
@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"PK\x03\x04", b"\x80\x04N."])
def test_damaged_files_give_one_line(train: Train, deep: Path, name: str, content: bytes | None) -> None:
    for package in ("torch", "onnx", "h5py"):
        pytest.importorskip(package)
    file = deep.parent / name
    if content is not None:
        file.write_bytes(content)
    code, out, err = train("--init-from", file)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(str(file))


def test_folders_and_links(train: Train, deep: Path) -> None:
    file, _ = saved(deep.parent, "l1 l2 l3 l4")
    (deep.parent / "link.safetensors").symlink_to(file)
    assert train("--init-from", deep.parent / "link.safetensors", "--dry-run")[0] == 0
    (deep.parent / "dangling.safetensors").symlink_to(deep.parent / "nothing")
    (deep.parent / "folder.pt").mkdir()
    for name, words in (("dangling.safetensors", "no such file"), ("folder.pt", "is a folder, not a regular file")):
        code, _, err = train("--init-from", deep.parent / name)
        assert (code, len(err.splitlines())) == (2, 1)
        assert words in err


def test_a_run_that_goes_on_needs_the_file_no_longer(train: Train, deep: Path) -> None:
    file, _ = saved(deep.parent, "l1 l2 l3 l4")
    assert train("--init-from", file)[0] == 0
    file.unlink()
    code, out, _ = train("--resume", "1", "--set", "training.epochs=2")
    assert code == 0
    assert "epoch 2/2" in out
