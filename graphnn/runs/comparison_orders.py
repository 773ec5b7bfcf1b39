"""Orders: trainings that other processes carry out, and the events by which an executor hears of them."""

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.comparison import Training
from graphnn.runs.executors import EpochDone, TrainingTask
from graphnn.training.history import Record


class TrainingOrder:
    """A training that another process carries out.

    place: where it has begun. epochs: how many of it are known. lost: how many processes of it. refused: by epoch_done.
    """

    def __init__(self, task: TrainingTask, epoch_done: EpochDone | None) -> None:
        self.task, self.epoch_done = task, epoch_done
        self.place: str | None = None
        self.epochs = self.lost = 0
        self.refused = False


@frozen_dataclass
class TrainingBegun:
    """A training has begun. place: in words."""

    order: TrainingOrder
    place: str


@frozen_dataclass
class TrainingSaid:
    """A message of a training."""

    order: TrainingOrder
    text: str


@frozen_dataclass
class TrainingEpoch:
    """A training has finished an epoch."""

    order: TrainingOrder
    record: Record


@frozen_dataclass
class TrainingOver:
    """A training has ended, as `carried_out` returns it."""

    order: TrainingOrder
    training: Training
    how: str


@frozen_dataclass
class TrainingFailed:
    """A training has failed otherwise than by divergence."""

    order: TrainingOrder
    error: BaseException


@frozen_dataclass
class TrainingLost:
    """The process of a training has ended. how: in words. advice: what may help, for an error."""

    order: TrainingOrder
    how: str
    advice: str = ""


Event = TrainingBegun | TrainingSaid | TrainingEpoch | TrainingOver | TrainingFailed | TrainingLost
