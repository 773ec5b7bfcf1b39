"""The remedies for mistakes of syntax: what is told, where, and the text after the edits that follow."""

import json
from typing import Any

import pytest

from graphnn.document.json_reader import JsonMistake, LineIndex, read_json
from graphnn.document.json_repair import MOST, Reading, edited, read_on


def reading(text: str) -> Reading:
    """Return what is read of a wrong text."""
    with pytest.raises(JsonMistake) as mistake:
        read_json(text)
    return read_on(text, mistake.value)


VALUES: list[tuple[str, Any, str]] = [  # a value, what is meant, and words of the message
    ("0,5", 0.5, "write 0.5"),
    ("-12,5e-3", -12.5e-3, "write -12.5e-3"),
    ("1,000,000", 1000000, "write 1000000"),
    ("1 000", 1000, "write 1000"),
    ("60'000", 60000, "write 60000"),
    ("10%", 0.1, "write 0.1 for 10%"),
    ("12.5 %", 0.125, "write 0.125 for 12.5 %"),
    (".5%", 0.005, "write 0.005"),
    ("1/255", 1 / 255, f"write {1 / 255} for 1/255"),
    ("2*64", 128, "write 128 for 2*64"),
    ("28×28", 784, "write 784"),
    ("2**10", 1024, "write 1024"),
    ("1 - 0.75", 0.25, "write 0.25"),
    ("64 + 32 - 1", 95, "write 95"),
    ("1e-3f", 1e-3, "write 1e-3"),
    ("0.5f", 0.5, "write 0.5"),
    ("64L", 64, "write 64"),
    ("1_000", 1000, "write 1000"),
    ("1.", 1.0, "write 1.0"),
    (".5", 0.5, "write 0.5"),
    ("+1", 1, "write 1"),
    ("-.5", -0.5, "write -0.5"),
    ("−5", -5, "write -5"),
    ("1e−3", 1e-3, "write 1e-3"),
    ("007", 7, "write 7"),
    ("0x10", 16, "write 16"),
    ("0b101", 5, "write 5"),
    ("TRUE", True, "write true"),
    ("yes", True, "write true"),
    ("Off", False, "write false"),
    ("None", None, "write null"),
    ("undefined", None, "write null"),
    ("'a'", "a", 'straight double quotes: "a"'),
    ("'say \"hi\"'", 'say "hi"', "straight double quotes"),
    ("'don't'", "don't", 'straight double quotes: "don\'t"'),
    ("'it\\'s'", "it's", 'straight double quotes: "it\'s"'),
    ("'a\\d'", "a\\d", "straight double quotes"),
    ("`a`", "a", "straight double quotes"),
    ("“a”", "a", "straight double quotes"),
    ("„a“", "a", "straight double quotes"),
    ("«a»", "a", "straight double quotes"),
    ('"a”', "a", 'write " at its end'),
    ('u"a"', "a", "without the u before it"),
    ("b'a'", "a", "without the b before it"),
    ('r"a"', "a", "without the r before it"),
    ('"""a"""', "a", 'JSON has no """'),
    ('"""a\n"b\\""""', 'a\n"b"', 'JSON has no """'),
    ("'''a'''", "a", "JSON has no '''"),
    ('"a\nb"', "a\nb", "must be on one line"),
    ('"a" + "b"', "ab", "does not join strings"),
    ('"a"\n  "b"', "ab", "does not join strings"),
    ('"say "hi" to"', 'say "hi" to', 'inside a string is written \\"'),
    ('a"', "a", "a double quote is missing here"),
    ('3 of 4"', "3 of 4", "a double quote is missing here"),
    ('"a', "a", "not closed on its line"),
    ('"a\\db\\e"', "a\\db\\e", "unknown escape \\d"),
    ('"a\\x41"', "aA", "write \\u0041"),
    ('"a\\U0001F600"', "a😀", "write \\ud83d\\ude00"),
    ('"a\\\'s"', "a's", "without a backslash"),
    ('"C:\\data\\my files"', "C:/data/my files", 'write the path with /: "C:/data/my files"'),
    ('"..\\data\\x.csv"', "../data/x.csv", "write the path with /"),
    ('"a\tb\tc"', "a\tb\tc", "write \\t"),
    ("relu", "relu", 'write "relu"'),
    ("max-pool layer", "max-pool layer", 'write "max-pool layer"'),
    ("data/x.csv", "data/x.csv", 'write "data/x.csv"'),
    ("(3, 3)", [3, 3], "square brackets: [3, 3]"),
    ("(3,)", [3], "square brackets: [3]"),
    ("()", [], "square brackets: []"),
    ("(3)", 3, "without parentheses"),
    ("tuple([1, 2])", [1, 2], "no tuple(…)"),
    ("{1, 2}", [1, 2], "square brackets: [1, 2]"),
    ('{"b", "c"}', ["b", "c"], 'square brackets: ["b", "c"]'),
    ("[1, 2, 3,]", [1, 2, 3], "remove this comma"),
    ("[1,, 2]", [1, 2], "remove this comma"),
    ("[1 2]", [1, 2], "a comma is missing"),
    ("[1; 2]", [1, 2], 'write "," instead of ";"'),
    ("[1, 2)", [1, 2], 'write "]" instead'),
    (
        "dict(b=1, c='d', e=(1, 2))",
        {"b": 1, "c": "d", "e": [1, 2]},
        'no dict(…); write {"b": 1, "c": "d", "e": [1, 2]}',
    ),
    ('{"b" 1}', {"b": 1}, "a colon is missing"),
    ("{b: 1}", {"b": 1}, 'keys need double quotes; write "b"'),
    ("{b.c-d: 1}", {"b.c-d": 1}, 'write "b.c-d"'),
    ("{$b: 1}", {"$b": 1}, 'write "$b"'),
    ("{3: 1}", {"3": 1}, 'write "3"'),
    ('{b": 1}', {"b": 1}, 'a double quote is missing here; write "b"'),
    ('{"b: 1}', {"b": 1}, 'the key "b" is not closed'),
    ('{"b": 1,}', {"b": 1}, "remove this comma"),
    ('{, "b": 1}', {"b": 1}, "remove this comma"),
    ('{"b" = 1}', {"b": 1}, 'write ":" instead of "="'),
    ('{"b" => 1}', {"b": 1}, 'write ":" instead of "=>"'),
    ('{"b" := 1}', {"b": 1}, 'write ":" alone'),
    ('{"b":: 1}', {"b": 1}, 'write ":" alone'),
    ('{"b"： 1}', {"b": 1}, 'write ":" instead of "："'),
    ('{"b"; 1}', {"b": 1}, 'write ":" instead of ";"'),
    ('{"b": 1; "c": 2}', {"b": 1, "c": 2}, 'write "," instead of ";"'),
    ('{"b": 1;}', {"b": 1}, 'remove this ";"'),
    ('{"b": 1 "c": 2}', {"b": 1, "c": 2}, "a comma is missing here"),
    ('{{"b": 1}}', {"b": 1}, 'one "{"'),
    ("1 // one", 1, "no comments"),
    ("/* one */ 1", 1, "no comments"),
    ("1 # one", 1, "no comments"),
    ("1 -- one", 1, "no comments"),
    ("1 <!-- one -->", 1, "no comments"),
    ("// one\n  1", 1, "no comments"),
    ("1\u00a0", 1, "U+00A0 (no-break space, not a plain space); write a plain space"),
    ("\u200b1", 1, "U+200B (zero width space); remove it"),
    ("\ufeff1", 1, "U+FEFF (zero width no-break space); remove it"),
]


@pytest.mark.parametrize(("wrong", "value", "words"), VALUES, ids=[repr(wrong) for wrong, *_ in VALUES])
def test_a_value_has_its_remedy_and_reading_goes_on(wrong: str, value: Any, words: str) -> None:
    comma = "\n, " if wrong.endswith(" one") else ",\n  "
    text = f"{{\n  \"a\": {wrong}{comma}'z': 1\n}}"
    read = reading(text)
    assert len(read.mistakes) == 2, read.mistakes
    assert words in read.mistakes[0].message
    assert 'keys in straight double quotes: "z"' in read.mistakes[1].message
    mended = edited(text, list(read.edits))
    assert repr(json.loads(mended)["a"]) == repr(value)
    assert text.index(wrong[:1] or ",") <= read.mistakes[0].offset <= text.index(comma)


STAND_INS: list[tuple[str, str]] = [  # what has no certain meaning, though what follows it can be read
    ("NaN", "NaN is not a JSON number"),
    ("-Infinity", "-Infinity is not a JSON number"),
    ("1,000", "write 1000, or 1.000 if that is what is meant"),
    ("10k", "write 10000"),
    ("1/0", "write the value of 1/0"),
    ("2 + 3 * 4", "write the value of 2 + 3 * 4"),
    ("9**9**9", "write the value of 9**9**9"),
    ("9**999", "write the value of 9**999"),
    ("...", "... stands for what was left out"),
    ("…", "… stands for what was left out"),
    ("[1, ...]", "... stands for what was left out"),
    ("{...}", "... stands for what was left out"),
    ("$units", "in the place of $units"),
    ("${units}", "in the place of ${units}"),
    ("{{ units }}", "in the place of {{ units }}"),
    ("<your path>", "in the place of <your path>"),
    ("float('inf')", "JSON has no calls, such as float(…)"),
    ("np.array([1, 2])", "JSON has no calls, such as np.array(…)"),
    ("Dense(64, activation='relu')", 'a key: {"type": "Dense", …, "activation": "relu"}'),
    ("keras.layers.Conv2D(filters=8)", 'a key: {"type": "Conv2D", "filters": 8}'),
    ("dict(a=[1, x])", 'write {"key": …, …}'),
    ("", 'the key "a" has no value'),
    ('{"b"}', 'the key "b" has no value'),
    ('{"b", "c": 1}', 'the key "b" has no value'),
    ('{"b" "c": 1}', 'the key "b" has no value'),
    ('{"b": 1, "b": 2}', "remove one of them"),
    ("1.2.3", '"1.2.3" is not a number'),
    ('"\\ud800"', "half of a surrogate pair"),
]


@pytest.mark.parametrize(("wrong", "words"), STAND_INS, ids=[repr(wrong) for wrong, _ in STAND_INS])
def test_what_has_no_certain_meaning_is_told_and_what_follows_it_too(wrong: str, words: str) -> None:
    read = reading(f'{{"a": {wrong}, "z": True}}')
    assert [words in mistake.message for mistake in read.mistakes] == [True, False], read.mistakes
    assert "write true" in read.mistakes[1].message
    assert read.value is None, "what stands in is checked no further"


ENDINGS: list[tuple[str, int, str]] = [  # what ends the reading: the text, the offset, and words
    ('{"a": 2*(3+4), "z": True}', 6, "JSON does not calculate; write the value"),
    ('{"a": (1, 2, "z": True}', 6, "lists have square brackets"),
    ('{"a": \'x, "z": True}', 6, "straight double quotes"),
    ('{"a": #ff0000, "z": True}', 6, "no comments"),
    ('{"a": #ff0000,\n"z": True}', 6, "no comments"),
    ('{"a": 1,28,28, "z": True}', 8, "expected a key in double quotes"),
    ('{"a": [cw]*/w", "z": True}', 7, 'write "cw"'),
    ('{"a": 1 /* x, "z": True}', 8, "no comments, and this one is never closed"),
    ('{"a": 1 // x, "z": True}', 8, "no comments"),
    ('{"a": Dense(3, "z": True}', 6, "JSON has no calls"),
    ('{"a": x: 1, "z": True}', 6, "text needs double quotes"),
    ('{"a": 5 epochs, "z": True}', 8, 'found "epochs"'),
    ('{"a": 1}, {"z": True}', 8, "the document has ended"),
    ('{"a": 1}\n{"z": True}', 9, "a second document begins"),
    ('"a": 1, "z": True', 3, 'write "{" before the first key'),
    ("{True: 1}{", 9, "a second document begins"),
    ("]", 0, "closes nothing"),
]


@pytest.mark.parametrize(("text", "offset", "words"), ENDINGS)
def test_what_is_in_doubt_ends_the_reading_and_is_told_last(text: str, offset: int, words: str) -> None:
    read = reading(text)
    assert (read.mistakes[-1].offset, words in read.mistakes[-1].message) == (offset, True), read.mistakes
    assert len(read.mistakes) == (2 if text.startswith("{True") else 1)
    assert read.following is None
    assert read.value is None


BRACKETS: list[tuple[str, tuple[int, int], str, bool]] = [  # text, position, words, whether all of it is read then
    (
        '{\n  "a": [1, 2},\n  "b": 3\n}',
        (2, 13),
        '"}" cannot close the "[" of line 2, column 8; write "]" instead',
        False,
    ),
    ('{\n  "a": [\n    1\n  },\n  "b": 3\n}', (4, 3), 'write "]" instead', True),
    ('{\n  "a": {"b": [1, 2},\n  "c": 3\n}', (2, 19), 'write "]" before it', False),
    ('{\n  "a": [\n    {"b": 1}},\n    {"b": 2}\n  ]\n}', (3, 13), 'this "}" is one too many', False),
    ('{\n  "a": [\n    {"b": 1,\n    {"b": 2}\n  ]\n}', (3, 12), '"}" is missing before this comma', True),
    ('{\n  "a": [\n    {"b": 1}\n  "c": 2\n}', (3, 13), '"]," is missing here', True),
    ('{\n  "a": [\n    {"b": 1},\n  "c": 2\n}', (3, 13), 'a "]" is missing here', True),
    ('{\n  "a": {\n    "b": 1,\n  "c": 2\n}', (3, 11), 'by the indentation, a "}" is missing here', True),
    ('{\n  "a": {\n    "b": 1\n  "c": 2\n}', (3, 11), '"}," is missing here', True),
    ('{\n  "a": {"b": 1,\n  "c": 2\n}', (2, 15), 'by the indentation, a "}" is missing here', False),
    ('{\n  "a": {\n    "b": 1\n  }}\n}', (4, 4), 'this "}" is one too many', False),
    ('{\n  "a": {\n    "b": 1\n  }},\n  "c": 2\n}', (4, 4), 'this "}" is one too many', False),
    ('{"a": [\n  {\n    "b": {"c": 1}},\n    "d": 2\n  }\n]}', (3, 18), 'this "}" is one too many', False),
    ('{\n  "a": {\n    "b": 1\n  }\n  }\n}', (5, 3), 'this "}" is one too many', True),
    ('{\n  "a": 1\n}\n}', (4, 1), 'this "}" closes nothing', True),
    ('{\n  "a": 1, 2],\n  "c": 2\n}', (2, 8), 'a "[" is missing before this', False),
    ('{\n  "a": {"b": 1}, {"b": 2}],\n  "c": 2\n}', (2, 8), 'a "[" is missing before this', False),
    ('{\n  "a": "b": 1},\n  "c": 2\n}', (2, 8), 'a "{" is missing before this', False),
    ('{\n  "a": [\n    "b": 1},\n    {"b": 2}\n  ]\n}', (3, 5), 'a "{" is missing before this', False),
    ('{\n  "a": [1, "b": 2]\n}', (2, 15), "a list has no keys", False),
    ('{\n  "a": [1, 2', (2, 8), 'the text ends inside 2 brackets, which "]}" would close', False),
    ('{\n  "a": 1', (1, 1), 'this "{" is never closed; add the missing "}"', True),
    ('{\n  "a": 1,', (1, 1), 'this "{" is never closed', False),
]


@pytest.mark.parametrize(("text", "position", "words", "whole"), BRACKETS)
def test_a_bracket_is_told_once_where_the_lines_and_their_indentation_show_it(
    text: str, position: tuple[int, int], words: str, whole: bool
) -> None:
    read = reading(text)
    (mistake,) = read.mistakes
    assert words in mistake.message, mistake
    assert LineIndex(text).position(mistake.offset) == position
    assert (read.value is not None) == whole


def test_positions_are_those_of_the_text_as_it_is_written() -> None:
    text = "{'a': 1, /* of\n two lines */ 'a': 2, \"b\": [1, 2}}"
    told = [(LineIndex(text).position(each.offset), each.message) for each in reading(text).mistakes]
    assert [position for position, _ in told] == [(1, 2), (1, 10), (2, 15), (2, 15), (2, 33)]
    assert "is already at line 1, column 2" in told[3][1]
    assert 'the "[" of line 2, column 28' in told[4][1]


def test_mistakes_are_told_in_the_order_of_the_text() -> None:
    told = [(mistake.offset, mistake.message[:12]) for mistake in reading("[1, /* one */]").mistakes]
    assert told == [(2, "remove this "), (4, "JSON has no ")]


def test_no_more_are_told_than_anyone_mends_at_once() -> None:
    read = reading("[" + "True, " * MOST + "true]")
    assert len(read.mistakes) == MOST
    assert read.following is None
    read = reading("[" + "True, " * (MOST + 1) + "true]")
    assert len(read.mistakes) == MOST
    assert read.following == 1 + 6 * MOST


def test_a_long_text_is_read_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[" + "True, " * 5 + "1]"
    monkeypatch.setattr("graphnn.document.json_repair.MOST_READ", 3 * len(text) - 1)
    read = reading(text)
    assert len(read.mistakes) == 3
    assert read.following == 1 + 6 * 3


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 0x' + "f" * 10_000 + "}",
        '{"a": ' + "1*" * 10_000 + "1}",
        '{"a": 1e-999999%}',
        '{"a": true%}',
        '{"a": "' + "\\q" * 100_000 + '"}',
        '{"a": ' + "." * 10_000 + "}",
        '{"a": ' + "a " * 10_000 + "}",
        '{"a": ' + "(" * 10_000 + "}",
        "{" + "1," * 50_000 + "1}",
        '{"a": f(' + "x=1," * 50_000 + ")}",
        '{"a": ${' + "x" * 10_000 + "}}",
        "{" * 10_000,
        '{"a": dict(x=' + "(" * 5_000 + "1" + ")" * 5_000 + ")}",
        '{"a": {1, ' + "[" * 90 + "1" + "]" * 90 + "}}",
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_text_is_refused_soon_with_a_short_message(text: str) -> None:
    assert all(len(mistake.message) < 300 for mistake in reading(text).mistakes)
