"""A file of variants of a document: what to change in it, again and again, each time from the document as it is."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphnn.document.document import VARIANTS, Document, Path, read_document
from graphnn.errors import Problem, SpecError
from graphnn.specification.schema import Schema, schema_file
from graphnn.specification.schema_problems import Finding, find, in_order
from graphnn.text.suggestions import quoted

FILE = "variants.schema.json"
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Variant:
    """One way to train a document.

    overrides: as --set takes them, those of all variants first. places: where in the file each of them stands.
    """

    name: str
    overrides: tuple[str, ...] = ()
    places: tuple[Problem, ...] = ()

    def placed(self, problem: Problem | str) -> Problem | str:
        """Return a problem with one of the overrides as one with its line in the file; any other as it is."""
        for override, place in zip(self.overrides, self.places, strict=True):
            if isinstance(problem, Problem) and problem.file == f"--set {override}":
                return replace(place, message=problem.message, where=problem.where)
        return problem


def read_variants(file: str | os.PathLike[str]) -> tuple[Variant, ...]:
    """Return the variants in a file, the document as it is first. Raises SpecError with every problem at once."""
    document = read_document(file, VARIANTS)
    schema = Schema(json.loads(schema_file().with_name(FILE).read_text("utf-8")), {})
    findings = list(find(document.value, schema))
    if not findings:
        findings = equal_names(document.value["variants"])
    if findings:
        raise SpecError(*in_order(document, findings))
    shared = changes(document, ("set",), document.value.get("set", {}))
    result = [variant(AS_IT_IS, shared)]
    for place, one in enumerate(document.value["variants"]):
        result.append(variant(one["name"], shared + changes(document, ("variants", place, "set"), one["set"])))
    return tuple(result)


def equal_names(variants: list[dict[str, Any]]) -> list[Finding]:
    """Return a finding for each name that another variant has."""
    names = [one["name"] for one in variants]
    return [
        Finding(
            ("variants", place, "name"),
            f"{quoted(name)} is the document itself; give the variant another name"
            if name == AS_IT_IS
            else f"another variant is called {quoted(name)} too; names must differ",
        )
        for place, name in enumerate(names)
        if name == AS_IT_IS or name in names[:place]
    ]


def variant(name: str, made: list[tuple[str, Problem]]) -> Variant:
    """Return the variant of these changes."""
    return Variant(name, tuple(override for override, _ in made), tuple(place for _, place in made))


def changes(document: Document, path: Path, values: Mapping[str, Any]) -> list[tuple[str, Problem]]:
    """Return the changes that stand at `path`: each as --set takes it, and its place, as a problem without words."""
    return [
        (f"{target}={json.dumps(value, ensure_ascii=False)}", document.problem((*path, target), "", key=True))
        for target, value in values.items()
    ]
