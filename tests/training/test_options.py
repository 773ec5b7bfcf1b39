"""The settings of a run: what each part of a document becomes."""

from dataclasses import fields
from typing import Any

from graphnn.averaging.lookahead import Lookahead
from graphnn.optimizers.groups import ParameterGroup
from graphnn.specification.spec import spec_from_values
from graphnn.training.monitor import EarlyStopping
from graphnn.training.options import TrainingOptions, training_options

DOCUMENT: dict[str, Any] = {
    "input": {"shape": [4]},
    "layers": [{"type": "Dense", "units": 2}],
    "loss": {"type": "MeanSquaredError"},
    "optimizer": {"type": "SGD"},
    "data": {"dataset": "npz", "path": "mine.npz"},
    "training": {"epochs": 2.5},
}


def test_every_setting_comes_from_its_place_in_the_document() -> None:
    training = {
        "epochs": 7.5,
        "batch_size": 12,
        "seed": 3,
        "drop_last": True,
        "averaging": {"type": "lookahead", "every": 4},
        "early_stopping": {"patience": 2, "description": "soon"},
        "keep_best": "validation_loss",
    }
    optimizer = {"type": "SGD", "groups": [{"match": "*/biases", "learning_rate_scale": 2}]}
    spec = spec_from_values(
        {**DOCUMENT, "training": training, "optimizer": optimizer, "evaluation": {"every": 3}},
    )
    options = training_options(spec)
    assert options == TrainingOptions(
        epochs=7.5,
        batch_size=12,
        seed=3,
        groups=(ParameterGroup(match="*/biases", learning_rate_scale=2),),
        drop_last=True,
        averaging=Lookahead(every=4),
        early_stopping=EarlyStopping(patience=2),
        keep_best="validation_loss",
        evaluate_every=3,
    )
    plain = training_options(spec_from_values(DOCUMENT))
    assert [each.name for each in fields(options) if getattr(options, each.name) == getattr(plain, each.name)] == []


def test_the_defaults_are_those_of_the_schema() -> None:
    plain = training_options(spec_from_values(DOCUMENT))
    assert plain == TrainingOptions(epochs=2.5, batch_size=plain.batch_size, seed=plain.seed)
