"""train, called in this process: what it prints, writes and refuses."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.machine import memory
from graphnn.specification.spec import read_spec
from graphnn.storage.weights import load_weights
from graphnn.text.installing import extra_command

Train = Callable[..., tuple[int, str, str]]
RUN = ("checkpoint.npz", "history.csv", "lock", "log.txt", "resolved.json", "run.json", "weights.npz")


def test_the_output_and_the_files_of_a_run(train: Train, document: Path) -> None:
    code, out, err = train()
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["#", "name", "type"] or "name" in lines[1]
    epochs = [line for line in lines if line.startswith("epoch ")]
    assert len(epochs) == 3
    assert epochs[1].startswith("epoch 2/3  loss ")
    for word in ("  accuracy ", "  validation loss ", "  learning rate 0.0500  "):
        assert word in epochs[1]
    assert epochs[1].endswith(" s")
    end = lines.index("Next:") - 1
    lines, after = lines[:end], lines[end:]
    assert lines[-5] == f"{document.with_suffix('.npz')} written by run 1."
    assert f"Run 1, in {document.parent / 'net.runs' / '0001'}." in lines
    assert lines[-4].startswith("Final test loss: 0.")
    assert lines[-3].startswith("Final test accuracy: ")
    assert lines[-2].startswith("Final test macro F1: ")
    assert lines[-1].startswith("Final test top-5 accuracy: ")
    assert lines[-3].endswith("%")
    assert 80 < float(lines[-3].split()[-1].rstrip("%")) < float(lines[-1].split()[-1].rstrip("%"))
    log = (document.parent / "net.runs" / "0001" / "log.txt").read_text(encoding="utf-8").splitlines()
    assert [line[21:] for line in log] == lines + after  # after the time
    assert sorted(path.relative_to(document.parent).as_posix() for path in document.parent.rglob("*")) == [
        *("net.json", "net.npz", "net.runs", "net.runs/0001"),
        *(f"net.runs/0001/{name}" for name in RUN),
    ]
    assert (document.parent / "net.runs" / "0001" / "weights.npz").read_bytes() == document.with_suffix(
        ".npz"
    ).read_bytes()


def test_the_end_of_a_run_names_the_commands_to_go_on_with(train: Train, document: Path) -> None:
    _, out, _ = train()
    assert out.splitlines()[-7:] == [
        "Next:",
        f"  graphnn report {document}",
        "    a page on its curves, mistakes and layers",
        f"  graphnn predict {document} PICTURE.png",
        "    what it sees on a picture of yours",
        f"  graphnn export {document} --to onnx",
        "    a file to use it without graphnn; graphnn serve is an address",
    ]
    _, out, _ = train("--no-test", "--seed", "3", "--output", document.parent / "my own.npz", "--data-dir", "some data")
    own = f"--set training.seed=3 --weights '{document.parent / 'my own.npz'}' --data-dir 'some data'"
    assert f"  graphnn report {document} {own}" in out.splitlines()
    assert f"  graphnn evaluate {document} {own}" in out.splitlines()
    assert "    how good it is on the test part" in out.splitlines()
    assert f"  graphnn export {document} --to onnx {own.partition(' --data-dir')[0]}" in out.splitlines()


def test_a_network_that_takes_no_pictures_is_evaluated(train: Train, document: Path, small: dict[str, Any]) -> None:
    x, y = np.random.default_rng(0).normal(size=(80, 64)), np.arange(80) % 10
    np.savez(document.parent / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    data = {"dataset": "npz", "path": str(document.parent / "own.npz")}
    document.write_text(json.dumps({**small, "data": data}))
    _, out, _ = train("--set", "training.epochs=1")
    assert f"  graphnn evaluate {document} --set training.epochs=1" in out.splitlines()
    assert "    where it is right and wrong" in out.splitlines()


def test_one_that_takes_a_table_or_its_own_inputs(train: Train, document: Path, small: dict[str, Any]) -> None:
    rows = "".join(f"{number / 7:.3f},{number % 3},{'ab'[number % 2]}\n" for number in range(80))
    (document.parent / "own.csv").write_text(f"height,width,kind\n{rows}")
    layers = [{"type": "Dense", "units": 2}, {"type": "Softmax"}]
    data = {"dataset": "csv", "path": "own.csv", "target": "kind"}
    document.write_text(json.dumps({**small, "input": {"shape": [2]}, "layers": layers, "data": data}))
    _, out, _ = train()
    assert out.splitlines()[-4:-2] == [
        f"  graphnn predict {document} NEW.csv",
        "    its predictions beside the rows of a new table",
    ]
    back = {"layers": [{"type": "Dense", "units": 64}], "loss": {"type": "MeanSquaredError"}}
    data = {"dataset": "digits", "targets": "inputs"}
    document.write_text(json.dumps({**small, "input": {"shape": [64]}, **back, "data": data}))
    _, out, _ = train("--set", "optimizer.learning_rate=0.001")
    assert out.splitlines()[-4].startswith(f"  graphnn evaluate {document} --set ")


def test_what_the_next_commands_need_is_installed_first(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphnn.commands.train.find_spec", lambda name: None if name in ("PIL", "jinja2") else ...)
    _, out, _ = train()
    assert out.splitlines()[-9:-5] == [
        "Next:",
        f"  {extra_command('report', 'images')}",
        "    what pages and pictures need, once",
        f"  graphnn report {document}",
    ]


def test_neither_a_quiet_nor_a_dry_run_does(train: Train) -> None:
    for option in ("--quiet", "--dry-run"):
        assert "Next:" not in train(option)[1]


def test_the_weights_file_has_its_metadata(trained: Path) -> None:
    file = load_weights(trained.with_suffix(".npz"))
    assert list(file.arrays)[:2] == ["hidden/weights", "hidden/biases"]
    assert file.arrays["norm/running_mean"].any()
    assert file.meta["document"] == read_spec(trained).resolved()
    assert file.meta["classes"] == [str(digit) for digit in range(10)]
    assert file.meta["normalisation"]["mode"] == "per_channel"
    assert file.meta["metrics"]["epochs"] == 3
    assert set(file.meta["metrics"]) == {"epochs", "training", "validation", "test"}
    assert file.meta["versions"]["numpy"] == np.__version__
    assert json.loads((trained.parent / "net.runs" / "0001" / "resolved.json").read_text()) == file.meta["document"]


def test_the_history_has_a_line_an_epoch(trained: Path) -> None:
    with (trained.parent / "net.runs" / "0001" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[2]["loss"]) < float(rows[0]["loss"])
    assert 0.5 < float(rows[2]["validation_accuracy"]) <= 1


def test_equal_runs_give_equal_bytes_and_older_weights_are_kept(
    train: Train, trained: Path, small: dict[str, Any]
) -> None:
    weights, runs = trained.with_suffix(".npz"), trained.parent / "net.runs"
    first = weights.read_bytes()
    train("--threads", "1")
    assert weights.read_bytes() == first == (runs / "0002" / "weights.npz").read_bytes()
    small["training"]["seed"] = 2
    trained.write_text(json.dumps(small))
    train()
    assert weights.read_bytes() == (runs / "0003" / "weights.npz").read_bytes() != first
    assert (runs / "0001" / "weights.npz").read_bytes() == first
    assert load_weights(weights).meta["document"]["training"]["seed"] == 2


def test_quiet_prints_the_final_figures_only(train: Train) -> None:
    code, out, _ = train("--quiet")
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "Final test loss",
        "Final test accuracy",
        "Final test macro F1",
        "Final test top-5 accuracy",
    ]


def test_without_the_test_part_the_validation_figures_are_final(train: Train, document: Path) -> None:
    _, out, _ = train("--quiet", "--no-test")
    metrics = load_weights(document.with_suffix(".npz")).meta["metrics"]
    assert set(metrics) == {"epochs", "training", "validation"}
    assert out.splitlines()[1] == f"Final validation accuracy: {metrics['validation']['accuracy']:.2%}"
    _, out, _ = train("--quiet", "--no-test", "--set", "data.validation_split=0")
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "Final training loss",
        "Final training accuracy",
        "Final training top-5 accuracy",
    ]
    assert "validation" in (document.parent / "net.runs" / "0001" / "history.csv").read_text()
    assert "validation" not in (document.parent / "net.runs" / "0002" / "history.csv").read_text()


VIEWS = ("--set", "evaluation.test_time_augmentation=flip")


@pytest.mark.parametrize("part", ["test", "validation"])
def test_figures_with_views_are_shown_beside_the_plain_ones(train: Train, document: Path, part: str) -> None:
    options = ("--quiet", *(["--no-test"] if part == "validation" else []))
    _, plain, _ = train(*options)
    metrics = load_weights(document.with_suffix(".npz")).meta["metrics"]
    code, out, _ = train(*options, *VIEWS)
    assert code == 0
    assert out.startswith(plain)
    with_views = load_weights(document.parent / "net.runs" / "0002" / "weights.npz").meta["metrics"]
    flipped = with_views.pop(f"{part} with flip")
    assert with_views == metrics
    assert flipped["accuracy"] != metrics[part]["accuracy"]  # a mirrored digit is another thing
    assert out.splitlines()[4:] == [
        f"Final {part} loss with flip: {flipped['loss']:.4f}",
        f"Final {part} accuracy with flip: {flipped['accuracy']:.2%}",
        f"Final {part} macro F1 with flip: {flipped['macro_f1']:.2%}",
        f"Final {part} top-5 accuracy with flip: {flipped['top_5_accuracy']:.2%}",
    ]


def test_figures_of_the_training_part_have_no_views(train: Train) -> None:
    _, out, _ = train("--quiet", "--no-test", "--set", "data.validation_split=0", *VIEWS)
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "Final training loss",
        "Final training accuracy",
        "Final training top-5 accuracy",
    ]


@pytest.mark.usefixtures("regression")
@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("evaluation.test_time_augmentation=flip", 'test_time_augmentation: "flip" needs images'),
        ('data.augment=[{"type": "RandomFlip"}]', "augment needs images"),
    ],
)
def test_vectors_are_no_images(train: Train, document: Path, change: str, what: str) -> None:
    code, _, err = train("--set", change)
    assert code == 2
    assert f"{what}, but the samples are vectors of 4" in err
    assert not document.with_suffix(".npz").exists()


@pytest.mark.usefixtures("regression")
def test_data_that_do_not_fit_are_reported_with_lines(train: Train, document: Path) -> None:
    values = json.loads(document.read_text())
    values["data"]["augment"] = [{"type": "RandomFlip"}]
    values["evaluation"] = {"test_time_augmentation": "flip"}
    document.write_text(json.dumps(values, indent=2))
    code, _, err = train()
    lines = document.read_text().splitlines()
    assert code == 2
    for start, words in (('"augment"', "data.augment: augment needs"), ('"test_time', "evaluation.test_time_augmen")):
        [line] = [number for number, text in enumerate(lines, 1) if text.strip().startswith(start)]
        assert f"{document}:{line}:" in err
        assert words in err
    values["input"]["shape"] = [5]
    document.write_text(json.dumps(values))
    code, _, err = train()
    assert code == 2
    assert f"{document}:1:" in err
    assert "input.shape: the samples of npz are 4, but the network's input is 5; set input.shape to [4]" in err
    assert "^" in err


def test_npz_images_are_augmented_and_measured_in_views_flat_or_not(
    train: Train, tmp_path: Path, small: dict[str, Any], document: Path
) -> None:
    """Non-square images of 3 channels, as numbers; too large shifts are reported when they are loaded."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3, 4, 6)).astype(np.float32)
    y = np.arange(60) % 10
    np.savez(tmp_path / "data.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    augment = [
        {"type": "RandomFlip", "mode": "alternating"},
        {"type": "RandomTranslate"},
        {"type": "Cutout", "size": 2},
    ]
    small["data"] = {"dataset": "npz", "path": "data.npz", "seed": 1, "augment": augment}
    small["evaluation"] = {"test_time_augmentation": "flip_translate"}
    small["training"]["batch_size"] = 16
    for shape in ([72], [3, 4, 6]):
        small["input"]["shape"] = shape
        if len(shape) == 3:
            small["layers"].insert(0, {"type": "Flatten"})
        document.write_text(json.dumps(small))
        code, out, err = train("--quiet")
        assert (code, err) == (0, "")
        assert "Final test accuracy with flip_translate: " in out
    small["input"]["shape"] = [72]
    del small["layers"][0]
    small["data"]["augment"][1]["pixels"] = 4
    document.write_text(json.dumps(small))
    code, _, err = train()
    assert code == 2
    assert "images of 3×4×6 are too small to be shifted by 4 pixels; write pixels of at most 3" in err


def test_limit_uses_few_samples_of_each_part(train: Train) -> None:
    _, out, _ = train("--dry-run", "--limit", "100", "--no-test", "--quiet")
    assert "Dry run: 90 samples to train on, 10 to validate." in out


def test_a_network_larger_than_the_memory_is_refused(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    little = memory.Memory(1000, 2000, "this container", "its memory.max")
    monkeypatch.setattr(memory, "available_memory", lambda: little)
    code, out, err = train()
    assert code == 2
    assert "hidden" in out
    assert "at a batch size of 64" in err
    assert "but this container has 1000 B free of 2.0 KiB (its memory.max); inspect shows where it goes" in err
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    assert train("--dry-run")[0] == 0
