"""F1 of two classes: by hand, undefined, and where it is reported."""

import math

import numpy as np
import pytest

from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.metrics.figures import figure, first_non_finite
from graphnn.metrics.outputs import Classes, Shares, YesOrNo
from graphnn.metrics.sums import layout

TRUTH = np.array([1, 1, 1, 0, 0, 0, 0, 0])
PREDICTED = np.array([1, 1, 0, 1, 1, 1, 0, 0])  # 2 right of 5 predicted and 3 there: 4/8


def figures(loss, truth, y, *, logits=False):
    count = len(y)
    return loss.summarise(loss.piece(truth, y, count, logits=logits), count, y.shape[1:])


def both_ways(truth, predicted):
    """Yield the figures of two scores and of one output, as probabilities and as logits."""
    z = np.where(predicted == 1, 2.0, -2.0)
    yield figures(BinaryCrossEntropy(), truth, z[:, None], logits=True)
    yield figures(BinaryCrossEntropy(), truth[:, None], np.where(predicted == 1, 0.9, 0.1)[:, None])
    yield figures(CrossEntropy(), truth, np.stack([-z, z], axis=1), logits=True)
    yield figures(CrossEntropy(), np.eye(2)[truth], np.eye(2)[predicted])


def test_a_literal() -> None:
    for found in both_ways(TRUTH, PREDICTED):
        assert found["f1"] == 0.5
        assert found["accuracy"] == 0.5


def test_nothing_right_is_0_and_nothing_there_is_undefined() -> None:
    zeros, ones = np.zeros(4, np.int64), np.ones(4, np.int64)
    for truth, predicted in ((zeros, ones), (ones, zeros)):
        assert [found["f1"] for found in both_ways(truth, predicted)] == [0] * 4
    for found in both_ways(zeros, zeros):
        assert math.isnan(found["f1"])
        assert figure("f1", found["f1"]) == "undefined"
        assert first_non_finite(found) is None


def test_an_infinite_figure_or_loss_still_tells_that_a_network_diverges() -> None:
    assert first_non_finite({"loss": math.nan, "f1": math.nan}) == "loss"
    assert first_non_finite({"loss": 1.0, "f1": math.inf}) == "f1"


@pytest.mark.parametrize(
    ("outputs", "shape", "expected"),
    [
        (Classes, (2,), {"f1", "macro_f1", "roc_auc"}),
        (Classes, (3,), {"macro_f1"}),
        (YesOrNo, (1,), {"f1", "macro_f1", "roc_auc"}),
        (YesOrNo, (2,), {"macro_f1"}),
        (YesOrNo, (1, 4, 4), set()),
        (Shares, (4,), set()),
    ],
)
def test_what_is_reported_of_which_outputs(outputs, shape, expected) -> None:
    names = set(layout(outputs, shape).names) - {"loss", "accuracy"}
    assert names == expected
    assert set(layout(outputs, shape, training=True).names) <= {"loss", "accuracy"}


def test_training_steps_do_not_measure_it() -> None:
    y, loss = np.array([[0.5, -0.5], [0.1, 0.2]]), CrossEntropy()
    assert len(loss.piece(np.array([0, 1]), y, 2, logits=True, dy=np.empty_like(y))) == 2
