"""Fine-tuning with the statistics of the first training: `"trainable": false` in a BatchNormalization."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.runs import run as training_run
from graphnn.storage.weights import load_weights
from graphnn.training import checkpoint

Run = Callable[..., Any]
NOTE = "stay the 0 and 1 that they start from, so that nothing is normalised"


@pytest.fixture
def second(trained: Path, small: dict[str, Any]) -> Path:
    """A document that goes on from the weights net.npz with its normalisation frozen, a sample at a time."""
    file = trained.with_name("second.json")
    small["layers"][1]["trainable"] = False
    small["training"] = {"epochs": 1, "batch_size": 1}
    file.write_text(json.dumps(small), encoding="utf-8")
    return file


def arrays(file: Path) -> dict[str, Any]:
    return load_weights(file).arrays


@pytest.mark.parametrize(
    ("trainable", "kept"),
    [("false", {"gamma", "beta", "running_mean", "running_variance"}),
     ('{"statistics":false}', {"running_mean", "running_variance"})],
)  # fmt: skip
def test_what_is_frozen_stays_as_in_the_first_weights(
    graphnn: Run, second: Path, trainable: str, kept: set[str]
) -> None:
    first = second.with_name("net.npz")
    options = ("--init-from", first, "--set", f"layers.norm.trainable={trainable}", "--limit", "300", "--quiet")
    made = []
    for threads in (1, 2):
        done = graphnn("train", second, *options, "--threads", str(threads), "--output", second.with_suffix(".npz"))
        assert (done.returncode, NOTE in done.stderr) == (0, False)
        made.append(second.with_suffix(".npz").read_bytes())
    assert made[0] == made[1]
    before, after = arrays(first), arrays(second.with_suffix(".npz"))
    same = {name for name, array in before.items() if np.array_equal(array, after[name])}
    assert same == {f"norm/{name}" for name in kept}


def test_inspect_says_so_and_that_no_piece_waits(graphnn: Run, second: Path) -> None:
    shown = graphnn("inspect", second)
    assert shown.stderr == ""
    assert "1  norm       BatchNormalization  frozen" in shown.stdout
    shown = graphnn("inspect", second, "--plan")
    assert "1 × 1  hidden → norm → relu_1 → dropout_1 → output → CrossEntropy" in shown.stdout


def test_statistics_of_no_training_get_a_note(graphnn: Run, second: Path) -> None:
    train = ("train", second, "--quiet", "--dry-run")
    noted = graphnn(*train).stderr
    assert f'layers[1] "norm".trainable: the running statistics {NOTE}' in noted
    assert graphnn(*train, "--init-from", second.with_name("net.npz")).stderr == ""
    assert NOTE not in graphnn(*train, "--set", 'layers.norm.trainable={"gamma":false,"beta":false}').stderr
    document = json.loads(second.read_text())
    document["layers"][1]["name"] = "other"  # of which the weights have nothing
    document["layers"].insert(2, {"type": "BatchNormalization", "trainable": False})
    second.write_text(json.dumps(document))
    noted = graphnn(*train, "--init-from", second.with_name("net.npz")).stderr
    assert noted.count("note: ") == 1
    assert f'layers[1] "other".trainable: the running statistics here and of 1 other layer {NOTE}' in noted


def test_a_run_goes_on_to_the_same_bits(graphnn: Run, second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = second.with_suffix(".npz")
    train = ("train", second, "--limit", "200", "--quiet", "--output", weights)
    start = ("--init-from", second.with_name("net.npz"))
    graphnn(*train, *start)
    whole = weights.read_bytes()
    weights.unlink()
    asked = iter([False] * 60 + [True])
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
    assert graphnn(*train, *start).returncode == 130
    monkeypatch.undo()
    done = graphnn(*train, "--resume")
    assert (done.returncode, done.stderr) == (0, "")
    assert weights.read_bytes() == whole


def test_a_run_of_an_older_version_does_not_go_on_with_another_meaning(
    graphnn: Run, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moved the statistics by the same document."""
    document = second.read_text().replace('"batch_size": 1', '"batch_size": 20')
    second.write_text(document.replace('"trainable": false', '"trainable": {"gamma": false, "beta": false}'))
    write = checkpoint.write_described

    def as_before(path: Path, held: Any, meta: Any) -> None:
        text = json.dumps(meta).replace('{"gamma": false, "beta": false, "statistics": true}', "false")
        assert '"trainable": false' in text
        write(path, held, json.loads(text))

    monkeypatch.setattr(checkpoint, "write_described", as_before)
    asked = iter([False] * 5 + [True])
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
    train = ("train", second, "--limit", "200", "--quiet", "--output", second.with_suffix(".npz"))
    assert graphnn(*train).returncode == 130
    monkeypatch.undo()
    second.write_text(document)
    refused = graphnn(*train, "--resume")
    assert refused.returncode == 2
    assert '"norm".trainable.statistics: true at the start, false now: with "trainable": false' in refused.stderr
    second.write_text(document.replace('"trainable": false', '"trainable": {"gamma": false, "beta": false}'))
    assert graphnn(*train, "--resume").returncode == 0
