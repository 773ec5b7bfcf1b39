"""Variants of a document, read from a file: sets of changes, each made to the document as it is."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphnn.document.document import VARIANTS, Document, DocumentSyntaxError, Path, read_document
from graphnn.errors import Problem, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.schema import Schema, schema_file
from graphnn.specification.schema_problems import Finding, find, in_order
from graphnn.specification.search_ranges import SECTION, SearchSpace, range_findings, space_of
from graphnn.text.suggestions import quoted

FILE = "variants.schema.json"
AS_IT_IS = "as it is"


@frozen_dataclass
class Variant:
    """One set of changes to a document.

    overrides: as --set takes them, those of all variants first. positions: where each of them is written, as a
    problem without a message. values: what it changes, by short names, where all variants change the same.
    """

    name: str
    overrides: tuple[str, ...] = ()
    positions: tuple[Problem, ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    def with_position(self, problem: Problem | str) -> Problem | str:
        """Return a problem with one of the overrides with its line in the file of variants; any other unchanged.

        Where it advises another path for --set, that stands without the value, so that it is the same for all values.
        """
        for override, position in zip(self.overrides, self.positions, strict=True):
            if isinstance(problem, Problem) and problem.file == f"--set {override}":
                _, equals, text = override.partition("=")
                return replace(position, message=problem.message.removesuffix(equals + text), where=problem.where)
        return problem


@frozen_dataclass
class VariantsFile:
    """What a file of variants has. variants: after the document as it is. space: the ranges of a search, if any."""

    variants: tuple[Variant, ...]
    space: SearchSpace | None = None


def read_variants(file: str | os.PathLike[str]) -> VariantsFile:
    """Return what a file of variants has. Raises SpecError with every problem in the file."""
    try:
        return variants_of(read_document(file, VARIANTS))
    except DocumentSyntaxError as refused:
        raise refused.with_further(variants_of) from None


def variants_of(document: Document) -> VariantsFile:
    """Return what a document of variants has. Raises SpecError as read_variants does."""
    schema = Schema(json.loads(schema_file().with_name(FILE).read_text("utf-8")), {})
    findings = list(find(document.value, schema))
    wrong = [one.path for one in findings]
    ranges = (one for one in range_findings(document.value) if not any(overlap(one.path, path) for path in wrong))
    findings += [*([] if findings else equal_names(document.value.get("variants", []))), *ranges]
    if findings:
        raise SpecError(*in_order(document, findings))
    shared = changes(document, ("set",), document.value.get("set", {}))
    result = [variant(AS_IT_IS, shared)]
    for index, one in enumerate(document.value.get("variants", ())):
        result.append(variant(one["name"], shared + changes(document, ("variants", index, "set"), one["set"])))
    return VariantsFile(tuple(result), space_of(document, shared) if SECTION in document.value else None)


def overlap(one: Path, other: Path) -> bool:
    """Whether a path leads to where another does, or through it."""
    return one[: len(other)] == other or other[: len(one)] == one


def equal_names(variants: list[dict[str, Any]]) -> list[Finding]:
    """Return a finding for each variant with the name of an earlier one, or of the document as it is."""
    names = [one["name"] for one in variants]
    return [
        Finding(
            ("variants", index, "name"),
            f"{quoted(name)} is the document itself; give the variant another name"
            if name == AS_IT_IS
            else f"another variant is called {quoted(name)} too; names must differ",
        )
        for index, name in enumerate(names)
        if name == AS_IT_IS or name in names[:index]
    ]


def variant(name: str, changed: list[tuple[str, Problem]]) -> Variant:
    """Return the variant with these changes, each an override and its position."""
    return Variant(name, tuple(override for override, _ in changed), tuple(position for _, position in changed))


def changes(document: Document, path: Path, values: Mapping[str, Any]) -> list[tuple[str, Problem]]:
    """Return the changes in the object at `path`: each as --set takes it, and its position."""
    return [
        (f"{target}={json.dumps(value, ensure_ascii=False)}", document.problem((*path, target), "", key=True))
        for target, value in values.items()
    ]
