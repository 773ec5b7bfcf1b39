"""Variants from the command line: the combinations of values of --vary, and what is refused."""

import pytest

from graphnn.errors import SpecError
from graphnn.specification.grid import grid


def test_every_combination_is_a_variant_the_last_changing_fastest() -> None:
    variants = grid(["optimizer.learning_rate=0.1,0.01", "training.batch_size=32, 64"], ["training.epochs=1"])
    assert [variant.name for variant in variants] == [
        "learning_rate=0.1, batch_size=32",
        "learning_rate=0.1, batch_size=64",
        "learning_rate=0.01, batch_size=32",
        "learning_rate=0.01, batch_size=64",
    ]
    assert variants[1].overrides == ("optimizer.learning_rate=0.1", "training.batch_size=64")
    assert variants[1].values == (("learning_rate", "0.1"), ("batch_size", "64"))
    assert [str(position.file) for position in variants[1].positions] == [
        "--vary optimizer.learning_rate=0.1,0.01",
        "--vary training.batch_size=32, 64",
    ]


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("a=1,true,null", ["1", "true", "null"]),
        ('a={"x": [1, 2], "y": "},\\","},{"x": 2}', ['{"x": [1, 2], "y": "},\\","}', '{"x": 2}']),
        ("a=[1,2],[3,4],none", ["[1,2]", "[3,4]", "none"]),
        ("a=b=1,c=2", ["b=1", "c=2"]),
        ('a="x,y",z', ['"x,y"', "z"]),
    ],
)
def test_values_are_parted_at_commas_outside_of_brackets_and_strings(argument: str, values: list[str]) -> None:
    assert [variant.overrides for variant in grid([argument], [])] == [(f"a={value}",) for value in values]


def test_settings_of_one_name_are_named_in_full() -> None:
    (first, *_) = grid(["layers[0].units=1,2", "layers.out.units=3,4", "training.epochs=5,6"], [])
    assert first.name == "layers[0].units=1, layers.out.units=3, epochs=5"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a"], "--vary a: write KEY=VALUE,VALUE,…"),
        (["=1,2"], "--vary =1,2: write KEY=VALUE,VALUE,…"),
        (["a="], "--vary a=: a value is missing; write KEY=VALUE,VALUE,…"),
        (["a=1,,2"], "a value is missing"),
        (["a=1,"], "a value is missing"),
        (["a=1"], "one value varies nothing"),
        (["a=1e-1,0.1"], "the value 0.1 stands there twice"),
        (['a={"x":1},{"x": 1}'], 'the value {"x": 1} stands there twice'),
        (["a=1,2", "a=3,4"], "--vary a=3,4: a is varied already; give all its values at once"),
        (
            ["a.b=1,2", "a={},[]"],
            "a replaces a.b, which is varied, too; write it before that, or leave one of them out",
        ),
        (["a[0].b=1,2", "a=1,2"], "a replaces a[0].b, which is varied, too"),
        (["set=1,2"], "set is also set by --set, which would have no effect"),
        (["a=1", "b"], "one value varies nothing.*\n--vary b: write KEY=VALUE"),
    ],
)
def test_what_varies_nothing_is_refused(arguments: list[str], said: str) -> None:
    with pytest.raises(SpecError, match=said.replace("{", r"\{").replace("[", r"\[")):
        grid(arguments, ["set = 7"])


def test_a_part_of_what_is_varied_may_vary_after_it() -> None:
    assert len(grid(["a=[1],[2]", "a[0]=3,4", "ab=5,6"], [])) == 8


def test_too_many_combinations_are_refused_before_they_are_made() -> None:
    digits = ",".join(map(str, range(100)))
    with pytest.raises(SpecError, match="100 × 100 × 100 are 1,000,000 combinations, where 1,000 are the most"):
        grid([f"{name}={digits}" for name in "abc"], [])
