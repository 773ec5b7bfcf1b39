"""Migrations: documents of older format versions are converted to the current one when they are read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from graphnn.document.document import Document
from graphnn.errors import SpecError
from graphnn.frozen_dataclass import frozen_dataclass


@frozen_dataclass
class Migration:
    """One step from a format version to the next. change: takes the values of a document and returns new ones."""

    notice: str  # what has changed, for the author of the document
    change: Callable[[dict[str, Any]], dict[str, Any]]


MIGRATIONS: dict[int, Migration] = {}  # by the version that they convert from; version 1 is the first


def migrate(document: Document, current: int) -> tuple[Document, tuple[str, ...]]:
    """Return the document in the current format, and a notice for each step. Raises SpecError for a newer format."""
    version = document.value.get("format_version", 1)
    if not isinstance(version, int) or isinstance(version, bool):
        return document, ()  # the schema check reports it
    if version > current:
        message = (
            f"this document is of format {version}, newer than the {current} that this graphnn reads; update graphnn"
        )
        raise SpecError(document.problem(("format_version",), message))
    notices = []
    while version < current and version in MIGRATIONS:
        step = MIGRATIONS[version]
        notices.append(f"{document.file}: format {version} was read as format {version + 1}: {step.notice}")
        version += 1
        document = replace(document, value={**step.change(document.value), "format_version": version})
    return document, tuple(notices)
