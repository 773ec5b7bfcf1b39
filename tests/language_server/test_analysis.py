"""What the server knows of a text and answers about it: places, layers that are repeated, and text of any kind."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol.types import Position, Range
from pygls.workspace.position_codec import PositionCodec

from graphnn.language_server.analysis import Analysis, analyse, is_ours
from graphnn.language_server.answers import diagnostics, hints, hover, outline
from graphnn.language_server.completion import completions
from graphnn.language_server.fixes import fixes
from graphnn.language_server.text import Text

ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted((ROOT / "models").glob("*.json"))
EVERYWHERE = Range(Position(0, 0), Position(10**6, 0))
SHORT = """{
  "$schema": "network.schema.json",
  "input": {"shape": [1, 8, 8]},
  "blocks": {
    "conv": {
      "parameters": ["filters"],
      "optional": {"size": 3},
      "layers": [
        {"type": "Conv2D", "filters": "$filters", "kernel_size": "$size"},
        {"type": "ReLU"}
      ]
    }
  },
  "layers": [
    {"type": "conv", "filters": 4},
    {"type": "Repeat", "times": 3, "layers": [
      {"type": "conv", "filters": 8, "size": 1}
    ]},
    {"type": "Residual", "layers": [
      {"type": "conv", "filters": 8}
    ]},
    {"type": "Flatten"},
    {"type": "Dense", "units": 10},
    {"type": "Softmax"}
  ],
  "loss": {"type": "CrossEntropy"},
  "optimizer": {"type": "SGD", "groups": [{"match": "*/biases", "learning_rate_scale": 2}]},
  "data": {"dataset": "digits"},
  "training": {"epochs": 1, "batch_size": 32}
}
"""


def known(source: str) -> Analysis:
    """Return what is known of a text, its positions in code units of UTF-16."""
    text = Text(source, PositionCodec().client_num_units)
    return analyse(text, "net.json", ROOT / "models")


def after(source: str, words: str) -> Position:
    """Return the position right after these words, with a cursor at the end of them."""
    return known(source).text.position(source.index(words) + len(words))


@pytest.mark.parametrize("source", ["", "\n", "a\r\nb\rc\n", "🦊\n層 é", "\ufeff{\n}", "\u2028\x0b\x0c\x85x\ny"])
def test_offsets_and_positions_lead_back(source: str) -> None:
    text = Text(source, PositionCodec().client_num_units)
    for offset in range(len(text.content) + 1):
        inside = text.content[offset - 1 : offset + 1] == "\r\n"
        assert text.offset(text.position(offset)) == offset - inside
    for line in range(len(text.lines.starts)):
        assert text.offset(Position(line, 10**6)) == text.line_end(line)
    assert text.offset(Position(10**6, 0)) == len(text.content)


def test_a_byte_order_mark_moves_the_first_line() -> None:
    text = Text("\ufeffab\ncd", PositionCodec().client_num_units)
    assert text.position(1) == Position(0, 2)
    assert text.position(4) == Position(1, 1)
    assert text.offset(Position(0, 2)) == 1


@pytest.mark.parametrize(
    ("source", "token"),
    [('"a\\"b": 1', '"a\\"b"'), ("-1.5e3,", "-1.5e3"), ("{1: [2]} x", "{1: [2]}"), ("{1\n}", "{1"), ('"ab\n', '"ab')],
)
def test_the_end_of_what_begins_somewhere(source: str, token: str) -> None:
    text = Text(source, len)
    assert text.content[: text.end_of_token(0)] == token


def test_only_network_documents_are_looked_at() -> None:
    assert is_ours(SHORT)
    assert is_ours('{"layers": [, "input" : {')
    assert not is_ours('{"name": "package", "layers": []}')
    assert known('{"layers": [], "name": "of \\"input\\": "}').findings == ()
    assert known(json.dumps({"layers": [], "inner": {"input": 1}})).findings == ()


def test_layers_of_blocks_and_repetitions_are_shown_where_they_are_written() -> None:
    analysis = known(SHORT)
    assert analysis.findings == []
    lines = SHORT.split("\n")
    shown = {lines[hint.position.line].strip(): hint.label for hint in hints(analysis, analysis, EVERYWHERE)}
    assert shown == {
        '{"type": "Conv2D", "filters": "$filters", "kernel_size": "$size"},': (
            "→ 4×8×8 … 8×8×8, 40 … 584 parameters, 5 times"
        ),
        '{"type": "ReLU"}': "→ 4×8×8 … 8×8×8, 5 times",
        '"layers": [': "→ 10, 5,938 parameters, 54,528 multiply-adds",
        '{"type": "conv", "filters": 4},': "→ 4×8×8, 40 parameters",
        '{"type": "Repeat", "times": 3, "layers": [': "→ 8×8×8, 184 parameters",
        '{"type": "conv", "filters": 8, "size": 1}': "→ 8×8×8, 40 … 72 parameters, 3 times",
        '{"type": "Residual", "layers": [': "→ 8×8×8, 584 parameters",
        '{"type": "conv", "filters": 8}': "→ 8×8×8, 584 parameters",
        '{"type": "Flatten"},': "→ 512",
        '{"type": "Dense", "units": 10},': "→ 10, 5,130 parameters",
        '{"type": "Softmax"}': "→ 10",
    }


def test_a_block_is_told_with_its_uses() -> None:
    analysis = known(SHORT)
    inner = hover(analysis, after(SHORT, '"kernel_size"'))
    assert inner is not None
    text = inner.contents.value  # type: ignore[union-attr]
    assert "the first of 5 uses" in text.splitlines()[0]
    assert "| output | 4×8×8 |" in text
    use = hover(analysis, after(SHORT, '{"type": "Residual"'))
    assert use is not None
    assert "| input | 8×8×8 |" in use.contents.value  # type: ignore[union-attr]
    names = {one.name: one for one in outline(analysis)}
    assert [one.name for one in names["blocks"].children or ()] == ["conv"]
    assert [one.detail for one in names["layers"].children or ()][:3] == [
        "conv 4×8×8",
        "Repeat 8×8×8",
        "Residual 8×8×8",
    ]


def labels(source: str, words: str, before: str = SHORT) -> list[str]:
    """Return what is offered after these words, where the text was `before` when it was right last."""
    return [one.label for one in completions(known(source), known(before), after(source, words))]


def test_the_parameters_that_a_group_may_match_are_offered() -> None:
    offered = labels(SHORT, '"match": "*')
    assert {"dense_1/*", "dense_1/weights", "dense_1/biases", "*/biases", "*/weights"} <= set(offered)
    assert not [name for name in offered if "relu" in name]
    broken = SHORT.replace('"match": "*/biases", "learning_rate_scale": 2}', '"match": "')
    [first, *_] = completions(known(broken), known(SHORT), after(broken, '"match": "'))
    assert first.text_edit is not None
    assert first.text_edit.new_text == f'"{first.label}"'


def test_blocks_and_their_parameters_are_offered() -> None:
    assert labels(SHORT, '"Repeat", "times": 3, "layers": [\n      {"type": "') == ["conv"]
    typed = SHORT.replace('{"type": "conv", "filters": 4},', '{"type": "conv", "},')
    assert labels(typed, '{"type": "conv", "') == ["filters", "size"]
    typed = SHORT.replace('{"type": "conv", "filters": 4},', '{"type": "conv", "filters": 4, "si},')
    [size] = completions(known(typed), known(SHORT), after(typed, '"filters": 4, "si'))
    assert size.text_edit is not None
    assert (size.label, size.detail, size.text_edit.new_text) == ("size", "by default 3", '"size": ')
    assert labels(SHORT, '{"type": "Dense", "') == []


def mutated(source: str, draw: random.Random) -> str:
    """Return a text with a few characters or pieces removed, doubled, moved or replaced."""
    for _ in range(draw.randint(1, 4)):
        start = draw.randrange(len(source) + 1)
        end = min(len(source), start + draw.choice([0, 1, 1, 5, 80]))
        piece = draw.choice(
            ["", source[start:end] * 2, *'{}[]":,\\-0\r\n\0', "🦊", "層", "\ud800", "1e999", "null", '"$x"']
        )
        source = source[:start] + piece + source[end:]
    return source[: draw.randrange(len(source) + 1)] if draw.random() < 0.25 else source


def answers_all(source: str, before: Analysis, draw: random.Random) -> Analysis:
    """Ask everything about a text, and check that all ranges lie in it."""
    analysis = known(source)
    ends = Position(len(analysis.text.lines.starts) - 1, 10**9)
    for one in diagnostics(analysis):
        assert Position(0, 0) <= one.range.start <= one.range.end <= ends
        assert one.message
    for _ in range(3):
        at = Position(draw.randrange(ends.line + 3), draw.randrange(120))
        hover(analysis, at)
        completions(analysis, before, at)
    assert all(hint.position <= ends for hint in hints(analysis, before, EVERYWHERE))
    fixes(analysis, "file:///net.json", EVERYWHERE)
    json.dumps([one.name for one in outline(analysis)])
    return analysis


def fuzz(seed: int, count: int, on_each: Callable[[Analysis], None] = lambda _: None) -> None:
    draw = random.Random(seed)
    sources = [SHORT, *(file.read_text(encoding="utf-8") for file in MODELS)]
    for _ in range(count):
        source = draw.choice(sources)
        on_each(
            answers_all(mutated(source, draw), known(source) if draw.random() < 0.1 else Analysis(Text("", len)), draw)
        )


def test_any_text_is_answered() -> None:
    seen: list[Any] = []
    fuzz(0, 60, lambda analysis: seen.append((bool(analysis.findings), analysis.spec is not None)))
    assert len(set(seen)) >= 3  # faults of syntax or of the schema, faults of meaning, and none


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_any_text_is_answered_many_times(seed: int) -> None:
    fuzz(seed, 500)
