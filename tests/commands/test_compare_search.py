"""compare --search optuna: the table, pruning, going on after a kill, figures on the test part, and what is refused."""

import csv
import io
import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.runs.facts import PRUNED
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import store_of
from graphnn.training.history import read_history

Run = Callable[..., "subprocess.CompletedProcess[str]"]
RATES = {"low": 1e-6, "high": 0.1, "log": True}
OPTIMIZERS = {"choices": [{"type": "SGD", "learning_rate": rate} for rate in (0.1, 0.2)]}
WIDTHS = {"choices": [4, 8, 16]}
RANGES = {"optimizer.learning_rate": RATES, "layers.hidden.units": WIDTHS}
WHOLE = 'search: optimizer replaces optimizer.learning_rate, which is also in "set"; leave one of them out'
TWICE = "twice.json:1:61: search: layers[0].units replaces layers.hidden.units, which is also searched; leave one of"
QUICK = ("--set", "training.epochs=5", "--limit", "200", "--set", "training.batch_size=16")


def ranges(document: Path, search: Any, **more: Any) -> Path:
    """Return a file of variants with ranges."""
    file = document.with_name("search.json")
    file.write_text(json.dumps({**more, "search": search}), encoding="utf-8")
    return file


def options(document: Path, *more: str) -> list[str]:
    """Return the command line of a search in which some trials are pruned, after `compare`."""
    file = ranges(document, RANGES)
    return [
        str(document),
        "--variants",
        str(file),
        "--search",
        "optuna",
        "--trials",
        "9",
        "--at-once",
        "1",
        *QUICK,
        *more,
    ]


def rows(text: str) -> list[dict[str, str]]:
    """Return the trials of a table in CSV, without what differs from one time to the next."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(io.StringIO(text))]


def runs(document: Path) -> list[RunFolder]:
    """Return the runs of a document."""
    return store_of(document).runs()


def test_trials_are_shown_best_first_and_bad_ones_are_pruned(document: Path, python: Run, graphnn: Run) -> None:
    done = python("-m", "graphnn", "compare", *options(document))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("9 trials of 2 settings, one at a time, for the highest validation accuracy\n")
    pruned = re.findall(
        r"^(\d) of 9: pruned at epoch (\d) of 5: accuracy [\d.]+%, below the median of (\d) trials", done.stdout, re.M
    )
    assert pruned
    table = done.stdout[done.stdout.index("trial  learning_rate  units") :]
    finished = [float(found) for found in re.findall(r"^ +(?:\* )?\d  .* ([\d.]+)% +5/5  finished", table, re.M)]
    assert len(finished) == 9 - len(pruned)
    assert finished == sorted(finished, reverse=True)
    assert f"9 trials: {len(finished)} finished, {len(pruned)} pruned" in table
    for number, epoch, compared in pruned:
        run = runs(document)[int(number) - 1]
        facts = run.facts()
        assert (facts.state, facts.done, len(read_history(run.history))) == (PRUNED, int(epoch), int(epoch))
        assert 5 <= int(compared) < int(number)
    weights = [run.weights.read_bytes() if run.weights.exists() else b"" for run in runs(document)]
    again = graphnn("compare", *options(document))
    assert again.stdout[again.stdout.index("trial  learning_rate") :] == table.replace(
        f"{shlex.quote(sys.executable)} -m graphnn", "graphnn"
    )
    assert re.findall(r"^\d of 9: .*: (?:validation accuracy|pruned at) .* \(run (\d)\)$", again.stdout, re.M) == [
        str(number) for number in range(1, 10)
    ]
    assert weights == [run.weights.read_bytes() if run.weights.exists() else b"" for run in runs(document)]
    promote = table.split("To use its weights:\n  ")[1].split("\n")[0]
    assert graphnn(*shlex.split(promote)[3:]).returncode == 0
    command = shlex.split(runs(document)[int(pruned[0][0]) - 1].facts().resume or "")
    done = python(*command[1:])
    assert (done.returncode, "Resumed at epoch" in done.stdout) == (0, True), done.stderr
    resumed = graphnn("compare", *options(document), "--format", "csv")
    assert [row["state"] for row in rows(resumed.stdout)].count(PRUNED) == len(pruned)


def test_one_that_was_killed_goes_on_by_the_same_command(
    document: Path, start: Any, graphnn: Run, tmp_path: Path
) -> None:
    killed = options(document, "--format", "csv", "--output", str(tmp_path / "killed.runs"))
    first, before = tmp_path / "killed.runs" / "0001", list[tuple[str, int]]()
    for sent, number in ((signal.SIGKILL, 2), (signal.SIGINT, 4)):
        process = start("-m", "graphnn", "compare", *killed)
        run = RunFolder(first.with_name(f"{number:04}"))
        while not run.checkpoint.exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(sent)
        _, err = process.communicate()
        assert process.returncode == (-sent if sent == signal.SIGKILL else 130), err
        assert sent == signal.SIGKILL or "-m graphnn compare" in err.splitlines()[-1]
        before = before or times(first)
    gone_on = graphnn("compare", *killed)
    assert gone_on.returncode == 0, gone_on.stderr
    assert before == times(first)
    assert len(store_of(tmp_path / "killed.npz").runs()) == 9
    whole = graphnn("compare", *options(document, "--format", "csv"))
    assert rows(gone_on.stdout) == rows(whole.stdout)
    longer = graphnn("compare", *options(document, "--format", "csv", "--trials", "10"))
    assert [row for row in rows(longer.stdout) if row["trial"] != "10"] == rows(whole.stdout)


def times(folder: Path) -> list[tuple[str, int]]:
    """Return when each file in a folder was changed."""
    return [(file.name, file.stat().st_mtime_ns) for file in sorted(folder.iterdir())]


@pytest.mark.long
def test_several_jobs_come_to_the_same_table(document: Path, graphnn: Run, python: Run, tmp_path: Path) -> None:
    own = options(document, "--at-once", "3", "--format", "csv")
    jobs = python("-m", "graphnn", "compare", *own, "--jobs", "3", "--output", str(tmp_path / "jobs.runs"))
    assert jobs.returncode == 0, jobs.stderr
    found = [{**row, "run": ""} for row in rows(jobs.stdout)]
    assert found == [{**row, "run": ""} for row in rows(graphnn("compare", *own).stdout)]


def test_the_document_as_it_is_comes_first_where_the_ranges_have_it(document: Path, graphnn: Run) -> None:
    file = ranges(
        document, {"optimizer.learning_rate": RATES, "layers.hidden.units": {"low": 8, "high": 32, "step": 8}}
    )
    search = ("--variants", file, "--search", "optuna", "--trials", "1", "--set", "training.epochs=1", "--limit", "100")
    done = graphnn("compare", document, *search)
    assert re.search(r"^  \* 1  0.05           16 ", done.stdout, re.M), done.stdout
    assert "* the document as it is" in done.stdout
    ranges(document, {"optimizer.learning_rate": {"low": 0.001, "high": 0.04}})
    assert "* 1" not in graphnn("compare", document, *search).stdout


def test_equal_trials_have_one_run_and_only_the_best_is_measured_on_the_test_part(document: Path, graphnn: Run) -> None:
    file = ranges(document, {"layers.hidden.units": WIDTHS, "layers[3].rate": {"choices": [0, 0.5]}})
    search = ("--variants", file, "--search", "optuna", "--trials", "6", "--set", "training.epochs=1", "--limit", "100")
    assert json.loads(graphnn("compare", document, *search, "--format", "json").stdout)["best_on_test"] == {}
    assert not any("test" in run.facts().figures for run in runs(document))
    done = graphnn("compare", document, *search, "--test", "--format", "json")
    found = json.loads(done.stdout)
    assert found["figure"] == "validation_accuracy"
    numbers = [trial["run"] for trial in found["trials"]]
    assert len(set(numbers)) == len(runs(document)) < 6
    for one in found["trials"]:
        assert one["value"] == next(each["value"] for each in found["trials"] if each["set"] == one["set"])
    measured = [run.number for run in runs(document) if "test" in run.facts().figures]
    assert measured == [numbers[0]]
    assert found["best_on_test"]["test"] == runs(document)[numbers[0] - 1].facts().figures["test"]


def test_what_diverges_or_cannot_be_built_fails_and_the_search_goes_on(document: Path, graphnn: Run) -> None:
    file = ranges(
        document,
        {
            "optimizer.learning_rate": {"low": 0.01, "high": 1e30, "log": True},
            "input.shape": {"choices": [[64], [7]]},
        },
    )
    short = ("--set", "training.epochs=1", "--limit", "100", "--search", "optuna", "--format", "csv")
    done = graphnn("compare", document, "--variants", file, *short, "--trials", "8")
    states = [row["state"] for row in rows(done.stdout)]
    assert (done.returncode, states[0], set(states)) == (0, "finished", {"finished", "diverged", "failed"})
    again = graphnn("compare", document, "--variants", file, *short, "--trials", "8")
    assert rows(again.stdout) == rows(done.stdout)
    assert again.stderr.count("diverged (run ") == states.count("diverged")
    ranges(document, {"optimizer.learning_rate": {"low": 1e28, "high": 1e30}})
    done = graphnn("compare", document, "--variants", file, *short, "--trials", "2")
    assert (done.returncode, [row["state"] for row in rows(done.stdout)]) == (3, ["diverged"] * 2)


def test_the_figure_is_the_one_that_the_document_watches(document: Path, graphnn: Run) -> None:
    file = ranges(document, {"optimizer.learning_rate": RATES})
    short = ("--variants", file, "--search", "optuna", "--trials", "2", "--set", "training.epochs=2", "--limit", "100")
    done = graphnn("compare", document, *short, "--set", 'training.keep_best="validation_loss"')
    assert "for the lowest validation loss\n" in done.stdout
    losses = [float(each) for each in re.findall(r"(\d\.\d{4}) +2/2  finished", done.stdout)]
    assert len(losses) == 2
    assert losses == sorted(losses)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trials", "3"], "--trials is for a search; write --search optuna, too"),
        (["--at-once", "3"], "--at-once is for a search; write --search optuna, too"),
        (["--search", "optuna"], "--search draws from the ranges in a file of variants; name it with --variants"),
        (["--search", "optuna", "--variants", "search.json", "--seeds", "1,2"], "leave --seeds out"),
        (["--variants", "search.json"], "search.json:1:2: there are only ranges to search in here"),
        (["--search", "optuna", "--variants", "none.json"], "none.json: --search draws from ranges, which this file"),
        (
            ["--search", "optuna", "--variants", "search.json", "--set", "optimizer.learning_rate=1"],
            "search.json:1:13: search: optimizer.learning_rate is also set by --set; leave one of them out",
        ),
        (["--search", "optuna", "--variants", "seeds.json"], "the best of several seeds is luck"),
        (["--search", "optuna", "--variants", "few.json"], "there are only 3 combinations of values for 30 trials"),
        (["--search", "optuna", "--variants", "wrong.json"], 'wrong.json:1:13: optimizer: unknown key "lr"; did you'),
        (["--search", "optuna", "--variants", "search.json", "--set", "data.validation_split=0"], "split=0.1\n"),
        (["--search", "optuna", "--variants", "whole.json", "--trials", "2"], WHOLE),
        (["--search", "optuna", "--variants", "twice.json", "--trials", "2"], TWICE),
        (
            ["--search", "optuna", "--variants", "search.json", "--set", "layers[0].units=4"],
            "search.json:1:82: search: layers.hidden.units replaces layers[0].units, which is also set by --set; leave",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_trained(
    arguments: list[str], said: str, document: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(document.parent)
    files = {
        "search.json": {"search": RANGES},
        "none.json": {"variants": [{"name": "a", "set": {}}]},
        "seeds.json": {"search": {"training.seed": {"low": 0, "high": 99}}},
        "few.json": {"search": {"layers.hidden.units": WIDTHS}},
        "whole.json": {"set": {"optimizer.learning_rate": 0.5}, "search": {"optimizer": OPTIMIZERS}},
        "twice.json": {"search": {"layers.hidden.units": WIDTHS, "layers[0].units": WIDTHS}},
        "wrong.json": {"search": {"optimizer.lr": RATES}},
    }
    for name, values in files.items():
        Path(name).write_text(json.dumps(values), encoding="utf-8")
    done = graphnn("compare", document, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert runs(document) == []


def test_a_file_with_variants_and_ranges_says_what_is_left_out(document: Path, graphnn: Run) -> None:
    file = ranges(document, {"optimizer.learning_rate": RATES}, variants=[{"name": "a", "set": {"training.seed": 2}}])
    short = ("--variants", file, "--set", "training.epochs=1", "--limit", "100")
    assert (
        "its ranges are for --search optuna; here, its variants are compared"
        in graphnn("compare", document, *short).stderr
    )
    done = graphnn("compare", document, *short, "--search", "optuna", "--trials", "1")
    assert "its variants are not trained by a search" in done.stderr


def test_without_optuna_the_message_names_what_installs_it(
    document: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = graphnn("compare", *options(document, "--set", "data.validation_split=0"))  # which is told after that
    assert (done.returncode, runs(document)) == (2, [])
    assert re.search(r"--search optuna needs optuna: \S+ -m pip install .*search\]", done.stderr)
