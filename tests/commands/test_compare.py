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


def test_the_table_shows_each_variant_beside_the_document(compare: Compare, variants: Path, document: Path) -> None:
    code, out, err = compare("--variants", variants)
    assert (code, err) == (0, "")
    assert "1 of 3: as it is, seed 1" in out
    found = rows(out)
    assert list(found) == ["as it is", "no dropout", "hardly trained"]
    plain, worse = (float(found[name][0].rstrip("%")) for name in ("as it is", "hardly trained"))
    assert worse < plain - 20
    assert found["hardly trained"][1] == f"−{plain - worse:.2f}%"
    made = sorted(file.name for file in (document.parent / "net.compare").glob("*.npz"))
    assert made == ["as-it-is-seed1.npz", "hardly-trained-seed1.npz", "no-dropout-seed1.npz"]
    resolved = json.loads((document.parent / "net.compare" / "no-dropout-seed1.run" / "resolved.json").read_text())
    assert "Dropout" not in [layer["type"] for layer in resolved["layers"]]


def test_finished_trainings_are_not_repeated(compare: Compare, variants: Path, document: Path) -> None:
    first = compare("--variants", variants)[1]
    weights = document.parent / "net.compare" / "no-dropout-seed1.npz"
    before = weights.stat().st_mtime_ns
    code, out, err = compare("--variants", variants)
    assert (code, err) == (0, "")
    assert " of 3: " not in out
    assert rows(out) == rows(first)
    assert weights.stat().st_mtime_ns == before


def test_seeds_give_mean_and_deviation(compare: Compare) -> None:
    code, out, _ = compare("--seeds", "0,1,2", "--markdown")
    assert code == 0
    row = out.splitlines()[-1]
    assert re.fullmatch(r"\| as it is \| \d+\.\d\d% ± \d+\.\d\d% \|  \| \d+:\d\d \|", row), row


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


def test_other_settings_of_the_same_name_are_refused(compare: Compare, document: Path) -> None:
    compare()
    folder = document.parent / "net.compare"
    places = f"{folder / 'as-it-is-seed1.npz'} and {folder / 'as-it-is-seed1.run'}: hold another training"
    for option, change, told in (
        ("--set", "training.epochs=2", "training.epochs: 3 there, 2 now"),
        ("--limit", "200", "--limit: 300 there, 200 now"),
        ("--kernels", "numpy", None),
    ):
        code, out, err = compare(option, change)
        if told is None:
            assert (code, err) == (0, "")  # a network without images has these kernels only
        else:
            assert (code, out) == (2, "")
            assert f"{places} ({told}); remove both, or compare in another folder with --output" in err
    code, _, err = compare("--test")
    assert code == 2
    assert "as-it-is-seed1.npz: holds a training that was not measured on the test part" in err


def test_other_data_are_noticed(compare: Compare, document: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        file = tmp_path / f"{name}.npz"
        np.savez(
            file,
            x_train=rng.random((60, 64), np.float32),
            y_train=np.arange(60) % 10,
            x_test=rng.random((20, 64), np.float32),
            y_test=np.arange(20) % 10,
        )
    common = ("--set", "data.dataset=npz", "--set", "input.shape=[64]", "--set", "layers[0]=null")
    assert compare(*common, "--set", f"data.path={tmp_path / 'a.npz'}")[0] == 0
    assert compare(*common, "--set", f"data.path={tmp_path / 'a.npz'}")[0] == 0
    code, _, err = compare(*common, "--set", f"data.path={tmp_path / 'b.npz'}")
    assert code == 2
    assert "the training data are not those that the run was started with" in err


def test_files_that_are_no_training_are_refused(compare: Compare, document: Path) -> None:
    folder = document.parent / "net.compare"
    folder.mkdir()
    np.savez(folder / "as-it-is-seed1.npz", a=np.zeros(3))
    code, _, err = compare()
    assert code == 2
    assert f"there is no {folder / 'as-it-is-seed1.run' / 'checkpoint.npz'}, which says how it was trained" in err


def test_files_left_after_following_the_advice_are_reported(compare: Compare, document: Path) -> None:
    compare()
    weights = document.parent / "net.compare" / "as-it-is-seed1.npz"
    weights.unlink()
    code, out, err = compare("--set", "optimizer.learning_rate=0.5")
    assert (code, out) == (2, "")
    assert "hold another training (optimizer.learning_rate: " in err
    shutil.rmtree(weights.with_suffix(".run"))
    assert compare("--set", "optimizer.learning_rate=0.5")[0] == 0


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
    np.savez(tmp_path / "samples.npz", x_train=x, y_train=y, x_test=x, y_test=y)
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


def test_existing_files_are_checked_before_the_first_training(compare: Compare, variants: Path, document: Path) -> None:
    compare("--seeds", "2")
    code, out, err = compare("--variants", variants, "--seeds", "0,2")
    assert (code, out) == (2, "")
    assert "hold another training (data.validation_split: " in err
    assert [file.name for file in (document.parent / "net.compare").glob("*.npz")] == ["as-it-is-seed2.npz"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"training.seed": 3}, ['variant "bad":', "--seeds gives the seeds; leave training.seed out here"]),
        ({"layers.hiden.units": 8}, ['variant "bad":', 'there is no layer "hiden"; did you mean "hidden"?']),
        ({"layers.output.units": 9}, ['variant "bad":', "digits has 10 classes"]),
        ({"training.epoch": 9}, ['variant "bad":', 'did you mean "epochs"']),
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
    assert not (document.parent / "net.compare").exists()


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


def test_names_that_share_a_file_and_a_missing_validation_part_are_refused(compare: Compare, tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    same = [{"name": "a b", "set": {}}, {"name": "a-b", "set": {}}]
    file.write_text(json.dumps({"variants": same}), encoding="utf-8")
    code, _, err = compare("--variants", file)
    assert code == 2
    assert '"a b" and "a-b" have the same words, and so the same file; rename one' in err
    code, _, err = compare("--set", "data.validation_split=0")
    assert code == 2
    assert "measure on the test part with --test" in err
    code, _, err = compare("--seeds", "1,1")
    assert code == 2
    assert '"1,1" names a seed twice' in err


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
    whole = document.parent / "whole.npz"
    train("--no-test", "--limit", "300", "--seed", "0", "--output", whole)
    assert (document.parent / "net.compare" / "as-it-is-seed0.npz").read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("folder", "reason"), [("file", "File exists"), ("nowhere/folder", "No such file or directory")]
)
def test_a_folder_that_cannot_be_made(
    compare: Compare, variants: Path, tmp_path: Path, folder: str, reason: str
) -> None:
    (tmp_path / "file").write_text("kept")
    code, out, err = compare("--variants", variants, "--output", tmp_path / folder)
    assert (code, out) == (2, "")
    assert err == f"{tmp_path / folder}: cannot be made: {reason}\n"
    assert (tmp_path / "file").read_text() == "kept"
