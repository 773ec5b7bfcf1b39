"""A batch of one value a channel is refused before the first step, in every way to train."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Train = Callable[..., tuple[int, str, str]]
LEFT_ONE = ("--limit", "65", "--set", "data.validation_split=0")  # batches of 64 and of 1
LAYER = 'layers[1] "norm": BatchNormalization needs at least 2 samples'


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--set", "training.epochs=0.9")], ids=["run", "dry run", "part"])
def test_the_last_batch(train: Train, document: Path, more: tuple[str, ...]) -> None:
    """0.9 epochs of two steps are two steps."""
    code, _, err = train(*LEFT_ONE, *more)
    assert code == 2
    assert err.startswith(f"{document}:1:")
    assert f"training.batch_size: {LAYER}" in err
    assert "the last batch of an epoch has 1 sample" in err
    assert '"drop_last": true' in err
    assert list(document.parent.iterdir()) == [document]


@pytest.mark.parametrize("change", ["training.drop_last=true", "training.epochs=0.5", "training.batch_size=63"])
def test_what_leaves_no_such_batch_is_trained(train: Train, change: str) -> None:
    code, _, err = train(*LEFT_ONE, "--set", change)
    assert (code, err) == (0, "")


def test_a_batch_size_of_one(train: Train, document: Path) -> None:
    code, _, err = train("--set", "training.batch_size=1")
    assert code == 2
    assert LAYER in err
    assert "training.batch_size is 1; take 2 or more" in err
    assert "drop_last" not in err
    assert list(document.parent.iterdir()) == [document]


def test_a_run_is_not_resumed(train: Train, trained: Path) -> None:
    before = trained.with_suffix(".npz").read_bytes()
    code, _, err = train("--resume", *LEFT_ONE)
    assert code == 2
    assert LAYER in err
    assert trained.with_suffix(".npz").read_bytes() == before


def test_compare_refuses_before_the_first_training(graphnn: Any, document: Path) -> None:
    file = document.parent / "variants.json"
    file.write_text(json.dumps({"variants": [{"name": "smaller", "set": {"training.batch_size": 32}}]}))
    options = ("--set", "data.validation_split=0.5", "--set", "training.batch_size=31")
    done = graphnn("compare", document, "--variants", file, "--limit", "130", *options)  # 65 = 2·31 + 3 = 2·32 + 1
    assert done.returncode == 2
    assert 'variant "smaller":' in done.stderr
    assert LAYER in done.stderr
    assert "1 of 2" not in done.stdout
    assert sorted(document.parent.iterdir()) == [document, file]


def test_inspect_notes_what_it_knows_without_data(graphnn: Any, document: Path) -> None:
    shown = graphnn("inspect", document, "--set", "training.batch_size=1")
    assert shown.returncode == 0
    assert f"note: --set training.batch_size=1: training.batch_size: {LAYER}" in shown.stderr
    assert graphnn("inspect", document, "--set", "training.batch_size=2").stderr == ""
