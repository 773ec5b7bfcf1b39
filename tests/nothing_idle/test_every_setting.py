"""Nothing that is accepted does nothing: values of a setting that are far apart give other weights or figures."""

import json
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from itertools import combinations
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from graphnn.specification.schema import load_schema
from graphnn.specification.spec import spec_from_values

HERE = Path(__file__).parent
WALK, DOCUMENTS, OUTCOMES, TABLES = (
    run_path(str(HERE / f"{name}.py")) for name in ("walk", "documents", "outcomes", "cases")
)
SCHEMA = load_schema()
SETTINGS = {setting.name: setting for setting in WALK["settings"](SCHEMA)}
put, at = DOCUMENTS["put"], DOCUMENTS["at"]
MOST = 6  # documents in which one setting is tried
Place = tuple[Mapping[str, Any], tuple[Any, ...]]


def case_of(name: str) -> Any:
    """Return how a setting is tried: the case whose name or pattern is the first to fit."""
    return next((case for pattern, case in TABLES["CASES"].items() if fnmatchcase(name, pattern)), TABLES["Case"]())


@cache
def pool() -> dict[str, list[Place]]:
    """Return, for each kind of object, the documents that have one, and where."""
    documents: list[Mapping[str, Any]] = []
    for kind in SCHEMA.switches:
        for type_ in SCHEMA.types(kind):
            required = DOCUMENTS["required_settings"](SCHEMA, kind, type_, TABLES["REQUIRED"])
            documents += DOCUMENTS["with_type"](SCHEMA, kind, type_, required)
    places: dict[str, list[Place]] = {}
    for document in [*documents, *TABLES["EXTRA"]]:
        for owner, path in WALK["objects"](SCHEMA, document):
            places.setdefault(owner, []).append((document, path))
    return places


def places_of(owner: str) -> list[Place]:
    """Return the documents that have an object, and where; an empty object is put where there is none."""
    if owner in pool():
        return pool()[owner]
    parent, _, key = owner.rpartition(".")
    return [(put(document, (*path, key), {}), (*path, key)) for document, path in places_of(parent)] if parent else []


def candidates(name: str) -> Iterator[Place]:
    """Yield the documents to try a setting in, and where the object is that has it."""
    case, owner = case_of(name), SETTINGS[name].owner
    places = places_of(owner)
    if case.documents:
        places = [
            (document, path)
            for document in [*case.documents]
            for found, path in WALK["objects"](SCHEMA, document)
            if found == owner
        ]
    for document, path in places if case.documents else places[:MOST]:
        yield put(document, path, {**at(document, path), **case.beside}) if path else document, path


def doing_nothing(name: str, values: list[Any], trained: Callable[[Mapping[str, Any]], Any]) -> list[str]:
    """Return what is wrong with a setting: values that no document may have, and pairs that give the same numbers."""
    case, texts = case_of(name), [json.dumps(value) for value in values]
    refused = {index for index, text in enumerate(texts) for word in case.refused if word in text}
    never, alike, told = set(range(len(values))) - refused, set[tuple[int, int]](), set[tuple[int, int]]()
    problems: set[str] = set()
    for document, path in candidates(name):
        key = (*path, SETTINGS[name].key)
        changed = [put(document, key, value) for value in values]
        found = [trained(each) for each in changed]
        seen = [OUTCOMES["shown"](each, HERE) for each in changed] if case.shown else [each.numbers for each in found]
        accepted = [index for index, each in enumerate(found) if not each.refused]
        problems |= {text for each in found for text in each.said if each.refused}
        never -= {*accepted}
        told |= {pair for pair in combinations(accepted, 2) if seen[pair[0]] != seen[pair[1]]}
        alike = alike.union(combinations(accepted, 2)) - told
        if wrongly := refused & {*accepted}:
            return [f"{texts[index]} is not refused" for index in wrongly]
        if not never and not alike:
            break
    lines = [f"no document can have {texts[index]}: {sorted(problems)}" for index in sorted(never)]
    lines += [
        f"no problem says {words}: {sorted(problems)}" for words in case.refused.values() if words not in str(problems)
    ]
    return [*lines, *(f"{texts[one]} and {texts[other]} do the same" for one, other in sorted(alike))]


CHOOSING = {f"{kind}.{type_}.{SCHEMA.choosing_key(kind)}" for kind in SCHEMA.switches for type_ in SCHEMA.types(kind)}
ELSEWHERE = {name for name in SETTINGS for pattern in TABLES["ELSEWHERE"] if fnmatchcase(name, pattern)}
FOR_PEOPLE = [name for name in SETTINGS if name.rpartition(".")[2] == "description" and name not in ELSEWHERE]
WHOLE = {name for name, one in SETTINGS.items() if one.required and one.owner == ""}  # whose settings are tried
TRIED = [name for name in SETTINGS if name not in CHOOSING.union(FOR_PEOPLE, WHOLE, ELSEWHERE)]


def is_common(name: str) -> bool:
    """Whether a setting is defined for all data sets alike, and this is not the one that has its tests."""
    dataset = name.removeprefix("data.").partition(".")[0]
    return name.startswith("data.") and dataset in TABLES["PUBLISHED"] and dataset != "digits"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if is_common(name) else []) for name in TRIED]
)
def test_values_far_apart_do_something_else(name: str, trained: Callable[[Mapping[str, Any]], Any]) -> None:
    case = case_of(name)
    values = list(case.values) or DOCUMENTS["values_of"](SETTINGS[name].definition)
    advice = f'add a case for "{name}" to tests/nothing_idle/cases.py'
    assert len(values) > 1, f"{advice}: its values"
    assert any(True for _ in candidates(name)), f"{advice}, or a document that has its object to EXTRA"
    assert not doing_nothing(name, values, trained), f"make it do something, or {advice} that shows what it does"


@pytest.mark.parametrize("kind", SCHEMA.switches)
def test_each_type_does_something_else(kind: str, trained: Callable[[Mapping[str, Any]], Any]) -> None:
    types = {
        type_: DOCUMENTS["required_settings"](SCHEMA, kind, type_, {**TABLES["REQUIRED"], **TABLES["LIVELY"]})
        for type_ in SCHEMA.types(kind)
    }
    never = set(types)
    for document, path in DOCUMENTS["HOSTS"].get(kind, []):
        found = {
            type_: trained(put(document, path, {SCHEMA.choosing_key(kind): type_, **settings}))
            for type_, settings in types.items()
        }
        accepted = {type_: each.numbers for type_, each in found.items() if not each.refused}
        same = [{*pair} for pair in combinations(accepted, 2) if accepted[pair[0]] == accepted[pair[1]]]
        assert not same, "types that do the same"
        never -= accepted.keys()
    for type_ in sorted(never):  # that fit in none of these places: those at the end, and the data sets
        required = DOCUMENTS["required_settings"](SCHEMA, kind, type_, TABLES["REQUIRED"])
        documents = DOCUMENTS["with_type"](SCHEMA, kind, type_, required)
        assert documents, f"add a document with {type_} to tests/nothing_idle/documents.py"
        assert any(not trained(document).refused for document in documents)


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_a_description_is_in_the_document_that_a_run_keeps(name: str) -> None:
    text = f"what {name} is for"
    document, path = next(candidates(name))
    assert text in json.dumps(spec_from_values(put(document, (*path, "description"), text)).resolved())


def test_the_tables_name_settings_that_there_are() -> None:
    for pattern in [*TABLES["CASES"], *TABLES["ELSEWHERE"]]:
        assert any(fnmatchcase(name, pattern) for name in SETTINGS), pattern
    types = {f"{kind}.{type_}" for kind in SCHEMA.switches for type_ in SCHEMA.types(kind)}
    assert TABLES["REQUIRED"].keys() | TABLES["LIVELY"].keys() <= types
