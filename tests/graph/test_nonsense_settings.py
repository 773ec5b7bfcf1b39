"""Settings that make no sense: each of the table is refused, or noted once because it may be meant."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.notes import notes
from graphnn.specification.schema import COMMON, load_schema
from graphnn.specification.spec import read_spec, spec_from_values

ROOT = Path(__file__).parents[2]
TABLES = runpy.run_path(str(ROOT / "tests/graph/nonsense_settings.py"))
TABLE, MEANINGFUL = TABLES["TABLE"], TABLES["MEANINGFUL"]
REFUSED, NOTED = TABLES["REFUSED"], TABLES["NOTED"]


BASE: dict[str, Any] = {
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "Conv2D", "name": "conv", "filters": 4},
        {"type": "BatchNormalization", "name": "norm"},
        {"type": "ReLU", "name": "relu"},
        {"type": "MaxPooling2D", "name": "pool"},
        {"type": "Flatten", "name": "flat"},
        {"type": "Dropout", "name": "drop", "rate": 0.25},
        {"type": "Dense", "name": "out", "units": 10},
        {"type": "Softmax", "name": "softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGDMomentum", "learning_rate": 0.05, "weight_decay": 0.001},
    "data": {"dataset": "digits"},
    "training": {"epochs": 12},
}


def outcome(changes: str | tuple[str, ...]) -> tuple[str, list[str]]:
    """Return what becomes of the document with these changes, and its problems or notes."""
    try:
        spec = spec_from_values(BASE, "net", overrides=(changes,) if isinstance(changes, str) else changes)
        graph = build_graph(spec)
    except SpecError as error:
        return REFUSED, [str(problem) for problem in error.problems]
    found = [str(problem) for problem in notes(spec, graph)]
    return NOTED if found else "", found


@pytest.mark.parametrize(("key", "changes", "expected", "words"), TABLE, ids=[row[0] for row in TABLE])
def test_it_is_refused_or_noted_once_with_its_place(
    key: str, changes: str | tuple[str, ...], expected: str, words: str
) -> None:
    found, lines = outcome(changes)
    assert (found, sum(words in line for line in lines)) == (expected, 1), lines
    assert len(lines) == 1 or expected == REFUSED, lines
    [line] = [line for line in lines if words in line]
    assert line.startswith(("net: ", "--set "))
    assert ": " in line.removeprefix("net: ")


def test_the_document_without_a_change_gives_no_note() -> None:
    assert outcome(()) == ("", [])


def test_the_table_has_every_key_with_a_number_or_a_choice_of_true_and_false() -> None:
    schema = load_schema()
    keys = {
        f"{kind if kind == 'data' else type_}.{name}"
        for kind, types in schema.switches.items()
        for type_ in types
        for name, one in schema.settings(kind, type_).items()
        if countable(one)
    }
    for name in ("input", "data", "training", "evaluation"):
        keys |= {f"{name}.{key}" for key, one in schema.section(name)["properties"].items() if countable(one)}
    stopping = schema.section("training")["properties"]["early_stopping"]["properties"]
    keys |= {f"early_stopping.{key}" for key, one in stopping.items() if countable(one)}
    keys |= {
        f"{name}.{key}"
        for name in ("group", "trained")
        for key, one in schema.definitions[name]["properties"].items()
        if countable(one)
    }
    covered = {key for key, *_ in TABLE} | set(MEANINGFUL)
    shared = {key for key in keys if key.endswith(".clip_norm")}  # one key of all optimizers
    assert keys - covered - shared == set()
    assert not set(MEANINGFUL) - keys
    assert len({(key, changes) for key, changes, *_ in TABLE}) == len(TABLE) >= 75
    assert not keys & set(COMMON)


def countable(definition: Any) -> bool:
    """Whether a value that the schema allows may have a number or a boolean in it."""
    types = definition.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    return bool(types & {"number", "integer", "boolean"}) or ("array" in types and "$ref" not in definition["items"])


@pytest.mark.parametrize(
    "trainable", ["false", '{"statistics":false}', '{"gamma":false}', '{"gamma":{"until_epoch":2},"statistics":true}']
)
def test_fixed_statistics_subtract_no_bias_and_have_no_momentum(trainable: str) -> None:
    fixed = "false" in trainable.replace('"gamma":false', "")
    for odd in ("layers.conv.use_bias=true", "layers.norm.momentum=1"):  # which nothing uses then, either
        found, lines = outcome((odd, f"layers.norm.trainable={trainable}"))
        assert found == ("" if fixed else NOTED), lines


@pytest.mark.parametrize("epochs", [0.5, 1, 2])
@pytest.mark.parametrize("file", sorted((ROOT / "models").glob("*.json")), ids=lambda file: file.stem)
def test_a_short_try_of_a_shipped_document_gives_no_note(file: Path, epochs: float) -> None:
    spec = read_spec(file, overrides=(f"training.epochs={epochs}",))
    assert notes(spec, build_graph(spec)) == []


def test_a_short_try_notes_only_what_the_command_line_sets() -> None:
    values = {**BASE, "optimizer": {"type": "SGD", "schedule": {"type": "step", "every": 5}}}
    spec = spec_from_values(values, "net", overrides=("training.epochs=2", "training.early_stopping.patience=3"))
    [line] = map(str, notes(spec, build_graph(spec)))
    assert "training.early_stopping.patience: the run cannot end early" in line
    spec = spec_from_values({**values, "training": {"epochs": 1}}, "net")
    [line] = map(str, notes(spec, build_graph(spec)))
    assert line.endswith("because the run has 1 epoch; train longer, or leave the schedule out")


@pytest.mark.parametrize("file", sorted((ROOT / "models").glob("*.json")), ids=lambda file: file.stem)
def test_shipped_documents_give_no_note(file: Path) -> None:
    """Neither as they are, nor as the run's folder keeps them, with every default."""
    spec = read_spec(file)
    assert notes(spec, build_graph(spec)) == []
    resolved = spec_from_values(spec.resolved())
    assert notes(resolved, build_graph(resolved)) == []
