"""Tests of what all targets share: every layer is said or refused with a reason, and the registry has all of them."""

import pytest

from graphnn.exporting.base import TARGETS, Exporter
from graphnn.layers.base import LAYERS

EXPORTERS = {name: target for name, target in TARGETS.items() if isinstance(target, Exporter)}
BLOCKS = {"Residual"}  # said by their branches


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_layer_is_said_or_refused_with_a_reason(name: str) -> None:
    target = EXPORTERS[name]
    for layer in set(LAYERS.built_in()) - BLOCKS:
        assert (layer in target.conversions) != (layer in target.refusals), layer
    assert all(len(reason.split()) > 4 for reason in target.refusals.values())


@pytest.mark.parametrize("name", TARGETS)
def test_targets_say_what_they_are_for(name: str) -> None:
    target = TARGETS[name]
    assert target.suffix.startswith(".")
    assert target.summary
