"""What the server answers about a document: diagnostics, inlay hints, hovers and the outline."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from lsprotocol.types import (
    Diagnostic,
    DiagnosticSeverity,
    DocumentSymbol,
    Hover,
    InlayHint,
    MarkupContent,
    MarkupKind,
    Position,
    Range,
    SymbolKind,
)

from graphnn.document.document import Path, value_at
from graphnn.document.json_reader import Marks
from graphnn.language_server.analysis import Analysis, Diagnosis
from graphnn.language_server.places import Use
from graphnn.language_server.text import Text
from graphnn.specification.names import layer_names
from graphnn.text.numbers import bytes_text, count_text
from graphnn.types import shape_text

SOURCE = "graphnn"
SECTIONS = ("input", "defaults", "blocks", "layers", "loss", "optimizer", "data", "training", "evaluation")
MARKDOWN = str.maketrans({character: f"\\{character}" for character in r"\`*_{}[]<>()#+-.!|~"})


def diagnostics(analysis: Analysis) -> list[Diagnostic]:
    """Return the faults and notes of a document."""
    return [diagnostic(analysis.text, one) for one in analysis.findings]


def diagnostic(text: Text, one: Diagnosis) -> Diagnostic:
    """Return one fault or note."""
    severity = DiagnosticSeverity(one.severity.value)
    return Diagnostic(text.range(one.start, one.end), one.message, severity=severity, source=SOURCE)


def hints(analysis: Analysis, known: Analysis, shown: Range) -> list[InlayHint]:
    """Return the output shape and the parameters of each layer at the end of its line, and those of the network.

    known: what was known when the layers were last; its hints stay above the first line that has changed or is wrong.
    shown: only hints in this range.
    """
    last = shown.end.line
    if not analysis.places and known.places:
        last = min(last, same_lines(analysis.text, known.text) - 1, *wrong_lines(analysis))
        analysis = known
    return hints_between(analysis, shown.start.line, last)


def same_lines(new: Text, old: Text) -> int:
    """Return how many lines of two texts are the same, from the first to the first that differs."""
    lines = zip(new.content.split("\n"), old.content.split("\n"), strict=False)
    return next((number for number, (one, other) in enumerate(lines) if one != other), len(new.lines.starts))


def wrong_lines(analysis: Analysis) -> list[int]:
    """Return the numbers of the lines before those with findings."""
    return [analysis.text.line_of(one.start) - 1 for one in analysis.findings]


def hints_between(analysis: Analysis, first: int, last: int) -> list[InlayHint]:
    """Return the hints of the lines from the first to the last.

    Where several layers stand in one line, each has its hint right after it.
    """
    text = analysis.text
    lines = {path: text.line_of(anchor(mark)) for path in analysis.places if (mark := analysis.mark(path))}
    crowd = Counter(lines.values())
    result = []
    for path, line in lines.items():
        mark = analysis.mark(path)
        if mark is None or not first <= line <= last:
            continue
        end = text.line_end(line) if crowd[line] == 1 else text.end_of_brackets(mark.start)
        result.append(InlayHint(text.position(end), label(analysis.places[path]), padding_left=True))
    layers = analysis.mark(("layers",))
    if analysis.graph is not None and layers is not None:
        line = text.line_of(layers.start)
        if first <= line <= last and not crowd[line]:
            whole = [Use(list(analysis.graph.nodes))]
            work = f", {count_text(whole[0].multiply_adds)} multiply-adds"
            result.append(InlayHint(text.position(text.line_end(line)), label(whole) + work, padding_left=True))
    return sorted(result, key=lambda hint: (hint.position.line, hint.position.character))


def anchor(mark: Marks) -> int:
    """Return the offset of the type of a layer, or of the layer where it has none."""
    found = mark.values.get("type") if isinstance(mark.values, dict) else None
    return found if isinstance(found, int) else mark.start


def label(uses: Sequence[Use]) -> str:
    """Return the hint of a layer: → 16×8×8, 160 parameters."""
    shapes = distinct([shape_text(use.output_shape) for use in uses])
    counts = distinct([count_text(use.parameters) for use in uses])
    text = f"→ {shapes}" + (f", {counts} parameter{'' if counts == '1' else 's'}" if counts != "0" else "")
    return text if len(uses) == 1 else f"{text}, {len(uses)} times"


def distinct(texts: Sequence[str]) -> str:
    """Return a text that all have in common, or the first and the last: 16×8×8 … 64×2×2."""
    return texts[0] if len(set(texts)) == 1 else f"{texts[0]} … {texts[-1]}"


def hover(analysis: Analysis, position: Position) -> Hover | None:
    """Return what the layer at a position takes, gives and costs; None where no layer is, or its shapes are unknown."""
    offset = analysis.text.offset(position)
    around = [
        (mark.start, path)
        for path in analysis.places
        if (mark := analysis.mark(path)) and mark.start <= offset < analysis.text.end_of_brackets(mark.start)
    ]
    if not around:
        return None
    start, path = max(around)
    uses = analysis.places[path]
    value = MarkupContent(MarkupKind.Markdown, "\n".join(described(analysis, path, uses)))
    return Hover(value, analysis.text.range(start, analysis.text.end_of_brackets(start)))


def described(analysis: Analysis, path: Path, uses: Sequence[Use]) -> Iterator[str]:
    """Yield the lines of a hover, in Markdown."""
    assert analysis.document is not None
    layer = value_at(analysis.document.value, path)
    use = uses[0]
    alone = len(use.nodes) == 1
    yield f"**{escaped(title(layer, use))}**" + (f", the first of {len(uses)} uses" if len(uses) > 1 else "")
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| input | {shape_text(use.input_shape)} |"
    yield f"| output | {shape_text(use.output_shape)} |"
    arrays = [f"{parameter.name} {shape_text(parameter.shape)}" for parameter in use.nodes[0].parameters]
    what = f" ({escaped(', '.join(arrays))})" if alone and arrays else ""
    yield f"| parameters | {count_text(use.parameters)}{what} |"
    yield f"| multiply-adds, one sample | {count_text(use.multiply_adds)} |"
    yield f"| activation memory, one sample | {bytes_text(use.activation_bytes)} |"
    if not alone:
        yield f"| layers | {len(use.nodes)} |"


def title(layer: Any, use: Use) -> str:
    """Return the name and the type of a layer."""
    type_ = str(layer.get("type", "")) if isinstance(layer, dict) else ""
    name = layer.get("name") if isinstance(layer, dict) else None
    if len(use.nodes) == 1:
        name = use.nodes[0].name
    return f"{name}, {type_}" if isinstance(name, str) and name else type_


def escaped(text: str) -> str:
    """Return a text for Markdown, in one line."""
    return " ".join(text.split()).translate(MARKDOWN)


def outline(analysis: Analysis) -> list[DocumentSymbol]:
    """Return the sections of a document, with its layers by name."""
    if analysis.document is None:
        return []
    marks = analysis.document.marks
    assert isinstance(marks, Marks)
    result = []
    for name in SECTIONS:
        mark = marks.values.get(name)
        if not isinstance(mark, Marks):
            continue
        value = analysis.document.value[name]
        children = None
        if name == "layers":
            children = list(layers_in(analysis, value, ("layers",)))
        elif name == "blocks" and isinstance(value, dict):
            children = list(blocks_in(analysis, value, mark))
        type_ = value.get("type", value.get("dataset")) if isinstance(value, dict) else None
        result.append(symbol(analysis, name, type_, marks.keys[name], mark.start, SymbolKind.Namespace, children))
    return sorted(result, key=lambda one: (one.range.start.line, one.range.start.character))


def blocks_in(analysis: Analysis, blocks: dict[str, Any], marks: Marks) -> Iterator[DocumentSymbol]:
    """Yield a symbol for each block that a document defines, with its layers."""
    for name, block in blocks.items():
        mark = marks.values[name]
        if isinstance(mark, Marks) and isinstance(block, dict):
            inside = list(layers_in(analysis, block.get("layers"), ("blocks", name, "layers")))
            yield symbol(analysis, name, "block", marks.keys[name], mark.start, SymbolKind.Class, inside)


def layers_in(analysis: Analysis, layers: Any, start: Path) -> list[DocumentSymbol]:
    """Return a symbol for each layer of a list, with those inside it."""
    assert analysis.document is not None
    inside: dict[Path, list[DocumentSymbol]] = {}
    for path, name in reversed(layer_names(layers, start).items()):
        mark, layer = analysis.mark(path), value_at(analysis.document.value, path)
        if mark is None or not isinstance(layer, dict):
            continue
        type_ = layer.get("type")
        shapes = distinct([shape_text(use.output_shape) for use in analysis.places.get(path, [])] or [""])
        detail = " ".join(part for part in (type_ if isinstance(type_, str) else "", shapes) if part)
        children = [one for key in ("layers", "shortcut") for one in inside.pop((*path, key), [])] or None
        one = symbol(analysis, name or "layer", detail, mark.start, mark.start, SymbolKind.Function, children)
        inside.setdefault(path[:-1], []).insert(0, one)
    return inside.get(start, [])


def symbol(
    analysis: Analysis,
    name: str,
    detail: Any,
    start: int,
    value: int,
    kind: SymbolKind,
    children: list[DocumentSymbol] | None,
) -> DocumentSymbol:
    """Return one symbol. start: of its key, or of its value. value: the offset of its object or list."""
    text = analysis.text
    whole = text.range(start, text.end_of_brackets(value))
    chosen = text.range(start, text.end_of_token(start))
    words = " ".join(name.split()) or "(no name)"
    return DocumentSymbol(words, kind, whole, chosen, detail if isinstance(detail, str) else None, children=children)
