"""Differences between two documents: as values, and in words."""

import json
from collections.abc import Iterator
from typing import Any

from graphnn.specification import differences as module
from graphnn.specification.differences import ABSENT, Difference, differences, may_be_same, with_defaults
from graphnn.specification.spec import spec_from_values

VALUES: dict[str, Any] = {
    "name": "one",
    "input": {"shape": [64]},
    "layers": [{"type": "Dense", "name": "hidden", "units": 10, "description": "old"}, {"type": "Softmax"}],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGD", "learning_rate": 0.1},
    "data": {"dataset": "npz", "path": "/a.npz"},
    "training": {"epochs": 5},
}


def resolved(**changes: Any) -> dict[str, Any]:
    """Return the document with other sections, resolved."""
    return spec_from_values({**VALUES, **changes}).resolved()


def test_differences_are_values_by_path_in_the_order_of_the_first_document() -> None:
    layers = [{"type": "Dense", "name": "hidden", "units": 9}, {"type": "Softmax"}]
    optimizer = {"type": "SGD", "learning_rate": 0.2, "clip_norm": 1}
    assert differences(resolved(), resolved(layers=layers, optimizer=optimizer)) == [
        Difference("layers[0].units", 10, 9),
        Difference("optimizer.learning_rate", 0.1, 0.2),
        Difference("optimizer.clip_norm", ABSENT, 1),
    ]


def test_what_changes_no_result_and_what_is_ignored_is_no_difference() -> None:
    layers = [{**VALUES["layers"][0], "description": "new"}, VALUES["layers"][1]]
    data, evaluation = {**VALUES["data"], "path": "/b.npz"}, {"test_time_augmentation": "flip"}
    changed = resolved(name="two", layers=layers, data=data, evaluation=evaluation, training={"epochs": 6})
    assert differences(resolved(), changed) == [Difference("training.epochs", 5, 6)]
    assert differences(resolved(), changed, ignore={"training.epochs"}) == []


def settings(value: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each setting of a document, and the object and the key that it stands at."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        place = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}".removeprefix(".")
        if isinstance(inner, dict) or (isinstance(inner, list) and inner and isinstance(inner[0], dict)):
            yield from settings(inner, place)
        else:
            yield place, value, key


def test_every_setting_but_a_few_makes_a_difference() -> None:
    before, after = resolved(), resolved()
    without_effect = []
    for path, holder, key in settings(after):
        value, holder[key] = holder[key], "something else"
        found = differences(before, after)
        holder[key] = value
        if found:
            assert found == [Difference(path, value, "something else")]
        else:
            without_effect.append(path)
    assert without_effect == [
        "format_version",
        "name",
        "layers[0].description",
        "data.path",
        "evaluation.test_time_augmentation",
    ]


def test_settings_that_an_older_document_lacks_count_as_their_defaults() -> None:
    old = resolved()
    del old["training"]["drop_last"], old["layers"][0]["initializer"]
    assert with_defaults(old) == resolved()
    assert differences(old, resolved()) == []
    now = resolved(training={"epochs": 5, "drop_last": True})
    assert differences(old, now) == [Difference("training.drop_last", False, True)]


def test_a_default_that_is_another_setting_is_no_difference_to_a_document_that_lacks_it() -> None:
    pool = {"type": "MaxPooling2D", "name": "pool", "pool_size": 2}
    layers = [pool, {"type": "Flatten"}, *VALUES["layers"]]
    now = resolved(input={"shape": [1, 8, 8]}, layers=layers)
    old = resolved(input={"shape": [1, 8, 8]}, layers=layers)
    del old["layers"][0]["strides"]
    assert differences(old, now) == []
    now = resolved(input={"shape": [1, 8, 8]}, layers=[{**pool, "strides": 1}, *layers[1:]])
    assert differences(old, now) == [Difference("layers[0].strides", 2, 1)]


def test_a_difference_in_words() -> None:
    assert Difference("a.b", "ä", ABSENT).text("there", "now") == 'a.b: "ä" there, absent now'
    assert Difference("a[0]", ABSENT, [1, True]).text("in A", "in B") == "a[0]: absent in A, [1, true] in B"


def test_documents_without_differences_may_be_the_same() -> None:
    """Also where one, of an older version, lacks a setting or a section that has its default; and few others may."""
    now = resolved(
        optimizer={"type": "SGD", "learning_rate": 0.1, "schedule": {"type": "step", "every": 2}},
        data={**VALUES["data"], "augment": [{"type": "RandomFlip"}]},
    )
    places = [(holder, key) for _, holder, key in settings(now) if isinstance(holder, dict)]
    places += [(now, key) for key in now] + [(now["optimizer"], "schedule"), (now["data"], "augment")]
    same = 0
    for holder, key in places:
        for change in (None, [], {}, "something else"):
            value = holder.pop(key)
            if change is not None:
                holder[key] = change
            before = json.loads(json.dumps(now))
            holder[key] = value
            if not differences(before, now):
                same += 1
                assert may_be_same(module.settings(before), module.settings(now)), (key, change)
            elif change == "something else":
                assert not may_be_same(module.settings(before), module.settings(now)), key
    assert same > 20
