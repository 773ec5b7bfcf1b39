"""The table of metrics, and the vector of their partial sums."""

from collections.abc import Iterator

import numpy as np
import pytest

from graphnn.losses.base import LOSSES
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.outputs import Classes, Numbers, Outputs, YesOrNo
from graphnn.metrics.sums import layout, metrics_of, sums_of


def test_the_table() -> None:
    """What is reported of each meaning of outputs, and how people read it."""
    table = {name: (one.label, one.percent, one.higher_is_better, one.brief) for name, one in METRICS.items()}
    assert table == {
        "accuracy": ("accuracy", True, True, True),
        "f1": ("F1", True, True, False),
        "loss": ("loss", False, False, True),
        "macro_f1": ("macro F1", True, True, False),
        "mean_absolute_error": ("mean absolute error", False, False, True),
        "r2": ("R²", False, True, True),
        "roc_auc": ("ROC AUC", False, True, False),
        "top_5_accuracy": ("top-5 accuracy", True, True, False),
    }
    names = {outputs: [metric.name for metric in metrics_of(outputs)] for outputs in (Classes, YesOrNo, Numbers)}
    assert names == {
        Classes: ["accuracy", "f1", "macro_f1", "roc_auc", "top_5_accuracy"],
        YesOrNo: ["accuracy", "f1", "macro_f1", "roc_auc"],
        Numbers: ["mean_absolute_error", "r2"],
    }


def test_each_loss_says_what_its_outputs_mean() -> None:
    assert {name: loss.outputs for name, loss in LOSSES.items()} == {
        "BinaryCrossEntropy": YesOrNo,
        "CrossEntropy": Classes,
        "MeanSquaredError": Numbers,
    }


def test_sums_lie_after_that_of_the_loss() -> None:
    """Two outputs: |−1| and |3| of 2, then 3 numbers for each output: (y − t)², t, t²."""
    sums = sums_of(Numbers(np.array([[1.0, 2.0]]), np.array([[0.0, 5.0]])))
    assert sums.tolist() == [0, 2, 1, 9, 1, 2, 1, 4]
    assert [layout(Numbers, shape).size for shape in ((1,), (2,), (2, 3))] == [5, 8, 20]
    assert [layout(Classes, (classes,)).size for classes in (2, 5, 6)] == [2 + 2 + 6 + 2, 2 + 15, 3 + 18]
    assert [layout(Classes, (classes,), training=True).size for classes in (2, 5, 6)] == [2, 2, 3]


@pytest.mark.parametrize(
    ("name", "shape"),
    [(name, shape) for name in LOSSES for shape in ((6,), (1,), (3, 2)) if name != "CrossEntropy" or len(shape) == 1],
)
def test_random_targets_fit_their_loss(name: str, shape: tuple[int, ...]) -> None:
    loss, rng = LOSSES[name](), np.random.default_rng(0)
    targets = loss.outputs.random_targets(50, shape, rng, np.float64)
    loss.check_targets(targets, shape)
    assert len(targets) == 50
    assert targets.dtype == (np.int64 if loss.outputs is Classes else np.float64)
    if shape != (1,):
        assert len(np.unique(targets)) >= (6 if name == "CrossEntropy" else 2)


@pytest.fixture
def mean_square() -> Iterator[str]:
    """The name of a metric that is added from outside."""

    @METRICS.register
    class MeanSquare(OutputMetric[Numbers]):
        name = "mean_square"
        label = "mean square"
        higher_is_better = False
        outputs = (Numbers,)

        def suits(self, meaning: type[Outputs], output_shape: tuple[int, ...]) -> bool:
            return meaning is Numbers and output_shape == (1,)

        def sums(self, seen: Numbers) -> float:
            return float(seen.squares.sum())

    layout.cache_clear()
    yield MeanSquare.name
    del METRICS[MeanSquare.name]
    layout.cache_clear()


def test_a_metric_is_one_definition(mean_square: str) -> None:
    """Registering it is all: the losses of its outputs report it, where it suits their shape."""
    loss, truth = MeanSquaredError(), np.array([[1.0], [2.0]])
    assert loss.metrics() == loss.metrics((1,)) == ("loss", "mean_absolute_error", mean_square, "r2")
    assert loss.metrics((2,)) == ("loss", "mean_absolute_error", "r2")
    figures = loss.summarise(loss.piece(truth, truth + 3, 2, logits=False), 2, (1,))
    assert figures == {"loss": 9, "mean_absolute_error": 3, "mean_square": 9, "r2": pytest.approx(1 - 18 / 0.5)}


def test_outputs_are_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Outputs(np.zeros(1), np.zeros(1))  # type: ignore[abstract]
