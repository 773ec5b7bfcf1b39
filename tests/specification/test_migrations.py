"""Documents of other format versions."""

from typing import Any

import pytest

from graphnn.document.document import parse_document
from graphnn.errors import SpecError
from graphnn.specification import migrations
from graphnn.specification.migrations import Migration, migrate
from graphnn.specification.spec import parse_spec

OLD = """{
  "format_version": 0,
  "inputs": [64],
  "layers": [{"type": "Dense", "units": 10}, {"type": "Softmax"}],
  "loss": {"type": "CrossEntropy"},
  "optimizer": {"type": "Adam"},
  "data": {"dataset": "digits"},
  "training": {"epochs": 5}
}"""


def inputs_to_input(values: dict[str, Any]) -> dict[str, Any]:
    """Return values of format 0 in format 1."""
    rest = {key: value for key, value in values.items() if key != "inputs"}
    return {**rest, "input": {"shape": values["inputs"]}}


@pytest.fixture
def first_format_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(migrations.MIGRATIONS, 0, Migration('"inputs" is now "input"', inputs_to_input))


@pytest.mark.usefixtures("first_format_is_0")
def test_an_older_document_is_migrated_with_a_notice() -> None:
    spec = parse_spec(OLD, "old.json")
    assert spec.input_shape == (64,)
    assert spec.notices == ('old.json: format 0 was read as format 1: "inputs" is now "input"',)
    assert spec.resolved()["format_version"] == 1


@pytest.mark.usefixtures("first_format_is_0")
def test_problems_of_a_migrated_document_point_into_the_text_as_written() -> None:
    with pytest.raises(SpecError) as refused:
        parse_spec(OLD.replace("10", "0").replace("[64]", "[0]"), "old.json")
    lines = [str(problem).splitlines()[0] for problem in refused.value.problems]
    assert lines == [
        "old.json:4:41: layers[0].units: must be at least 1, found 0",
        "old.json:1:1: input.shape[0]: must be at least 1, found 0",  # not in the text: that of the object around it
    ]


def test_several_steps_are_taken_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(migrations.MIGRATIONS, 1, Migration("a", lambda values: {**values, "x": [1]}))
    monkeypatch.setitem(migrations.MIGRATIONS, 2, Migration("b", lambda values: {**values, "x": [*values["x"], 2]}))
    document, notices = migrate(parse_document("{}", "d.json"), 3)
    assert document.value == {"x": [1, 2], "format_version": 3}
    assert notices == ("d.json: format 1 was read as format 2: a", "d.json: format 2 was read as format 3: b")


def test_a_version_without_a_migration_is_refused_by_the_schema() -> None:
    with pytest.raises(SpecError, match="format_version: must be 1, found 0"):
        parse_spec(OLD.replace('"inputs": [64]', '"input": {"shape": [64]}'))


@pytest.mark.parametrize("version", ['"1"', "true", "1.0", "null", "[1]"])
def test_a_version_that_is_none_is_refused_by_the_schema(version: str) -> None:
    with pytest.raises(SpecError, match="format_version: expected an integer"):
        parse_spec(OLD.replace("0,", f"{version},", 1))
