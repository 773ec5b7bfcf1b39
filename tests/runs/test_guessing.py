"""The note on a training that has learnt nothing: when it is given, what it says, and that healthy ones have none."""

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.runs.guessing import guess_of, note_of_guessing
from graphnn.specification.spec import spec_from_values
from graphnn.training.history import Record
from graphnn.training.samples import Samples
from graphnn.types import Array

Figures = tuple[float, float]  # loss, and accuracy or R²


def network(loss: str, outputs: int) -> Graph:
    last = {"CrossEntropy": [{"type": "Softmax"}], "BinaryCrossEntropy": [{"type": "Sigmoid"}]}.get(loss, [])
    values = {
        "input": {"shape": [2]},
        "layers": [{"type": "Dense", "units": outputs}, *last],
        "loss": {"type": loss},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": "none.npz"},
        "training": {"epochs": 9},
    }
    return build_graph(spec_from_values(values))


def samples(y: Array) -> Samples:
    return Samples(np.zeros((len(y), 2), np.float32), y)


def noted(
    graph: Graph,
    y: Array,
    *epochs: tuple[Figures, Figures | None],
    metric: str = "accuracy",
    steps: int = 25,
    rate: float = 0.5,
) -> str | None:
    """Return the note after epochs with these figures in training and validation. rate: of learning, in the last."""
    history = [
        Record(
            number,
            {"loss": training[0], metric: training[1]},
            None if validation is None else {"loss": validation[0], metric: validation[1]},
            rate if number == len(epochs) else 0.5,
            1.0,
            1.0,
        )
        for number, (training, validation) in enumerate(epochs, 1)
    ]
    return note_of_guessing(history, graph, samples(y), samples(y), steps)


TEN, LABELS = network("CrossEntropy", 10), np.arange(1000) % 10
DEAD = ((2.3030, 0.102), (2.3028, 0.100))


def test_a_loss_that_stays_at_ln_k() -> None:
    text = noted(TEN, LABELS, DEAD, DEAD)
    assert text is not None
    assert text.startswith(
        "after 2 epochs the network is no better than guessing: its accuracy on the validation part is 10.00%, and "
        "always saying what is most frequent has 10.00%; its loss is 2.3028, and that of guessing 2.3026 (ln 10). Most "
        "often the learning rate is too large (up to 0.5; try a smaller one, as 0.05)"
    )


def test_it_is_given_once_and_not_before_the_second_epoch() -> None:
    assert noted(TEN, LABELS, DEAD) is None
    assert noted(TEN, LABELS, DEAD, DEAD, DEAD) is None
    healthy = ((1.0, 0.7), (0.8, 0.75))
    assert noted(TEN, LABELS, healthy, healthy, DEAD) is not None  # it can die later, too
    assert noted(TEN, LABELS, healthy, healthy, DEAD, DEAD) is None


def test_the_rate_that_is_too_large_is_the_largest_not_that_of_the_end_of_a_schedule() -> None:
    text = noted(TEN, LABELS, DEAD, DEAD, rate=1e-4)
    assert text is not None
    assert "(up to 0.5; try a smaller one, as 0.05)" in text


def test_few_steps_are_no_reason() -> None:
    assert noted(TEN, LABELS, DEAD, DEAD, steps=24) is None
    assert noted(TEN, LABELS, DEAD, DEAD, DEAD, steps=24) is not None


def test_without_validation_the_figures_of_training_count() -> None:
    text = noted(TEN, LABELS, ((2.303, 0.1), None), ((2.303, 0.1), None))
    assert text is not None
    assert "on the training part is 10.00%" in text


def test_a_loss_far_above_that_of_guessing() -> None:
    text = noted(TEN, LABELS, ((50.0, 0.1), (8.0, 0.1)), ((9.0, 0.1), (8.0, 0.1)))
    assert text is not None
    assert text.endswith(
        "A loss so far above comes from too large a learning rate (up to 0.5): try a smaller one, as 0.05"
    )
    text = noted(TEN, LABELS, ((3.0, 0.1), (3.0, 0.1)), ((2.99, 0.1), (2.99, 0.1)))
    assert text is not None
    assert text.endswith("As it has hardly changed, the learning rate is too small (up to 0.5): try a larger one")


@pytest.mark.parametrize(
    "second",
    [
        ((2.2, 0.102), (2.15, 0.100)),  # the loss is lower than that of guessing
        ((2.3, 0.15), (2.3, 0.100)),  # the accuracy in training is higher
        ((2.3, 0.1), (2.3, 0.15)),  # that of validation
        ((2.4, 0.1), (2.4, 0.1)),  # it starts slowly, but falls
    ],
)
def test_healthy_starts(second: tuple[Figures, Figures]) -> None:
    assert noted(TEN, LABELS, ((2.6, 0.1), (2.6, 0.1)), second) is None


def test_most_samples_of_one_class() -> None:
    """The accuracy stays that of the largest class for a while, but the loss is soon below that of guessing."""
    graph, y = network("CrossEntropy", 3), np.repeat([0, 1, 2], [950, 30, 20])
    guess = guess_of(samples(y), graph)
    assert guess.accuracy == 0.95
    entropy = -sum(share * math.log(share) for share in (0.95, 0.03, 0.02))
    assert guess.loss == pytest.approx(entropy)
    assert guess.classes == 0
    assert noted(graph, y, ((0.4, 0.95), (0.2, 0.95)), ((0.15, 0.95), (0.14, 0.95))) is None
    text = noted(graph, y, ((0.24, 0.95), (0.2341, 0.95)), ((0.24, 0.95), (0.2341, 0.95)))
    assert text is not None
    assert "most frequent has 95.00%; its loss is 0.2341, and that of guessing 0.2322." in text
    assert "(ln" not in text


def test_answers_of_yes_or_no() -> None:
    graph = network("BinaryCrossEntropy", 2)
    y = np.stack([np.arange(1000) < 100, np.arange(1000) < 500], axis=1).astype(np.float32)
    guess = guess_of(samples(y), graph)
    assert guess.accuracy == pytest.approx((0.9 + 0.5) / 2)
    entropy = -(0.1 * math.log(0.1) + 0.9 * math.log(0.9) + math.log(0.5)) / 2
    assert guess.loss == pytest.approx(entropy)
    dead = ((entropy, 0.7), (entropy, 0.7))
    assert noted(graph, y, dead, dead) is not None
    assert noted(graph, y, dead, ((entropy - 0.05, 0.7), (entropy - 0.05, 0.7))) is None


def test_a_regression() -> None:
    graph, y = network("MeanSquaredError", 1), np.arange(100, dtype=np.float32)[:, None]
    dead = ((830.0, -0.01), (835.0, -0.02))
    text = noted(graph, y, dead, dead, metric="r2")
    assert text is not None
    assert text.startswith("after 2 epochs the predictions are no better than the mean of the targets: R² on the ")
    assert "is -0.0200" in text
    assert noted(graph, y, ((4000.0, -3.0), (2000.0, -1.0)), ((1500.0, -0.5), (1000.0, -0.1)), metric="r2") is None
    assert noted(graph, y, dead, ((830.0, 0.01), (835.0, -0.01)), metric="r2") is None


def test_samples_of_one_class_alone_say_nothing() -> None:
    assert noted(TEN, np.zeros(100, int), ((0.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (0.0, 1.0))) is None


def test_a_training_says_it_once_also_when_it_is_resumed(train: Callable[..., tuple[int, str, str]]) -> None:
    layers = [{"type": "Dense", "units": 16}, {"type": "ReLU"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}]
    dead = ("--set", "optimizer.learning_rate=5", "--set", f"layers={json.dumps(layers)}")
    code, _, err = train(*dead)
    assert (code, err.count("the network is no better than guessing")) == (0, 1)
    code, _, err = train(*dead, "--set", "training.epochs=5", "--resume")
    assert code == 0
    assert "no better than guessing" not in err


def test_a_healthy_training_does_not(train: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = train()
    assert (code, err) == (0, "")
