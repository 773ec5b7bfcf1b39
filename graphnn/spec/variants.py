"""A file of variants of a document: what to change in it, again and again, each time from the document as it is."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphnn.document.document import read_document
from graphnn.errors import SpecError
from graphnn.spec.schema import Schema, schema_file
from graphnn.spec.schema_problems import Finding, find, in_order
from graphnn.suggestions import quoted

FILE = "variants.schema.json"
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Variant:
    """One way to train a document. overrides: as --set takes them, those of all variants first."""

    name: str
    overrides: tuple[str, ...] = ()


def read_variants(file: str | os.PathLike[str]) -> tuple[Variant, ...]:
    """Return the variants in a file, the document as it is first. Raises SpecError with every problem at once."""
    document = read_document(file)
    schema = Schema(json.loads(schema_file().with_name(FILE).read_text("utf-8")), {})
    findings = list(find(document.value, schema))
    if not findings:
        findings = equal_names(document.value["variants"])
    if findings:
        raise SpecError(*in_order(document, findings))
    common = overrides(document.value.get("set", {}))
    listed = [Variant(one["name"], (*common, *overrides(one["set"]))) for one in document.value["variants"]]
    return (Variant(AS_IT_IS, common), *listed)


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


def overrides(changes: Mapping[str, Any]) -> tuple[str, ...]:
    """Return changes as --set takes them."""
    return tuple(f"{path}={json.dumps(value, ensure_ascii=False)}" for path, value in changes.items())
