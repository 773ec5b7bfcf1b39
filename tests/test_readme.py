"""The READMEs: their generated parts are current, what they show can be run, and their links lead somewhere."""

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn import Model
from graphnn.graph.build import build_graph
from graphnn.graph.notes import notes
from graphnn.specification.schema import load_schema
from graphnn.specification.spec import spec_from_values

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [
    ROOT / name for name in ("README.md", "schemas/README.md", "models/README.md", "tools/README.md", "tests/README.md")
]
PAGES += sorted((ROOT / "graphnn").rglob("README.md"))
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
FIRST_PAGE = README.read_text(encoding="utf-8")
MADE: list[dict[str, Any]] = [
    runpy.run_path(str(ROOT / "tests" / "readme" / name))
    for name in ("blocks.py", "exports.py", "options.py", "overviews.py")
]
BLOCKS: dict[str, Callable[[], str]] = {name: make for made in MADE for name, make in made["BLOCKS"].items()}
FILES: dict[str, str] = {name: file for made in MADE for name, file in made["FILES"].items()}
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"(?:\]\(|src=\")([^)\"\s]+)[)\"]")


def fences(language: str, text: str = TEXT) -> list[str]:
    """Return the code blocks of a language."""
    return [code for found, code in FENCE.findall(text) if found == language]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings: "In your editor" has in-your-editor."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def lost_links(page: Path) -> list[str]:
    """Return the links of a page that lead to no file, or to no heading of one."""
    lost = []
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        name, _, anchor = link.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not link.startswith("https://") and not (file.exists() and (not anchor or anchor in anchors(file))):
            lost.append(link)
    return lost


def run_python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    command = [sys.executable, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # where graphnn is not installed
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("name", BLOCKS)
def test_generated_parts_are_current(name: str, golden: Callable[[Path, str], None]) -> None:
    if name in ("inspect", "plan", "speedup"):
        pytest.importorskip("numba")  # they show what a run with its kernels takes
    page = ROOT / FILES.get(name, "README.md")
    text = page.read_text(encoding="utf-8")
    assert f"<!-- begin: {name} -->\n" in text
    golden(page, MADE[0]["current"](text, name, BLOCKS[name]()))


def test_no_page_has_a_generated_part_that_is_not_made() -> None:
    assert sorted(re.findall(r"<!-- begin: (\w+) -->", TEXT)) == sorted(BLOCKS)


def test_every_setting_of_the_schema_is_in_the_tables() -> None:
    tables, schema = BLOCKS["options"](), load_schema()
    assert sum(len(schema.types(kind)) for kind in schema.switches) > 25
    for kind in set(schema.switches) - {"group_optimizer"}:  # whose types are those of optimizer
        titled = "data set" if kind == "data" else kind
        table = tables.partition(f"| {titled} | setting |")[2].partition("\n\n")[0]
        for name in schema.types(kind):
            part = table.partition(f"| **{name}** |")[2].partition("| **")[0]
            assert part, name
            for setting, definition in schema.definition(kind, name)["properties"].items():
                assert definition is True or f"| `{setting}` |" in part, (name, setting)
    part = tables.partition("## Shorter documents")[2]
    for setting in set(load_schema().definitions["block"]["properties"]) - {"description"}:
        assert f"| `{setting}` |" in part, setting
    part = tables.partition("## The other sections")[2]
    for name in ("input", "training", "evaluation"):
        for setting in set(load_schema().properties(name)) - {"description"}:
            assert f"| `{setting}` |" in part, (name, setting)


@pytest.mark.parametrize("number", range(len(fences("python"))))
def test_python_examples_run(number: int, tmp_path: Path) -> None:
    code = fences("python")[number]
    if "mnist.onnx" in code:  # which the command before it has written
        model = Model.from_document(ROOT / "models" / "mnist.json")
        model.load(ROOT / "models" / "mnist.npz")
        model.export(tmp_path / "mnist.onnx")
    ran = run_python("-W", "error", "-c", code, folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_plugin_works_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "my_layers.py").write_text(
        next(code for code in fences("python") if "Softplus" in code), encoding="utf-8"
    )
    use = re.search(r"`({[^`]*Softplus[^`]*})`", TEXT)
    assert use is not None
    document = json.loads((ROOT / "models" / "digits.json").read_text(encoding="utf-8"))
    document["layers"].insert(1, json.loads(use[1]))
    (tmp_path / "my.json").write_text(json.dumps(document), encoding="utf-8")
    for tool in (["inspect.py"], ["train.py", "--dry-run"]):
        command = [str(ROOT / "tools" / tool[0]), "my.json", "--plugin", "my_layers.py", *tool[1:]]
        ran = run_python(*command, folder=tmp_path)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "Softplus" in ran.stdout


def test_json_examples_are_json() -> None:
    assert len(fences("json")) >= 4
    for code in fences("json"):
        json.loads(code)


def test_the_example_of_augmentation_fits_into_a_document() -> None:
    example = next(json.loads(code) for code in fences("json") if "augment" in code)
    values = json.loads((ROOT / "models" / "cifar10.json").read_text(encoding="utf-8"))
    spec = spec_from_values({**values, **example})
    assert notes(spec, build_graph(spec)) == []
    assert [section.type for section in spec.data["augment"]] == ["RandomFlip", "RandomTranslate"]


def test_the_example_of_groups_fits_into_a_document() -> None:
    example = next(json.loads(code) for code in fences("json") if "patch_whitening" in code)
    values = json.loads((ROOT / "models" / "cifar10.json").read_text(encoding="utf-8"))
    rest = [{"type": "Flatten"}, {"type": "Dense", "units": 10, "use_bias": False}, {"type": "Softmax"}]
    spec = spec_from_values({**values, **example, "layers": [*example["layers"], *rest]})
    graph = build_graph(spec)
    assert [own.name for own in graph.nodes[0].parameters if own.trainable] == ["biases"]
    assert notes(spec, graph) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert lost_links(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '# One *two*: three\n[a](#one-two-three) [b](page.md#one) [c](none.md) [d](page.md)\n<img src="e.png">'
    )
    assert lost_links(page) == ["page.md#one", "none.md", "e.png"]


def test_every_page_is_reached_from_the_first() -> None:
    reached, waiting = set[Path](), [README]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        named = {
            (page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(page.read_text(encoding="utf-8"))
        }
        waiting += [file for file in named if file.name == "README.md" and file not in reached]
    assert reached == set(PAGES)


def test_the_first_page_is_short() -> None:
    assert 150 <= len(FIRST_PAGE.splitlines()) <= 220


def test_the_two_commands_are_one_line_each() -> None:
    train, test = (code.strip() for code in fences("sh", FIRST_PAGE))
    for command in (train, test):
        assert "\n" not in command
        assert shlex.split(command)[:4] == ["python3", "-m", "venv", ".venv"]
    assert train.endswith("&& .venv/bin/python tools/train.py models/digits.json")
    assert test.endswith("&& .venv/bin/python -m pytest")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f"\n({fences('sh', FIRST_PAGE)[1].strip()})\n" in script


def test_ci_compares_with_the_pytorch_that_is_pinned() -> None:
    """The comparisons are left out where there is none, so that the script must see to it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (required,) = project["optional-dependencies"]["torch"]
    assert re.fullmatch(r"torch==[\d.]+", required)
    assert f"`pip install {required}`" in TEXT
    before, _, _ = (ROOT / ".ci" / "run").read_text(encoding="utf-8").partition(fences("sh", FIRST_PAGE)[1].strip())
    assert ".venv/bin/pip install -e '.[torch]'" in before
    assert ".venv/bin/pip install -e '.[torch]'" in TEXT


def test_ci_stops_at_the_first_failure(tmp_path: Path) -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_text(script, encoding="utf-8")
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
    (tmp_path / "python3").chmod(0o755)
    ran = subprocess.run(
        ["bash", str(tmp_path / ".ci" / "run")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 7
    assert "ruff" not in ran.stderr


def test_the_picture_of_an_editor_shows_what_the_schema_says() -> None:
    drawn = runpy.run_path(str(ROOT / "tests" / "readme" / "pictures.py"))
    page = re.sub(r"<[^>]+>", "", drawn["editor"]())
    settings = load_schema().definition("layer", "Conv2D")["properties"]
    assert [name for name in settings if name not in page] == []
    assert "⌊(W − K + before + after) / stride⌋ + 1 wide." in page
    assert "The learning rate rises linearly, then falls linearly" in page
