"""The task for VS Code in schemas/README.md: its patterns find each error and note of inspect, and nothing else."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import GraphError, Problem
from graphnn.graph.build import build_graph
from graphnn.specification.spec import read_spec

ROOT = Path(__file__).parents[2]
INVALID = ROOT / "tests" / "specification" / "invalid"
PAGE = (ROOT / "schemas" / "README.md").read_text(encoding="utf-8")
(TASK,) = next(
    json.loads(code)["tasks"] for code in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if "problemMatcher" in code
)


@dataclass(frozen=True)
class Marker:
    """What VS Code shows in a file: at its top where there is no line."""

    severity: str
    file: str
    line: int | None
    column: int | None
    message: str


def markers(output: str) -> Iterator[Marker]:
    """Yield what VS Code makes of a command's output: of each line, what the first pattern that fits says."""
    for line in output.splitlines():
        for matcher in TASK["problemMatcher"]:
            pattern = matcher["pattern"]
            found = re.search(pattern["regexp"], line)
            if found is not None:
                place = [int(found[pattern[key]]) if key in pattern else None for key in ("line", "column")]
                yield Marker(matcher["severity"], found[pattern["file"]], *place, found[pattern["message"]])
                break


def problems(file: str) -> Iterator[Problem | str]:
    """Yield the errors about a document."""
    try:
        build_graph(read_spec(Path(file)))
    except GraphError as error:
        yield from error.problems


def expected(problem: Any) -> Marker:
    """Return the marker of an error."""
    message = ": ".join(part for part in (problem.where, problem.message) if part)
    return Marker("error", problem.file, problem.line, problem.column, message)


@pytest.mark.parametrize("letter", sorted({file.name[0] for file in INVALID.glob("*.json")}))
def test_each_error_is_shown_where_it_is(
    letter: str, graphnn: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(INVALID)
    for file in sorted(INVALID.glob(f"{letter}*.json")):
        done = graphnn("inspect", file.name)
        found = [one for one in markers(done.stdout + done.stderr) if one.severity == "error"]
        assert found == [expected(problem) for problem in problems(file.name)], done.stderr
        assert found


def test_notes_are_shown_as_such(document: Path, graphnn: Callable[..., Any], small: dict[str, Any]) -> None:
    small["layers"][3]["rate"] = 0.99
    document.write_text(json.dumps(small, indent=2), encoding="utf-8")
    done = graphnn("inspect", document)
    (note,) = markers(done.stdout + done.stderr)
    assert (note.severity, note.file) == ("info", str(document))
    assert note.message.startswith("layers[3].rate: 0.99 leaves")
    assert '"rate": 0.99' in document.read_text(encoding="utf-8").splitlines()[note.line - 1]


def test_what_has_no_line_is_shown_at_the_top_of_the_file(tmp_path: Path, graphnn: Callable[..., Any]) -> None:
    done = graphnn("inspect", tmp_path / "none.json")
    assert [(one.line, one.file) for one in markers(done.stderr)] == [(None, str(tmp_path / "none.json"))]


def test_a_document_without_mistakes_gives_nothing(document: Path, graphnn: Callable[..., Any]) -> None:
    done = graphnn("inspect", document)
    assert done.returncode == 0
    assert list(markers(done.stdout + done.stderr)) == []


@pytest.mark.parametrize(
    ("line", "file"),
    [
        (r"C:\nets\a b.json:3:14: layers: wrong", r"C:\nets\a b.json"),
        ("a:1:2.json:3:14: layers: wrong", "a:1:2.json"),
        ('    {"description": "a.json:3:14: no error"}', None),
        ("note: a.json:3:14: odd", "a.json"),
        ("note: nothing about a place", None),
    ],
)
def test_a_file_in_a_line(line: str, file: str | None) -> None:
    assert [one.file for one in markers(line)] == ([] if file is None else [file])


def test_the_task_runs_inspect_on_the_document_that_is_open() -> None:
    assert TASK["args"] == ["inspect", "${relativeFile}"]
    assert Path(TASK["command"]).name == "graphnn"
    assert {matcher["fileLocation"][0] for matcher in TASK["problemMatcher"]} == {"relative"}
