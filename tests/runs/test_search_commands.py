"""The command lines after a search: to promote, to repeat and to go on, for runs beside the document and elsewhere."""

from pathlib import Path
from typing import Any

from graphnn.runs.comparison import ComparisonRequest, Training
from graphnn.runs.folder import RunFolder
from graphnn.runs.known_runs import KnownRun
from graphnn.runs.reading import DocumentSource
from graphnn.runs.search_commands import commands, resume_command
from graphnn.runs.search_trial import SearchTrial
from graphnn.runs.store import RunStore, store_of
from graphnn.specification.variants import Variant

NONE: Any = None


def trial(store: RunStore) -> SearchTrial:
    """Return a trial with run 7."""
    known = KnownRun(RunFolder(store.folder / "0007"), NONE, NONE)
    training = Training(Variant("x", ("a.b=1", "c=relu")), 0, NONE, (), known)
    return SearchTrial(0, "x", (), (), training=training)


def request(document: Path, store: RunStore, **more: Any) -> ComparisonRequest:
    """Return what is compared in a search."""
    return ComparisonRequest(document=DocumentSource(document, ("d=2",)), variants=(), store=store, **more)


def test_runs_beside_the_document(document: Path) -> None:
    store = store_of(document)
    given = request(document, store, limit=9)
    options = "--set d=2 --set a.b=1 --set c=relu --limit 9"
    assert resume_command(given, trial(store)) == f"graphnn train {document} {options} --resume 7"
    assert list(commands(given, trial(store))) == [
        ("To use its weights", f"graphnn runs {document} --promote 7"),
        ("To see how much of it is luck", f"graphnn compare {document} {options} --seeds 0,1,2"),
    ]


def test_runs_in_another_folder(document: Path) -> None:
    store = RunStore(document.with_name("other.runs"))
    given = request(document, store)
    weights = document.with_name("other.npz")
    assert resume_command(given, trial(store)) == (
        f"graphnn train {document} --output {weights} --set d=2 --set a.b=1 --set c=relu --resume 7"
    )
    assert list(commands(given, trial(store))) == [
        ("Its weights", str(store.folder / "0007" / "weights.npz")),
        (
            "To see how much of it is luck",
            f"graphnn compare {document} --set d=2 --set a.b=1 --set c=relu --seeds 0,1,2 --output {store.folder}",
        ),
    ]
    unnamed = RunStore(document.with_name("other"))
    assert resume_command(request(document, unnamed), trial(unnamed)) is None


def test_a_document_from_a_pipe_cannot_be_read_again(document: Path) -> None:
    store = RunStore(document.with_name("other.runs"))
    given = request(Path("/dev/stdin"), store)
    assert resume_command(given, trial(store)) is None
    assert [purpose for purpose, _ in commands(given, trial(store))] == ["Its weights"]
