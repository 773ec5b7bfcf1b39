"""Trainings that are carried out in this process: judged after each epoch, stopped, and gone on with."""

from pathlib import Path

import pytest

from graphnn.runs.comparison import ComparisonRequest, Training, planned
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_training import FINISHED, STOPPED, ComparisonWork
from graphnn.runs.executors import TrainingTask, opened
from graphnn.runs.facts import INTERRUPTED
from graphnn.runs.known_runs import KnownRuns
from graphnn.runs.reading import DocumentSource
from graphnn.runs.store import store_of
from graphnn.specification.variants import AS_IT_IS, Variant
from graphnn.training.history import Record, read_history


@pytest.fixture
def request_of_one(document: Path) -> ComparisonRequest:
    """A comparison of nothing: the document as it is, on few samples."""
    source = DocumentSource.of(document, (), ())
    return ComparisonRequest(document=source, variants=(Variant(AS_IT_IS),), store=store_of(document), limit=300)


def trained(request: ComparisonRequest, judged: list[int], last: int) -> tuple[Training, str]:
    """Carry out the training, which is to stop after epoch `last`; the epochs that are told are added to `judged`."""
    (training,) = planned(request)
    times = TimeOfAll([training.epochs])

    def epoch_done(record: Record) -> bool:
        judged.append(record.epoch)
        assert record.validation is not None
        return record.epoch < last

    with opened(ComparisonWork.of(request, "again"), times) as executor:
        assert executor.places() == 1
        executor.submit(TrainingTask(training, 0, 1), epoch_done)
        (ended,) = executor.results()
    return ended.training, ended.how


def test_a_training_stops_where_an_epoch_is_refused_and_goes_on_later(
    request_of_one: ComparisonRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever judges a training that goes on is told of all its epochs."""
    judged: list[int] = []
    training, how = trained(request_of_one, judged, last=2)
    assert (how, judged) == (STOPPED, [1, 2])
    assert training.known is not None
    run = training.known.run
    assert (run.facts().state, len(read_history(run.history))) == (INTERRUPTED, 2)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("1 of 1: as it is, seed 1\n", "")
    judged.clear()
    training, how = trained(request_of_one, judged, last=3)  # the last epoch of all, after which nothing is to stop
    assert (how, judged) == (FINISHED, [1, 2, 3])
    assert training.measured
    (known,) = [KnownRuns(request_of_one.store).find(training.settings, training.parts)]
    assert known is not None
    assert known.run == run
