"""Files of variants: their overrides, and the messages about wrong ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from graphnn.errors import SpecError
from graphnn.specification.schema import schema_file
from graphnn.specification.variants import FILE, read_variants


def written(folder: Path, values: Any) -> Path:
    """Return a file with these values."""
    file = folder / "variants.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    return file


def refusal(folder: Path, values: Any) -> str:
    """Return the message about a wrong file."""
    with pytest.raises(SpecError) as refused:
        read_variants(written(folder, values))
    return str(refused.value)


def test_the_document_as_it_is_comes_first_and_common_changes_before_those_of_a_variant(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {
            "description": "why",
            "set": {"training.epochs": 2},
            "variants": [
                {"name": "wide", "set": {"layers.a.units": 8, "loss.label_smoothing": None}},
                {"name": "ä", "description": "text", "set": {"data.augment": [{"type": "RandomFlip"}], "name": "ü"}},
            ],
        },
    )
    variants = read_variants(file).variants
    assert [(one.name, one.overrides) for one in variants] == [
        ("as it is", ("training.epochs=2",)),
        ("wide", ("training.epochs=2", "layers.a.units=8", "loss.label_smoothing=null")),
        ("ä", ("training.epochs=2", 'data.augment=[{"type": "RandomFlip"}]', 'name="ü"')),
    ]
    text = file.read_text(encoding="utf-8")
    pointed = [[text[(position.column or 0) - 1 :][:12] for position in one.positions] for one in variants]
    assert pointed == [
        ['"training.ep'],
        ['"training.ep', '"layers.a.un', '"loss.label_'],
        ['"training.ep', '"data.augmen', '"name": "\\u0'],
    ]


def test_mistakes_have_a_position_and_advice(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"variant": []})
    assert 'variants.json:1:2: unknown key "variant"; did you mean "variants"?' in said
    assert "name at least one variant" in refusal(tmp_path, {"variants": []})
    assert 'variants[0]: missing "set"' in refusal(tmp_path, {"variants": [{"name": "a"}]})
    twice = {"variants": [{"name": "a", "set": {}}, {"name": "a", "set": {}}, {"name": "as it is", "set": {}}]}
    said = refusal(tmp_path, twice)
    assert 'variants[1].name: another variant is called "a" too' in said
    assert 'variants[2].name: "as it is" is the document itself; give the variant another name' in said
    assert 'missing section "variants"' in refusal(tmp_path, {})
    for wrong in ("training.epochs=5", ["training.epochs=5"]):
        assert "variants[0].set: expected an object" in refusal(tmp_path, {"variants": [{"name": "a", "set": wrong}]})
    assert "; a variant has" in refusal(tmp_path, {"variants": [{"name": "a", "set": {}, "xyz": 1}]})


def test_its_schema_is_valid_and_every_file_that_comes_along_fits() -> None:
    schema = json.loads(schema_file().with_name(FILE).read_text("utf-8"))
    Draft7Validator.check_schema(schema)
    for file in sorted((Path(__file__).parents[2] / "models" / "variants").glob("*.json")):
        assert read_variants(file).variants
        assert json.loads(file.read_text("utf-8"))["$schema"] == f"../../schemas/{FILE}"
