"""The optimizer, its groups and its schedule, from the sections of a document."""

from graphnn.optimizers.adam import Adam
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.sections import groups_from, optimizer_from, schedule_from, slots_of
from graphnn.schedules.step import Step
from graphnn.specification.spec import spec_from_values


def test_sections_of_a_document() -> None:
    section = spec_from_values(
        {
            "input": {"shape": [4]},
            "layers": [{"type": "Dense", "units": 2}],
            "loss": {"type": "MeanSquaredError"},
            "optimizer": {
                "type": "Adam",
                "schedule": {"type": "cosine"},
                "groups": [
                    {"match": "*/biases", "learning_rate_scale": 3, "description": "faster"},
                    {"match": "*", "optimizer": {"type": "Muon", "steps": 5}, "schedule": {"type": "step", "every": 2}},
                ],
            },
            "data": {"dataset": "npz", "path": "mine.npz"},
            "training": {"epochs": 1},
        }
    ).optimizer
    assert optimizer_from(section) == Adam()
    assert schedule_from(section.options["schedule"]).type == "cosine"
    biases, rest = groups_from(section)
    assert biases == ParameterGroup(match="*/biases", learning_rate_scale=3)
    assert (rest.match, rest.optimizer, rest.learning_rate_scale) == ("*", Muon(steps=5), 1)
    assert rest.schedule is not None
    assert rest.schedule.type == "step"
    assert slots_of(section) == ("mean", "square", "inertia")


def test_a_group_has_every_setting_that_the_document_gives_it() -> None:
    """The scale of its learning rate too where it has an optimizer, which the scale is a factor on."""
    given = {
        "match": "output/*",
        "learning_rate_scale": 4,
        "weight_decay_scale": 0.5,
        "optimizer": {"type": "Adam", "learning_rate": 0.25},
        "schedule": {"type": "step", "every": 2, "factor": 0.5},
    }
    spec = spec_from_values(
        {
            "input": {"shape": [64]},
            "layers": [{"type": "Dense", "name": "output", "units": 10}, {"type": "Softmax"}],
            "loss": {"type": "CrossEntropy"},
            "optimizer": {"type": "SGD", "learning_rate": 0.5, "groups": [{"match": "*/biases"}, given]},
            "data": {"dataset": "digits"},
            "training": {"epochs": 1},
        }
    )
    assert groups_from(spec.optimizer) == (
        ParameterGroup(match="*/biases"),
        ParameterGroup(
            match="output/*",
            learning_rate_scale=4,
            weight_decay_scale=0.5,
            optimizer=Adam(0.25),
            schedule=Step(every=2, factor=0.5),
        ),
    )
