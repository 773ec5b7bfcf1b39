"""The settings of a training run, and how a document gives them."""

from graphnn.averaging.base import Averaging, averaging_from
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.sections import groups_from
from graphnn.specification.spec import Spec
from graphnn.training.monitor import EarlyStopping, early_stopping_from


@frozen_dataclass(kw_only=True)
class TrainingOptions:
    """The settings of a Trainer; most are those of a document's `training`.

    epochs: need not be whole; a partial last epoch counts as one. seed: of the order of the samples. groups: of the
    optimizer. drop_last: whether an epoch leaves out a smaller last batch. keep_best: the validation figure whose best
    epoch is kept at the end. evaluate_every: epochs from one validation to the next; the last is always validated.
    """

    epochs: float
    batch_size: int
    seed: int
    groups: tuple[ParameterGroup, ...] = ()
    drop_last: bool = False
    averaging: Averaging | None = None
    early_stopping: EarlyStopping | None = None
    keep_best: str | None = None
    evaluate_every: int = 1


def training_options(spec: Spec) -> TrainingOptions:
    """Return the options in a document's `training`, `evaluation` and optimizer groups."""
    training = spec.training
    return TrainingOptions(
        epochs=training["epochs"],
        batch_size=training["batch_size"],
        seed=training["seed"],
        groups=groups_from(spec.optimizer),
        drop_last=training["drop_last"],
        averaging=averaging_from(training.get("averaging")),
        early_stopping=early_stopping_from(training.get("early_stopping")),
        keep_best=training.get("keep_best"),
        evaluate_every=spec.evaluation["every"],
    )
