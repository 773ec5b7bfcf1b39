"""The data of the documents, and what becomes of each document, which is trained once."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from graphnn.runs import data as run_data

HERE = Path(__file__).parent
DOCUMENTS, OUTCOMES = (run_path(str(HERE / f"{name}.py")) for name in ("documents", "outcomes"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data of the documents."""
    made = tmp_path_factory.mktemp("data")
    DOCUMENTS["write_data"](made)
    return made


@pytest.fixture(scope="module")
def trained(folder: Path) -> Iterator[Callable[[Mapping[str, Any]], Any]]:
    """Return the outcome of a document; published data sets have few samples."""
    known: dict[str, Any] = {}

    def outcome(document: Mapping[str, Any]) -> Any:
        key = json.dumps(document, sort_keys=True)
        if key not in known:
            known[key] = OUTCOMES["outcome"](document, folder)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_data, "load", DOCUMENTS["few_samples"])
        yield outcome
