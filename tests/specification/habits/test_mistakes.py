"""Each line of mistakes.jsonl, written by habit of another library, gets the line to write, which puts it right.

wrong: what is changed in a document that is right, by paths; "-" takes out. says: the whole answer. then: the answer
carried out, null for what it says to leave out; a path that ends with + puts a layer before the one of that number.
Without `then` the answer says that there is no such thing here.
"""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.specification.spec import spec_from_values

MISTAKES = [json.loads(line) for line in (Path(__file__).parent / "mistakes.jsonl").read_text("utf-8").splitlines()]
NET: dict[str, Any] = {
    "input": {"shape": [1, 28, 28]},
    "layers": [
        {"type": "Conv2D", "filters": 8, "kernel_size": 3},
        {"type": "BatchNormalization"},
        {"type": "LeakyReLU"},
        {"type": "MaxPooling2D"},
        {"type": "Flatten"},
        {"type": "Dropout", "rate": 0.5},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "Adam"},
    "data": {"dataset": "mnist"},
    "training": {"epochs": 2, "batch_size": 32},
}
WITHOUT_INPUT = {name: section for name, section in NET.items() if name != "input"}
DOCUMENTS = {
    "net": NET,
    "net without input": WITHOUT_INPUT,
    "vector without input": {**WITHOUT_INPUT, "layers": [{"type": "Dense", "units": 10}, {"type": "Softmax"}]},
    "number": {
        **NET,
        "input": {"shape": [4]},
        "layers": [{"type": "Dense", "units": 1}],
        "loss": {"type": "MeanSquaredError"},
        "data": {"dataset": "csv", "path": "table.csv", "target": "price"},
    },
}
LISTS = re.compile(r"; known: |must be one of|, which .* needs?: one of|; \S+ has (only )?\w+,")


def changed(document: dict[str, Any], changes: dict[str, Any], out: Any) -> dict[str, Any]:
    """Return a document with values put at paths; `out` takes out what is there."""
    result = copy.deepcopy(document)
    for path, value in changes.items():
        steps = [int(index) if index else name for index, name in re.findall(r"\[(\d+)]|([^.\[\]+]+)", path)]
        place: Any = result
        for step in steps[:-1]:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
        if value == out and type(value) is type(out):
            del place[steps[-1]]
        elif path.endswith("+"):
            place.insert(steps[-1], copy.deepcopy(value))
        else:
            place[steps[-1]] = copy.deepcopy(value)
    return result


def wrong_document(mistake: dict[str, Any]) -> dict[str, Any]:
    return changed(DOCUMENTS[mistake.get("document", "net")], mistake["wrong"], "-")


def answer(document: dict[str, Any]) -> list[str]:
    """Return the problems of a document, without its name; [] if it is right."""
    try:
        build_graph(spec_from_values(document, "net"))
    except SpecError as refused:
        return [str(problem).removeprefix("net: ") for problem in refused.problems]
    return []


def naming(mistake: dict[str, Any]) -> str:
    return json.dumps(mistake["wrong"])[:60]


@pytest.mark.parametrize("mistake", MISTAKES, ids=naming)
def test_the_answer_is_the_line_to_write(mistake: dict[str, Any]) -> None:
    said = answer(wrong_document(mistake))
    assert said == mistake["says"]
    assert not LISTS.search(" ".join(said))  # what hides the answer


@pytest.mark.parametrize("mistake", [one for one in MISTAKES if "then" in one], ids=naming)
def test_the_line_puts_it_right(mistake: dict[str, Any]) -> None:
    assert answer(changed(wrong_document(mistake), mistake["then"], None)) == []


@pytest.mark.parametrize("mistake", [one for one in MISTAKES if "then" in one], ids=naming)
def test_what_puts_it_right_is_in_the_answer(mistake: dict[str, Any]) -> None:
    said = " ".join(mistake["says"])
    for path, value in mistake["then"].items():
        if value is None:
            assert f'"{path.split(".")[-1]}"' in said or "leave" in said or "in place of it" in said
            continue
        key = path.split(".")[-1]
        text = json.dumps(value, ensure_ascii=False).removeprefix("{").removesuffix("}")
        assert text in said or f'did you mean "{key}"' in said or f"write {mistake['wrong'][path]} without" in said


def test_where_nothing_is_close_all_that_is_known_is_listed() -> None:
    (key,) = answer(changed(NET, {"layers[6].colour": "red"}, "-"))
    (type_,) = answer(changed(NET, {"layers[6].type": "Warp"}, "-"))
    (choice,) = answer(changed(NET, {"data.normalize": "qqq"}, "-"))
    (missing,) = answer(changed(NET, {"optimizer.type": "-"}, "-"))
    assert all(LISTS.search(line) for line in (key, type_, choice, missing)), (key, type_, choice, missing)


def test_there_are_many_different_mistakes() -> None:
    assert len({json.dumps(one) for one in MISTAKES}) == len(MISTAKES) >= 120
    assert sum("then" in one for one in MISTAKES) >= 120
