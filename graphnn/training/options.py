"""What a document says of a training run, as a Trainer takes it."""

from typing import Any

from graphnn.averaging.base import averaging_from
from graphnn.optimizers.updater import groups_from
from graphnn.specification.spec import Spec
from graphnn.training.monitor import early_stopping_from


def trainer_options(spec: Spec) -> dict[str, Any]:
    """Return the keyword arguments of Trainer for `training`, `evaluation` and the optimizer's groups."""
    training = spec.training
    return {
        "epochs": training["epochs"],
        "batch_size": training["batch_size"],
        "seed": training["seed"],
        "groups": groups_from(spec.optimizer),
        "drop_last": training["drop_last"],
        "averaging": averaging_from(training.get("averaging")),
        "early_stopping": early_stopping_from(training.get("early_stopping")),
        "keep_best": training.get("keep_best"),
        "evaluate_every": spec.evaluation["every"],
    }
