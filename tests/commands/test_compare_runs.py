"""compare and the runs that are there already: those of train, of other commands at work, damaged ones, older ones."""

import json
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.runs import comparison_run, comparison_training
from graphnn.runs.facts import DIVERGED, INTERRUPTED
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import store_of
from graphnn.storage.weights import load_weights, save_weights

Compare = Callable[..., tuple[int, str, str]]
Run = Callable[..., Any]


@pytest.fixture
def compare(document: Path, graphnn: Run) -> Compare:
    """Run `compare net.json ARGUMENTS… --limit 300 --format csv` in this process.

    It returns the exit code, the rows without times, and stderr without final figures.
    """

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        done = graphnn("compare", document, "--limit", "300", "--format", "csv", *arguments)
        rows = re.sub(r",[^,\n]*$", "", done.stdout, flags=re.MULTILINE)
        return done.returncode, rows, re.sub(r"Final .*\n", "", done.stderr)

    return run


@pytest.fixture
def limited(train: Callable[..., tuple[int, str, str]]) -> Run:
    """Run `train net.json --quiet --limit 300 ARGUMENTS…`, to its end."""

    def run(*arguments: str | Path) -> None:
        assert train("--quiet", "--limit", "300", *arguments)[0] == 0

    return run


def runs(document: Path) -> list[RunFolder]:
    """Return the runs beside a document."""
    return store_of(document).runs()


def variants(document: Path, *changes: dict[str, Any]) -> tuple[str, Path]:
    """Return the option for variants with these changes, called a, b, …"""
    listed = [{"name": name, "set": change} for name, change in zip("abc", changes, strict=False)]
    file = document.with_name("variants.json")
    file.write_text(json.dumps({"variants": listed}))
    return "--variants", file


def test_a_run_of_train_counts(compare: Compare, limited: Run, document: Path) -> None:
    """With keep_best, whose weights are not those of the last epoch, the figures are those of the weights."""
    settings = ("--set", "training.keep_best=validation_loss", "--set", "optimizer.learning_rate=0.5")
    alone = compare("--seeds", "4,5,6", *settings, "--output", document.parent / "anew")
    limited("--seed", "4", "--no-test", *settings)
    limited("--seed", "5", *settings)
    before = document.with_suffix(".npz").read_bytes()
    code, out, err = compare("--seeds", "4,5,6", *settings)
    counted = [f"{n} of 3: as it is, seed {n + 3}: run {n}" for n in (1, 2)]
    assert (code, err.splitlines()) == (0, [*counted, "3 of 3: as it is, seed 6"])
    assert out == alone[1]
    assert document.with_suffix(".npz").read_bytes() == before
    code, out, err = compare("--seeds", "4,5,6", *settings, "--test")
    measured = [f"{n} of 3: as it is, seed {n + 3}: {'run 2' if n == 2 else 'measured'}" for n in (1, 2, 3)]
    assert err.splitlines() == measured
    assert out == compare("--seeds", "4,5,6", *settings, "--test", "--output", document.parent / "new")[1]


def test_a_run_from_other_weights_does_not_count(compare: Compare, limited: Run, document: Path) -> None:
    limited("--output", document.with_name("first.npz"))
    limited("--init-from", document.with_name("first.npz"))
    limited("--resume", "--set", "training.epochs=4")
    assert [run.facts().init_from for run in runs(document)] == [str(document.with_name("first.npz"))] * 2
    assert compare()[2] == "1 of 1: as it is, seed 1\n"
    assert compare("--set", "training.epochs=4")[2] == "1 of 1: as it is, seed 1\n"


def test_a_run_that_went_on_from_a_finished_one_counts(compare: Compare, limited: Run, document: Path) -> None:
    limited()
    limited("--resume", "--set", "training.epochs=4")
    longer = compare("--set", "training.epochs=4")
    assert longer[2] == "1 of 1: as it is, seed 1: run 2\n"
    assert longer[1] == compare("--set", "training.epochs=4", "--output", document.with_name("anew"))[1]


def test_a_variant_that_changes_nothing_is_trained_once(compare: Compare, document: Path) -> None:
    options = variants(document, {"training.seed": 1, "loss.type": "CrossEntropy"}, {"layers[3].rate": 0.2}, {})
    code, out, err = compare(*options)
    assert code == 0
    said = 'note: variant "{}" is trained as "as it is" is: nothing it changes has an effect'
    trained = ["1 of 4: as it is, seed 1", "2 of 4: a, seed 1: run 1", "3 of 4: b, seed 1", "4 of 4: c, seed 1: run 1"]
    assert err.splitlines() == [said.format("a"), said.format("c"), *trained]
    rows = {line.split(",")[0]: line.split(",") for line in out.splitlines()[1:]}
    assert rows["a"][3:] == [rows["as it is"][3], "", "0.0", *rows["as it is"][6:]]
    assert len(runs(document)) == 2


def test_views_are_measured_without_training(compare: Compare, small: dict[str, Any], document: Path) -> None:
    """Each variant shows the views that it asks for."""
    small["input"]["shape"] = [1, 8, 8]
    small["layers"].insert(0, {"type": "Flatten"})
    document.write_text(json.dumps(small))
    flip, both = ({"evaluation.test_time_augmentation": views} for views in ("flip", "flip_translate"))
    options = (*variants(document, flip, both), "--kernels", "numpy")
    code, out, err = compare(*options)
    assert (code, len(runs(document))) == (0, 1)
    assert err == "1 of 3: as it is, seed 1\n2 of 3: a, seed 1: measured\n3 of 3: b, seed 1: measured\n"
    rows = [line.split(",")[:2] for line in out.splitlines() if ",accuracy," in line and ",training," not in line]
    assert rows == [
        ["as it is", "validation"],
        ["a", "validation"],
        ["a", "validation with flip"],
        ["b", "validation"],
        ["b", "validation with flip_translate"],
    ]
    counted = [f"{n} of 3: {name}, seed 1: run 1" for n, name in ((1, "as it is"), (2, "a"), (3, "b"))]
    again = compare(*options)
    assert (again[1], again[2].splitlines()) == (out, counted)


def removed(file: Path) -> None:
    """Remove a file."""
    file.unlink()


def truncated(file: Path) -> None:
    """Cut the end off a file."""
    file.write_bytes(file.read_bytes()[:-20])


def not_finite(file: Path) -> None:
    """Put NaN into weights."""
    weights = load_weights(file)
    save_weights(file, {key: array * np.nan for key, array in weights.arrays.items()}, weights.meta)


@pytest.mark.parametrize("spoil", [removed, truncated, not_finite])
def test_weights_that_are_to_be_measured_and_cannot_be_read_are_trained_again(
    compare: Compare, document: Path, spoil: Callable[[Path], None]
) -> None:
    validated = compare()
    weights = runs(document)[0].weights
    whole = weights.read_bytes()
    spoil(weights)
    assert compare() == (0, validated[1], "1 of 1: as it is, seed 1: run 1\n")  # the figures are known
    code, out, err = compare("--test")
    assert code == 0
    assert err.startswith(f"note: {weights}: ")
    assert err.endswith("; they are trained again\n1 of 1: as it is, seed 1\n")
    assert runs(document)[1].weights.read_bytes() != whole  # which says what was measured
    assert compare("--test") == (0, out, "1 of 1: as it is, seed 1: run 2\n")
    assert compare()[:2] == (0, validated[1])


def unfinished(document: Path, state: str = INTERRUPTED) -> RunFolder:
    """Return the run beside a document, made unfinished after its second epoch."""
    run = runs(document)[0]
    run.weights.unlink()
    replace(run.facts(), state=state, figures={}, message="it was too fast", done=2).save(run.facts_file)
    return run


@pytest.mark.parametrize("spoil", [removed, truncated, not_finite])
def test_an_unfinished_run_whose_checkpoint_cannot_be_read_begins_anew(
    compare: Compare, document: Path, spoil: Callable[[Path], None]
) -> None:
    first = compare()
    run = unfinished(document)
    spoil(run.checkpoint)
    code, out, err = compare()
    assert (code, out, len(runs(document))) == (0, first[1], 2)
    if spoil is removed:  # as of a run that was killed before it had one
        assert err == "1 of 1: as it is, seed 1\n"
    else:
        assert err.startswith(f"1 of 1: as it is, seed 1\nnote: {run.checkpoint}: ")
        assert err.endswith("; the training begins anew\n")


def test_a_diverged_run_is_not_repeated(compare: Compare, document: Path) -> None:
    compare()
    run = unfinished(document, DIVERGED)
    code, out, err = compare()
    assert (code, err) == (3, f"1 of 1: as it is, seed 1: run 1\n{run.path}: it was too fast\n")
    assert out.splitlines()[1] == "as it is,validation,loss,,,,0,1"
    assert len(runs(document)) == 1


def test_figures_that_are_not_finite_on_the_test_part_say_nothing_of_the_validation_part(
    compare: Compare, document: Path, tmp_path: Path, graphnn: Run
) -> None:
    x = np.random.default_rng(0).random((80, 64), np.float32)
    y = np.arange(80) % 10
    np.savez(tmp_path / "data.npz", x_train=x, y_train=y, x_test=x * np.float32(1e38), y_test=y)
    options = ("--set", "data.dataset=npz", "--set", f"data.path={tmp_path / 'data.npz'}")
    code, validated, _ = compare(*options)
    assert code == 0
    for _ in range(2):
        code, out, err = compare(*options, "--test")
        assert code == 3
        assert "over the test part, after the last epoch, is" in err
        assert out.splitlines()[1] == "as it is,test,loss,,,,0,1"
    assert compare(*options)[:2] == (0, validated)
    shutil.rmtree(document.with_suffix(".runs"))
    assert graphnn("train", document, "--quiet", "--limit", "300", *options).returncode == 3
    assert compare(*options)[:2] == (0, validated)
    assert len(runs(document)) == 1


HOLD = """
import sys, time
from pathlib import Path
from graphnn.runs.folder import RunFolder
with RunFolder(Path(sys.argv[1])).claimed():
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_run_that_another_process_is_training_is_waited_for(
    compare: Compare, document: Path, start: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compare("--seeds", "1,2", "--output", document.with_name("anew"))[1]
    compare()
    run = unfinished(document)
    with start("-c", HOLD, run.path) as other:
        assert other.stdout.readline() == "held\n"

        def stop(seconds: float) -> None:
            other.kill()
            other.wait()

        monkeypatch.setattr(comparison_run.time, "sleep", stop)
        code, out, err = compare("--seeds", "1,2")
    assert (code, out) == (0, whole)
    waiting = "1 of 2: as it is, seed 1: waiting for run 1, which another process is training"
    assert err.splitlines() == ["2 of 2: as it is, seed 2", waiting, "1 of 2: as it is, seed 1"]
    assert len(runs(document)) == 2


def test_waiting_for_another_process_can_be_stopped(
    compare: Compare, document: Path, start: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare()
    run = unfinished(document)
    monkeypatch.setattr(comparison_run.time, "sleep", lambda seconds: signal.raise_signal(signal.SIGINT))
    with start("-c", HOLD, run.path) as other:
        assert other.stdout.readline() == "held\n"
        code, out, err = compare()
        other.kill()
    assert (code, out) == (130, "")
    assert err.endswith("waiting for run 1, which another process is training\nInterrupted.\n")


def test_a_training_that_another_process_begins_meanwhile_is_left_to_it(
    compare: Compare, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other begins and ends while the data of this one are loaded."""
    train = comparison_training.train

    def late(*arguments: Any) -> bool:
        monkeypatch.undo()
        assert compare()[0] == 0
        return train(*arguments)

    monkeypatch.setattr(comparison_training, "train", late)
    code, _, err = compare()
    assert (code, len(runs(document))) == (0, 1)
    title = "1 of 1: as it is, seed 1"
    assert err.splitlines()[-2:] == [f"{title}: left to another process, which has begun it", f"{title}: run 1"]


@pytest.mark.long
def test_comparisons_that_start_together_share_their_trainings(document: Path, start: Run) -> None:
    seeds = ("--seeds", "1,2,3,4", "--set", "training.epochs=20")
    others = [start("-m", "graphnn", "compare", document, *seeds, "--format", "csv") for _ in range(3)]
    ended = [other.communicate(timeout=600) for other in others]
    assert [other.returncode for other in others] == [0, 0, 0], ended
    assert len({out for out, _ in ended}) == 1
    assert len(runs(document)) == 4


def test_what_another_process_has_trained_meanwhile_is_not_repeated(
    compare: Compare, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other begins when the first training of this one has ended."""
    train = comparison_training.train

    def with_another(*arguments: Any) -> bool:
        monkeypatch.undo()
        done = train(*arguments)
        assert compare("--seeds", "1,2")[0] == 0
        return done

    monkeypatch.setattr(comparison_training, "train", with_another)
    code, out, _ = compare("--seeds", "1,2")
    assert code == 0
    assert out.count("as it is,validation,accuracy,") == 1
    assert len(runs(document)) == 2


def test_the_trainings_of_older_versions_are_taken_over(compare: Compare, document: Path) -> None:
    """They kept NAME.compare, with a weights file and a folder for each training; here one of them is unfinished."""
    whole = compare("--seeds", "1,2")[1]
    old = document.with_suffix(".compare")
    old.mkdir()
    for run, seed in zip(runs(document), (1, 2), strict=True):
        weights = old / f"as-it-is-seed{seed}.npz"
        run.weights.rename(weights)
        run.facts_file.unlink()
        run.path.rename(weights.with_suffix(".run"))
    (old / "as-it-is-seed2.npz").unlink()
    (old / "as-it-is-seed2.run" / "last.npz").touch()
    shutil.rmtree(document.with_suffix(".runs"))
    code, out, err = compare("--seeds", "1,2")
    assert (code, out) == (0, whole)
    store = document.with_suffix(".runs")
    assert err.splitlines() == [
        *(f"note: {old / f'as-it-is-seed{n}.run'} is run {n} now: {store / f'000{n}'}" for n in (1, 2)),
        "1 of 2: as it is, seed 1: run 1",
        "2 of 2: as it is, seed 2",
    ]
    assert not old.exists()
    assert len(runs(document)) == 2


def test_the_folder_of_a_comparison_is_listed(compare: Compare, graphnn: Run, document: Path) -> None:
    folder = document.with_name("tries")
    folder.mkdir()
    assert graphnn("runs", document, "--output", folder).returncode == 2  # nothing is there yet
    assert compare("--output", folder)[0] == 0
    listed = graphnn("runs", document, "--output", folder, "--format", "json")
    assert [each["folder"] for each in json.loads(listed.stdout)] == [str(folder / "0001")]
    refused = graphnn("runs", document, "--output", folder, "--promote", "1")
    assert refused.returncode == 2
    assert f"copy the weights of the run, which are in {folder}" in refused.stderr
    assert graphnn("runs", document, "--output", folder, "--remove", "1").returncode == 0
    assert [path.name for path in folder.iterdir()] == ["0001.removed"]


def test_the_folder_of_a_comparison_is_not_called_as_a_weights_file(compare: Compare, document: Path) -> None:
    code, out, err = compare("--output", document.with_name("tries.npz"))
    assert (code, out) == (2, "")
    assert f"name it {document.with_name('tries.runs')}, for example" in err
    assert [file.name for file in document.parent.iterdir()] == [document.name]


def test_trainings_in_several_processes_give_the_same_table(compare: Compare, document: Path) -> None:
    alone = compare("--seeds", "1,2,3", "--output", document.with_name("alone"))
    code, out, err = compare("--seeds", "1,2,3", "--jobs", "2")
    assert (code, out) == (0, alone[1])
    titles = [f"{number} of 3: as it is, seed {number}" for number in (1, 2, 3)]
    lines = [re.sub(r"loss \d\.\d+, accuracy .*", "", line) for line in err.splitlines()]
    assert sorted(lines) == sorted(f"{title}{end}" for title in titles for end in (" begins", ": validation "))
    assert lines[:2] == [f"{title} begins" for title in titles[:2]]
    assert compare("--seeds", "1,2,3", "--jobs", "2")[2].splitlines() == [
        f"{title}: run {run.number}"
        for title, run in zip(titles, sorted(runs(document), key=lambda run: run.facts().changes), strict=True)
    ]


def test_an_edit_of_the_document_meanwhile_does_not_count(
    compare: Compare, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, text = comparison_training.train, document.read_text()

    def edited(*arguments: Any) -> bool:
        document.write_text(text.replace('"epochs": 3', '"epochs": 1'))
        return train(*arguments)

    monkeypatch.setattr(comparison_training, "train", edited)
    code, out, _ = compare("--seeds", "1,2")
    assert (code, out.count("as it is,validation,accuracy,")) == (0, 1)
    assert [run.facts().done for run in runs(document)] == [3, 3]
