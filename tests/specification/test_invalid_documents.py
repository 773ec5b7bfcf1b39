"""Every wrong document of invalid/ gives exactly the text beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.specification.schema import load_schema
from graphnn.specification.spec import read_spec
from graphnn.text.suggestions import quoted

FOLDER = Path(__file__).parent / "invalid"
KINDS = {kind: load_schema().types(kind) for kind in ("layer", "initializer", "optimizer")}
NAMES = sorted({file.stem for file in FOLDER.iterdir()})


def with_kinds(text: str) -> str:
    """Return a message with [every layer] in the place of the list of all layers, and so on, which may grow."""
    for kind, types in KINDS.items():
        for listed in (", ".join(types), ", ".join(quoted(type_) for type_ in types)):
            text = text.replace(listed, f"[every {kind}]")
    return text


@pytest.mark.parametrize("name", NAMES)
def test_wrong_document_gives_its_text(
    name: str, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER)  # so that messages name the file alone
    with pytest.raises(SpecError) as refused:
        build_graph(read_spec(f"{name}.json"))
    assert refused.value.exit_code == 2
    golden(FOLDER / f"{name}.txt", f"{with_kinds(str(refused.value))}\n")


def test_every_document_has_its_text_and_every_text_its_document() -> None:
    assert len(NAMES) > 100
    assert {file.name for file in FOLDER.iterdir()} == {f"{name}.{kind}" for name in NAMES for kind in ("json", "txt")}
