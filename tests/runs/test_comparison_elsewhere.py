"""What is printed of trainings that other processes carry out."""

from collections.abc import Iterator

import pytest

from graphnn.runs.comparison import ComparisonRequest, planned
from graphnn.runs.comparison_elsewhere import Elsewhere
from graphnn.runs.comparison_orders import Event, TrainingOrder, TrainingOver
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_training import LEFT, ComparisonWork
from graphnn.runs.executors import TrainingTask


class AllLeft(Elsewhere):
    """An executor that leaves each training to another process."""

    def begin(self, order: TrainingOrder) -> bool:
        self.say_begun(order, "")
        return True

    def ask_to_stop(self, orders: list[TrainingOrder]) -> None:
        raise AssertionError

    def events(self, seconds: float) -> Iterator[Event]:
        for order in [*self.running]:
            yield TrainingOver(order, order.task.training, LEFT)

    def close(self) -> None:
        """Do nothing."""

    def places(self) -> int:
        return 1


def test_who_ordered_a_training_says_that_it_is_left_to_another_process(
    comparison: ComparisonRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    training = next(iter(planned(comparison)))
    with AllLeft(ComparisonWork.of(comparison, "again"), TimeOfAll([training.epochs])) as executor:
        executor.submit(TrainingTask(training, 0, 1))
        (ended,) = executor.results()
    assert ended.how == LEFT
    assert capsys.readouterr() == ("1 of 1: as it is, seed 1 begins\n", "")
