"""predict: its answers against plain numpy, its formats, and bad files among good ones."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.commands.predict import main
from graphnn.datasets.loading import load
from graphnn.datasets.preparation import Normalisation
from graphnn.storage.weights import save_weights
from graphnn.types import Array

Shown = pytest.CaptureFixture[str]
DOCUMENT: dict[str, Any] = {
    "input": {"shape": [64]},
    "layers": [{"type": "Dense", "name": "out", "units": 10}, {"type": "Softmax"}],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGD"},
    "data": {"dataset": "digits", "normalize": "unit"},
    "training": {"epochs": 1, "batch_size": 16},
}
CONSTANTS = Normalisation("unit", (1, 8, 8), (0.0,), (255.0,))


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A document on digits whose weights are the mean images of the digits, with 20 as a gain."""
    data = load("digits")
    means = np.stack([data.x_train[data.y_train == digit].reshape(-1, 64).mean(axis=0) / 255 for digit in range(10)])
    arrays = {"out/weights": 2 * means, "out/biases": -(means**2).sum(axis=1)}  # the nearest mean wins
    names = [f"digit {digit}" for digit in range(10)]
    save_weights(tmp_path / "net.npz", arrays, {"normalisation": CONSTANTS.to_json(), "classes": names})
    (tmp_path / "net.json").write_text(json.dumps(DOCUMENT))
    return tmp_path / "net.json"


def expected(network: Path, x: Array) -> Array:
    with np.load(network.with_suffix(".npz")) as file:
        z = x.reshape(-1, 64) / 255 @ file["out/weights"].T + file["out/biases"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def pictures(folder: Path, count: int) -> list[str]:
    data = load("digits")
    for i in range(count):
        Image.fromarray(data.x_test[i, 0]).save(folder / f"{i}.png")
    return [str(folder / f"{i}.png") for i in range(count)]


def test_one_line_for_each_picture(network: Path, tmp_path: Path, capsys: Shown) -> None:
    files = pictures(tmp_path, 3)
    assert main([str(network), *files]) == 0
    shown = capsys.readouterr()
    assert shown.err == f"note: 3 files: is 8×8 and light on dark: read as it is, the first is {files[0]}\n"
    p = expected(network, load("digits").x_test[:3])
    assert [line.split() for line in shown.out.splitlines()] == [
        [file, "digit", str(row.argmax()), f"{row.max():.2%}"] for file, row in zip(files, p, strict=True)
    ]


def test_top(network: Path, tmp_path: Path, capsys: Shown) -> None:
    assert main([str(network), *pictures(tmp_path, 1), "--top", "3", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    p = expected(network, load("digits").x_test[:1])[0]
    best = np.argsort(-p)[:3]
    assert [row["class"] for row in rows] == [f"digit {i}" for i in best]
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert [float(row["probability"]) for row in rows] == pytest.approx(p[best].tolist(), rel=1e-4)
    assert main([str(network), str(tmp_path / "0.png"), "--top", "99"]) == 0
    assert capsys.readouterr().out.count("%") == 10


def test_a_batch_is_cut_and_joined_again(
    network: Path, tmp_path: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphnn.evaluation.files.CHUNK", 8)
    x = load("digits").x_test[:21]
    np.save(tmp_path / "batch.npy", x)
    np.save(tmp_path / "flat.npy", x[:3].reshape(3, 64))
    np.save(tmp_path / "one.npy", x[0].astype(np.float64))
    files = [str(tmp_path / name) for name in ("one.npy", "batch.npy", "flat.npy")]
    assert main([str(network), *files, "--format", "json", "--threads", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["input"] for row in found[:2]] == [files[0], f"{files[1]}[0]"]
    assert found[-1]["input"] == f"{files[2]}[2]"
    p = expected(network, np.concatenate([x[:1], x, x[:3]]))
    assert [row["predictions"][0]["index"] for row in found] == p.argmax(axis=1).tolist()
    assert [row["predictions"][0]["probability"] for row in found] == pytest.approx(p.max(axis=1).tolist(), rel=1e-4)
    assert found[0]["predictions"][0]["class"] == f"digit {p[0].argmax()}"


def test_a_bad_file_among_good_ones(network: Path, tmp_path: Path, capsys: Shown) -> None:
    good = pictures(tmp_path, 2)
    (tmp_path / "bad.png").write_bytes(b"bad")
    assert main([str(network), good[0], str(tmp_path / "bad.png"), str(tmp_path / "none.png"), good[1]]) == 2
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines()] == good
    assert shown.err.splitlines() == [
        f"{tmp_path / 'bad.png'}: is not a picture of a kind that is read: PNG, JPEG, WebP, BMP, GIF, TIFF, PPM or PGM",
        f"{tmp_path / 'none.png'}: no such file",
        f"note: 2 files: is 8×8 and light on dark: read as it is, the first is {good[0]}",
    ]


def test_only_bad_files(network: Path, tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "scans").mkdir()
    for name in ("a.txt", "scans/nine.png"):
        (tmp_path / name).touch()
    wanted = [str(tmp_path / name) for name in ("none.png", "a.txt", "scan", "scans/nine")]
    assert main([str(network), *wanted]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "none.png: no such file\n" in shown.err
    assert '".txt" is not a file type' in shown.err
    assert f"scan: no such file; did you mean {tmp_path / 'scans'}?" in shown.err
    assert f"nine: no such file; did you mean {tmp_path / 'scans' / 'nine.png'}?" in shown.err


def test_notes_of_the_same_kind_are_printed_once(network: Path, tmp_path: Path, capsys: Shown) -> None:
    for name, width in (("a.png", 30), ("b.png", 40)):
        picture = Image.new("L", (width, 60), 240)
        picture.paste(20, (10, 20, 16, 52))
        picture.save(tmp_path / name)
    Image.new("L", (8, 8), 255).save(tmp_path / "c.png")
    files = [str(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    assert main([str(network), *files]) == 2
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines()] == files[:2]
    assert shown.err.splitlines() == [
        f"{files[2]}: is blank: no ink stands out from the ground; --as-is reads it as it is",
        f"note: 2 files: dark ink on light: inverted, cropped and centred, the first is {files[0]} "
        "(6×32 at x = 10, y = 20 of 30×60)",
    ]


def test_pictures_as_they_are(network: Path, tmp_path: Path, capsys: Shown) -> None:
    Image.new("L", (30, 20), 0).save(tmp_path / "a.png")
    Image.new("L", (8, 8), 255).save(tmp_path / "b.png")
    files = [str(tmp_path / name) for name in ("a.png", "b.png")]
    assert main([str(network), *files, "--as-is"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"note: {files[0]}: resized to 8×8 (from 30×20)",
        f"note: {files[1]}: looks dark on light, but the data set is light on dark; try --invert",
    ]
    assert main([str(network), files[1], "--invert", "--as-is"]) == 0
    assert capsys.readouterr().err == ""


def test_what_the_network_sees_is_drawn(network: Path, tmp_path: Path, capsys: Shown) -> None:
    files = pictures(tmp_path, 2)
    assert main([str(network), *files, "--show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[1], lines[10], lines[11], lines[12]) == (
        files[0],
        *["+" + "-" * 16 + "+"] * 2,
        "",
        files[1],
    )
    image = load("digits").x_test[0, 0]
    assert lines[2:10] == [
        "|" + "".join(" .:-=+*#%@"[value * 10 // 256] * 2 for value in row) + "|" for row in image.tolist()
    ]
    assert lines[-2].split() == [files[0], "digit", lines[-2].split()[2], lines[-2].split()[3]]
    assert main([str(network), *files, "--show", "--format", "json"]) == 0
    shown = capsys.readouterr()
    assert len(json.loads(shown.out)) == 2
    assert shown.err.splitlines()[: len(lines) - 2] == lines[:-2]


def test_only_the_first_inputs_are_drawn(network: Path, tmp_path: Path, capsys: Shown) -> None:
    np.save(tmp_path / "batch.npy", load("digits").x_test[:23].astype(np.float32))
    assert main([str(network), str(tmp_path / "batch.npy"), "--show"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("+" + "-" * 16 + "+") == 2 * 20
    assert shown.err == "note: --show draws the first 20 of 23 inputs\n"


def test_what_the_network_sees_is_saved(network: Path, tmp_path: Path, capsys: Shown) -> None:
    picture = Image.new("L", (40, 60), 240)
    picture.paste(20, (10, 20, 16, 52))
    picture.save(tmp_path / "one.png")
    arguments = [str(network), str(tmp_path / "one.png"), "--save-input"]
    assert main([*arguments, str(tmp_path / "seen.png")]) == 0
    shown = capsys.readouterr()
    assert f"note: saved what the network sees: {tmp_path / 'seen.png'}" in shown.err.splitlines()
    assert main([str(network), str(tmp_path / "seen.png")]) == 0
    again = capsys.readouterr()
    assert again.out.split()[1:] == shown.out.split()[1:]
    assert "read as it is" in again.err
    assert main([*arguments, str(tmp_path / "one.png")]) == 2  # never the photograph itself
    shown = capsys.readouterr()
    assert "digit" in shown.out
    assert f"{tmp_path / 'one.png'}: is there already and holds something else" in shown.err
    with Image.open(tmp_path / "one.png") as file:
        assert file.size == (40, 60)


def test_inputs_that_are_no_pictures_are_neither_drawn_nor_saved(tmp_path: Path, capsys: Shown) -> None:
    arguments = own_network(tmp_path, "MeanSquaredError", 2, [], None)
    for option in (["--show"], ["--save-input", str(tmp_path / "a.png")]):
        assert main([*arguments, *option]) == 2
        assert f"{option[0]}: an input is 2 numbers, and no picture" in capsys.readouterr().err


def test_as_is_is_refused_where_nothing_else_is_done(tmp_path: Path, capsys: Shown) -> None:
    arguments = own_network(tmp_path, "MeanSquaredError", 2, [], None)
    assert main([*arguments, "--as-is"]) == 2
    assert "--as-is: pictures are only resized for this network; it is for those of digits" in capsys.readouterr().err


def test_an_inverted_picture_equals_one_light_on_dark(network: Path, tmp_path: Path, capsys: Shown) -> None:
    files = pictures(tmp_path, 1)
    assert main([str(network), *files]) == 0
    before = capsys.readouterr().out
    Image.fromarray(255 - load("digits").x_test[0, 0]).save(files[0])
    for options in ([], ["--invert"], ["--invert", "--as-is"]):
        assert main([str(network), *files, *options]) == 0
        assert capsys.readouterr().out == before


def own_network(folder: Path, loss: str, units: int, last: list[str], classes: list[str] | None) -> list[str]:
    """Write a network of two inputs with weights of one, and two samples; return the arguments."""
    layers: list[dict[str, Any]] = [
        {"type": "Dense", "name": "out", "units": units},
        *({"type": name} for name in last),
    ]
    values = {"input": {"shape": [2]}, "layers": layers, "loss": {"type": loss}}
    values |= {"data": {"dataset": "npz", "path": "samples.npz", "normalize": "none"}}
    (folder / "net.json").write_text(json.dumps({**DOCUMENT, **values}))
    arrays = {"out/weights": np.ones((units, 2), np.float32), "out/biases": np.arange(units, dtype=np.float32)}
    save_weights(folder / "net.npz", arrays, {"normalisation": None, "classes": classes})
    np.save(folder / "x.npy", np.array([[0.0, 0.0], [3.0, 4.0]]))
    return [str(folder / "net.json"), str(folder / "x.npy")]


def test_regression(tmp_path: Path, capsys: Shown) -> None:
    arguments = own_network(tmp_path, "MeanSquaredError", 2, [], None)
    assert main(arguments) == 0
    assert [line.split()[1:] for line in capsys.readouterr().out.splitlines()] == [["0", "1"], ["7", "8"]]
    assert main([*arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[1] == {"input": f"{arguments[1]}[1]", "values": [7.0, 8.0]}
    assert main([*arguments, "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{arguments[1]}[1],1,8"


def test_one_yes_or_no_output_is_two_classes(tmp_path: Path, capsys: Shown) -> None:
    assert main(own_network(tmp_path, "BinaryCrossEntropy", 1, ["Sigmoid"], ["ham", "spam"])) == 0
    assert [line.split()[1:] for line in capsys.readouterr().out.splitlines()] == [
        ["ham", "50.00%"],
        ["spam", "99.91%"],
    ]


def test_several_yes_or_no_outputs(tmp_path: Path, capsys: Shown) -> None:
    arguments = own_network(tmp_path, "BinaryCrossEntropy", 3, ["Sigmoid"], None)
    assert main([*arguments, "--top", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[1:] == ["2", "88.08%", "1", "73.11%"]


def test_pictures_for_a_network_of_tables(
    document: Path, small: dict[str, Any], train: Callable[..., object], tmp_path: Path, capsys: Shown
) -> None:
    (document.parent / "own.csv").write_text("a,b\n" + "".join(f"{k},{k % 7 / 10}\n" for k in range(40)))
    network = {"input": {"shape": [1]}, "layers": [{"type": "Dense", "units": 1}], "loss": {"type": "MeanSquaredError"}}
    data = {"dataset": "csv", "path": "own.csv", "target": "b"}
    document.write_text(json.dumps({**small, **network, "data": data}))
    train()
    assert main([str(document), *pictures(tmp_path, 1)]) == 2
    assert "but the network takes 1; give another table" in capsys.readouterr().err


def test_pictures_for_a_network_of_vectors(tmp_path: Path, capsys: Shown) -> None:
    arguments = own_network(tmp_path, "MeanSquaredError", 2, [], None)
    assert main([arguments[0], *pictures(tmp_path, 1)]) == 2
    assert "a picture is 1×H×W or 3×H×W, but the network takes 2; give an .npy array" in capsys.readouterr().err


def test_one_sample_that_is_not_finite_does_not_hide_the_others(network: Path, tmp_path: Path, capsys: Shown) -> None:
    x = load("digits").x_test[:30].astype(np.float32)
    x[3, 0, 0, 0] = np.nan
    x[12:25] = np.inf
    np.save(tmp_path / "x.npy", x)
    assert main([str(network), str(tmp_path / "x.npy"), "--format", "jsonl"]) == 2
    shown = capsys.readouterr()
    found = [json.loads(line)["input"].partition("[")[2] for line in shown.out.splitlines()]
    assert found == [f"{i}]" for i in range(30) if i != 3 and not 12 <= i < 25]
    lines = shown.err.splitlines()
    assert lines[0] == f"{tmp_path / 'x.npy'}[3]: holds numbers that are not finite"
    assert (len(lines), lines[-1]) == (11, f"{tmp_path / 'x.npy'}: and 4 more samples")


def test_no_input(network: Path, capsys: Shown) -> None:
    assert main([str(network)]) == 2
    assert "the following arguments are required: INPUT" in capsys.readouterr().err


def test_options_may_be_before_and_after_the_inputs(network: Path, tmp_path: Path, capsys: Shown) -> None:
    files = pictures(tmp_path, 2)
    assert main(["--top", "2", str(network), *files, "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_from_another_folder(network: Path, tmp_path: Path, python: Callable[..., Any], root: Path) -> None:
    done = python(root / "tools/predict.py", network, *pictures(tmp_path, 1), cwd="/")
    assert done.returncode == 0
    assert done.stderr.endswith("0.png: is 8×8 and light on dark: read as it is\n")
    assert "digit" in done.stdout
