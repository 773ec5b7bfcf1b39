"""VS Code's completions: all that is valid and nothing else, and whatever is inserted makes a valid document."""

import runpy
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
EXPECTATIONS = runpy.run_path(str(FOLDER / "expectations.py"))
INSERTIONS = runpy.run_path(str(FOLDER / "insertions.py"))
POSITIONS, SECTIONS, SCHEMA = (EXPECTATIONS[name] for name in ("POSITIONS", "SECTIONS", "SCHEMA"))
PLACES = list(EXPECTATIONS["places"]())
BATCHES = [PLACES[start : start + 40] for start in range(0, len(PLACES), 40)]


@pytest.mark.parametrize("places", BATCHES, ids=lambda places: places[0].name)
def test_all_that_is_valid_is_offered_and_nothing_else(places: list[Any], editor: Any) -> None:
    wrong = []
    for place in places:
        labels = Counter(offer.label for offer in editor.complete(place.text, place.file))
        wrong += [f"{place.name}: {label} is offered twice" for label, times in labels.items() if times > 1]
        wrong += [f"{place.name}: {label} is not offered" for label in place.offered - labels.keys()]
        wrong += [f"{place.name}: {label} is offered, and not valid" for label in labels.keys() - place.offered]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("places", BATCHES, ids=lambda places: places[0].name)
def test_whatever_is_inserted_makes_a_valid_document(places: list[Any], editor: Any) -> None:
    wrong = [
        f"{place.name}: {fault}"
        for place in places
        if place.inserted
        for offer in editor.complete(place.text, place.file)
        for fault in INSERTIONS["faults"](editor, offer, place.file)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_places_are_many_and_of_every_kind_of_object() -> None:
    assert len(PLACES) > 400
    assert set(POSITIONS["kinds"]) == set(SCHEMA.switches)
    listed = {name.partition("/")[0] for name in SECTIONS}
    plain = {name for name in SCHEMA.root["properties"] if "properties" in SCHEMA.section(name)} - set(SCHEMA.switches)
    plain |= {name for name, one in SCHEMA.definitions.items() if "title" not in one and "properties" in one}
    assert plain - set(SCHEMA.switches) <= listed
    inside = {
        f"{name}/{key}"
        for kind in SCHEMA.switches
        for name in SCHEMA.types(kind)
        for key, one in SCHEMA.written_properties(kind, name).items()
        if "properties" in one
    }
    assert inside <= set(SECTIONS)


def test_a_whole_network_can_be_put_into_an_empty_file(editor: Any) -> None:
    empty = EXPECTATIONS["ROOT"] / "associated" / "new.json"
    (network,) = editor.complete("‸", empty)
    assert network.label == "network"
    assert network.text.splitlines()[1] == '\t"$schema": "../schemas/network.schema.json",'
    assert max(map(len, network.text.splitlines())) < 60
    assert editor.problems(network.text, empty) == []


VARIANTS = '{"$schema": "../../schemas/variants.schema.json", %s}'


@pytest.mark.parametrize(
    ("section", "offered"),
    [
        ("‸", {"variants", "search", "set", "description"}),
        ('"search": ‸', {"ranges"}),
        ('"search": {"training.epochs": ‸}', {"numbers", "choices"}),
        ('"variants": ‸', {"variants"}),
        ('"variants": [‸]', {"variant"}),
        ('"variants": [{‸}]', {"name", "set", "description"}),
        ('"variants": [{"name": "a", "set": ‸}]', {"changes"}),
    ],
)
def test_files_of_variants_are_completed_too(section: str, offered: set[str], editor: Any) -> None:
    file = EXPECTATIONS["ROOT"] / "models" / "variants" / "new.json"
    offers = editor.complete(VARIANTS % section, file)
    assert {offer.label for offer in offers} == offered
    for offer in offers:
        if not offer.again and section != '"variants": [{‸}]':
            problems = [one["message"] for one in editor.problems(offer.text, file)]
            assert problems in ([], ['Missing property "variants".']), offer.text


def test_without_a_path_of_the_schema_nor_a_setting_the_editor_knows_nothing(editor: Any) -> None:
    """What schemas/README.md says of new files."""
    anywhere = EXPECTATIONS["ROOT"] / "models" / "new.json"
    assert {offer.label for offer in editor.complete("‸", anywhere)} == {"Empty object", "Empty array"}
    (first,) = editor.complete("{‸}", anywhere)
    assert first.label == "$schema"


def test_what_is_typed_finds_its_snippet(editor: Any) -> None:
    """An editor compares what is typed with the text to insert, in which the type stands first."""
    place = next(one for one in PLACES if one.name == "a layer")
    offers = editor.complete(place.text, place.file)
    assert [offer.inserted.split(",")[0].rstrip("}") for offer in offers] == [
        f'{{"type": "{name}"' for name in SCHEMA.types("layer")
    ]


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('"units": 10', '"units": 0', "the schema says ['0 is less than the minimum of 1']"),
        ('"units": 10', '"name": "", "units": 10', "the editor says ['String is shorter"),
        ('"units": 10', '"units": 10, "units": 10', "the editor says ['Duplicate object key'"),
        ('"units": 10', '"units": 10.0', "the interpreter says ['expected an integer"),
        ('"units": 10', '"units": ', "Expecting value"),
        ('"units": 10', '\n\t"units": 10', "is spread over lines"),
    ],
)
def test_a_fault_is_seen(before: str, after: str, fault: str, editor: Any) -> None:
    place = next(one for one in PLACES if one.name == "a layer")
    dense = next(offer for offer in editor.complete(place.text, place.file) if offer.label == "Dense")
    assert list(INSERTIONS["faults"](editor, dense, place.file)) == []
    inserted, text = (one.replace(before, after, 1) for one in (dense.inserted, dense.text))
    wrong = INSERTIONS["faults"](editor, replace(dense, inserted=inserted, text=text), place.file)
    assert fault in " ".join(wrong)
