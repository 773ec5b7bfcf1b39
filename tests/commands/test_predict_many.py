"""predict on folders, patterns and lists, and its results as they come, printed or written."""

import csv
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.commands import predict_output
from graphnn.datasets.loading import load
from graphnn.evaluation.inputs import FromFile, Reader

Run = Callable[..., Any]
COUNT = 20


@pytest.fixture
def scans(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a trained network on digits, the current one, with pictures in the folder scans."""
    monkeypatch.chdir(trained.parent)
    (trained.parent / "scans/more").mkdir(parents=True)
    images = load("digits").x_test
    for k in range(COUNT):
        folder = "scans/more" if k >= 12 else "scans"
        Image.fromarray(images[k, 0]).save(trained.parent / folder / f"{k}.png")
    (trained.parent / "scans/notes.txt").write_text("who wrote them")
    return trained.parent


def names(text: str) -> list[str]:
    """Return the inputs in JSON lines."""
    return [json.loads(line)["input"] for line in text.splitlines()]


EXPECTED = [f"scans/more/{k}.png" if k >= 12 else f"scans/{k}.png" for k in [*range(12), *range(12, COUNT)]]


def test_a_folder_a_pattern_and_a_list_are_the_same(scans: Path, graphnn: Run) -> None:
    folder = graphnn("predict", "net.json", "scans", "--format", "jsonl")
    assert folder.returncode == 0
    assert names(folder.stdout) == EXPECTED
    assert "note: scans/notes.txt: is no picture by its suffix, and was skipped\n" in folder.stderr
    pattern = graphnn("predict", "net.json", "scans/**/*.png", "--format", "jsonl")
    assert pattern.stdout == folder.stdout
    assert "skipped" not in pattern.stderr
    for separator in ("\n", "\0"):
        Path("list").write_text(separator.join(EXPECTED))
        listed = graphnn("predict", "net.json", "--files-from", "list", "--format", "jsonl")
        assert listed.stdout == folder.stdout


def test_a_list_from_standard_input(scans: Path, python: Run, root: Path) -> None:
    command = f"ls scans/*.png | '{os.sys.executable}' -m graphnn predict net.json --files-from - --format csv"  # type: ignore[attr-defined]
    code = f"import subprocess, sys; sys.exit(subprocess.run(['sh', '-c', {command!r}]).returncode)"
    done = python("-c", code, cwd=scans)
    assert done.returncode == 0
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert sorted(row["input"] for row in rows) == sorted(EXPECTED[:12])


def test_the_formats_say_the_same(scans: Path, graphnn: Run) -> None:
    outputs = {
        form: graphnn("predict", "net.json", "scans", "--format", form, "--top", "2").stdout
        for form in ("json", "jsonl", "csv", "markdown", "table")
    }
    data = json.loads(outputs["json"])
    assert [json.loads(line) for line in outputs["jsonl"].splitlines()] == data
    rows = list(csv.DictReader(outputs["csv"].splitlines()))
    flat = [(one["input"], guess["class"]) for one in data for guess in one["predictions"]]
    assert [(row["input"], row["class"]) for row in rows] == flat
    assert len(outputs["markdown"].splitlines()) == COUNT + 2
    assert [line.split()[0] for line in outputs["table"].splitlines()] == EXPECTED


def test_results_come_while_later_inputs_are_read(
    scans: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("graphnn.evaluation.files.CHUNK", 4)
    shown: list[int] = []
    read = Reader.read

    def watched(self: Reader, path: Path) -> FromFile:
        shown.append(sum(map(len, (capsys.readouterr().out.splitlines(),))))
        return read(self, path)

    monkeypatch.setattr(Reader, "read", watched)
    for form in ("jsonl", "csv", "json", "markdown"):
        shown.clear()
        assert graphnn("predict", "net.json", "scans", "--format", form).returncode == 0
        assert [shown[k] > 0 for k in range(COUNT)] == [k % 4 == 0 and k > 0 for k in range(COUNT)], form


def test_text_for_people_comes_in_blocks(scans: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = graphnn("predict", "net.json", "scans").stdout
    monkeypatch.setattr("graphnn.commands.predict.BLOCK", 8)
    monkeypatch.setattr("graphnn.evaluation.files.CHUNK", 4)
    found = graphnn("predict", "net.json", "scans").stdout
    assert [line.split() for line in found.splitlines()] == [line.split() for line in whole.splitlines()]


def test_a_reader_that_leaves_is_no_error(scans: Path, start: Run) -> None:
    x = np.lib.format.open_memmap(scans / "x.npy", "w+", np.uint8, (3_000_000, 64))  # of zeros, which take no room
    del x
    process = start("-m", "graphnn", "predict", "net.json", "x.npy", "--format", "jsonl", cwd=scans)
    assert json.loads(process.stdout.readline())["input"] == "x.npy[0]"
    process.stdout.close()
    assert process.wait(60) == 1
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "ndjson", "md"])
def test_results_are_written(suffix: str, scans: Path, graphnn: Run) -> None:
    form = {"ndjson": "jsonl", "md": "markdown"}.get(suffix, suffix)
    printed = graphnn("predict", "net.json", "scans", "--format", form).stdout
    done = graphnn("predict", "net.json", "scans", "--output", f"out.{suffix}")
    assert (done.returncode, Path(f"out.{suffix}").read_text()) == (0, printed)
    assert done.stdout == f"out.{suffix} written: {COUNT} results.\n"
    again = graphnn("predict", "net.json", "scans/1.png", "--output", f"out.{suffix}")
    assert (again.returncode, "1.png" in Path(f"out.{suffix}").read_text()) == (0, True)


def test_results_without_any(scans: Path, graphnn: Run) -> None:
    for suffix, text in (("json", "[]\n"), ("jsonl", ""), ("csv", "")):
        for _ in range(2):  # and are replaced
            done = graphnn("predict", "net.json", "none.png", "--output", f"out.{suffix}")
            assert (done.returncode, Path(f"out.{suffix}").read_text()) == (2, text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scans", "--output", "out.txt"], 'out.txt: the format follows from the suffix, but ".txt" is none of .csv, '),
        (
            ["scans", "--output", "out.json", "--format", "csv"],
            "out.json: is written as json, after its suffix, not as csv",
        ),
        (["scans", "--output", "net.json"], "net.json: holds no predictions, so it is not replaced"),
        (["scans/1.png", "out.csv", "--output", "out.csv"], "out.csv: is one of the inputs"),
        (["scans", "--output", "no/out.csv"], "no/out.csv: there is no folder "),
        (["empty"], "empty: holds no picture, and no folder in it does"),
        (["x*.png"], "x*.png: no picture matches this pattern"),
        (["--files-from", "none"], "none: cannot be read: No such file or directory"),
        (["--files-from", "blank"], "blank: lists no files"),
        ([], "the following arguments are required: INPUT"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: list[str], message: str, scans: Path, graphnn: Run) -> None:
    Path("empty").mkdir()
    Path("blank").write_text("\n")
    before = Path("net.json").read_text()
    done = graphnn("predict", "net.json", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert (Path("net.json").read_text(), Path("out.csv").exists()) == (before, False)


def test_a_file_is_not_left_half_written(scans: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out.csv").write_text("input,rank,class,probability\nold\n")
    monkeypatch.setattr(predict_output.Stream, "end", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        graphnn("predict", "net.json", "scans", "--output", "out.csv")
    assert Path("out.csv").read_text() == "input,rank,class,probability\nold\n"
    assert not list(scans.glob(".graphnn*"))


@pytest.mark.long
def test_memory_does_not_grow_with_the_samples(scans: Path, python: Run) -> None:
    peaks = []
    for count in (20_000, 400_000):
        x = np.lib.format.open_memmap(scans / "x.npy", "w+", np.float64, (count, 64))
        del x
        code = (
            "import resource, sys; from graphnn.commands.main import main; "
            "main(['predict', 'net.json', 'x.npy', '--output', 'out.jsonl', '--threads', '1']); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = python("-c", code, cwd=scans)
        assert re.search(f"{count:,} results", done.stdout)
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] < peaks[0] + 5_000  # KiB
