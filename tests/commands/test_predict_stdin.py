"""predict on standard input: pictures, arrays, tables and JSON, as they come."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.commands.main import main
from graphnn.datasets.loading import load

Run = Callable[..., Any]
NAMES = ["a", "city", "b"]


@pytest.fixture
def piped(graphnn: Run, trained: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run predict on a network on digits, with bytes in standard input."""
    monkeypatch.chdir(trained.parent)

    def run(content: bytes, *arguments: str, spec: str = "net.json") -> Any:
        stream = io.BufferedReader(io.BytesIO(content))  # type: ignore[arg-type]
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream, isatty=lambda: False))
        return graphnn("predict", spec, *arguments)

    return run


def written(x: Any) -> bytes:
    """Return the bytes of an .npy file."""
    stream = io.BytesIO()
    np.save(stream, x)
    return stream.getvalue()


def classes(text: str) -> list[str]:
    """Return the class of each line of JSON."""
    return [json.loads(line)["predictions"][0]["class"] for line in text.splitlines()]


def test_all_kinds_of_samples_are_answered_alike(piped: Run) -> None:
    x = load("digits").x_test[:300]
    array = piped(written(x), "-", "--format", "jsonl")
    assert array.returncode == 0
    expected = classes(array.stdout)
    assert len(expected) == 300
    lines = "".join(json.dumps(one.tolist()) + "\n" for one in x).encode()
    whole = json.dumps(x.reshape(300, 64).tolist(), indent=1).encode()
    for content in (lines, whole, json.dumps(x.tolist()).encode()):
        found = piped(content, "-", "--format", "jsonl")
        assert (found.returncode, classes(found.stdout)) == (0, expected)
        assert json.loads(found.stdout.splitlines()[-1])["input"] == "-[299]"
    Path("x.jsonl").write_bytes(lines)
    Path("x.json").write_bytes(whole)
    files = piped(b"", "x.jsonl", "x.json", "--format", "jsonl")
    assert classes(files.stdout) == [*expected, *expected]
    for number in range(3):
        stream = io.BytesIO()
        Image.fromarray(x[number, 0]).save(stream, "PNG")
        found = piped(stream.getvalue(), "-", "--format", "jsonl")
        assert (json.loads(found.stdout)["input"], classes(found.stdout)) == ("-", expected[number : number + 1])
        assert found.stderr == "note: -: is 8×8 and light on dark: read as it is\n"


def test_values_that_are_no_samples_do_not_hide_the_others(piped: Run) -> None:
    sample = json.dumps([0] * 64)
    found = piped(f"{sample}\n[1, 2]\nnonsense\n{sample}\n".encode(), "-", "--format", "csv")
    assert found.returncode == 2
    assert [row["input"] for row in csv.DictReader(found.stdout.splitlines())] == ["-[0]", "-[3]"]
    assert found.stderr.splitlines() == [
        "-:2: the array is 2; one sample is 1×8×8, a batch N×1×8×8",
        "-:3: is no JSON: Expecting value: line 1 column 1 (char 0)",
    ]


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (b"", ["-"], "standard input is empty"),
        (b"hello\n", ["-"], "-: standard input is text, where a picture, an .npy array or JSON is needed; names of"),
        (b'{"a": 1}', ["-"], "-:1: is an object, where a list of 1×8×8 numbers is needed"),
        (written(np.zeros((2, 64)))[:-1], ["-"], "-: is not a readable .npy array: it ends before its 1,024 bytes"),
        (b"[1\n2]", ["-"], "-: is no JSON: Expecting ',' delimiter: line 2"),
        (b'{"a": 1, "a": 2}\n', ["-"], '-:1: has the key "a" twice in one object'),
        (b"", ["missing"], "missing: no such file"),
        (b"[1]", ["-", "-"], "standard input can be read once; leave out one -"),
        (b"[1]", ["-", "--files-from", "-"], "standard input can be read once"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", ["-"], "-: is not a picture of a kind that is read"),
    ],
)
def test_what_is_no_input_is_told(piped: Run, content: bytes, arguments: list[str], message: str) -> None:
    found = piped(content, *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert message in found.stderr


@pytest.fixture(scope="module")
def trained_on_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document that was trained on a table."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    rows = [
        [f"{a:.3f}", "Rome" if k % 2 else "Oslo", "yes" if a > 0 else "no"] for k, a in enumerate(rng.normal(size=80))
    ]
    (folder / "t.csv").write_text("\n".join([",".join(NAMES), *map(",".join, rows)]))
    layers = [{"type": "Dense", "units": 2}, {"type": "Softmax"}]
    values = {"input": {"shape": [3]}, "layers": layers, "loss": {"type": "CrossEntropy"}}
    values |= {"optimizer": {"type": "Adam", "learning_rate": 0.1}, "training": {"epochs": 10, "batch_size": 16}}
    values["data"] = {"dataset": "csv", "path": "t.csv", "target": "b"}
    (folder / "table.json").write_text(json.dumps(values))
    assert main(["train", str(folder / "table.json"), "--quiet"]) == 0
    return folder / "table.json"


def test_rows_of_text_and_of_json_are_answered_alike(piped: Run, trained_on_table: Path) -> None:
    text = b"city;a\nRome;0,5\nOslo;-1,5\n"
    rows = [{"city": "Rome", "a": 0.5}, {"city": "Oslo", "a": -1.5}]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    spec = str(trained_on_table)
    expected = None
    for content in (
        text,
        text.decode().encode("utf-16"),
        lines,
        json.dumps(rows).encode(),
        json.dumps(rows, indent=1).encode(),
    ):
        found = piped(content, "-", "--format", "jsonl", spec=spec)
        assert (found.returncode, found.stderr) == (0, "")
        answers = [json.loads(line)["predictions"] for line in found.stdout.splitlines()]
        expected = expected or answers
        assert answers == expected
    assert [answer["predicted b"] for answer in expected or []] == ["yes", "no"]
    Path("rows.jsonl").write_bytes(lines)
    assert piped(b"", "rows.jsonl", "--format", "csv", spec=spec).stdout.splitlines()[1].startswith("Rome,0.5,yes,")


@pytest.mark.parametrize("arguments", [["-"], ["--files-from", "-"]])
def test_standard_input_that_is_closed(
    graphnn: Run, trained: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    found = graphnn("predict", trained, *arguments)
    assert (found.returncode, found.stdout, found.stderr) == (2, "", "standard input is closed\n")


def test_rows_of_json_that_do_not_fit_do_not_hide_the_others(piped: Run, trained_on_table: Path) -> None:
    lines = ['{"a": 1, "city": "Rome"}', '{"a": null, "city": "Rome"}', "[1]", "x", '{"a": 1, "city": ["Rome"]}']
    lines += [
        '{"a": 1, "city": "Rome", "c": 2}',
        '{"city": "Rome"}',
        '{"a": 2, "city": "Oslo"}',
        '{"a": true, "city": "Oslo"}',
    ]
    found = piped("\n".join(lines).encode(), "-", "--format", "jsonl", spec=str(trained_on_table))
    answers = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.returncode == 2
    assert [answer["predictions"]["predicted b"] for answer in answers] == ["yes", *[None] * 6, "yes", None]
    assert [answer.get("error", "").partition(". ")[0] for answer in answers[1:7]] == [
        '-:2: column "a": the cell is empty',
        "-:3: is no object with a value for each column",
        "-:4: is no JSON: Expecting value: line 1 column 1 (char 0)",
        '-:5: the value of "city" is a list or an object, where a number or text is needed',
        '-:6: has a key "c", which the first row has not',
        '-:7: column "a": the cell is empty',
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}', '-: there is no column "city", which the table that the weights were trained on has'),
        (b"a,city\n1\n", "-:2: has 1 cell, but the table 2 columns"),
        (
            b"a,city\n" + b"1,Rome\n" * 9000 + b"1,Rom\xe9\n",
            "-: begins as UTF-8, but is not: invalid continuation byte",
        ),
        ("a,city\n1,Rom\xe9\n".encode("utf-16")[:-1], "-: begins like UTF-16, but is damaged"),
        (b"a,city\n" + b"1,\0\n", "-: is no text: it has a null byte"),
        (b"PK\x03\x04" + bytes(20), "-: is a zip archive, as Excel workbooks are"),
        (b"a,city\n", "-: holds the names of the columns alone, and no rows"),
        (b"a,city\n1,Rom\xe9\n", '-:2: column "city": "Romé" is no category'),
    ],
)
def test_what_is_no_table_is_told(piped: Run, trained_on_table: Path, content: bytes, message: str) -> None:
    found = piped(content, "-", spec=str(trained_on_table))
    assert found.returncode == 2
    assert message in found.stderr


def test_a_program_gets_its_answer_before_it_writes_the_next_sample(trained: Path, root: Path) -> None:
    command = [sys.executable, "-m", "graphnn", "predict", str(trained), "-", "--format", "jsonl", "--threads", "1"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=root, text=True, bufsize=1, **pipes) as process:  # type: ignore[call-overload]
        for number in range(3):
            process.stdin.write(json.dumps([number] * 64) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["input"] == f"-[{number}]"
        process.stdin.close()
        assert process.wait(60) == 0
