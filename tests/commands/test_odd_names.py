"""Names that are not UTF-8, or hold characters that a terminal obeys, in every command and every format."""

import csv
import io
import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.reports.formats import FORMATS
from graphnn.specification.spec import read_spec
from graphnn.storage.weights import load_weights

Graphnn = Callable[..., Any]
CLASSES = ['a"b,c', "red\x1b[31m|", "\u202eevil", "two\nlines", "bell\x07\r\x9b1m"]
BYTES = os.fsdecode(b"d\xff")  # a folder
NAME = os.fsdecode(b"bad\xfe\x1b[31m")


@pytest.fixture
def odd(tmp_path: Path, small: dict[str, Any]) -> Path:
    """A document, in a folder, with data whose names are all odd."""
    folder = tmp_path / BYTES
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("names of files are UTF-8 here")
    draws = np.random.default_rng(0)
    x = draws.random((100, 64), dtype=np.float32)
    y = np.arange(100) % len(CLASSES)
    np.savez(folder / "d.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20], class_names=np.array(CLASSES))
    np.save(folder / f"{NAME}.npy", x[:2])
    small.update(data={"dataset": "npz", "path": "d.npz"}, description="\x1b[31m")
    small["layers"][0]["name"] = "first\u202e"
    small["layers"][-2]["units"] = len(CLASSES)
    document = folder / f"{NAME}.json"
    document.write_text(json.dumps(small), encoding="utf-8")
    return document


def harmless(*texts: str) -> bool:
    """Whether a terminal shows all of these texts, and obeys none."""
    return {unicodedata.category(one) for one in "".join(texts) if one != "\n"}.isdisjoint({"Cc", "Cf", "Cs"})


def test_every_command_takes_and_shows_them(odd: Path, graphnn: Graphnn) -> None:
    shown = []
    missing = graphnn("evaluate", odd)
    assert missing.returncode == 2
    assert f"d\\xff/bad\\xfe\\u001b[31m.npz: no such file; train it first: graphnn train $'{odd.parent.parent}" in (
        missing.stderr
    )
    wrong = graphnn("inspect", odd, "--set", "layers[0].units=\x1b[31m")
    assert wrong.returncode == 2
    for command in (
        ["inspect", odd, "--plan"],
        ["train", odd, "--set", "training.epochs=1"],
        ["train", odd, "--set", "training.epochs=2", "--resume"],
        ["evaluate", odd],
        ["compare", odd, "--set", "training.epochs=1"],
        ["predict", odd, odd.with_suffix(".npy")],
        ["benchmark", odd, "--quick"],
    ):
        done = graphnn(*command)
        assert done.returncode == 0, (command, done.stderr)
        shown += [done.stdout, done.stderr]
    assert harmless(missing.stderr, wrong.stderr, *shown)
    assert r"red\u001b[31m|" in "".join(shown)
    assert r"bad\xfe\u001b[31m" in "".join(shown)
    document = load_weights(odd.with_suffix(".npz")).meta["document"]
    assert document["name"] == read_spec(odd).name == "bad\\xfe\x1b[31m"
    assert document["data"]["path"] == f"{odd.parent.parent}/d\\xff/d.npz"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_them(form: str, odd: Path, graphnn: Graphnn) -> None:
    assert graphnn("train", odd, "--set", "training.epochs=1", "--quiet").returncode == 0
    done = graphnn("evaluate", odd, "--format", form)
    predicted = graphnn("predict", odd, odd.with_suffix(".npy"), "--format", form, "--top", "5")
    assert harmless(done.stdout, predicted.stdout)
    escaped = [r"red\u001b[31m|", r"\u202eevil", r"two\nlines", r"bell\u0007\r\u009b1m"]
    if form == "json":
        assert [each["name"] for each in json.loads(done.stdout)["classes"]] == CLASSES
        assert json.loads(predicted.stdout)[0]["input"].startswith(str(odd.with_suffix(".npy")))
    elif form == "jsonl":
        assert [each["name"] for each in json.loads(done.stdout)["classes"]] == CLASSES
        assert json.loads(predicted.stdout.splitlines()[0])["input"].startswith(str(odd.with_suffix(".npy")))
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        assert [row["class"] for row in rows] == [CLASSES[0], *escaped[:2], CLASSES[3], escaped[3]]
    elif form == "markdown":
        table = [line for line in done.stdout.splitlines() if line.startswith("|") and "|" in line[1:]]
        for name in [CLASSES[0], escaped[0].replace("|", "\\|"), *escaped[1:]]:
            assert sum(line.startswith(f"| {name} |") for line in table) >= 1, name
    else:
        for name in (CLASSES[0], *escaped):
            assert any(line.startswith(f"{name} ") for line in done.stdout.splitlines()), name


def test_a_terminal_of_ascii_shows_them_too(odd: Path, python: Callable[..., Any]) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    odd.write_text(odd.read_text(encoding="utf-8").replace("first", "3×3é"), encoding="utf-8")
    done = python("tools/inspect.py", odd, "--format", "json", env=ascii_only)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["layers"][1]["name"] == "3×3é\u202e"
    wrong = python("tools/inspect.py", odd.with_name(f"{NAME}x.json"), env=ascii_only)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(f"{odd.parent.parent}/d\\xff/bad\\xfe\\u001b[31mx.json: ")


def test_the_place_of_a_mistake_is_shown_without_its_characters(tmp_path: Path, graphnn: Graphnn) -> None:
    file = tmp_path / "net.json"
    file.write_text('{"a\u202e\u00a0b": 1, "a\u202e\u00a0b": 2}', encoding="utf-8")
    done = graphnn("inspect", file)
    assert done.returncode == 2
    assert harmless(done.stderr)
    source, caret = done.stderr.splitlines()[1:3]
    assert source == '    {"a�\u00a0b": 1, "a�\u00a0b": 2}'
    assert caret.index("^") == source.rindex('"a')
