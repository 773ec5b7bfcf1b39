"""Tests of what all targets share: every layer is said or refused with a reason, and the registry has all of them."""

import re
from pathlib import Path

import pytest

from graphnn.exporting.base import TARGETS, Exporter, ExportError, NotInstalled
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


@pytest.mark.parametrize("error", ["ImportError", "OSError", "AttributeError"])
@pytest.mark.parametrize("name", [name for name, target in EXPORTERS.items() if target.needed])
def test_a_broken_library_is_told(name: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_library.py").write_text(f"raise {error}('libfoo.so: no such file')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(type(EXPORTERS[name]), "needed", {"broken_library": "broken>=1"})
    said = f"--to {name} needs broken>=1, and the broken_library here is broken: libfoo.so: no such file; "
    with pytest.raises(NotInstalled, match=re.escape(said)):
        EXPORTERS[name].check_installed()
