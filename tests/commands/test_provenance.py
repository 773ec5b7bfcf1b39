"""Data and weights that do not belong together: each difference alone is refused, measured rightly, or said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands.main import main
from graphnn.datasets.batches import split
from graphnn.datasets.limit import chosen
from graphnn.model.model import Model
from graphnn.storage.weights import load_weights, save_weights
from graphnn.types import Array

RNG = np.random.default_rng(0)
CENTRES = RNG.integers(40, 200, (3, 6))
Y = RNG.integers(0, 3, 240)
X = np.clip(CENTRES[Y] + RNG.normal(0, 40, (240, 6)), 0, 255).astype(np.uint8)
X[0, 0], X[0, 1] = 0, 255
ARRAYS: dict[str, Any] = {
    "x_train": X[:180],
    "y_train": Y[:180],
    "x_test": X[180:],
    "y_test": Y[180:],
    "class_names": np.array(["cat", "dog", "emu"]),
}
DOCUMENT: dict[str, Any] = {
    "input": {"shape": [6]},
    "layers": [{"type": "Dense", "units": 8}, {"type": "ReLU"}, {"type": "Dense", "units": 3}, {"type": "Softmax"}],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGDMomentum", "learning_rate": 0.05},
    "data": {"dataset": "npz", "path": "d.npz", "validation_split": 0.25, "seed": 1},
    "training": {"epochs": 4, "batch_size": 16, "seed": 1},
}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder with net.json and d.npz, and return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    write()
    Path("net.json").write_text(json.dumps(DOCUMENT))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def write(name: str = "d.npz", **change: Any) -> str:
    """Write the data with some arrays changed, and return the option that makes them the data."""
    np.savez(name, **{**ARRAYS, **change})
    return f"--set=data.path={name}"


def evaluated(run: Run, *arguments: str) -> tuple[dict[str, Any], str]:
    """Return the figures of evaluate, and what it said on stderr."""
    code, out, err = run("evaluate", "net.json", "--format", "json", *arguments)
    assert code == 0, err
    return json.loads(out), err


def trained(run: Run, *arguments: str) -> dict[str, Any]:
    """Train, and return the metadata of the weights, which replace those that are there."""
    code, _, err = run("train", "net.json", "--quiet", "--output", "net.npz", *arguments)
    assert code == 0, err
    return load_weights("net.npz").meta


def runs() -> list[str]:
    """Return the names of the folders of all runs."""
    return sorted(path.name for path in Path("net.runs").iterdir())


def accuracy_of(run: Run, x: Array, y: Array) -> float:
    """Return the share of samples that predict tells rightly."""
    np.save("x.npy", x)
    _, out, _ = run("predict", "net.json", "x.npy", "--format", "json")
    found = [one["predictions"][0]["index"] for one in json.loads(out)]
    return float((np.array(found) == y).mean())


def test_weights_say_what_they_were_trained_on(run: Run) -> None:
    meta = trained(run, "--limit", "100")
    assert meta["classes"] == ["cat", "dog", "emu"]
    data = meta["data"]
    assert {key: value for key, value in data.items() if key != "digests"} == {
        "dataset": "npz",
        "seed": 1,
        "validation_split": 0.25,
        "limit": 100,
        "dtype": "uint8",
        "range": [0, 255],
    }
    before = Path("net.npz").read_bytes()
    Path("net.npz").unlink()
    assert trained(run, "--limit", "100")["data"] == data
    assert Path("net.npz").read_bytes() == before


@pytest.mark.parametrize(
    "options", [("--set", "data.seed=5"), ("--limit", "90"), ("--set", "data.validation_split=0.4")]
)
@pytest.mark.parametrize("part", ["validation", "train"])
def test_the_parts_are_those_of_the_training(run: Run, options: tuple[str, str], part: str) -> None:
    metrics = trained(run, *options, "--no-test")["metrics"]
    seed = 5 if options[1] == "data.seed=5" else 1
    drawn = chosen(ARRAYS["y_train"], 90, seed, "train") if options[0] == "--limit" else np.arange(180)
    assert drawn is not None
    training, held_out = split(len(drawn), 0.4 if "split" in options[1] else 0.25, seed)
    indices = drawn[held_out if part == "validation" else training]
    found, said = evaluated(run, "--split", part)
    assert found["samples"] == len(indices)
    assert found["accuracy"] == pytest.approx(accuracy_of(run, X[indices], Y[indices]))
    if part == "validation":
        assert found["accuracy"] == pytest.approx(metrics["validation"]["accuracy"])
    assert f"net.npz: the {part} part is that of the training of the weights: " in said
    assert " ".join(options).removeprefix("--set ").replace("=", " ") in said


def test_no_word_where_all_is_as_in_training(run: Run) -> None:
    trained(run)
    for part in ("test", "validation", "train"):
        assert evaluated(run, "--split", part)[1] == ""
    write("same.npz")
    assert evaluated(run, "--split", "validation", "--set=data.path=same.npz")[1] == ""


@pytest.mark.parametrize("change", [{"x_train": X[:180] // 2}, {"y_train": (Y[:180] + 1) % 3}])
@pytest.mark.parametrize("part", ["validation", "train"])
def test_parts_of_other_data_are_refused(run: Run, change: dict[str, Any], part: str) -> None:
    trained(run)
    code, out, err = run("evaluate", "net.json", "--split", part, write("other.npz", **change))
    assert (code, out) == (2, "")
    assert f"trained on other data: the training part of other is not theirs, so that its {part} part" in err
    assert evaluated(run, "--set=data.path=other.npz")[1] == ""  # its test part is the same


@pytest.mark.parametrize("change", [{"x_test": X[180:] // 2}, {"y_test": (Y[180:] + 1) % 3}])
def test_another_test_part_is_measured_and_said(run: Run, change: dict[str, Any]) -> None:
    trained(run)
    found, said = evaluated(run, write("other.npz", **change))
    assert said == ("note: net.npz: the test part of other is not that of the data that the weights were trained on\n")
    arrays = {**ARRAYS, **change}
    assert found["accuracy"] == pytest.approx(accuracy_of(run, arrays["x_test"], arrays["y_test"]))


@pytest.mark.parametrize("part", ["test", "validation", "train"])
@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["dog", "cat", "emu"], "label 0 is dog in the data, but cat in the weights: the classes have another order"),
        (["cat", "dog", "fox"], "label 2 is fox in the data, but emu in the weights: the classes are others"),
    ],
)
def test_other_class_names_are_refused(run: Run, part: str, names: list[str], message: str) -> None:
    trained(run)
    code, out, err = run("evaluate", "net.json", "--split", part, write("other.npz", class_names=np.array(names)))
    assert (code, out) == (2, "")
    assert f"net.npz: {message}" in err


def test_renumbered_labels_give_the_figure_of_the_training(run: Run) -> None:
    """As the refusal advises."""
    final = trained(run)["metrics"]["test"]["accuracy"]
    order = np.array([2, 0, 1])
    y = {key: np.argsort(order)[ARRAYS[key]] for key in ("y_train", "y_test")}
    code, _, err = run("evaluate", "net.json", write("b.npz", **y, class_names=np.array(["emu", "cat", "dog"])))
    assert code == 2
    assert f"y = np.array({order.tolist()})[y]" in err
    again = {key: order[values] for key, values in y.items()}
    assert evaluated(run, write("c.npz", **again))[0]["accuracy"] == pytest.approx(final)


def test_inputs_of_another_scale_are_refused(run: Run) -> None:
    trained(run)
    shares = {key: ARRAYS[key] / 255 for key in ("x_train", "x_test")}
    code, out, err = run("evaluate", "net.json", write("shares.npz", **shares))
    assert (code, out) == (2, "")
    assert "the test part of shares: values lie in 0…1, those of the training inputs in 0…255" in err
    trained(run, "--set=data.path=shares.npz")
    code, out, err = run("evaluate", "net.json")
    assert (code, out) == (2, "")
    assert "values lie in 0…255, those of the training inputs in 0…1" in err


def test_predict_says_that_inputs_have_another_scale(run: Run) -> None:
    trained(run)
    np.save("bytes.npy", X)
    np.save("shares.npy", X / 255)
    np.save("dark.npy", X // 8)
    shares = {key: ARRAYS[key] / 255 for key in ("x_train", "x_test")}
    notes = {name: run("predict", "net.json", f"{name}.npy")[2] for name in ("bytes", "shares", "dark")}
    assert notes["shares"] == "note: shares.npy: values lie in 0…1, those of the data set in 0…255; scale them so\n"
    assert notes["bytes"] == notes["dark"] == ""
    trained(run, write("shares.npz", **shares))
    notes = {name: run("predict", "net.json", f"{name}.npy", "--set=data.path=shares.npz")[2] for name in notes}
    assert "bytes.npy: values lie in 0…255, those of the training inputs in 0…1; scale them so" in notes["bytes"]
    assert notes["shares"] == ""


def test_a_further_training_says_what_differs(run: Run) -> None:
    trained(run)
    start = ("train", "net.json", "--quiet", "--init-from", "net.npz", "--output", "b.npz", "--dry-run")
    assert run(*start)[::2] == (0, "")
    assert run(*start, write("new.npz", x_train=X[:180] // 2))[::2] == (0, "")  # other data may be meant
    assert run(*start, "--seed=5")[::2] == (0, "")  # the same samples are held out
    for option in ("--set=data.seed=5", "--limit=90", "--set=data.validation_split=0.4"):
        code, _, err = run(*start, option)
        assert code == 0
        assert "net.npz: it was trained on the same data split otherwise" in err
        assert "the validation figures are too good" in err
    assert run(*start, "--set=data.seed=5", "--set=data.validation_split=0")[::2] == (0, "")
    code, _, err = run(*start, "--set", 'data.normalize="unit"')
    assert code == 0
    assert 'net.npz: its inputs were normalised "per_feature", these are "unit"' in err
    code, _, err = run(*start, write("other.npz", class_names=np.array(["dog", "cat", "emu"])))
    assert code == 2
    assert "net.npz: label 0 is dog in the data, but cat in the weights: the classes have another order" in err
    code, _, err = run(*start, write("other.npz", class_names=np.array(["cat", "dog", "fox"])))
    assert code == 0
    assert "net.npz: label 2 is fox in the data, but emu in the weights" in err


def test_a_further_training_without_normalisation_takes_inputs_of_the_same_scale(run: Run) -> None:
    plain = ("--set", 'data.normalize="none"', "--set", "optimizer.learning_rate=1e-6")
    trained(run, *plain)
    shares = write("shares.npz", **{key: ARRAYS[key] / 255 for key in ("x_train", "x_test")})
    code, _, err = run("train", "net.json", "--quiet", "--init-from", "net.npz", "--output", "b.npz", *plain, shares)
    assert code == 2
    assert "net.npz: values lie in 0…1, those of the training inputs in 0…255" in err


def test_a_further_training_without_normalisation_compares_what_the_network_was_given(run: Run) -> None:
    """Bytes that were normalised to 0…1 are shares already, and bytes that are not normalised are something else."""
    plain = ("--set", 'data.normalize="none"', "--set", "optimizer.learning_rate=1e-6", "--output", "b.npz")
    trained(run, "--set", 'data.normalize="unit"')
    shares = write("shares.npz", **{key: ARRAYS[key] / 255 for key in ("x_train", "x_test")})
    code, _, err = run("train", "net.json", "--quiet", "--init-from", "net.npz", *plain, shares)
    assert (code, err) == (0, 'note: net.npz: its inputs were normalised "unit", these are "none"\n')
    code, _, err = run("train", "net.json", "--quiet", "--init-from", "net.npz", *plain)
    assert code == 2
    assert "net.npz: values lie in 0…255, those of the training inputs in 0…1" in err


def test_an_outlier_in_the_test_part_is_no_other_scale(run: Run) -> None:
    x_train, x_test = ARRAYS["x_train"] / 255, ARRAYS["x_test"] / 255
    x_test[3, 2] = 20
    write(x_train=x_train, x_test=x_test)
    trained(run)
    assert evaluated(run)[1] == ""


@pytest.mark.parametrize("fitted_on", ["images", "vectors"])
def test_weights_from_python_take_images_and_vectors_alike(run: Run, fitted_on: str) -> None:
    images = {key: ARRAYS[key].reshape(-1, 1, 2, 3) for key in ("x_train", "x_test")}
    write(**images if fitted_on == "vectors" else {})
    model = Model.from_document("net.json", overrides=['data.normalize="per_feature"'])
    model.fit(images["x_train"] if fitted_on == "images" else X[:180], Y[:180], epochs=3)
    model.save("net.npz")
    found, _ = evaluated(run)
    assert found["accuracy"] == model.evaluate(X[180:], Y[180:])["accuracy"]


def test_weights_whose_constants_got_lost_are_refused(run: Run) -> None:
    trained(run)
    save_weights("bare.npz", load_weights("net.npz").arrays, {})
    model = Model.from_document("net.json")
    model.load("bare.npz")
    model.save("net.npz")
    code, out, err = run("evaluate", "net.json")
    assert (code, out) == (2, "")
    assert 'net.npz: holds no normalisation constants, but its document says "normalize": "auto"' in err


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"x_train": X[:180] // 2}, "training data"),
        ({"y_train": (Y[:180] + 1) % 3}, "training data"),
        ({"x_test": X[180:] // 2}, "test data"),
        ({"y_test": (Y[180:] + 1) % 3}, "test data"),
        ({"class_names": np.array(["dog", "cat", "emu"])}, "class names"),
    ],
)
def test_a_run_is_resumed_with_the_same_data_alone(run: Run, change: dict[str, Any], part: str) -> None:
    trained(run)
    write(**change)
    longer = ("train", "net.json", "--quiet", "--resume", "--set", "training.epochs=9")
    code, _, err = run(*longer)
    assert code == 2
    assert f"the {part} are not those that the run was started with" in err
    code, _, err = run(*longer, "--no-test")
    assert code == (0 if part == "test data" else 2)


def test_compare_shows_no_figure_of_another_test_part(run: Run) -> None:
    seeds = ("--seeds", "0,1", "--format", "json")
    code, before, _ = run("compare", "net.json", "--test", *seeds)
    assert code == 0
    assert run("compare", "net.json", "--test", *seeds)[:2] == (0, before)
    write(y_test=(Y[180:] + 1) % 3)
    code, out, _ = run("compare", "net.json", "--test", *seeds)
    assert code == 0
    shown = [json.loads(text)[0]["accuracy"]["test"]["values"] for text in (before, out)]
    assert min(shown[0]) > 0.6
    assert max(shown[1]) < 0.4  # of the changed labels
    assert run("compare", "net.json", "--test", *seeds)[:2] == (0, out)


def test_compare_on_the_validation_part_does_not_look_at_the_test_part(run: Run) -> None:
    code, before, _ = run("compare", "net.json", "--format", "json")
    assert code == 0
    write(y_test=(Y[180:] + 1) % 3)
    assert run("compare", "net.json", "--format", "json")[:2] == (0, before)
    assert runs() == ["0001"]
    write(y_train=(Y[:180] + 1) % 3)
    assert run("compare", "net.json", "--format", "json")[0] == 0
    assert runs() == ["0001", "0002"]


@pytest.mark.parametrize("command", ["train", "compare"])
def test_a_limit_of_sorted_samples_has_all_classes(run: Run, command: str) -> None:
    order = np.argsort(ARRAYS["y_train"], kind="stable")
    write(x_train=X[:180][order], y_train=Y[:180][order])
    limit = ("net.json", "--limit", "60")
    code, out, err = run(command, *limit)
    assert (code, err) == (0, "")
    assert ("--limit 60: 60 samples of the training part, of 3 classes.\n" in out) == (command == "train")
    weights = "net.npz" if command == "train" else "net.runs/0001/weights.npz"
    found, _ = evaluated(run, "--weights", weights, "--split", "train")
    assert min(row["support"] for row in found["classes"]) >= 10


def test_a_limit_that_leaves_nothing_out_is_none(run: Run) -> None:
    trained(run, "--limit", "500")
    assert evaluated(run, "--split", "validation")[1] == ""
    code, _, err = run("train", "net.json", "--quiet", "--init-from", "net.npz", "--output", "b.npz")
    assert (code, err) == (0, "")
    code, _, err = run("train", "net.json", "--quiet", "--resume", "--set", "training.epochs=5")
    assert code == 2
    assert "--limit: 500 at the start, none now" in err


def test_a_limit_beyond_the_data_is_said_as_given(run: Run) -> None:
    out = run("train", "net.json", "--limit", "5000")[1]
    assert "--limit 5000: 180 samples of the training part, of 3 classes.\n" in out


def test_missing_classes_are_said(run: Run) -> None:
    code, _, err = run("train", "net.json", "--quiet", "--limit", "2", "--set", "data.validation_split=0")
    assert code == 0
    assert "note: --limit 2: 2 of 3 classes are among the training samples\n" in err


def test_weights_from_python_know_no_validation_part(run: Run) -> None:
    model = Model.from_document("net.json")
    model.fit(X[:180], Y[:180], epochs=2)
    model.save("net.npz")
    for part in ("validation", "train"):
        code, _, err = run("evaluate", "net.json", "--split", part)
        assert code == 2
        assert "which samples they were trained on, as after Model.fit" in err
        assert f"so that the {part} part of d is not known" in err
    found, _ = evaluated(run)
    assert found["accuracy"] == pytest.approx(model.evaluate(X[180:], Y[180:])["accuracy"])


def test_damaged_metadata_are_refused_by_every_command(run: Run) -> None:
    trained(run)
    file = load_weights("net.npz")
    save_weights("net.npz", file.arrays, {**file.meta, "data": {**file.meta["data"], "seed": "one"}})
    np.save("x.npy", X)
    for arguments in (
        ("evaluate", "net.json"),
        ("predict", "net.json", "x.npy"),
        ("train", "net.json", "--init-from", "net.npz", "--output", "b.npz"),
    ):
        code, _, err = run(*arguments)
        assert code == 2
        assert "net.npz: what it says of the data it was trained on is damaged: 'one' is no int" in err


@pytest.mark.parametrize("lacks", [{"data"}, {"data", "data.seed"}, {"data.seed"}])
def test_weights_of_an_older_version_are_measured_as_before(run: Run, lacks: set[str]) -> None:
    """Without data.seed they were split by training.seed, and so was the document beside them."""
    final = trained(run)["metrics"]
    file = load_weights("net.npz")
    meta = json.loads(json.dumps({key: value for key, value in file.meta.items() if key not in lacks}))
    if "data.seed" in lacks:
        del meta["document"]["data"]["seed"]
        before = {**DOCUMENT, "data": {key: value for key, value in DOCUMENT["data"].items() if key != "seed"}}
        Path("net.json").write_text(json.dumps(before))
    save_weights("net.npz", file.arrays, meta)
    for part in ("test", "validation"):
        found, said = evaluated(run, "--split", part)
        assert said == ""
        assert found["accuracy"] == pytest.approx(final[part]["accuracy"])
    found, said = evaluated(run, "--split", "validation", "--set", "data.seed=7")
    assert "the validation part is that of the training of the weights: data.seed 1" in said
    assert "net.npz was trained from another document: data.seed: 1 there, 7 now" in said
    assert said.count("older versions split by training.seed") == ("data.seed" in lacks)
    assert found["accuracy"] == pytest.approx(final["validation"]["accuracy"])


@pytest.mark.parametrize(("part", "change"), [("test", "x_test"), ("validation", "x_train")])
def test_older_weights_with_another_loss_than_they_record_are_noted(run: Run, part: str, change: str) -> None:
    trained(run)
    file = load_weights("net.npz")
    save_weights("net.npz", file.arrays, {key: value for key, value in file.meta.items() if key != "data"})
    write(**{change: ARRAYS[change][::-1]})
    _, said = evaluated(run, "--split", part)
    assert f"note: net.npz: the loss over the {part} part was " in said
    assert "the data, --limit or the document were others" in said


def test_older_weights_of_a_limited_training_are_noted(run: Run) -> None:
    trained(run, "--limit", "40")
    file = load_weights("net.npz")
    save_weights("net.npz", file.arrays, {key: value for key, value in file.meta.items() if key != "data"})
    assert "the loss over the validation part was " in evaluated(run, "--split", "validation")[1]
