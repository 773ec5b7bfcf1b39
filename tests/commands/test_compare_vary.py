"""compare --vary: trains with each combination of values, and refuses what no training could use."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from graphnn.commands import compare as command
from graphnn.runs import run as training_run
from graphnn.runs.store import RunStore

Compare = Callable[..., tuple[int, str, str]]
RATES = ("--vary", "optimizer.learning_rate=0.05,0.01")


@pytest.fixture
def compare(document: Path, capsys: pytest.CaptureFixture[str]) -> Compare:
    """Run `compare net.json ARGUMENTS…` on few samples and return its exit code, output and errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        options = ("--limit", "100", "--set", "training.epochs=1")
        code = command.main([str(document), *options, *map(str, arguments)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_every_combination_is_trained_from_every_seed(compare: Compare, document: Path) -> None:
    code, out, err = compare(*RATES, "--vary", "layers.hidden.units=4,8", "--seeds", "0,1")
    assert (code, err) == (0, "")
    titles = re.findall(r"^(\d) of 8: learning_rate=(\S+), units=(\d), seed (\d)$", out, re.MULTILINE)
    assert [title[1:] for title in titles] == [
        (rate, units, s) for rate in ("0.05", "0.01") for units in "48" for s in "01"
    ]
    head, rule, *rows = out[out.index("learning_rate  units") :].splitlines()
    assert head.split()[:2] == ["learning_rate", "units"]
    assert [row.split()[:2] for row in rows] == [["0.05", "4"], ["0.05", "8"], ["0.01", "4"], ["0.01", "8"]]
    assert rule.strip("─") == ""
    resolved = [json.loads(run.document.read_text()) for run in RunStore(document.with_suffix(".runs")).runs()]
    assert [each["optimizer"]["learning_rate"] for each in resolved] == [0.05] * 4 + [0.01] * 4
    again = compare(*RATES, "--vary", "layers.hidden.units=8,4", "--seeds", "1")[1]
    assert re.findall(r": run (\d)$", again, re.MULTILINE) == ["4", "2", "8", "6"]


def test_an_interrupted_one_goes_on_by_the_same_command(
    compare: Compare, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = (*RATES, "--set", "training.batch_size=10")
    asked = iter([False] * 12 + [True] * 9)
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
    code, _, err = compare(*options)
    assert code == 130
    assert "compare" in err.splitlines()[-1]
    assert "--vary optimizer.learning_rate=0.05,0.01" in err.splitlines()[-1]
    monkeypatch.undo()
    assert compare(*options)[0] == 0
    assert len(RunStore(document.with_suffix(".runs")).runs()) == 2


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (
            "optimizer.lr=0.1,0.2",
            'variant "lr=0.1":\n--vary optimizer.lr=0.1,0.2: optimizer: unknown key "lr"; did you mean '
            '"learning_rate", which is there already?\n',
        ),
        (
            "optimizer.learning_rate=0.1,fast",
            'variant "learning_rate=fast":\n--vary optimizer.learning_rate=0.1,fast: optimizer.learning_rate: expected '
            'a number, found the string "fast"\n',
        ),
        ("layers.nope.units=1,2", 'there is no layer "nope"; the layers are hidden, norm'),
        ("optimizer=SGD,Adam", 'expected an object {…}, found the string "Adam"; write {"type": "Adam"}'),
        ("training=null,1", "--vary training=null,1: training: expected an object"),
        ("optimizer.learning_rate", "--vary optimizer.learning_rate: write KEY=VALUE,VALUE,…"),
        ("training.epochs=1,2", "training.epochs is also set by --set"),
    ],
)
def test_what_cannot_be_varied_is_refused_before_anything_is_trained(
    compare: Compare, document: Path, vary: str, said: str
) -> None:
    code, out, err = compare("--vary", vary)
    assert (code, out) == (2, "")
    assert said in err
    assert not document.with_suffix(".runs").exists()


def test_a_mistake_of_all_combinations_is_told_once(compare: Compare) -> None:
    err = compare(*RATES, "--vary", "optimizer.lr=1,2")[2]
    assert (err.count("unknown key"), err.count("variant ")) == (1, 1)
    err = compare("--vary", "learning_rate=0.1,0.2")[2]
    assert err.splitlines()[1:] == [
        '--vary learning_rate=0.1,0.2: there is no section "learning_rate"; write optimizer.learning_rate'
    ]


def test_the_seeds_are_not_given_twice(compare: Compare) -> None:
    err = compare("--vary", "training.seed=1,2", "--seeds", "3")[2]
    assert "--seeds gives the seeds; leave training.seed out here" in err


def test_it_stands_for_a_file_of_variants(compare: Compare, tmp_path: Path) -> None:
    code, _, err = compare(*RATES, "--variants", tmp_path / "variants.json")
    assert code == 2
    assert "argument --variants: not allowed with argument --vary" in err
