"""Tests of the drawings: every document gives one that is well-formed, in which nothing lies on anything else."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from graphnn.exporting.base import TARGETS, DrawnTarget
from graphnn.exporting.branches import layer_nodes, steps_of
from graphnn.exporting.drawings.svg_text import fitted, text_width, wrapped
from graphnn.graph.build import build_graph
from graphnn.specification.spec import parse_spec, read_spec
from tests.conftest import ROOT, SMALL, Golden, Run

MODELS = sorted((ROOT / "models").glob("*.json"))
SVG = "{http://www.w3.org/2000/svg}"
HARD = '<a & "b"> ]]> `#35;` 名前 🙂 \u00ad'


def conv(filters: int = 4, **more: Any) -> dict[str, Any]:
    return {"type": "Conv2D", "filters": filters, **more}


def nested(depth: int) -> list[dict[str, Any]]:
    """Return blocks in blocks, every other one with a shortcut."""
    inside: list[dict[str, Any]] = [conv(name=HARD)]
    for level in range(depth):
        shortcut = [conv(kernel_size=1), {"type": "BatchNormalization"}] if level % 2 else []
        name = {"name": f"{level} {HARD}"} if level else {}
        inside = [{"type": "Residual", **name, "layers": [*inside, {"type": "ReLU"}], "shortcut": shortcut}]
    return inside


CASES: dict[str, list[dict[str, Any]]] = {
    "one layer": [{"type": "Tanh"}],
    "long names": [conv(name="x" * 200), {"type": "Residual", "name": "b" * 200, "layers": [conv(name="名" * 200)]}],
    "nested": [conv(), *nested(4)],
    "a hundred layers": [conv(3 + index % 5 + index // 40) for index in range(100)],
    "alike": [conv(), {"type": "Repeat", "times": 20, "layers": [conv(), {"type": "ReLU"}]}],
}


def drawn(name: str, target: str) -> tuple[str, int]:
    """Return the text of a drawing, and the number of layers that it stands for."""
    if name.endswith(".json"):
        spec = read_spec(ROOT / "models" / name)
    else:
        end = {"loss": {"type": "MeanSquaredError"}, "name": HARD, "input": {"shape": [4, 20, 20]}}
        spec = parse_spec(json.dumps({**SMALL, **end, "layers": CASES[name], "data": {"dataset": "npz", "path": "x"}}))
    graph = build_graph(spec)
    drawing = TARGETS[target]
    assert isinstance(drawing, DrawnTarget)
    text = drawing.text(graph, spec.name)
    assert drawing.is_own(text.encode()[:4096])
    return text, len(list(layer_nodes(steps_of(graph))))


names = pytest.mark.parametrize("name", [*CASES, *(file.name for file in MODELS)])


def numbers(element: ElementTree.Element, *keys: str) -> tuple[float, ...]:
    return tuple(float(element.attrib[key]) for key in keys)


def boxes(root: ElementTree.Element) -> Iterator[tuple[float, float, float, float]]:
    """Yield the boxes of layers: left, top, right, bottom."""
    for group in root.iter(f"{SVG}g"):
        if group.attrib["class"] not in ("block", "repeat"):
            rect = group.find(f"{SVG}rect")
            assert rect is not None
            x, y, width, height = numbers(rect, "x", "y", "width", "height")
            yield x, y, x + width, y + height


@names
def test_boxes_of_a_picture_lie_on_it_and_on_no_other(name: str) -> None:
    root = ElementTree.fromstring(drawn(name, "svg")[0])
    width, height = numbers(root, "width", "height")
    found = list(boxes(root))
    assert found
    for index, (left, top, right, bottom) in enumerate(found):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        for other in found[:index]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


@names
def test_texts_of_a_box_lie_in_it(name: str) -> None:
    root = ElementTree.fromstring(drawn(name, "svg")[0])
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        left, width = numbers(rect, "x", "width")
        rows: dict[str, float] = {}
        for text in group.iter(f"{SVG}text"):
            size = 12.5 * 1.05 if text.attrib["class"] == "type" else 11
            assert left < float(text.attrib["x"]) < left + width
            rows[text.attrib["y"]] = rows.get(text.attrib["y"], 0) + text_width(text.text or "", size)
        assert all(row <= width - 20 for row in rows.values())


@names
def test_a_picture_runs_nothing_and_has_a_title_and_a_description(name: str) -> None:
    text, _ = drawn(name, "svg")
    root = ElementTree.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "defs", "marker", "path", "rect", "circle", "g", "text"),
    }
    assert "href" not in text
    assert root.findtext(f"{SVG}title") == (name.removesuffix(".json") if name.endswith(".json") else HARD)
    assert (root.findtext(f"{SVG}desc") or "").startswith("A network from ")


def test_a_picture_has_names_as_they_are_and_whole_ones_in_its_tips() -> None:
    text, _ = drawn("long names", "svg")
    tips = [title.text or "" for title in ElementTree.fromstring(text).iter(f"{SVG}title")]
    assert f"{'x' * 200}, Conv2D, 3×3, 4 filters, same, 148 parameters" in tips
    assert "名" * 200 in "".join(tips)
    assert "b" * 200 in tips


def test_long_networks_stand_in_columns_and_repetitions_in_a_frame() -> None:
    width, height = numbers(ElementTree.fromstring(drawn("a hundred layers", "svg")[0]), "width", "height")
    assert width > height / 2
    text = drawn("alike", "svg")[0]
    assert text.count('class="convolution"') == 2
    assert "× 20" in text


@names
def test_a_flowchart_defines_every_node_once_and_draws_all_arrows_outside_frames(name: str) -> None:
    lines = drawn(name, "mermaid")[0].splitlines()
    defined = Counter(re.findall(r"^ +(?:subgraph )?(\w+)[\[(]", "\n".join(lines), re.MULTILINE))
    assert set(defined.values()) == {1}
    arrows = [re.fullmatch(r'    (\w+) -->\|"[\d×]+"\| (\w+)', line) for line in lines if "-->" in line]
    assert all(arrows)
    ends = {end for arrow in arrows if arrow for end in arrow.groups()}
    assert ends == {node for node in defined if not node.startswith("block")}
    depth = 0
    for line in lines:
        depth += line.strip().startswith("subgraph ")
        depth -= line.strip() == "end"
        assert depth == 0 or "-->" not in line
    assert depth == 0


def test_a_flowchart_has_no_markup_of_names() -> None:
    text, _ = drawn("nested", "mermaid")
    for line in text.splitlines():
        label = re.search(r'\["(.*)"\]', line)
        if label:
            assert not re.search(r'[<>&"`#;\\]', label[1].replace("<br/>", "")), line
    assert json.loads(text.splitlines()[1].removeprefix("title: ")).startswith("‹a + ″b″›")


def test_texts_are_shortened_and_wrapped_to_a_width() -> None:
    assert fitted("short", 11, 100) == "short"
    assert fitted("x" * 100, 10, 65) == "xxxxxxxx…"
    assert text_width("名前", 10) == 20
    assert wrapped("3×3, 16 filters, same, no bias", 10, 110, ", ") == ["3×3, 16 filters,", "same, no bias"]
    assert wrapped("", 10, 110) == [""]


def test_the_command_draws_a_document_without_weights_and_replaces_drawings_alone(document: Path, graphnn: Run) -> None:
    for target, suffix in (("svg", ".svg"), ("mermaid", ".mmd")):
        for _ in range(2):
            found = graphnn("export", document, "--to", target)
            assert (found.returncode, found.stderr) == (0, "")
        file = document.with_suffix(suffix)
        assert file.read_text(encoding="utf-8").startswith(("<svg ", "---\n"))
        file.write_text("mine", encoding="utf-8")
        assert graphnn("export", document, "--to", target).returncode == 2
        assert file.read_text(encoding="utf-8") == "mine"


def test_the_picture_of_the_pages_is_what_the_program_draws(golden: Golden) -> None:
    golden(ROOT / "tests" / "readme" / "network.svg", drawn("cifar10_resnet.json", "svg")[0])
