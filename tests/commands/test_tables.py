"""From a table to a trained network and its predictions, by the commands."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn import Model
from graphnn.commands import predict_table
from graphnn.commands.main import main
from graphnn.datasets.loading import load
from graphnn.storage.weights import load_weights, save_weights

Run = Callable[..., tuple[int, str, str]]
Values = dict[str, Any]
LAYERS = [{"type": "Dense", "units": 16}, {"type": "ReLU"}, {"type": "Dense", "units": 2}, {"type": "Softmax"}]


def document(features: int, target: Any, **data: Any) -> Values:
    """Return a document on t.csv that tells two classes apart."""
    return {
        "input": {"shape": [features]},
        "layers": LAYERS,
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "Adam", "learning_rate": 0.01},
        "data": {"dataset": "csv", "path": "t.csv", "target": target, **data},
        "training": {"epochs": 60, "batch_size": 32},
    }


def households(count: int = 1000, first: int = 0) -> list[list[str]]:
    """Return rows of age, income, number of children, city, and whether they bought something."""
    draws = np.random.default_rng(3 + first)
    rows = []
    for _ in range(count):
        age, income, children = draws.integers(18, 81), draws.normal(60_000, 25_000), draws.integers(0, 6)
        bought = (age - 49) / 15 + (children - 2.5) > 0.01
        city = ["Oslo", "Paris", "Rome"][draws.integers(3)]
        rows.append([str(age), f"{income:.2f}", str(children), city, "yes" if bought else "no"])
    return rows


NAMES = ["age", "income", "children", "city", "bought"]


def write(file: str, rows: list[list[str]], names: list[str] | None = NAMES) -> None:
    """Write a table."""
    with Path(file).open("w", newline="") as stream:
        csv.writer(stream).writerows([*([names] if names else []), *rows])


def read(file: str, delimiter: str = ",") -> list[dict[str, str]]:
    """Return the rows of a table."""
    with Path(file).open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder of its own, and return its exit code, output and errors without the folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err.replace(f"{tmp_path}/", "")

    return run


@pytest.fixture(scope="module")
def trained_on_households(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the table of households, its document and its weights, to copy."""
    folder = tmp_path_factory.mktemp("households")
    write(str(folder / "t.csv"), households())
    (folder / "net.json").write_text(json.dumps(document(6, "bought"), indent=1))
    assert main(["train", str(folder / "net.json"), "--quiet"]) == 0
    return folder


@pytest.fixture
def bought(run: Run, trained_on_households: Path) -> Run:
    """Return `run` in a copy of that folder."""
    shutil.copytree(trained_on_households, Path.cwd(), dirs_exist_ok=True)
    return run


def test_households_are_told_apart(bought: Run) -> None:
    meta = load_weights("net.npz").meta
    assert meta["metrics"]["test"]["accuracy"] >= 0.99
    assert meta["classes"] == ["no", "yes"]
    assert meta["normalisation"]["mode"] == meta["document"]["data"]["normalize"] == "per_feature"
    code, out, err = bought("evaluate", "net.json", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["accuracy"] == meta["metrics"]["test"]["accuracy"]
    for part in ("validation", "train"):
        assert bought("evaluate", "net.json", "--split", part)[::2] == (0, "")


def test_flowers_with_decimal_commas_are_told_apart(run: Run) -> None:
    draws = np.random.default_rng(1)
    centres = {"setosa": (5.0, 3.4, 1.5, 0.2), "versicolor": (5.9, 2.8, 4.3, 1.3), "virginica": (6.6, 3.0, 5.6, 2.0)}
    spread = {
        "setosa": (0.35, 0.38, 0.17, 0.1),
        "versicolor": (0.5, 0.3, 0.45, 0.2),
        "virginica": (0.6, 0.3, 0.55, 0.27),
    }
    lines = ["sepal length;sepal width;petal length;petal width;species"]
    for name, centre in centres.items():
        for row in draws.normal(centre, spread[name], (50, 4)).round(1):
            lines.append(";".join([*(str(value).replace(".", ",") for value in row.tolist()), name]))
    Path("t.csv").write_text("\n".join(lines))
    values = document(4, "species")
    values["layers"] = [*LAYERS[:2], {"type": "Dense", "units": 3}, LAYERS[3]]
    Path("net.json").write_text(json.dumps(values))
    assert run("train", "net.json", "--quiet")[::2] == (0, "")
    assert load_weights("net.npz").meta["metrics"]["test"]["accuracy"] >= 0.95
    assert run("predict", "net.json", "t.csv", "--output", "out.csv")[:2] == (
        0,
        "out.csv written: 150 rows with their predictions.\n",
    )
    found = read("out.csv", ";")
    assert list(found[0])[5:] == ["predicted species", *(f"probability of {name}" for name in centres)]
    assert sum(row["species"] == row["predicted species"] for row in found) >= 140
    shares = [sum(float(row[f"probability of {name}"].replace(",", ".")) for name in centres) for row in found]
    np.testing.assert_allclose(shares, 1, atol=1e-5)


def test_rows_are_predicted_whatever_the_order_of_their_columns(bought: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = households(50, first=1)
    write("new.csv", rows)
    shuffled = [[row[3], "a note, too", row[0], row[2], row[1]] for row in rows]
    write("other.csv", shuffled, ["city", "remark", "age", "children", "income"])
    code, _, err = bought("predict", "net.json", "new.csv", "--output", "a.csv")
    assert (code, err) == (0, "")
    code, _, err = bought("predict", "net.json", "other.csv", "--output", "b.csv")
    assert (code, err) == (
        0,
        'note: other.csv: the weights know nothing of the columns "remark", which play no part\n',
    )
    first, second = read("a.csv"), read("b.csv")
    added = ["predicted bought", "probability of no", "probability of yes"]
    assert [[row[name] for name in added] for row in first] == [[row[name] for name in added] for row in second]
    assert [list(row.values())[:5] for row in second] == shuffled
    assert sum(row["bought"] == row["predicted bought"] for row in first) >= 48
    code, out, _ = bought("predict", "net.json", "new.csv", "--format", "json")
    found = json.loads(out)
    assert found[0]["line"] == 2
    assert found[0]["row"] == dict(zip(NAMES, rows[0], strict=True))
    assert found[7]["predictions"]["predicted bought"] == first[7]["predicted bought"]
    code, out, _ = bought("predict", "net.json", "new.csv", "--format", "csv")
    assert next(csv.reader(out.splitlines())) == [*NAMES, *added]
    code, out, _ = bought("predict", "net.json", "new.csv")
    assert out.splitlines()[0].split() == [*NAMES, "predicted", "bought", "probability"]
    monkeypatch.setenv("COLUMNS", "50")
    code, out, _ = bought("predict", "net.json", "new.csv")
    assert out.splitlines()[0].split() == ["line", "bought", "predicted", "bought", "probability"]
    assert out.splitlines()[2].split()[:2] == ["2", rows[0][4]]


@pytest.mark.parametrize(
    ("names", "row", "arguments", "message"),
    [
        (NAMES[:3], ["1", "2", "3"], [], 'new.csv: there is no column "city", which the table that the weights were'),
        (
            ["age", "income", "childern", "city"],
            ["1", "2", "3", "Rome"],
            [],
            'which the table that the weights were trained on has; did you mean "childern"?',
        ),
        ([*NAMES[:4], "predicted bought"], ["1", "2", "3", "Rome", ""], [], 'has a column "predicted bought" already'),
        (NAMES, ["1", "2", "3", "Rome", ""], ["--top", "2"], "--top is for pictures and arrays"),
        (NAMES, ["1", "2", "3", "Rome", ""], ["--invert"], "--invert is for pictures and arrays"),
        (NAMES, ["1", "2", "3", "Rome", ""], ["--as-is"], "--as-is is for pictures; the rows of a table are numbers"),
        (NAMES, ["1", "2", "3", "Rome", ""], ["--show"], "--show is for pictures"),
        (NAMES, ["1", "2", "3", "Rome", ""], ["--save-input", "x.png"], "--save-input is for pictures"),
        (NAMES, ["1", "2", "3", "Rome", ""], ["--output", "new.csv"], "new.csv: is the table itself; name another"),
        (NAMES, ["1", "2", "3", "Rome", ""], ["--output", "no/p.csv"], "no/p.csv: there is no folder "),
        (NAMES, ["1", "2", "3", "Rome", ""], ["--output", "t.csv"], "t.csv: holds no predictions, so it is not"),
        (
            NAMES,
            ["1", "2", "3", "Rome", ""],
            ["--output", "p.csv", "--format", "json"],
            "--format is for what is printed",
        ),
        (NAMES, ["1", "2", "3", "Rome", ""], ["new.csv"], "predict takes one table at a time"),
        (None, [], [], "new.csv: no such file"),
    ],
)
def test_rows_that_do_not_fit_are_refused(
    bought: Run, names: list[str] | None, row: list[str], arguments: list[str], message: str
) -> None:
    if names is not None:
        write("new.csv", [row], names)
    code, out, err = bought("predict", "net.json", "new.csv", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert not Path("p.csv").exists()


def test_a_row_that_does_not_fit_does_not_hide_the_others(bought: Run) -> None:
    rows = households(2500, first=1)
    good = [row for row in rows if row[3] != "Rome"]
    bad = {3: (0, "x"), 1030: (2, ""), 1031: (3, "rome"), 2499: (1, "1e99")}  # in two parts of the table
    for index, (column, text) in bad.items():
        rows[index] = ["1", "2", "3", "Rome", "no"]
        rows[index][column] = text
    rows[7] = ["", "y", "3", "Roma", "no"]
    write("new.csv", rows)
    for suffix in ("csv", "jsonl", "json"):
        code, out, err = bought("predict", "net.json", "new.csv", "--output", f"p.{suffix}")
        assert code == 2
        assert out == f"p.{suffix} written: 2,500 rows with their predictions, 5 of them without.\n"
        lines = err.splitlines()
        assert lines[0] == 'new.csv:5: column "age": "x" is not a number with a decimal point'
        assert lines[1].startswith(
            'new.csv:9: column "age": the cell is empty. The weights were trained to refuse such'
        )
        assert lines[2] == 'new.csv:9: column "income": "y" is not a number with a decimal point'
        assert lines[3].startswith(
            'new.csv:9: column "city": "Roma" is no category of the training table; did you mean'
        )
        assert lines[4].startswith('new.csv:1032: column "children": the cell is empty.')
        assert lines[5].startswith('new.csv:1033: column "city": "rome" is no category of the training table; did you')
        assert lines[6].startswith('new.csv:2501: column "income": 1e+99 is not a finite float32')
    found = read("p.csv")
    assert [index for index, row in enumerate(found) if not row["predicted bought"]] == sorted([*bad, 7])
    data = json.loads(Path("p.json").read_text())
    assert data == [json.loads(line) for line in Path("p.jsonl").read_text().splitlines()]
    assert [index for index, row in enumerate(data) if "error" in row] == sorted([*bad, 7])
    assert data[3]["error"] == lines[0]
    assert data[3]["predictions"]["predicted bought"] is None
    assert [list(row["row"].values()) for row in data] == rows
    write("good.csv", good)
    assert bought("predict", "net.json", "good.csv", "--output", "q.csv")[0] == 0
    known = {tuple(row.values())[:5]: tuple(row.values())[5:] for row in read("q.csv")}
    both = [row for row in found if tuple(row.values())[:5] in known]
    assert len(both) > 1000
    for row in both:
        values = tuple(row.values())
        assert values[5] == known[values[:5]][0]
        np.testing.assert_allclose([*map(float, values[6:])], [*map(float, known[values[:5]][1:])], atol=1e-6)


def test_many_rows_that_do_not_fit_are_counted(bought: Run) -> None:
    rows = [["1", "2", "3", "Bonn", "no"]] * 30
    write("new.csv", rows)
    code, _, err = bought("predict", "net.json", "new.csv", "--format", "csv")
    assert (code, len(err.splitlines()), err.splitlines()[-1]) == (2, 11, "new.csv: and 20 more rows")


def test_a_row_of_another_table_ends_it_after_the_rows_before(bought: Run) -> None:
    write("new.csv", [*households(1500), ["1", "2"]])
    code, out, err = bought("predict", "net.json", "new.csv", "--format", "jsonl")
    assert (code, len(out.splitlines())) == (2, 1024)
    assert err.startswith("new.csv:1502: has 2 cells, but the table 5 columns")
    code, out, _ = bought("predict", "net.json", "new.csv", "--output", "p.csv")
    assert (code, out, Path("p.csv").exists()) == (2, "", False)


def test_rows_are_predicted_by_the_kernels_of_the_training(bought: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    predictions = predict_table.predictions

    def recorded(*arguments: Any, **more: Any) -> Any:
        used.append(more["kernels"])
        return predictions(*arguments, **more)

    monkeypatch.setattr(predict_table, "predictions", recorded)
    assert bought("predict", "net.json", "t.csv", "--output", "p.csv")[0] == 0
    assert used == [load_weights("net.npz").meta["kernels"]]


def test_predictions_replace_predictions_alone(bought: Run) -> None:
    table = Path("t.csv").read_text()
    assert bought("predict", "net.json", "t.csv", "--output", "p.csv")[0] == 0
    Path("new.csv").write_text("".join(table.splitlines(keepends=True)[:4]))
    assert bought("predict", "net.json", "new.csv", "--output", "t.csv")[0] == 2
    assert bought("predict", "net.json", "new.csv", "--output", "p.csv")[0] == 0
    assert (len(read("p.csv")), Path("t.csv").read_text()) == (3, table)


@pytest.mark.parametrize("option", ["", "numpy"])
def test_rows_are_computed_by_the_kernels_of_the_training(
    option: str, bought: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    file = load_weights("net.npz")
    save_weights("net.npz", dict(file.arrays), {**file.meta, "kernels": "numba"})
    used = []

    def computed(*_: Any, kernels: str | None, **more: Any) -> list[Any]:
        used.append(kernels)
        return []

    monkeypatch.setattr(predict_table, "predictions", computed)
    assert bought("predict", "net.json", "t.csv", *(["--kernels", option] if option else []))[0] == 0
    assert used == [option or "numba"]


def test_numbers_of_columns_serve_where_there_are_no_names(run: Run) -> None:
    rows = households(200)
    write("t.csv", rows, None)
    Path("net.json").write_text(json.dumps(document(6, 5)))
    assert run("train", "net.json", "--quiet", "--output", "net.npz", "--set", "training.epochs=3")[::2] == (0, "")
    write("whole.csv", rows[:20], None)
    write("bare.csv", [row[:4] for row in rows[:20]], None)
    for file in ("whole", "bare"):
        assert run("predict", "net.json", f"{file}.csv", "--output", f"{file}.out")[0] == 0
    names = ["predicted 5", "probability of no"]
    assert [[row[name] for name in names] for row in read("whole.out")] == [
        [row[name] for name in names] for row in read("bare.out")
    ]
    write("short.csv", [row[:3] for row in rows[:20]], None)
    code, _, err = run("predict", "net.json", "short.csv")
    assert code == 2
    assert "has 3 columns, but the table that the weights were trained on 5, or 4 without the answers" in err


def test_numbers_are_predicted_beside_the_rows(run: Run) -> None:
    draws = np.random.default_rng(2)
    rows = [[f"{a:.4f}", f"{b:.4f}", f"{2 * a - b:.4f}", f"{a + b:.4f}"] for a, b in draws.normal(size=(400, 2))]
    write("t.csv", rows, ["a", "b", "w", "h"])
    values = document(2, ["h", "w"])
    values.update(layers=[{"type": "Dense", "units": 2}], loss={"type": "MeanSquaredError"})
    values.update(optimizer={"type": "Adam", "learning_rate": 0.1}, training={"epochs": 15, "batch_size": 16})
    Path("net.json").write_text(json.dumps(values))
    assert run("train", "net.json", "--quiet")[::2] == (0, "")
    assert run("predict", "net.json", "t.csv", "--output", "out.csv")[0] == 0
    found = read("out.csv")
    assert list(found[0]) == ["a", "b", "w", "h", "predicted h", "predicted w"]
    errors = [abs(float(row["h"]) - float(row["predicted h"])) for row in found]
    assert max(errors) < 0.05


def test_yes_or_no_has_the_names_of_its_two_classes(run: Run) -> None:
    write("t.csv", households(400))
    values = document(6, "bought")
    values.update(layers=[*LAYERS[:2], {"type": "Dense", "units": 1}, {"type": "Sigmoid"}])
    values.update(loss={"type": "BinaryCrossEntropy"}, training={"epochs": 20, "batch_size": 16})
    Path("net.json").write_text(json.dumps(values))
    assert run("train", "net.json", "--quiet")[::2] == (0, "")
    _, out, _ = run("evaluate", "net.json")
    assert ("no" in out, "yes" in out) == (True, True)
    assert run("predict", "net.json", "t.csv", "--output", "out.csv")[0] == 0
    found = read("out.csv")
    assert list(found[0])[5:] == ["predicted bought", "probability of yes"]
    assert np.mean([row["bought"] == row["predicted bought"] for row in found]) > 0.9


def test_notes_of_a_table_come_once(bought: Run) -> None:
    rows = [[str(k), *row] for k, row in enumerate(households(60))]
    write("t.csv", rows, ["id", *NAMES])
    start = (
        "train",
        "net.json",
        "--quiet",
        "--output",
        "b.npz",
        "--set",
        "input.shape=[7]",
        "--set",
        "training.epochs=1",
    )
    code, _, err = bought(*start)
    assert (code, 'column "id" only numbers the rows; leave it out: "ignore": ["id"]' in err) == (0, True)
    code, _, err = bought("evaluate", "net.json", "--set", "input.shape=[7]", "--weights", "b.npz")
    assert (code, "numbers the rows" in err) == (0, False)
    Path("new.csv").write_bytes(f"remark,{','.join(NAMES[:4])}\nKöln,30,50000,1,Rome\n".encode("latin-1"))
    code, _, err = bought("predict", "net.json", "new.csv")
    assert (code, "new.csv: is not UTF-8, so it was read as Windows-1252" in err) == (0, True)


def test_a_wrong_input_shape_lists_the_columns(bought: Run) -> None:
    code, _, err = bought("train", "net.json", "--dry-run", "--set", "input.shape=[4]")
    assert code == 2
    assert (
        "input.shape: the samples of csv are 6, but the network's input is 4; set input.shape to [6]: the columns give "
        "so many features: age 1, income 1, children 1, city 3 (Oslo, Paris, Rome)" in err
    )


def test_notes_and_errors_name_the_column(bought: Run) -> None:
    write("t.csv", [["7", *row[1:]] for row in households(100)])
    code, _, err = bought("train", "net.json", "--dry-run")
    assert (code, 'column "age" is constant; it says nothing about the labels' in err) == (0, True)
    write("t.csv", [[row[0], f"{1.7e9 + int(row[2])}", *row[2:]] for row in households(100)])
    code, _, err = bought("train", "net.json", "--dry-run", "--set", "data.normalize=none")
    assert (code, 'column "income" of the inputs varies by 5 from 1700000000 on' in err) == (2, True)


def test_too_few_outputs_are_refused_with_the_classes(bought: Run) -> None:
    code, _, err = bought("train", "net.json", "--dry-run", "--set", "data.target=city", "--set", "input.shape=[4]")
    assert code == 2
    assert 'layers[2].units: the network has 2 outputs for 3 classes, "Oslo", "Paris", "Rome"; write 3 units' in err


def test_evaluate_reads_a_changed_table_as_the_weights_do(bought: Run) -> None:
    before = json.loads(bought("evaluate", "net.json", "--format", "json")[1])
    write("t.csv", [row[::-1] for row in households()], NAMES[::-1])  # the same columns in another order
    code, out, err = bought("evaluate", "net.json", "--format", "json")
    assert (code, json.loads(out)["loss"], err) == (0, before["loss"], "")
    write("t.csv", [row for row in households() if row[3] != "Oslo"])  # a category less
    code, out, err = bought("evaluate", "net.json", "--format", "json")
    assert (code, json.loads(out)["accuracy"] > 0.97) == (0, True)
    assert "the test part of t is not that of the data that the weights were trained on, and may hold samples" in err
    code, _, err = bought("evaluate", "net.json", "--split", "train")
    assert (code, "the weights were trained on other data" in err) == (2, True)
    write("t.csv", [[*row[:3], "Lima", row[4]] for row in households()])
    code, _, err = bought("evaluate", "net.json")
    assert (code, '"Lima" is no category of the training table; known: Oslo, Paris, Rome' in err) == (2, True)


def test_evaluate_takes_the_test_part_of_the_training_whatever_the_seed_is_now(bought: Run) -> None:
    before = json.loads(bought("evaluate", "net.json", "--format", "json")[1])
    for change in ("data.seed=4", "data.test_split=0.5"):
        code, out, _ = bought("evaluate", "net.json", "--format", "json", "--set", change)
        assert (code, json.loads(out)["samples"], json.loads(out)["loss"]) == (0, 200, before["loss"])


def test_a_run_is_resumed_with_the_same_columns_alone(bought: Run) -> None:
    longer = ("train", "net.json", "--quiet", "--resume", "--set", "training.epochs=61")
    renamed = [[*row[:3], {"Oslo": "Lima", "Paris": "Nice"}.get(row[3], row[3]), row[4]] for row in households()]
    write("t.csv", renamed)
    code, _, err = bought(*longer)
    assert (code, "the columns are not those that the run was started with" in err) == (2, True)
    write("t.csv", households())
    assert bought(*longer)[0] == 0


def test_a_further_training_on_other_columns_says_so(bought: Run) -> None:
    start = ("train", "net.json", "--quiet", "--init-from", "net.npz", "--output", "b.npz", "--dry-run")
    assert bought(*start)[::2] == (0, "")
    write("t.csv", [[row[1], row[0], *row[2:]] for row in households()], ["income", "age", *NAMES[2:]])
    code, _, err = bought(*start)
    assert code == 0
    assert 'net.npz: feature 0 was "age", and is "income" now' in err


def test_the_other_commands_take_tables(bought: Run) -> None:
    assert bought("train", "net.json", "--quiet", "--limit", "100", "--set", "training.epochs=1")[0] == 0
    code, out, _ = bought("compare", "net.json", "--set", "training.epochs=1", "--limit", "50")
    assert (code, "accuracy" in out) == (0, True)
    code, out, _ = bought("runs", "net.json")
    assert code == 0
    assert bought("inspect", "net.json")[0] == 0


def test_compare_knows_variants_on_other_columns_again(bought: Run) -> None:
    changes = {"data.ignore": ["city"], "input.shape": [3]}
    Path("ways.json").write_text(json.dumps({"variants": [{"name": "no city", "set": changes}]}))
    arguments = ("compare", "net.json", "--set", "training.epochs=1", "--variants", "ways.json", "--format", "csv")
    code, first, _ = bought(*arguments)
    count = len(list(Path("net.runs").iterdir()))
    assert (code, bought(*arguments)[1], len(list(Path("net.runs").iterdir()))) == (0, first, count)


def test_missing_values_take_the_mean_in_new_rows_too(run: Run) -> None:
    rows = households(200)
    rows[5][0] = rows[6][3] = ""
    write("t.csv", rows)
    Path("net.json").write_text(json.dumps(document(6, "bought", missing="mean")))
    assert run("train", "net.json", "--quiet", "--output", "net.npz", "--set", "training.epochs=3")[::2] == (0, "")
    mean = load_weights("net.npz").meta["data"]["table"]["columns"][0]["mean"]
    write("new.csv", [["", "60000", "5", "", ""], [repr(mean), "60000", "5", "", ""]])
    code, out, _ = run("predict", "net.json", "new.csv", "--format", "json")
    first, second = (one["predictions"] for one in json.loads(out))
    assert (code, first) == (0, second)


def test_a_table_in_python(bought: Run) -> None:
    model = Model.from_document("net.json")
    data = load("csv", path="t.csv", settings={"target": "bought"})
    model.fit(data.x_train, data.y_train, epochs=60, batch_size=32)
    assert model.evaluate(data.x_test, data.y_test)["accuracy"] > 0.98
    assert model.to_document()["data"]["target"] == "bought"
    assert model.to_document(data={"dataset": "npz", "path": "a.npz"})["data"]["dataset"] == "npz"
    model.save("m.npz")
    assert bought("evaluate", "net.json", "--weights", "m.npz")[0] == 0


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("columns", [], "the columns of the table are not different ones, or there are none"),
        ("columns", [{"name": "age", "kind": "date"}], "the kind of the column 'age' is 'date'"),
        ("columns", [{"name": "age", "kind": "categories"}], "the categories of the column 'age' are not different"),
        ("columns", [{"name": 5}], "table.columns[0]"),
        ("missing", "mode", "table.missing is 'mode', where refuse or mean is needed"),
        ("targets", "x", "table.targets is 'x'"),
    ],
)
def test_damaged_columns_in_weights_are_refused(bought: Run, key: str, value: Any, message: str) -> None:
    file = load_weights("net.npz")
    file.meta["data"]["table"][key] = value
    save_weights("net.npz", file.arrays, file.meta)
    for command in (("evaluate", "net.json"), ("predict", "net.json", "t.csv")):
        code, out, err = bought(*command)
        assert (code, out) == (2, "")
        assert "what it says of the data it was trained on is damaged" in err
        assert message in err
