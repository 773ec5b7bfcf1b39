"""Every sentence of the tables can be shown, whatever stands in the document, and says what is there to be written."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from graphnn.specification.habits.advice import KEYS_ANYWHERE, TABLES
from graphnn.specification.habits.blanks import BLANKS
from graphnn.specification.habits.renamed import RENAMED
from graphnn.specification.habits.sentences import BLANK, Found, Table, filled, same
from graphnn.specification.habits.types import TYPES
from graphnn.specification.schema import load_schema
from graphnn.text.suggestions import folded

SCHEMA = load_schema()
ALL: dict[str, Table] = {
    **{f"keys of {kind}": table for kind, table in TABLES.items()},
    "keys anywhere": KEYS_ANYWHERE,
    **{f"types of {kind}": table for kind, table in TYPES.items()},
}
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        1.5,
        0.1,
        10**40,
        1e300,
        "",
        "x",
        "relu",
        "3x3",
        "l2(",
        "None",
        "\ud800",
        "[" * 3000,
    ),
    *([], [1], [1, 2], [None, 28, 28, 1], [[1, 1], [2, 2]], [{}], {}, {"a": 1}, {"0": 1.0, "1": 2}),
    {"class_name": "Dense", "config": {"units": 10}},
    {"class_name": "L2", "config": {"l2": None}},
    {"config": {"config": {"type": 3}}, "layers": [None, "ReLU", {"class_name": "Activation", "config": {}}]},
]
OWNERS: list[Any] = [{}, {"type": "Conv2D"}, {"type": "Dropout", "gamma": "x", "step_size": -1, "monitor": []}]


@pytest.mark.parametrize("name", ALL)
def test_every_sentence_can_be_shown_for_any_value(name: str) -> None:
    seen: Counter[Any] = Counter()
    for key, sentences in ALL[name].items():
        seen[sentences] += 1
        for value in ODD if seen[sentences] <= 2 else ():
            for owner in OWNERS:
                for path, root in (
                    ((), {}),
                    (("layers", 0), {"input": 1}),
                    (("training",), {"data": {}, "training": 1}),
                ):
                    text = filled(sentences, Found(value, {**owner, key: value}, path, root, key), BLANKS)
                    assert not BLANK.search(text)
                    assert "\n" not in text
                    assert len(text) < 2_000


@pytest.mark.parametrize("name", ALL)
def test_blanks_are_known_and_the_last_sentence_has_none(name: str) -> None:
    for key, sentences in ALL[name].items():
        assert key == folded(key)
        several = (sentences,) if isinstance(sentences, str) else sentences
        assert all(blank in BLANKS for sentence in several for blank in BLANK.findall(sentence)), key
        assert not BLANK.search(several[-1]), key


def test_each_blank_stands_in_a_sentence() -> None:
    several = [(one,) if isinstance(one, str) else one for table in ALL.values() for one in table.values()]
    assert {blank for sentences in several for text in sentences for blank in BLANK.findall(text)} == set(BLANKS)


def objects_in(sentence: str) -> list[Mapping[str, Any]]:
    """Return the objects in a sentence that can be read as JSON."""
    found = []
    for match in re.finditer(r'\{"', sentence):
        try:
            found.append(json.JSONDecoder().raw_decode(sentence[match.start() :])[0])
        except json.JSONDecodeError:
            assert "…" in sentence or "[height, width]" in sentence or "[channels" in sentence, sentence
    return found


def test_objects_in_sentences_are_of_known_types() -> None:
    known = {type_ for kind in SCHEMA.switches for type_ in SCHEMA.types(kind)}
    sentences = [sentence for table in ALL.values() for one in table.values() for sentence in last_of(one)]
    named = [one[key] for text in sentences for one in objects_in(text) for key in ("type", "dataset") if key in one]
    assert len(named) > 50
    assert set(named) <= known


def last_of(sentences: str | tuple[str, ...]) -> list[str]:
    return [sentences] if isinstance(sentences, str) else [sentences[-1]]


def test_new_names_are_those_of_settings() -> None:
    for kind, table in RENAMED.items():
        for other, key in table.items():
            assert other == folded(other)
            assert key in settings_of(kind), (kind, other, key)


def settings_of(kind: str) -> set[str]:
    """Return the keys that objects of a kind or type may have."""
    if kind == "anywhere":
        return {"description"}
    if kind == "document":
        return set(SCHEMA.root["properties"])
    if kind == "pooling":
        kind = "MaxPooling2D"
    if kind in SCHEMA.root["properties"] and kind not in SCHEMA.switches:
        return set(SCHEMA.written_properties(kind))
    kinds = [kind] if kind in SCHEMA.switches else [one for one in SCHEMA.switches if kind in SCHEMA.types(one)]
    types = [(one, type_) for one in kinds for type_ in SCHEMA.types(one) if kind in (one, type_)]
    return {key for one, type_ in types for key in SCHEMA.written_properties(one, type_)}


def test_no_key_of_a_table_is_one_that_objects_of_the_kind_have() -> None:
    kinds = {*SCHEMA.switches, *(type_ for kind in SCHEMA.switches for type_ in SCHEMA.types(kind))}
    for kind in kinds & TABLES.keys():
        for key in settings_of(kind) if kind not in SCHEMA.switches else ():
            assert folded(key) not in TABLES[kind], (kind, key)


def test_a_table_of_keys_with_the_same_sentence() -> None:
    assert same("leave it out", "num_workers n-jobs") == {"numworkers": "leave it out", "njobs": "leave it out"}
