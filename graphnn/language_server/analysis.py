"""What is known of a document from its text: its faults and notes, and its layers with their shapes."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any, NamedTuple

from graphnn.document.document import MAX_BYTES, Document, Path, parse_document
from graphnn.document.json_reader import Marks
from graphnn.errors import GraphError, Problem, SpecError
from graphnn.graph.batch_sizes import batch_size_note
from graphnn.graph.build import build_graph, layer_from
from graphnn.graph.findings import assumed_input_shape
from graphnn.graph.graph import Graph, Node, nodes_of
from graphnn.graph.notes import notes
from graphnn.language_server.places import Places, places_of
from graphnn.language_server.text import Text
from graphnn.layers.base import UnfitInput
from graphnn.layers.expansion import INPUT, Expansion
from graphnn.specification.schema import FILE, Definition
from graphnn.specification.spec import Spec, make_spec

KEY = r'"{}"\s*:'
LAYERS = re.compile(KEY.format("layers"))
EMPTY: Places = MappingProxyType({})
OURS = re.compile(KEY.format("input") + "|" + re.escape(FILE))


class Severity(Enum):
    """How much a finding matters: a fault, probably a mistake, or good to know."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3


class Diagnosis(NamedTuple):
    """Something to say about the text between two offsets."""

    severity: Severity
    message: str
    start: int
    end: int


class Analysis(NamedTuple):
    """What is known of a text.

    document: None where it is no JSON object. spec: None where it does not fit the schema. places: the layers with
    their shapes, up to the first that cannot take its input. graph: None where anything is wrong.
    """

    text: Text
    findings: Sequence[Diagnosis] = ()
    document: Document | None = None
    spec: Spec | None = None
    places: Places = EMPTY
    graph: Graph | None = None

    def mark(self, path: Path) -> Marks | None:
        """Return the marks of the object or list at a path of the document; None where none is written there."""
        mark: Any = None if self.document is None else self.document.marks
        for step in path:
            try:
                mark = mark.values[step]
            except (AttributeError, KeyError, IndexError, TypeError):  # of a scalar; TypeError: as in Document.locate
                return None
        return mark if isinstance(mark, Marks) else None


def is_ours(text: str) -> bool:
    """Whether a JSON text is a network document, or will be one: editors give all kinds of JSON to a server."""
    return LAYERS.search(text) is not None and OURS.search(text) is not None


def analyse(
    text: Text, file: str, folder: FilePath | None, plugins: Mapping[str, Definition] | None = None
) -> Analysis:
    """Return what is known of a document; of a text that is none of graphnn's, nothing.

    file: its name in messages. folder: what paths in it are relative to. plugins: schema fragments of plugin layers.
    """
    content = text.content
    if not is_ours(content):
        return Analysis(text)
    if len(content) > MAX_BYTES:
        message = f"larger than {MAX_BYTES // 10**6} MB; is this a network document?"
        return Analysis(text, [Diagnosis(Severity.ERROR, message, 0, text.line_end(0))])
    try:
        document = parse_document(content, file, folder)
    except SpecError as error:
        return Analysis(text, found(text, error.problems))
    if not {"input", "$schema"} & document.value.keys():
        return Analysis(text)
    try:
        spec = make_spec(document, (), plugins)
    except SpecError as error:
        return Analysis(text, found(text, error.problems), document)
    told = found(text, spec.notices, Severity.INFORMATION)
    try:
        graph = build_graph(spec)
    except GraphError as error:
        places = places_of(spec.document, known_nodes(spec))
        return Analysis(text, [*told, *found(text, error.problems)], document, spec, places)
    about: list[Problem | str] = [*notes(spec, graph)]
    unfit = batch_size_note(graph, spec.training["batch_size"])
    if unfit is not None:
        about.append(spec.problem(("training", "batch_size"), unfit))
    told += found(text, about, Severity.WARNING)
    return Analysis(text, told, document, spec, places_of(spec.document, graph.nodes), graph)


def known_nodes(spec: Spec) -> tuple[Node, ...]:
    """Return the nodes of a network with faults, as far as their shapes are known."""

    def stop(path: Path, unfit: UnfitInput, source: str) -> None:
        raise unfit

    expansion = Expansion(stop)
    named = [(section.name, layer_from(section)) for section in spec.layers]
    with contextlib.suppress(UnfitInput):  # one of the findings says so
        expansion.extend(("layers",), named, assumed_input_shape(spec), INPUT)
    return nodes_of(expansion.layers)


def found(text: Text, problems: Sequence[Problem | str], severity: Severity = Severity.ERROR) -> list[Diagnosis]:
    """Return problems as findings about the value, the key or the character at which they are."""
    result = []
    for problem in problems:
        if isinstance(problem, str):
            result.append(Diagnosis(severity, problem, 0, text.line_end(0)))
            continue
        start = text.at(problem.line, problem.column)
        end = text.end_of_token(start) if problem.line is not None else text.line_end(0)
        if end == start:  # at the end of a line: the character before shows where
            start -= start > text.line_start(text.line_of(start))
        result.append(Diagnosis(severity, problem.message, start, end))
    return result
