"""Reading on after mistakes of syntax: documents with random faults, of which each is told, and nothing else."""

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from graphnn.document.json_reader import JsonMistake, LineIndex, read_json
from graphnn.document.json_repair import MOST, Reading, edited, read_on

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
COMMENTS = ("// {0}\n", "# {0}\n", "-- {0}\n", "/* {0} */", "/*\n{0}\n*/", "<!-- {0} -->")
REMARKS = ("one", '"a": 1,', "}", "don't", "[", "a = 3;", 'say "hi', "é…", "x, y")
FOREIGN = ("''", "``", "“”", "„“", "«»", "‘’", "““")

DAMAGE = [
    *"{}[]\",:;='()/*#-+.0123456789eE\\ \n\t`“”’«%$<>_…",
    *(
        '"""',
        "'''",
        "None",
        "True",
        "...",
        "${x}",
        "{{x}}",
        "dict(a=1)",
        "Dense(3)",
        "<!--",
        "/*",
        "//",
        "1/0",
        "9**9**9",
    ),
    *(
        "1e999",
        "0x",
        "\\u12",
        "\\x41",
        "\ufeff",
        "\u00a0",
        "\u200b",
        "−",
        "u'",
        "NaN",
        "-Infinity",
        "0,5",
        "1,000",
        "\r",
    ),
]


def refused(text: str) -> JsonMistake:
    """Return the first mistake of a text."""
    with pytest.raises(JsonMistake) as mistake:
        read_json(text)
    return mistake.value


def reading(text: str) -> Reading:
    """Return what is read of a wrong text."""
    return read_on(text, refused(text))


@dataclass
class Draft:
    """A document cut into tokens and the gaps between them, into which faults are put.

    pieces: gap, token, gap, …, gap. roles: of each piece. told: the piece and the offset in it at which each fault is
    to be told, and words of the message.
    """

    pieces: list[str]
    roles: list[str]
    told: list[tuple[int, int, str]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def expected(self) -> list[tuple[int, str]]:
        """Return the offset of each fault, and the words, in the order of the text."""
        starts = [0]
        for piece in self.pieces:
            starts.append(starts[-1] + len(piece))
        return sorted((starts[piece] + offset, words) for piece, offset, words in self.told)

    def put(self, piece: int, text: str, offset: int, words: str) -> bool:
        """Replace a piece, unless it has a fault already."""
        if piece in self.touched or text == self.pieces[piece]:
            return False
        self.touched.add(piece)
        self.pieces[piece] = text
        self.told.append((piece, offset, words))
        return True


def draft(text: str) -> Draft:
    """Cut a document into pieces and say what each is: key, string, number, word, or the bracket itself."""
    pieces, roles, position = [], [], 0
    for match in TOKEN.finditer(text):
        pieces += [text[position : match.start()], match[0]]
        role = match[0]
        if role[0] == '"':
            role = "key" if text[match.end() :].lstrip().startswith(":") else "string"
        elif role in ("true", "false", "null"):
            role = "word"
        elif role not in tuple("{}[],:"):
            role = "number"
        roles += ["gap", role]
        position = match.end()
    return Draft([*pieces, text[position:]], [*roles, "gap"])


def quotation(d: Draft, at: int, rng: random.Random) -> bool:
    content = json.loads(d.pieces[at])
    marks = rng.choice(FOREIGN)
    if any(mark in content for mark in "".join(FOREIGN)) or not content.isprintable() or "\\" in d.pieces[at]:
        return False
    return d.put(at, f"{marks[0]}{content}{marks[1]}", 0, "in straight double quotes")


def unquoted(d: Draft, at: int, rng: random.Random) -> bool:
    content = json.loads(d.pieces[at])
    if not re.fullmatch(r"[a-zA-Z]\w*" if d.roles[at] == "string" else r"[$a-zA-Z][\w.\-]*", content):
        return False
    if content in ("on", "off", "no", "yes", "none") or (
        d.roles[at] == "key" and at + 2 in d.touched and not d.pieces[at + 2]
    ):
        return False
    d.touched.add(at + 2)
    return d.put(at, content, 0, f"write {d.pieces[at]}")


def prefixed(d: Draft, at: int, rng: random.Random) -> bool:
    letter = rng.choice("ubU")
    return d.put(at, letter + d.pieces[at], 0, f"without the {letter} before it")


def word(d: Draft, at: int, rng: random.Random) -> bool:
    right = d.pieces[at]
    wrong = {"true": ["True", "TRUE", "yes", "on"], "false": ["False", "FALSE", "no", "off"], "null": ["None", "nil"]}
    return d.put(at, rng.choice(wrong[right]), 0, f"write {right}")


def number(d: Draft, at: int, rng: random.Random) -> bool:
    right = d.pieces[at]
    forms: list[tuple[str, int]] = [(f"+{right}", 0)] if not right.startswith("-") else [(f"−{right[1:]}", 0)]
    if re.fullmatch(r"[1-9]\d*", right):
        forms += [
            (hex(int(right)), 0),
            (f"0{right}", 0),
            (f"{right}*1", 0),
            (f"{int(right) - 1} + 1", 0),
            (f"{right}L", 0),
        ]
        if len(right) > 3:
            forms += [(f"{right[:-3]}_{right[-3:]}", 0)]
    if re.fullmatch(r"\d+\.\d+", right):
        whole, digits = right.split(".")
        forms += [(f"{right}f", 0)]
        if whole == "0":
            forms += [(f".{digits}", 0)]
            if at > 2 and d.roles[at - 2] == ":":
                forms += [(f"0,{digits}", 1)]
        if digits == "5" and whole == "0":
            forms += [("50%", 0), ("1/2", 0), ("1 / 2", 0)]
    text, offset = rng.choice(forms)
    return d.put(at, text, offset, f"write {right}")


def colon(d: Draft, at: int, rng: random.Random) -> bool:
    wrong = rng.choice(["=", ":=", "=>", "->", ";", "：", ""])
    if not wrong:
        if (
            at - 2 in d.touched
            or at + 2 in d.touched
            or at + 1 in d.touched
            or "\n" in d.pieces[at + 1]
            or d.pieces[at + 1] == ""
        ):
            return False
        d.touched |= {at - 2, at - 1, at + 1, at + 2}
        return d.put(at, "", 0, "a colon is missing here")
    return d.put(at, wrong, 1 if wrong == ":=" else 0, 'write ":"')


def comma(d: Draft, at: int, rng: random.Random) -> bool:
    kind = rng.choice(["missing", "missing", "doubled", ";", "，"])
    if kind == "missing":
        gaps = {at - 1, at + 1}
        if "\n" not in d.pieces[at + 1] or gaps & d.touched:
            return False
        d.touched |= gaps
        return d.put(at, "", 0, "a comma is missing here")
    if kind == "doubled":
        return d.put(at, ",,", 1, "remove this comma")
    return d.put(at, kind, 0, 'write ","')


def closing(d: Draft, at: int, rng: random.Random) -> bool:
    if d.roles[at - 2] in ("{", "["):
        return False
    return d.put(at - 1, f",{d.pieces[at - 1]}", 0, "remove this comma: nothing follows it")


def tuple_(d: Draft, at: int, rng: random.Random) -> bool:
    end = next(place for place in range(at + 2, len(d.roles), 2) if d.roles[place] in tuple("{}[]"))
    parts = d.roles[at:end].count(",") + 1
    if d.roles[end] != "]" or {at, end, end - 1} & d.touched or parts < 2:
        return False
    d.touched |= {end, *range(at + 1, end)}
    d.pieces[end] = ")"
    return d.put(at, "(", 0, "lists have square brackets")


def gap(d: Draft, at: int, rng: random.Random) -> bool:
    before = d.pieces[at]
    if rng.random() < 0.2 and " " in before:
        place = before.index(" ")
        return d.put(at, f"{before[:place]}\N{NO-BREAK SPACE}{before[place + 1 :]}", place, "U+00A0")
    comment = rng.choice(COMMENTS).format(rng.choice(REMARKS))
    if comment.endswith("\n"):
        if "\n" not in before or at == len(d.pieces) - 1:
            return False
        place = before.index("\n")
        return d.put(at, before[:place] + " " + comment.rstrip("\n") + before[place:], place + 1, "no comments")
    if at == 0 or d.roles[at - 1] == "number":
        return False
    return d.put(at, comment + before, 0, "no comments")


FAULTS: dict[str, list[Callable[[Draft, int, random.Random], bool]]] = {
    "key": [quotation, unquoted],
    "string": [quotation, unquoted, prefixed],
    "number": [number],
    "word": [word],
    ":": [colon],
    ",": [comma],
    "}": [closing],
    "]": [closing],
    "[": [tuple_],
    "gap": [gap],
}


def documents(root: Path) -> list[str]:
    """Return the texts of the models in several layouts."""
    texts = [
        file.read_text(encoding="utf-8")
        for file in sorted((root / "models").rglob("*.json"))
        if "runs" not in file.parts
    ]
    values = [json.loads(text) for text in texts]
    return [
        *texts * 3,
        *(json.dumps(value, indent=2, ensure_ascii=False) for value in values),
        *(json.dumps(value, indent="\t", ensure_ascii=False) for value in values),
        *(json.dumps(value, ensure_ascii=False) for value in values),
        *(json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\r\n") for value in values),
    ]


def wrong_documents(root: Path, seed: int, count: int) -> Iterator[tuple[Draft, Any]]:
    """Yield documents with one to five faults, and their values without them."""
    rng = random.Random(seed)
    texts = documents(root)
    for _ in range(count):
        text = rng.choice(texts)
        wrong = draft(text)
        wanted = rng.randint(1, 5)
        near = rng.randrange(len(wrong.pieces)) if rng.random() < 0.5 else None
        while len(wrong.told) < wanted:
            at = rng.randrange(len(wrong.pieces))
            if near is not None and rng.random() < 0.8:
                at = min(max(0, near + rng.randint(-6, 6)), len(wrong.pieces) - 1)
            faults = FAULTS.get(wrong.roles[at])
            if faults and at not in wrong.touched:
                rng.choice(faults)(wrong, at, rng)
        yield wrong, json.loads(text)


def check(wrong: Draft, value: Any) -> None:
    """Check that the faults of a document are told, each at its place with its remedy, and nothing else."""
    text = wrong.text
    read = reading(text)
    lines = LineIndex(text)
    told = [(mistake.offset, mistake.message) for mistake in read.mistakes]
    expected = wrong.expected()
    described = f"{text}\nexpected: {[(*lines.position(at), words) for at, words in expected]}\n" + (
        f"told: {[(*lines.position(at), words) for at, words in told]}"
    )
    assert [at for at, _ in told] == [at for at, _ in expected], described
    for (_, message), (_, words) in zip(told, expected, strict=True):
        assert words in message, described
    assert repr(read_json(edited(text, list(read.edits)))[0]) == repr(value), described
    assert read.value == value, described


def bracket_fault(text: str, rng: random.Random) -> tuple[str, int]:
    """Return a document without one of its brackets or quotation marks, with one twice, or of the other kind; where."""
    tokens = list(re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', text))
    while True:
        token = rng.choice(tokens)
        place = rng.choice([token.start(), token.end() - 1])
        character = text[place]
        other = {"}": "]", "]": "}"}
        into = rng.choice(["", character * 2, other[character]] if character in other else [""])
        wrong = text[:place] + into + text[place + 1 :]
        try:
            read_json(wrong)
        except JsonMistake:
            return wrong, token.start()


def check_brackets(root: Path, seed: int, count: int) -> None:
    """Check that one such fault is told once, mostly at its line, and that what is certain is right."""
    rng = random.Random(seed)
    texts = [text for text in documents(root) if "\n" in text]
    near = 0
    for _ in range(count):
        text = rng.choice(texts)
        wrong, place = bracket_fault(text, rng)
        read = reading(wrong)
        assert len(read.mistakes) == 1, wrong
        assert read.value is None or read.value == json.loads(text), wrong
        lines = LineIndex(wrong)
        near += abs(lines.position(read.mistakes[0].offset)[0] - lines.position(place)[0]) <= 1
    assert near > 0.95 * count


def test_one_bracket_or_quotation_mark_is_told_once(root: Path) -> None:
    check_brackets(root, 1, 150)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 8))
def test_one_bracket_or_quotation_mark_of_many_documents_is_told_once(root: Path, seed: int) -> None:
    check_brackets(root, seed, 1000)


def check_damage(root: Path, seed: int, count: int) -> None:
    """Check that reading on ends for any text, with positions inside it."""
    rng = random.Random(seed)
    texts = documents(root)
    for _ in range(count):
        text = rng.choice(texts)
        for _ in range(rng.randint(1, 8)):
            place, cut = rng.randrange(len(text) + 1), rng.choice([0, 0, 0, 1, 2, 10])
            text = text[:place] + "".join(rng.choices(DAMAGE, k=rng.randint(0, 3))) + text[place + cut :]
        if rng.random() < 0.2:
            text = text[: rng.randrange(1, len(text) + 1)]
        try:
            read_json(text)
        except JsonMistake as first:
            read = read_on(text, first)
            assert 1 <= len(read.mistakes) <= MOST
            assert all(0 <= mistake.offset <= len(text) for mistake in read.mistakes)
            if read.value is not None:
                assert repr(json.loads(edited(text, list(read.edits)))) == repr(read.value)


def test_any_damage_is_told(root: Path) -> None:
    check_damage(root, 1, 200)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 8))
def test_any_damage_of_many_documents_is_told(root: Path, seed: int) -> None:
    check_damage(root, seed, 2000)


def test_each_of_several_faults_is_told_and_nothing_else(root: Path) -> None:
    for wrong, value in wrong_documents(root, 1, 300):
        check(wrong, value)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_each_fault_of_many_documents_is_told_and_nothing_else(root: Path, seed: int) -> None:
    for wrong, value in wrong_documents(root, seed, 1000):
        check(wrong, value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{\n \"a\": [\n  1\n ]\n 'b'; 2\n}", ["a comma is missing", "straight double quotes", 'write ":"']),
        ('{\n "a": ["b], "c": [\n  {"d": 1}\n ]\n}', ["this string is not closed"]),
    ],
)
def test_nothing_is_told_that_follows_from_a_repair(text: str, told: list[str]) -> None:
    found = [mistake.message for mistake in reading(text).mistakes]
    assert [words in message for words, message in zip(told, found, strict=True)] == [True] * len(told), found
