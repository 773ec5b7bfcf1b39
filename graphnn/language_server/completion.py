"""Completion of what a schema cannot know: the names of parameters and blocks that a document itself gives."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from lsprotocol.types import CompletionItem, CompletionItemKind, Position, TextEdit

from graphnn.language_server.analysis import Analysis
from graphnn.language_server.text import Text
from graphnn.types import shape_text

Kind = TypeVar("Kind")

TRIGGERS = ['"']
TO_CURSOR = r'("(?:[^"\\\n\r]|\\.)*)$'  # a string that is not closed before the cursor
VALUE = re.compile(r'"(match|type)"\s*:\s*' + TO_CURSOR)
NAME = re.compile(r"[{,]\s*" + TO_CURSOR)
REST = re.compile(r'(?:[^"\\\n\r,:}\]]|\\.)*"?')  # of the string
TYPE = re.compile(r'"type"\s*:\s*"((?:[^"\\\n\r]|\\.)*)"')
TOKENS = re.compile(r'"(?:[^"\\\n\r]|\\.)*"?|[{}\[\]]')
LOOKED_AT = 4000  # characters before the cursor, for what is around it


def completions(analysis: Analysis, known: Analysis, position: Position) -> list[CompletionItem]:
    """Return the patterns for `match`, the blocks for `type` or the parameters of a block, where the cursor is in one.

    known: what was known of the document when its layers were last, because text is rarely right while it is typed.
    """
    offset = analysis.text.offset(position)
    before = analysis.text.content[max(0, offset - LOOKED_AT) : offset]
    value, name = VALUE.search(before), NAME.search(before)
    if value is not None:
        start = offset - len(value[2])
        offered: Iterator[Offer] = patterns(known) if value[1] == "match" else blocks(known)
    elif name is not None:
        start = offset - len(name[1])
        offered = parameters(known, before)
    else:
        return []
    rest = REST.match(analysis.text.content, offset)
    end = offset if rest is None else rest.end()
    return [item(analysis.text, start, end, one) for one in offered]


class Offer(NamedTuple):
    """A string to complete to. detail: about it. after: what follows it."""

    word: str
    detail: str
    after: str = ""


def item(text: Text, start: int, end: int, offer: Offer) -> CompletionItem:
    """Return the completion of the string between two offsets."""
    new = json.dumps(offer.word, ensure_ascii=False) + offer.after
    edit = TextEdit(text.range(start, end), new)
    kind = CompletionItemKind.Value
    return CompletionItem(offer.word, kind=kind, detail=offer.detail, filter_text=new, text_edit=edit)


def patterns(known: Analysis) -> Iterator[Offer]:
    """Yield patterns that match parameters: all of one layer, one of them, and those of one name in all layers."""
    nodes = {id(node): node for uses in known.places.values() for use in uses for node in use.nodes}
    trained = [(node, one) for node in nodes.values() for one in node.parameters if one.trainable]
    for layer in dict.fromkeys(node.name for node, _ in trained):
        yield Offer(f"{layer}/*", "the parameters of this layer")
    for node, one in trained:
        yield Offer(f"{node.name}/{one.name}", shape_text(one.shape))
    for name in dict.fromkeys(one.name for _, one in trained):
        yield Offer(f"*/{name}", "of every layer")


def blocks(known: Analysis) -> Iterator[Offer]:
    """Yield the names of the blocks that the document defines."""
    for name, block in defined(known).items():
        given = [*of_type(block.get("parameters"), list), *of_type(block.get("optional"), dict)]
        yield Offer(name, f"block with {', '.join(map(str, given))}" if given else "block")


def parameters(known: Analysis, before: str) -> Iterator[Offer]:
    """Yield the parameters of the block that the layer around the cursor uses, and that it does not give yet."""
    written = innermost(before)
    type_ = TYPE.search(written)
    block = defined(known).get(type_[1]) if type_ is not None else None
    if block is None:
        return
    optional = of_type(block.get("optional"), dict)
    for name in [*of_type(block.get("parameters"), list), *optional]:
        if isinstance(name, str) and f"{json.dumps(name)}:" not in written.replace('" :', '":'):
            default = f"by default {json.dumps(optional[name])}" if name in optional else "needed"
            yield Offer(name, default, ": ")


def innermost(before: str) -> str:
    """Return what is written of the object around the end of a text."""
    opened: list[int] = []
    for match in TOKENS.finditer(before):
        if match[0] in "{[":
            opened.append(match.start())
        elif match[0] in "}]" and opened:
            opened.pop()
    return before[opened[-1] :] if opened else ""


def defined(known: Analysis) -> dict[str, dict[str, Any]]:
    """Return the blocks of a document by name."""
    written = None if known.document is None else known.document.value.get("blocks")
    return {name: block for name, block in of_type(written, dict).items() if isinstance(block, dict)}


def of_type(value: Any, kind: type[Kind]) -> Kind:
    """Return a value of this type; an empty one instead of any other."""
    return value if isinstance(value, kind) else kind()
