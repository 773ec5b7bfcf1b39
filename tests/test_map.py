"""graphnn/README.md, the map: its rooms are those of the package, and its table says which files a change takes."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAP = (ROOT / "graphnn" / "README.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")
OPTIONAL = {  # the names that other libraries have; what is odd about values of single settings
    "graphnn/text/suggestions.py",
    "graphnn/commands/sharing_habits.py",
    *(f"graphnn/specification/habits/{file.name}" for file in (ROOT / "graphnn/specification/habits").glob("*.py")),
    "graphnn/graph/odd_values.py",
}


def section(title: str) -> str:
    """Return the text below a title, up to the next one."""
    return MAP.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table below a title, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


CHANGES = rows("Where do I…")
EXAMPLES = [row for row in CHANGES if CODE.search(row[2])]


@cache
def words(file: Path) -> frozenset[str]:
    """Return the names and strings of a file's code, without docstrings and comments; of other files all words."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        return frozenset(re.findall(r"\w+", text))
    return frozenset(code_words(ast.parse(text)))


def code_words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ClassDef | ast.alias):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_there_are_twelve_changes_and_most_have_an_example() -> None:
    assert len(CHANGES) == 12
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row[0])
def test_a_change_takes_the_files_of_its_row(row: list[str]) -> None:
    files = {file for file in CODE.findall(row[1]) if "/" in file}
    names = set(CODE.findall(row[2]))
    found = {
        file.relative_to(ROOT).as_posix()
        for folder in ("graphnn", "schemas")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".pyi", ".json") and names & words(file)
    }
    assert found - OPTIONAL == files


@pytest.mark.parametrize("row", CHANGES, ids=lambda row: row[0])
def test_the_files_of_a_row_are_there(row: list[str]) -> None:
    named = [name for name in CODE.findall(row[1] + row[3]) if "/" in name and not name.startswith("evaluation")]
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_a_format_of_reports_takes_its_file_alone() -> None:
    listed = {file.stem for file in (ROOT / "graphnn" / "reports" / "renderers").glob("*.py")} - {"__init__"}
    assert listed == {"table", "markdown", "csv", "json", "jsonl"}
    others = [file for file in (ROOT / "graphnn" / "reports").glob("*.py") if "markdown" in words(file)]
    assert others == []


def test_every_room_is_on_the_map_in_the_order_of_imports() -> None:
    text = (ROOT / "tests" / "test_imports.py").read_text(encoding="utf-8")
    order = re.findall(r'^    "(\w+)",$', text, re.MULTILINE)
    cells = [row[0] for row in rows("The rooms, each resting only on those above it")]
    rooms = [name.strip("/").removesuffix(".py") for cell in cells for name in CODE.findall(cell)]
    assert sorted(rooms) == sorted(set(order) - {"__init__", "__main__"})
    folders = {file.parent.name for file in (ROOT / "graphnn").glob("*/__init__.py")}
    assert folders <= set(rooms)


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", MAP)
    assert links
    assert [link for link in links if not (ROOT / "graphnn" / link).exists()] == []
