"""inspect --plan --workers: the tables of the model of the speed-up, and wrong numbers."""

import json
from pathlib import Path

import pytest

from graphnn.commands.inspect import main

Shown = pytest.CaptureFixture[str]
DIGITS = "models/digits.json"  # with batches of two lanes


def test_workers(document: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([str(document), "--plan", "--workers", "1,2"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= 80
    head = next(number for number, line in enumerate(lines) if line.split()[:1] == ["workers"])
    assert lines[head + 2].split()[:2] == ["1", "1"]
    assert lines[head + 2].split()[3:] == ["1.00", "100%"]
    assert lines[head + 3].split()[:2] == ["2", "0–1"]
    assert lines[head + 3].split()[3:] == ["1.00", "50%", "too", "few", "lanes"]
    assert "The batch has 1 lane: more than one worker does not help." in lines
    assert "machines" not in shown.out


def test_machines_in_json(root: Path, capsys: Shown) -> None:
    arguments = ["--plan", "--workers", "2,1", "--machines", "1,2", "--network", "10,100", "--format", "json"]
    assert main([str(root / DIGITS), *arguments]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [each["workers"] for each in content["speedup"]] == [2, 1]
    last = content["speedup"][1]
    parts = [value for name, value in last.items() if name.endswith("_seconds")]
    assert last["seconds"] == pytest.approx(sum(parts))
    assert [(each["workers"], each["machines"], each["gigabits"]) for each in content["machines"]] == [
        *((2, 1, None), (2, 2, 10), (2, 2, 100)),
        *((1, 1, None), (1, 2, 10), (1, 2, 100)),
    ]
    slow, quick = content["machines"][1:3]
    assert slow["sent_bytes"] == quick["sent_bytes"] > 0
    assert slow["network_seconds"] > quick["network_seconds"]


def test_machines_that_cannot_share_the_lanes(root: Path, capsys: Shown) -> None:
    arguments = ["--plan", "--workers", "1", "--machines", "3,2,8", "--format", "json"]
    assert main([str(root / DIGITS), *arguments]) == 0
    shown = capsys.readouterr()
    assert [each["machines"] for each in json.loads(shown.out)["machines"]] == [2]
    assert "note: 3, 8 machines cannot share 2 lanes evenly, so they cannot train together; 2 can\n" in shown.err


def test_more_workers_than_lanes(root: Path, capsys: Shown) -> None:
    for machines, said in (("1,2", True), ("1", False)):
        assert main([str(root / DIGITS), "--plan", "--workers", "1,2", "--machines", machines]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert ("The machines together have a use for 2 workers, one for each lane of the batch" in shown) is said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--workers 4", "--workers is for --plan, and changes nothing without it"),
        ("--plan --machines 2", "--machines is for --workers N, and changes nothing without it"),
        ("--plan --workers 2 --network 10", "--network is for --machines N, and changes nothing without it"),
        ("--plan --workers 0", '--workers: "0" is not an integer from 1 to 4096; write 8 or 4,8,16, for example'),
        ("--plan --workers x", '"x" is not an integer from 1 to 4096'),
        ("--plan --workers 4,", '"" is not an integer'),
        ("--plan --workers 1e9", '"1e9" is not an integer'),
        ("--plan --workers 5000", '"5000" is not an integer from 1 to 4096'),
        ("--plan --workers 4,8,4", '"4,8,4" names 4 twice'),
        ("--plan --workers 2 --machines 2 --network nan", '"nan" is not a number of Gbit/s from 0.1 to 1000'),
        ("--write-schema s.json --workers 2", "--workers is for a document, and changes nothing with --write-schema"),
    ],
)
def test_wrong_numbers(arguments: str, message: str, document: Path, capsys: Shown) -> None:
    spec = [] if "--write-schema" in arguments else [str(document)]
    assert main([*spec, *arguments.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
