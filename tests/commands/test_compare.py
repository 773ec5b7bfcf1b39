"""compare, called in this process: the table, which trainings are repeated or resumed, and which are refused."""

import itertools
import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands import compare as command
from graphnn.engine.engine import Engine
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import RunStore

Compare = Callable[..., tuple[int, str, str]]
VARIANTS = {
    "set": {"data.validation_split": 0.2},
    "variants": [
        {"name": "no dropout", "set": {"layers[3]": None}},
        {"name": "hardly trained", "set": {"training.epochs": 1, "optimizer.learning_rate": 1e-6}},
    ],
}


@pytest.fixture
def variants(tmp_path: Path) -> Path:
    """A file of two variants."""
    file = tmp_path / "variants.json"
    file.write_text(json.dumps(VARIANTS), encoding="utf-8")
    return file


@pytest.fixture
def compare(document: Path, capsys: pytest.CaptureFixture[str]) -> Compare:
    """Run `compare net.json ARGUMENTS…` in this process and return its exit code, output and errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = command.main([str(document), "--limit", "300", *map(str, arguments)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def rows(out: str) -> dict[str, list[str]]:
    """Return the rows of the table by variant."""
    lines = out[out.index("─") :].splitlines()[1:]
    return {cells[0]: cells[1:] for cells in (re.split(r"  +", line) for line in lines)}


def runs(document: Path) -> list[RunFolder]:
    """Return the runs beside a document."""
    return RunStore(document.with_suffix(".runs")).runs()


def test_the_table_shows_each_variant_beside_the_document(compare: Compare, variants: Path, document: Path) -> None:
    code, out, err = compare("--variants", variants)
    assert (code, err) == (0, "")
    assert "1 of 3: as it is, seed 1" in out
    found = rows(out)
    assert list(found) == ["as it is", "no dropout", "hardly trained"]
    plain, worse = (float(found[name][0].rstrip("%")) for name in ("as it is", "hardly trained"))
    assert worse < plain - 20
    assert found["hardly trained"][1] == f"−{plain - worse:.2f}%"
    assert sorted(file.name for file in document.parent.iterdir()) == ["net.json", "net.runs", "variants.json"]
    resolved = [json.loads(run.document.read_text()) for run in runs(document)]
    assert ["Dropout" in [layer["type"] for layer in each["layers"]] for each in resolved] == [True, False, True]
    assert [each["training"]["epochs"] for each in resolved] == [3, 3, 1]


def test_finished_trainings_are_not_repeated(compare: Compare, variants: Path, document: Path) -> None:
    first = compare("--variants", variants)[1]
    before = {file: file.stat().st_mtime_ns for file in document.parent.rglob("*")}
    code, out, err = compare("--variants", variants)
    assert (code, err) == (0, "")
    assert re.findall(r"^(\d) of 3: .*: run (\d)$", out, re.MULTILINE) == [(n, n) for n in "123"]
    assert rows(out) == rows(first)
    assert {file: file.stat().st_mtime_ns for file in document.parent.rglob("*")} == before


def test_seeds_give_mean_and_deviation(compare: Compare) -> None:
    code, out, _ = compare("--seeds", "0,1,2", "--markdown")
    assert code == 0
    row = out.splitlines()[-1]
    accuracy, loss = r"\d+\.\d\d% ± \d+\.\d\d%", r"\d\.\d{4} ± \d\.\d{4}"
    cells = ("as it is", accuracy, "", loss, accuracy, loss, r"\d+:\d\d")
    assert re.fullmatch(r"\| " + r" \| ".join(cells) + r" \|", row), row


def test_a_note_that_all_trainings_share_is_printed_once(compare: Compare, document: Path) -> None:
    schedule = 'optimizer.schedule={"type": "step", "every": 50}'
    code, _, err = compare("--seeds", "0,1", "--set", schedule)
    assert code == 0
    assert err.count("the learning rate never changes") == 1


def test_the_test_part_on_demand(compare: Compare) -> None:
    code, out, _ = compare("--test")
    assert code == 0
    assert "test" in out.split("─")[0]


def test_programs_read_nothing_but_the_report(compare: Compare) -> None:
    code, out, err = compare("--format", "json")
    assert code == 0
    assert [each["variant"] for each in json.loads(out)] == ["as it is"]
    assert err.startswith("1 of 1: as it is, seed 1\n")
    assert compare("--format", "markdown")[1] == compare("--markdown")[1]


def test_other_settings_are_another_training(compare: Compare, document: Path) -> None:
    first = rows(compare()[1])
    for change, trained in (
        (("--set", "training.epochs=2"), 1),
        (("--limit", "200"), 1),
        (("--seeds", "2"), 1),
        (("--seeds", "1"), 0),  # that of the document
        (("--kernels", "numpy"), 0),  # a network without images has these kernels only
        (("--set", "name=other", "--set", "description=other"), 0),  # no result depends on these
        ((), 0),
    ):
        before = len(runs(document))
        code, out, err = compare(*change)
        assert (code, err) == (0, "")
        assert ("1 of 1: as it is, seed 1: run 1" not in out, len(runs(document)) - before) == (trained, trained)
    assert rows(out) == first


def test_the_test_part_is_measured_later(
    compare: Compare, document: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    compare("--seeds", "0,1")
    weights = [run.weights.read_bytes() for run in runs(document)]
    code, out, err = compare("--seeds", "0,1", "--test")
    assert (code, err) == (0, "")
    assert out.startswith("1 of 2: as it is, seed 0: measured\n2 of 2: as it is, seed 1: measured\n")
    assert [run.weights.read_bytes() for run in runs(document)] == weights
    anew = compare("--seeds", "0,1", "--test", "--output", tmp_path_factory.mktemp("anew") / "runs")[1]
    assert rows(anew)["as it is"][0] == rows(out)["as it is"][0]
    assert ": measured" not in compare("--seeds", "0,1", "--test")[1]


def test_other_data_are_another_training(compare: Compare, document: Path, tmp_path: Path) -> None:
    """Data are known by what is in the file, not by its name; the test part counts where it is measured."""
    for name in ("a", "b"):
        np.savez(tmp_path / f"{name}.npz", **samples(seed=ord(name)))
    shutil.copy(tmp_path / "a.npz", tmp_path / "c.npz")
    values = {"data.dataset": "npz", "data.validation_split": 0.2, "input.shape": [64]}
    common = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]

    def made(name: str, *options: str) -> int:
        before = len(runs(document))
        assert compare(*common, "--set", f"data.path={tmp_path / name}.npz", *options)[0] == 0
        return len(runs(document)) - before

    assert [made(name) for name in ("a", "a", "c", "b", "b")] == [1, 0, 0, 1, 0]
    shutil.copy(tmp_path / "b.npz", tmp_path / "a.npz")
    assert made("a") == 0
    np.savez(tmp_path / "d.npz", **samples(seed=5))
    shutil.copy(tmp_path / "d.npz", tmp_path / "a.npz")
    assert made("a") == 1
    assert made("a", "--test") == 0
    arrays = samples(seed=5)
    np.savez(tmp_path / "a.npz", **{**arrays, "y_test": arrays["y_test"][::-1]})
    assert made("a") == 0
    assert made("a", "--test") == 1
    assert made("d", "--test") == 0


def test_variants_of_a_drawn_test_part_are_known_again(compare: Compare, document: Path, tmp_path: Path) -> None:
    whole = samples(seed=1)
    np.savez(tmp_path / "a.npz", x=whole["x_train"], y=whole["y_train"])
    file = tmp_path / "variants.json"
    file.write_text(json.dumps({"variants": [{"name": "half", "set": {"data.test_split": 0.5}}]}))
    values = {"data.dataset": "npz", "data.path": tmp_path / "a.npz", "input.shape": [64]}
    common = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    for _ in range(2):
        assert compare(*common, "--variants", file, "--test")[0] == 0
        assert len(runs(document)) == 2
    first, second = (run.facts().data["training data"] for run in runs(document))
    assert first != second


def samples(seed: int) -> dict[str, Any]:
    """Return the arrays of a small data set."""
    rng = np.random.default_rng(seed)
    x = rng.random((80, 64), np.float32)
    y = np.arange(80) % 10
    return {"x_train": x[:60], "y_train": y[:60], "x_test": x[60:], "y_test": y[60:]}


def test_a_diverged_variant_has_a_row_and_the_others_are_trained(compare: Compare, tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    wild = {"optimizer": {"type": "SGD", "learning_rate": 1e30}}
    listed = [{"name": "wild", "set": wild}, {"name": "slow", "set": {"optimizer.learning_rate": 1e-4}}]
    file.write_text(json.dumps({"variants": listed}), encoding="utf-8")
    code, out, err = compare("--variants", file)
    assert code == 3
    assert "Try a learning rate smaller" in err
    found = rows(out)
    assert list(found) == ["as it is", "wild", "slow"]
    assert found["wild"] == ["diverged"]
    assert found["slow"][1].startswith(("−", "+"))


def test_variants_may_have_other_figures(compare: Compare, tmp_path: Path) -> None:
    """The table shows the metric that all have: between an accuracy and a mean absolute error, that is the loss."""
    x = np.random.default_rng(0).random((60, 64), np.float32)
    y = (x[:, :1] > 0.5).astype(np.float32)
    np.savez(tmp_path / "samples.npz", x_train=x, y_train=y, x_test=x[::-1], y_test=y[::-1])
    file = tmp_path / "variants.json"
    file.write_text(json.dumps({"variants": [{"name": "other loss", "set": {"loss.type": "MeanSquaredError"}}]}))
    values = {
        "data.dataset": "npz",
        "data.path": tmp_path / "samples.npz",
        "layers[4].units": 1,
        "layers[5].type": "Sigmoid",
    }
    values["loss.type"] = "BinaryCrossEntropy"
    options = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    code, out, err = compare(*options, "--variants", file)
    assert (code, err) == (0, "")
    assert "loss" in out.split("─")[0].splitlines()[-1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"training.seed": 3}, ['variant "bad":', "--seeds gives the seeds; leave training.seed out here"]),
        ({"layers.hiden.units": 8}, ['variant "bad":', 'there is no layer "hiden"; did you mean "hidden"?']),
        ({"layers.output.units": 9}, ['variant "bad":', "digits has 10 classes"]),
        ({"training.epoch": 9}, ['variant "bad":', 'write "epochs": 9']),
    ],
)
def test_a_wrong_variant_is_reported_before_the_first_training(
    compare: Compare, tmp_path: Path, document: Path, changes: dict[str, Any], said: list[str]
) -> None:
    file = tmp_path / "variants.json"
    file.write_text(json.dumps({"variants": [{"name": "bad", "set": changes}]}), encoding="utf-8")
    code, out, err = compare("--variants", file, "--seeds", "0,1")
    assert (code, out) == (2, "")
    assert all(part in err for part in said)
    assert f"{file}:1:" in err
    assert "^" in err
    assert not runs(document)


def test_mistakes_in_all_variants_are_reported_together(compare: Compare, tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    bad = [{"name": f"bad {units}", "set": {"layers.hidden.units": units}} for units in (0, -1)]
    good = {"name": "good", "set": {"layers.hidden.units": 8}}
    file.write_text(json.dumps({"variants": [bad[0], good, bad[1]]}), encoding="utf-8")
    code, _, err = compare("--variants", file)
    assert code == 2
    assert err.splitlines()[0] == 'variant "bad 0":'
    assert err.count("must be at least 1, found") == 2
    assert 'variant "bad -1":' in err
    assert "good" not in [line.split('"')[1] for line in err.splitlines() if line.startswith("variant")]


def test_a_mistake_that_all_variants_share_is_reported_once(compare: Compare, tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    values = {"set": {"layers.hidden.units": 0}, "variants": [{"name": "a", "set": {}}, {"name": "b", "set": {}}]}
    file.write_text(json.dumps(values), encoding="utf-8")
    code, _, err = compare("--variants", file)
    assert code == 2
    assert err.startswith('variant "as it is":\n')
    assert err.count("must be at least 1, found 0") == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"training.batch_size": 500, "training.drop_last": True}, "drop_last leaves nothing to train on"),
        ({"training.averaging": {"type": "lookahead", "every": 50}}, "never happens in a run of 15"),
    ],
)
def test_a_variant_too_long_for_the_data_is_reported_before_the_first_training(
    compare: Compare, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    file = tmp_path / "variants.json"
    file.write_text(json.dumps({"variants": [{"name": "bad", "set": changes}]}), encoding="utf-8")
    code, out, err = compare("--variants", file)
    assert (code, out) == (2, "")
    assert 'variant "bad":' in err
    assert said in err


def test_names_with_the_same_words_are_of_different_variants(compare: Compare, tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    same = [{"name": name, "set": {"layers.hidden.units": units}} for name, units in (("a b", 4), ("a-b", 5))]
    file.write_text(json.dumps({"variants": same}), encoding="utf-8")
    code, out, err = compare("--variants", file)
    assert (code, err) == (0, "")
    assert list(rows(out)) == ["as it is", "a b", "a-b"]


def test_a_missing_validation_part_and_a_repeated_seed_are_refused(compare: Compare, document: Path) -> None:
    code, _, err = compare("--set", "data.validation_split=0")
    assert code == 2
    assert "measure on the test part with --test" in err
    code, _, err = compare("--seeds", "1,1")
    assert code == 2
    assert '"1,1" names a seed twice' in err
    assert not runs(document)


def test_an_interrupted_comparison_continues(
    compare: Compare, document: Path, monkeypatch: pytest.MonkeyPatch, train: Callable[..., Any]
) -> None:
    step, steps = Engine.train_step, itertools.count()

    def disturbed(self: Engine, *arguments: Any, **options: Any) -> Any:
        if next(steps) == 7:  # there are 5 in an epoch
            signal.raise_signal(signal.SIGINT)
        return step(self, *arguments, **options)

    monkeypatch.setattr(Engine, "train_step", disturbed)
    code, out, err = compare("--seeds", "0,1")
    assert code == 130
    assert "Interrupted in epoch 2 of 3" in err
    assert err.endswith(f"interruption:\n  graphnn compare {document} --limit 300 --seeds 0,1\n")
    monkeypatch.undo()
    code, out, err = compare("--seeds", "0,1")
    assert (code, err) == (0, "")
    assert rows(out)["as it is"]
    assert [run.number for run in runs(document)] == [1, 2]
    whole = document.parent / "whole.npz"
    train("--no-test", "--limit", "300", "--seed", "0", "--output", whole)
    assert runs(document)[0].weights.read_bytes() == whole.read_bytes()


def test_a_folder_in_which_no_run_can_be_made_is_refused(
    compare: Compare, variants: Path, document: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path)
    for folder, reason in (
        ("file", "is in the way: a folder of this name is needed for the runs"),
        ("nowhere/folder", f"there is no folder {tmp_path / 'nowhere'}; make it first"),
        ("link", "is a link, which no run follows; put a folder of this name there"),
    ):
        code, out, err = compare("--variants", variants, "--output", tmp_path / folder)
        assert (code, out) == (2, "")
        assert err == f"{tmp_path / folder}: {reason}\n"
    assert (tmp_path / "file").read_text() == "kept"
    assert not runs(document)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--vary", "data.seed=1,2"), "differ in data.seed, so that they are measured on other samples"),
        (("--vary", "data.validation_split=0.1,0.2"), "differ in data.validation_split, so that they are"),
        (("--vary", "data.seed=1,2", "--test"), ""),  # the test part is a file's own
        (("--vary", "data.normalize=unit,none"), ""),
    ],
)
def test_variants_on_other_samples_are_told(arguments: tuple[str, ...], said: str, compare: Compare) -> None:
    code, _, err = compare(*arguments, "--set", "training.epochs=1")
    assert code == 0
    assert err.count("measured on other samples") == bool(said)
    assert said in err
