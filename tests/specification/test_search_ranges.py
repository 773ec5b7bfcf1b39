"""The ranges of a search: their values as --set takes them, and what is refused, each fault at its place."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import Problem, SpecError
from graphnn.specification.search_ranges import SearchSpace, fitted
from graphnn.specification.spec import read_spec
from graphnn.specification.variants import AS_IT_IS, read_variants

LOG = {"low": 0.001, "high": 0.1, "log": True}


def space(folder: Path, search: Any, **more: Any) -> SearchSpace:
    """Return the ranges of a file that has them."""
    file = folder / "search.json"
    file.write_text(json.dumps({**more, "search": search}), encoding="utf-8")
    found = read_variants(file).space
    assert found is not None
    return found


def fit(document: Path, search: Any, **more: Any) -> SearchSpace:
    """Return the ranges of a file as a network document has them."""

    def refused(overrides: Sequence[str]) -> Sequence[Problem | str]:
        try:
            read_spec(document, overrides=overrides)
        except SpecError as error:
            return error.problems
        return ()

    return fitted(space(document.parent, search, **more), refused)


def test_a_file_may_have_ranges_alone_or_beside_variants(tmp_path: Path) -> None:
    found = space(tmp_path, {"a.rate": LOG, "b.rate": LOG, "c": {"choices": ["x", "1", None]}}, set={"d": 2})
    assert [each.name for each in found.ranges] == ["a.rate", "b.rate", "c"]
    assert found.ranges[2].choices == ("x", '"1"', "null")
    assert [override for override, _ in found.shared] == ["d=2"]
    both = tmp_path / "both.json"
    both.write_text(json.dumps({"variants": [{"name": "a", "set": {}}], "search": {"x": LOG}}), encoding="utf-8")
    assert [one.name for one in read_variants(both).variants] == [AS_IT_IS, "a"]
    assert read_variants(both).space is not None


def test_integers_are_told_from_numbers_by_the_schema_or_by_their_steps(document: Path) -> None:
    found = fit(
        document,
        {
            "layers.hidden.units": {"low": 8, "high": 32},
            "optimizer.momentum": {"low": 0, "high": 0.9},
            "layers[3].rate": {"low": 0, "high": 1e-7},
            "training.epochs": {"low": 1, "high": 4, "step": 1},
            "training.batch_size": {"low": 8, "high": 64, "step": 8},
            "optimizer.learning_rate": {"low": 0.1, "high": 0.4, "step": 0.1},
        },
    )
    assert [each.whole for each in found.ranges] == [True, False, False, True, True, False]
    assert [each.count for each in found.ranges] == [25, float("inf"), float("inf"), 4, 8, 4]
    units, momentum, rate, _, _, stepped = found.ranges
    assert (units.text(9), momentum.text(1 / 3)) == ("9", "0.3333")
    assert rate.text(1.23456789e-8) == "1.23e-08"
    assert stepped.text(0.1 + 2 * 0.1) == "0.3"
    assert [stepped.drawn(0.3), stepped.drawn(0.25), stepped.drawn(0.5), stepped.drawn(True)] == [0.3, None, None, None]


def test_numbers_are_rounded_within_their_range(tmp_path: Path) -> None:
    (one,) = space(tmp_path, {"x": {"low": 0.00123449, "high": 0.98765432, "log": True}}).ranges
    drawn = (0.00123449, 0.0234567, 0.98765432)
    assert [one.text(value) for value in drawn] == ["0.00123449", "0.02346", "0.98765432"]
    (one,) = space(tmp_path, {"x": {"low": 0.9, "high": 0.999}}).ranges
    assert [one.text(value) for value in (0.9, 0.95123456789, 0.999)] == ["0.9", "0.95123", "0.999"]


def test_every_fault_of_a_file_is_told_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as refused:
        space(
            tmp_path,
            {
                "a": {"low": 0.3, "high": 0.001, "log": True},
                "b": {"low": 0, "high": 1, "log": True, "step": 0.1},
                "c": {"low": 1, "high": 2},
                "d": {"choices": [64, 64], "low": 3},
                "e": {"low": 16, "high": 60, "step": 8},
                "f": {"low": 0.1},
                "g": {"lo": 0.1, "high": "a"},
                "h": {},
                "i": {"choices": [1]},
                "j": {"low": 0, "high": 1, "step": 3},
                "k": {"low": 1, "high": 1},
            },
            set={"c": 3},
        )
    text = (tmp_path / "search.json").read_text(encoding="utf-8")
    found = [each for each in refused.value.problems if isinstance(each, Problem)]
    assert [(each.where, each.message) for each in found] == [
        ("search.a.high", "0.001 is below low, 0.3; exchange them"),
        ("search.b.low", "0 has no logarithm; a range with log begins above 0, for example at 0.0001"),
        ("search.b.step", "a range with log has no steps, because they would not be even; leave out one of them"),
        ("search", 'c is also in "set", which would have no effect; leave one of them out'),
        ("search.d.choices[1]", "this choice stands there twice"),
        ("search.d.low", "choices are all values there are; leave out either them or low and high"),
        ("search.e.high", "60 is not reached from 16 by steps of 8; write 56 or 64"),
        ("search.f", 'missing "high"'),
        ("search.g", 'unknown key "lo"; did you mean "low"?'),
        ("search.g.high", 'expected a number, found the string "a"'),
        ("search.h", 'missing "low" and "high", or "choices": […]'),
        ("search.i.choices", "found the list [1]; a search needs two choices or more; write one value under set"),
        ("search.j.step", "3 is more than there is between low and high, 1"),
        ("search.k.high", "1 is not above low, 1"),
    ]
    assert text[(found[0].column or 0) - 1 :].startswith("0.001,")
    with pytest.raises(SpecError, match="search: a search needs a range, for example"):
        space(tmp_path, {})
    for wrong in ([], 3):
        with pytest.raises(SpecError, match="search: expected an object"):
            space(tmp_path, wrong)


def test_what_the_network_document_refuses_is_told_at_its_place(document: Path) -> None:
    with pytest.raises(SpecError) as refused:
        fit(
            document,
            {
                "optimizer.lr": LOG,
                "learning_rate": LOG,
                "layers.nope.units": {"choices": [1, 2]},
                "layers.hidden.units": {"low": 0, "high": 2.5},
                "training.batch_size": {"low": 8, "high": 13, "step": 2.5},
                "layers[3].rate": {"low": 0.5, "high": 1.5},
                "layers[0].activation": {"choices": ["relu", "reloo"]},
            },
        )
    said = "\n".join(str(each) for each in refused.value.problems)
    assert said.count("\n    ^") == 0
    for expected in (
        'search.json:1:13: optimizer: unknown key "lr"; did you mean "learning_rate", which is there already?',
        'there is no section "learning_rate"; write optimizer.learning_rate',
        'there is no layer "nope"; the layers are hidden, norm, ',
        'layers[0] "hidden".units: must be at least 1, found 0',
        'layers[0] "hidden".units: expected an integer, found 2.5',
        "training.batch_size is an integer, and so is a step; found 2.5",
        "layers[3].rate: must be less than 1, found 1.5",
    ):
        assert said.count(expected) == 1, (expected, said)


def test_a_fault_of_the_shared_changes_is_told_once_at_its_place(document: Path) -> None:
    with pytest.raises(SpecError) as refused:
        fit(document, {"optimizer.learning_rate": LOG, "training.batch_size": {"low": 1, "high": 9}}, set={"x.y": 1})
    (problem,) = refused.value.problems
    assert 'search.json:1:10: unknown key "x"' in str(problem)
