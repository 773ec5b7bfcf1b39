"""The rule of each group of parameters: which optimizer, at which rate, with which decay, by which schedule."""

import pytest

from graphnn.optimizers.adam import Adam
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.rules import rule_numbers, rules
from graphnn.optimizers.sgd import SGD
from graphnn.parameters.parameter import Role
from graphnn.schedules.cosine import Cosine


def test_the_rest_comes_first_and_then_each_group():
    groups = [ParameterGroup(match="a/*"), ParameterGroup(match="*/biases")]
    assert rule_numbers(groups, ["a/weights", "b/weights", "a/biases", "b/biases"]) == [1, 0, 1, 2]
    assert rule_numbers([], ["a/weights"]) == [0]
    assert [rule.group.match for rule in rules(SGD(), groups)] == ["*", "a/*", "*/biases"]


def test_a_group_scales_the_rate_of_the_optimizer_that_it_has():
    groups = [
        ParameterGroup(match="a", learning_rate_scale=4),
        ParameterGroup(match="b", learning_rate_scale=4, optimizer=Adam(0.25)),
        ParameterGroup(match="c", optimizer=Muon(0.125), schedule=Cosine()),
    ]
    made = rules(SGD(0.5), groups)
    assert [rule.learning_rate for rule in made] == [0.5, 2, 1, 0.125]
    assert [rule.optimizer for rule in made] == [SGD(0.5), SGD(0.5), Adam(0.25), Muon(0.125)]
    assert [rule.schedule for rule in made] == [None, None, None, Cosine()]


@pytest.mark.parametrize("role", Role)
def test_what_decays(role: Role):
    """By default weights alone; by decay_biases or in a group that scales the decay, all that the group takes."""
    groups = [
        ParameterGroup(match="a", weight_decay_scale=0.5),
        ParameterGroup(match="b", optimizer=SGD(weight_decay=0.25)),
        ParameterGroup(match="c", optimizer=SGD(weight_decay=0.25, decay_biases=True)),
        ParameterGroup(match="d", optimizer=Muon(), weight_decay_scale=0.5),
    ]
    decays = [rule.weight_decay(role) for rule in rules(SGD(weight_decay=0.5), groups)]
    assert decays == ([0.5, 0.25, 0.25, 0.25, 0] if role is Role.WEIGHT else [0, 0.25, 0, 0.25, 0])
