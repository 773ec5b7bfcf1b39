"""Tests of what all targets share: every layer is said or refused with a reason, and the registry has all of them."""

import pytest

from graphnn.exporting.base import TARGETS, Exporter, ExportError
from graphnn.layers.base import LAYERS
from tests.exporting.random_networks import network

EXPORTERS = {name: target for name, target in TARGETS.items() if isinstance(target, Exporter)}
BLOCKS = {"Residual"}  # said by their branches


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_layer_is_said_or_refused_with_a_reason(name: str) -> None:
    target = EXPORTERS[name]
    for layer in set(LAYERS.built_in()) - BLOCKS:
        assert (layer in target.conversions) != (layer in target.refusals), layer
    assert all(len(reason.split()) > 4 for reason in target.refusals.values())


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_refused_layer_is_told_with_its_place_and_the_reason(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, reason = EXPORTERS[name], "no library has it; write GELU"
    monkeypatch.setattr(target, "conversions", {*target.conversions} - {"ReLU"}, raising=False)
    monkeypatch.setattr(target, "refusals", {"ReLU": reason}, raising=False)
    with pytest.raises(ExportError, match=rf'layers\[1\] "relu_1": {reason}$'):
        target.check(network(0, "ReLU").graph)


@pytest.mark.parametrize("name", TARGETS)
def test_targets_say_what_they_are_for(name: str) -> None:
    target = TARGETS[name]
    assert target.suffix.startswith(".")
    assert target.summary
