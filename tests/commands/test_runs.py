"""runs, called in this process: the list of trainings, whose weights stand beside the document, and removal."""

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.runs import listing
from graphnn.runs import run as training_run
from graphnn.storage.weights import load_weights

Run = Callable[..., Any]
LONGER = ("--set", "training.epochs=5")


def listed(graphnn: Run, document: Path, *options: str) -> list[dict[str, Any]]:
    """Return the runs as programs read them."""
    done = graphnn("runs", document, "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    return read if isinstance(read, list) else [read]


def test_the_list_shows_what_differed_and_whose_weights_stand(
    graphnn: Run, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert graphnn("train", trained, *LONGER, "--quiet").returncode == 0
    assert graphnn("train", trained, "--limit", "100", "--no-test", "--quiet").returncode == 0
    asked = iter([False] * 30 + [True])
    with monkeypatch.context() as patch:
        patch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
        assert graphnn("train", trained, *LONGER, "--quiet").returncode == 130
    first, longer, limited, stopped = runs = listed(graphnn, trained)
    assert [each["state"] for each in runs] == ["finished", "finished", "finished", "interrupted"]
    assert [each["stands_beside_document"] for each in runs] == [True, False, False, False]
    assert [each["epochs"] for each in runs] == [3, 5, 3, 1]
    assert longer["differences"] == [{"setting": "training.epochs", "value": "5"}]
    assert limited["differences"] == [{"setting": "--limit", "value": "100"}]
    assert set(limited["figures"]) == {"training", "validation"}
    metrics = load_weights(trained.with_suffix(".npz")).meta["metrics"]
    assert first["figures"]["test"] == metrics["test"]
    assert stopped["resume"] == f"graphnn train {trained} --set training.epochs=5 --quiet --resume 4"
    table = graphnn("runs", trained).stdout
    assert f"\n  {stopped['resume']}\n" in table
    assert "* 1  finished" in table
    assert "--limit 100" in table
    assert graphnn(*stopped["resume"].split()[1:]).returncode == 0
    assert [each["state"] for each in listed(graphnn, trained)][3] == "finished"


def test_a_killed_run_shows_how_far_it_came(graphnn: Run, trained: Path) -> None:
    run = trained.with_suffix(".runs") / "0001"
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "state": "training", "done": 0, "figures": {}}))
    with (run / "history.csv").open("a") as file:
        file.write("4,0.5,0.3")  # as it is while a line is written
    (each,) = listed(graphnn, trained)
    assert (each["state"], each["epochs"]) == ("killed", 3)
    assert each["figures"]["validation"]["accuracy"] == facts["figures"]["validation"]["accuracy"]
    assert each["resume"].endswith("--resume 1")


def test_a_copied_run_goes_on_by_its_own_number(graphnn: Run, trained: Path) -> None:
    run = trained.with_suffix(".runs") / "0001"
    facts = json.loads((run / "run.json").read_text())
    assert facts["resume"].endswith("--resume 1")
    (run / "run.json").write_text(json.dumps({**facts, "state": "interrupted"}))
    shutil.copytree(run, run.with_name("0012"))
    assert [each["resume"][-11:] for each in listed(graphnn, trained)] == [" --resume 1", "--resume 12"]


def test_promoting_puts_the_weights_of_a_run_beside_the_document(graphnn: Run, trained: Path) -> None:
    weights = trained.with_suffix(".npz")
    first = weights.read_bytes()
    assert graphnn("train", trained, *LONGER, "--quiet").returncode == 0
    assert weights.read_bytes() == first
    done = graphnn("runs", trained, "--promote", "2")
    assert (done.returncode, done.stdout) == (0, f"{weights} holds the weights of run 2 now.\n")
    assert weights.read_bytes() == (trained.with_suffix(".runs") / "0002" / "weights.npz").read_bytes() != first
    assert "already" in graphnn("runs", trained, "--promote", "2").stdout
    weights.unlink()
    assert graphnn("runs", trained, "--promote", "1").returncode == 0
    assert weights.read_bytes() == first
    done = graphnn("runs", trained, "--promote", "7")
    assert (done.returncode, done.stderr) == (2, f"{trained.with_suffix('.runs')}: there is no run 7, only runs 1…2\n")


def test_promoting_says_where_the_document_has_other_layers(graphnn: Run, trained: Path) -> None:
    options = ("--set", "layers.hidden.units=9", "--set", "training.epochs=1")
    assert graphnn("train", trained, *options, "--quiet").returncode == 0
    said = (
        f"note: {trained} has other layers than run 2, which has layers[0].units 9; write that into it, or give it "
        "by --set to each command that uses these weights\n"
    )
    assert promoted(graphnn, trained, 2)[1] == said
    assert graphnn("evaluate", trained).returncode == 2
    assert graphnn("evaluate", trained, *options[:2]).returncode == 0
    assert promoted(graphnn, trained, 1)[1] == ""
    trained.write_text(trained.read_text().replace('"units": 16', '"units": 9', 1))
    assert promoted(graphnn, trained, 2)[1] == ""


def test_promoted_weights_of_an_unfinished_run_stay_known_as_its(
    graphnn: Run, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, runs = trained.with_suffix(".npz"), trained.with_suffix(".runs")
    with monkeypatch.context() as patch:
        asked = iter([False] * 30 + [True])
        patch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
        assert graphnn("train", trained, *LONGER, "--quiet").returncode == 130
        assert "which is unfinished: those after epoch 1." in "".join(promoted(graphnn, trained, 2))
        early = weights.read_bytes()
        assert "already" in "".join(promoted(graphnn, trained, 2))
        asked = iter([False] * 30 + [True])
        assert graphnn("train", trained, *LONGER, "--quiet", "--resume", "2").returncode == 130
    assert weights.read_bytes() == early != (runs / "0002" / "last.npz").read_bytes()
    assert [each["stands_beside_document"] for each in listed(graphnn, trained)] == [False, True]
    assert "which is unfinished: those after epoch 2." in "".join(promoted(graphnn, trained, 2))
    assert weights.read_bytes() == (runs / "0002" / "last.npz").read_bytes() != early
    assert graphnn("train", trained, *LONGER, "--quiet", "--resume", "2").returncode == 0
    assert weights.read_bytes() == (runs / "0002" / "weights.npz").read_bytes()
    promoted(graphnn, trained, 1)
    assert [each["stands_beside_document"] for each in listed(graphnn, trained)] == [True, False]


def promoted(graphnn: Run, document: Path, number: int) -> tuple[str, str]:
    """Put the weights of a run beside the document, and return what was said."""
    done = graphnn("runs", document, "--promote", str(number))
    assert done.returncode == 0, done.stderr
    assert "of no run" not in done.stderr
    return done.stdout, done.stderr


def test_weights_of_unknown_origin_are_kept_before_others_take_their_place(graphnn: Run, trained: Path) -> None:
    weights, runs = trained.with_suffix(".npz"), trained.with_suffix(".runs")
    other = load_weights(weights)
    (runs / "0001").rename(runs / "0005")
    changed = weights.read_bytes()
    assert graphnn("evaluate", trained, "--float16", trained.with_name("half.npz")).returncode == 0
    trained.with_name("half.npz").replace(weights)
    half = weights.read_bytes()
    assert half != changed
    done = graphnn("runs", trained, "--promote", "5")
    assert done.returncode == 0
    assert "was of no run that is known here; it is kept as run 6" in done.stderr
    assert (runs / "0006" / "weights.npz").read_bytes() == half
    assert [each["state"] for each in listed(graphnn, trained)] == ["finished", "found"]
    assert load_weights(weights).meta == other.meta


def test_somebodys_file_is_not_replaced(graphnn: Run, trained: Path) -> None:
    weights = trained.with_suffix(".npz")
    weights.write_bytes(b"mine")
    done = graphnn("runs", trained, "--promote", "1")
    assert done.returncode == 2
    assert "it is not replaced" in done.stderr
    assert weights.read_bytes() == b"mine"
    assert "mine" not in graphnn("runs", trained).stdout


def test_weights_of_a_run_that_are_damaged_are_not_promoted(graphnn: Run, trained: Path) -> None:
    before, damaged = trained.with_suffix(".npz").read_bytes(), trained.with_suffix(".runs") / "0001" / "weights.npz"
    damaged.write_bytes(before[:100])
    done = graphnn("runs", trained, "--promote", "1")
    assert done.returncode == 2
    assert done.stderr.startswith(f"{damaged}: the .npz archive is damaged or truncated (")
    assert "replaced" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert trained.with_suffix(".npz").read_bytes() == before


def test_removal_removes_what_is_named_and_nothing_else(graphnn: Run, trained: Path) -> None:
    runs, weights = trained.with_suffix(".runs"), trained.with_suffix(".npz")
    for _ in range(3):
        assert graphnn("train", trained, "--limit", "100", "--quiet").returncode == 0
    done = graphnn("runs", trained, "--remove", "2,9")
    assert done.returncode == 2
    assert sorted(each.name for each in runs.iterdir()) == ["0001", "0002", "0003", "0004"]
    done = graphnn("runs", trained, "--remove", "1,3-4")
    assert done.returncode == 0
    assert done.stdout.startswith("3 runs removed, ")
    assert done.stdout.endswith(f" freed. {weights} is as it was.\n")
    assert sorted(each.name for each in runs.iterdir()) == ["0002", "0004.removed"]
    assert weights.exists()
    assert graphnn("train", trained, "--limit", "100", "--quiet").returncode == 0
    assert [each["run"] for each in listed(graphnn, trained)] == [2, 5]


@pytest.mark.parametrize("text", ["", "x", "0", "3-2", "-1", "1-", "1-99999999"])
def test_numbers_that_are_none(graphnn: Run, trained: Path, text: str) -> None:
    done = graphnn("runs", trained, f"--remove={text}")
    assert done.returncode == 2
    said = "is no range of numbers of runs" if text in ("3-2", "1-99999999") else "is not the number of a run"
    assert said in done.stderr
    assert trained.with_suffix(".runs").exists()


@pytest.mark.parametrize("text", ["", "x", "0", "2,3"])
def test_what_is_no_number_is_not_promoted(graphnn: Run, trained: Path, text: str) -> None:
    done = graphnn("runs", trained, f"--promote={text}")
    assert done.returncode == 2
    assert f'argument --promote: "{text}" is not the number of a run' in done.stderr


def test_damaged_runs_are_listed_with_the_others(graphnn: Run, trained: Path) -> None:
    runs = trained.with_suffix(".runs")
    assert graphnn("train", trained, "--limit", "100", "--quiet").returncode == 0
    assert graphnn("train", trained, "--limit", "100", "--quiet").returncode == 0
    (runs / "0001" / "run.json").write_text("{")
    (runs / "0002" / "resolved.json").write_bytes(b"\xff")
    (runs / "0009").mkdir()
    (runs / "notes").mkdir()
    done = graphnn("runs", trained)
    assert done.returncode == 0
    assert "damaged" in done.stdout
    assert [each["run"] for each in listed(graphnn, trained)] == [1, 2, 3]
    assert [each["state"] for each in listed(graphnn, trained)] == ["damaged", "finished", "finished"]


def test_a_document_that_is_gone_or_wrong_has_a_list_all_the_same(graphnn: Run, trained: Path) -> None:
    trained.write_text("{")
    done = graphnn("runs", trained)
    assert done.returncode == 0
    assert "note: what differs is not shown" in done.stderr
    assert "finished" in done.stdout
    trained.unlink()
    assert graphnn("runs", trained).returncode == 0


def test_a_run_of_an_older_version_that_stays_where_it_is_stops_no_list(
    graphnn: Run, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = shutil.copytree(trained.with_suffix(".runs") / "0001", trained.with_suffix(".run"))
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != old)  # the administrator may write anywhere
    done = graphnn("runs", trained)
    said = f"note: {old}: is not writable; the run of an older version in {old} cannot be taken over\n"
    assert (done.returncode, done.stderr) == (0, said)
    assert "* 1  finished" in done.stdout
    assert old.exists()


def test_what_is_no_folder_of_runs_is_told_of_as_training_does(graphnn: Run, trained: Path) -> None:
    runs = trained.with_suffix(".runs")
    elsewhere = runs.rename(trained.with_name("elsewhere"))
    runs.symlink_to(elsewhere)
    done = graphnn("runs", trained)
    assert done.stderr == f"note: {graphnn('train', trained, '--quiet').stderr}"
    assert "is a link, which no run follows" in done.stderr
    assert "* 1  finished" in done.stdout
    runs.unlink()
    runs.write_text("")
    done = graphnn("runs", trained)
    assert done.stderr == f"note: {graphnn('train', trained, '--quiet').stderr}"
    assert "is in the way" in done.stderr


def test_an_edited_document_is_told_where_a_run_goes_on(graphnn: Run, trained: Path, small: dict[str, Any]) -> None:
    run = trained.with_suffix(".runs") / "0001"
    facts = json.loads((run / "run.json").read_text()) | {"resume": f"graphnn train {trained} --quiet --resume 1"}
    for known in (facts["resume"], None):
        changed = {**facts, "state": "interrupted", "resume": known, "changes": ["--set training.epochs=3"]}
        (run / "run.json").write_text(json.dumps(changed))
        small["training"].update(epochs=4, seed=7)
        trained.write_text(json.dumps(small))
        set_back = "--set training.seed=1"
        (each,) = listed(graphnn, trained)
        assert each["resume"].endswith(f"--resume 1 {set_back}")
        assert "undo that first" not in graphnn("runs", trained).stdout
    (run / "run.json").write_text(json.dumps(facts | {"state": "interrupted"}))
    (each,) = listed(graphnn, trained)
    assert graphnn(*each["resume"].split()[1:]).returncode == 0
    (run / "run.json").write_text(json.dumps(facts | {"state": "interrupted"}))
    small["layers"].insert(0, {"type": "ReLU"})
    trained.write_text(json.dumps(small))
    done = graphnn("runs", trained)
    assert "--resume 1  (the document was changed since: undo that first)\n" in done.stdout


def test_a_mistyped_document_is_refused(graphnn: Run, trained: Path) -> None:
    for name, said in (
        ("nett.json", f"there is no such file; did you mean {trained}?"),
        ("net.npz", "this is a weights file"),
        ("net.runs", "this is a folder; give a document"),
    ):
        done = graphnn("runs", trained.with_name(name))
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_options_and_sections_that_differ_are_listed(graphnn: Run, trained: Path, small: dict[str, Any]) -> None:
    runs = trained.with_suffix(".runs")
    start = ("--init-from", runs / "0001" / "weights.npz")
    assert graphnn("train", trained, *start, "--kernels", "numpy", "--quiet").returncode == 0
    facts = json.loads((runs / "0001" / "run.json").read_text())
    (runs / "0001" / "run.json").write_text(json.dumps({**facts, "kernels": "other"}))
    small["optimizer"]["schedule"] = {"type": "one_cycle"}
    trained.write_text(json.dumps(small))
    first, second = ([*each["differences"]] for each in listed(graphnn, trained))
    absent = {"setting": "optimizer.schedule", "value": "none"}
    assert first == [absent, {"setting": "--kernels", "value": "other"}]
    started = {"setting": "--init-from", "value": str(start[1])}
    assert second == [started, absent, {"setting": "--kernels", "value": "numpy"}]


def test_csv_has_the_figures_and_whose_weights_stand(graphnn: Run, trained: Path) -> None:
    assert graphnn("train", trained, *LONGER, "--quiet", "--no-test").returncode == 0
    rows = list(csv.DictReader(graphnn("runs", trained, "--format", "csv").stdout.splitlines()))
    both = listed(graphnn, trained)
    assert [row["epochs_planned"] for row in rows] == ["3.0", "5.0"]
    assert [row["stands_beside_document"].lower() for row in rows] == ["true", "false"]
    validation = [each["figures"]["validation"]["accuracy"] for each in both]
    assert [float(row["validation_accuracy"]) for row in rows] == validation
    assert float(rows[0]["test_accuracy"]) == both[0]["figures"]["test"]["accuracy"]
    assert rows[1]["test_accuracy"] == ""


def test_damaged_weights_of_a_run_are_not_promoted(graphnn: Run, trained: Path) -> None:
    weights = trained.with_suffix(".runs") / "0001" / "weights.npz"
    weights.write_bytes(b"PK\x03\x04")
    done = graphnn("runs", trained, "--promote", "1")
    assert done.returncode == 2
    assert done.stderr.startswith(f"{weights}: the .npz archive is damaged or truncated")
    assert "replaced" not in done.stderr


def test_programs_read_every_character_without_utf_8(python: Run, trained: Path) -> None:
    folder = trained.parent.rename(trained.parent.with_name("3×4"))
    shown = python(
        "-m", "graphnn", "runs", folder / trained.name, "--format", "json", env={"PYTHONIOENCODING": "ascii"}
    )
    read = json.loads(shown.stdout)
    assert (read[0] if isinstance(read, list) else read)["folder"] == str(folder / "net.runs" / "0001")


def test_no_run_yet(graphnn: Run, document: Path) -> None:
    done = graphnn("runs", document)
    assert done.returncode == 0
    assert done.stdout == f"{document.with_suffix('.runs')}: no run yet; train it: graphnn train {document}\n"
    assert list(document.parent.iterdir()) == [document]


def test_the_runs_of_other_weights(graphnn: Run, document: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    assert graphnn("train", document, "--output", other, "--quiet").returncode == 0
    assert [each["stands_beside_document"] for each in listed(graphnn, document, "--output", str(other))] == [True]
    assert listed(graphnn, document) == []
    assert f"* its weights stand in {other}\n" in graphnn("runs", document, "--output", other).stdout
    another = tmp_path / "another.npz"
    assert f"graphnn train {document} --output {another}\n" in graphnn("runs", document, "--output", another).stdout


@pytest.mark.parametrize("name", [".", "/", "..", "", "net", "net.json"])
def test_other_weights_have_the_name_of_such(graphnn: Run, trained: Path, name: str) -> None:
    done = graphnn("runs", trained, "--output", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{Path(name)}: the name of a weights file ends in .npz\n"


@pytest.mark.parametrize("option", [("--set", "training.epochs=5"), ("--plugin", "x.py"), ("--format", "json")])
@pytest.mark.parametrize("action", ["--promote", "--remove"])
def test_options_of_the_list_are_refused_where_nothing_is_listed(
    graphnn: Run, trained: Path, option: tuple[str, str], action: str
) -> None:
    done = graphnn("runs", trained, action, "1", *option)
    assert done.returncode == 2
    assert f"{option[0]} is for the list of runs, and changes nothing with {action}" in done.stderr
    assert trained.with_suffix(".runs").joinpath("0001").exists()


def test_equal_documents_of_many_runs_are_compared_once(
    graphnn: Run, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, calls = trained.with_suffix(".runs"), []
    for number in range(2, 6):
        shutil.copytree(runs / "0001", runs / f"{number:04}")
    differences = listing.differences

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return differences(*arguments, **options)

    monkeypatch.setattr(listing, "differences", counted)
    trained.write_text(trained.read_text().replace('"epochs": 3', '"epochs": 4'))
    expected = [{"setting": "training.epochs", "value": "3"}]
    assert [each["differences"] for each in listed(graphnn, trained)] == [expected] * 5
    assert len(calls) == 1
