"""Writing an imported network: its document and its weights, both or neither, and over nothing without being asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphnn.document.values import document_text
from graphnn.errors import GraphError
from graphnn.storage.own_files import check_own_file
from graphnn.storage.replacing import replacing
from graphnn.storage.weights import save_weights, weights_path
from graphnn.types import Array


def check_places(document: Path, *, replace: bool) -> None:
    """Raise GraphError where the document and the weights beside it cannot be written; writes nothing.

    replace: whether files that are there may be replaced.
    """
    if document.suffix.lower() != ".json":
        raise GraphError(f"{document}: the name of a document ends in .json; write {document.stem}.json")
    for path in (document, weights_path(document)):
        refusal = "is there already; it is replaced with --replace only, or name another file by --output"
        check_own_file(path, lambda head: replace, refusal)


def save_imported(
    document: Path, values: Mapping[str, Any], arrays: Mapping[str, Array], meta: Mapping[str, Any], *, replace: bool
) -> None:
    """Write a document, and the weights beside it. Raises GraphError where that is not possible, and writes neither."""
    check_places(document, replace=replace)
    try:
        with replacing(document) as file:
            file.write(document_text(values).encode())
            file.flush()
            save_weights(weights_path(document), arrays, meta)
    except OSError as problem:
        raise GraphError(f"{document}: cannot be written: {problem.strerror or problem}") from problem
