"""The JSON reader against the standard library's, and the offsets that it notes."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.document.json_reader import MAX_DEPTH, JsonMistake, LineIndex, Marks, json_or_text, read_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)
LAYOUTS = st.sampled_from([None, 0, 1, 3])


def same(first: Any, second: Any) -> bool:
    """Whether two values are equal and of the same types: 1 differs from 1.0, and True from 1."""
    return repr(first) == repr(second)


def standard(text: str) -> Any:
    """Read with the standard library, but refuse duplicate keys and its extensions of JSON."""

    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(items)) < len(items):
            raise ValueError("equal keys")
        return dict(items)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=pairs)


@given(VALUES, LAYOUTS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_value_is_read_as_the_standard_library_reads_it(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert same(read_json(text)[0], json.loads(text))


@given(VALUES, LAYOUTS, st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_text_is_refused_or_read_as_the_standard_library_reads_it(
    value: Any, indent: int | None, data: st.DataObject
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 2))
        text = (
            text[:place]
            + data.draw(st.text('{}[]",:0123456789.eE+-\\/#utrfnNaI \n\t', max_size=2))
            + text[place + cut :]
        )
    mistake = None
    try:
        mine = read_json(text)[0]
    except JsonMistake as error:
        mistake = error
    if mistake is None:
        assert same(mine, standard(text))
        return
    assert 0 <= mistake.offset <= len(text)
    if "range" not in mistake.message and "surrogate" not in mistake.message:  # stricter than the library on purpose
        with pytest.raises(ValueError):  # noqa: PT011 - the messages are the library's
            standard(text)


def check_marks(text: str, value: Any, mark: Any) -> None:
    """Check that the text at the offset of each mark starts with the marked value."""
    start = mark.start if isinstance(mark, Marks) else mark
    decoder = json.JSONDecoder()
    assert same(decoder.raw_decode(text, start)[0], value)
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            assert decoder.raw_decode(text, mark.keys[key])[0] == key
            check_marks(text, inner, mark.values[key])
    elif isinstance(value, list):
        for inner, inner_mark in zip(value, mark.values, strict=True):
            check_marks(text, inner, inner_mark)


@given(VALUES, LAYOUTS)
@settings(max_examples=100, deadline=None)
def test_marks_stand_where_values_and_keys_begin(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    read, marks = read_json(text)
    check_marks(text, read, marks)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-0", 0),
        ("-0.0", -0.0),
        ("10.0", 10.0),
        ("1e2", 100.0),
        ("1E+2", 100.0),
        ("1" + "0" * 308, 10**308),
        ("1e-999", 0.0),
        (r'"\ud83d\ude00\u00e9\"\\\/\b\f\n\r\t"', '😀é"\\/\b\f\n\r\t'),
        ('{"\\u0061" : 1}', {"a": 1}),
        ("[[], {}, [ ], { }]", [[], {}, [], {}]),
        ("\r\n [1\t,\r2 ] ", [1, 2]),
    ],
)
def test_forms(text: str, value: Any) -> None:
    assert same(read_json(text)[0], value)


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("", 0, "empty"),
        ('{"a"', 0, "never closed"),
        ('{"a":1,', 0, "never closed"),
        ('["a\\q"]', 3, "unknown escape"),
        ('{"a" // x', 5, "no comments"),
        ('{"a": 1, /', 9, 'found "/"'),
        ('{"a": 1 /* x', 8, "no comments"),
        ('{"\\u00e9" 1}', 9, "a colon is missing"),
        ('{"a"]', 4, "a colon is missing"),
        ("{]", 1, 'cannot close the "{"'),
        ('{"a": 1 ! 2}', 8, 'found "!"'),
        ("[1 @]", 3, 'found "@"'),
        ("[-x]", 1, '"-x" is not a number'),
        ("[1.5.2]", 1, "is not a number"),
        ("[--]", 1, '"-" is not a number'),
        ("[-0x1f]", 1, "write -31"),
        ("[-infinity]", 1, "not a JSON number"),
        ("[?]", 1, 'expected a value, found "?"'),
        ("[\u200b1]", 1, "U+200B (zero width space)"),
        ("[1] \x07", 4, "U+0007 (control character)"),
        ("]", 0, "closes nothing"),
        ('{"a": "\\uD83D\\u0041"}', 7, "half of a surrogate pair"),
        ('{"a": "\\uDE00"}', 7, "half of a surrogate pair"),
        ('["a": 1', 4, "a list has no keys"),
        ('{"a": "\b"}', 7, r"write \b"),
    ],
)
def test_mistakes(text: str, offset: int, words: str) -> None:
    with pytest.raises(JsonMistake) as refused:
        read_json(text)
    assert words in refused.value.message
    assert refused.value.offset == offset


def test_a_sensible_depth_is_read_and_a_greater_one_refused() -> None:
    value, _ = read_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for _ in range(MAX_DEPTH - 1):
        value = value[0]
    assert value == []
    with pytest.raises(JsonMistake, match="nested more than 100 deep") as refused:
        read_json('{"a":' * 100_000)
    assert refused.value.offset == 5 * MAX_DEPTH


def test_numbers_are_never_infinite() -> None:
    assert math.isfinite(read_json("1.7976931348623157e308")[0])
    for text in ("1e309", "-1e309", "1" + "0" * 309, "-" + "9" * 5000):
        with pytest.raises(JsonMistake, match="out of range"):
            read_json(text)


def test_lines_count_every_kind_of_line_end_and_hide_what_a_terminal_would_obey() -> None:
    lines = LineIndex("a\nbc\r\nd\re\x1b[0m")
    assert [lines.position(offset) for offset in (0, 1, 2, 3, 6, 8)] == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1)]
    assert [lines.source(line) for line in (1, 2, 3, 4)] == ["a", "bc", "d", "e\N{REPLACEMENT CHARACTER}[0m"]


@pytest.mark.parametrize(
    "text", ["relu", "(3, 3)", "0,5", "[1, 2", '{"a": 1,}', '"\\q"', '{"a": 1, "a": 2}', "1e999", "", "]", "1 2"]
)
def test_text_that_is_not_json_may_be_taken_as_it_is(text: str) -> None:
    assert json_or_text(text) == text
    assert json_or_text(f"[{json.dumps(text)}, 1]") == [text, 1]


def test_that_takes_none_of_the_modules_that_advise(python: Callable[..., Any]) -> None:
    code = (
        "import sys; from graphnn.document.json_reader import json_or_text; json_or_text('(3, 3)'); json_or_text('[1');"
        "print(*[name for name in sys.modules if name.startswith('graphnn.document.')])"
    )
    assert python("-c", code).stdout.split() == ["graphnn.document.json_reader"]
