"""Losses by hand, by plain loops, by differences; fused with their last layer and not; and what they refuse."""

import math

import numpy as np
import pytest

from graphnn.errors import DataError
from graphnn.layers.context import Context
from graphnn.layers.sigmoid import Sigmoid
from graphnn.layers.softmax import Softmax
from graphnn.losses.base import LOSSES
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError

rng = np.random.default_rng(0)
SCORES = rng.normal(size=(6, 4))
LABELS = np.array([3, 0, 1, 1, 2, 0])
ONE_HOT = np.eye(4)[LABELS]
VALUES = rng.normal(size=(6, 4))
BITS = rng.integers(0, 2, (6, 4))


SMOOTHED = CrossEntropy(label_smoothing=0.2)


def softmax(z):
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


def logistic(z):
    return 1 / (1 + np.exp(-z))


# loss, targets, input, whether it is logits
CASES = {
    "cross-entropy of labels": (CrossEntropy(), LABELS, softmax(SCORES), False),
    "cross-entropy of rows": (CrossEntropy(), ONE_HOT, softmax(SCORES), False),
    "cross-entropy of labels, fused": (CrossEntropy(), LABELS, SCORES, True),
    "cross-entropy of rows, fused": (CrossEntropy(), ONE_HOT, SCORES, True),
    "cross-entropy of distributions, fused": (CrossEntropy(), softmax(VALUES), SCORES, True),
    "cross-entropy of distributions": (CrossEntropy(), softmax(VALUES), softmax(SCORES), False),
    "mean squared error": (MeanSquaredError(), VALUES, SCORES, False),
    "binary cross-entropy": (BinaryCrossEntropy(), BITS, logistic(SCORES), False),
    "binary cross-entropy, fused": (BinaryCrossEntropy(), BITS, SCORES, True),
    "binary cross-entropy of parts, fused": (BinaryCrossEntropy(), logistic(VALUES), SCORES, True),
}
SMOOTHED_CASES = {
    "smoothed labels": (SMOOTHED, LABELS, softmax(SCORES), False),
    "smoothed rows, fused": (SMOOTHED, ONE_HOT, SCORES, True),
    "smoothed labels, fused": (SMOOTHED, LABELS, SCORES, True),
}
every_way = pytest.mark.parametrize(
    ("loss", "truth", "y", "logits"), (CASES | SMOOTHED_CASES).values(), ids=CASES | SMOOTHED_CASES
)
every_case = pytest.mark.parametrize(("loss", "truth", "y", "logits"), CASES.values(), ids=CASES)


def test_cross_entropy_literals():
    """−(ln ½ + ln ¼)/2 = 1.5 ln 2; the gradient is −1/(p·2) at the truth."""
    y = np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]])
    for truth in ([1, 0], [[0, 1, 0], [1, 0, 0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]):
        assert CrossEntropy()(truth, y) == pytest.approx(1.5 * math.log(2), rel=1e-14)
        assert CrossEntropy().gradient(truth, y).tolist() == [[0, -1, 0], [-2, 0, 0]]


def test_label_smoothing_literals():
    """ε 0.3 of 3 classes: targets 0.1, 0.8, 0.1; from equal logits (1/3 − y′)/2, from p = ½, ½, 0.25: −y′/p/2."""
    loss = CrossEntropy(label_smoothing=0.3)
    y = np.array([[0.5, 0.5, 0.25], [0.5, 0.5, 0.25]])
    for truth in ([1, 0], [[0, 1, 0], [1, 0, 0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]):
        np.testing.assert_allclose(loss.gradient(truth, y), [[-0.1, -0.8, -0.2], [-0.8, -0.1, -0.2]], rtol=1e-14)
        dy = np.empty((2, 3))
        loss.piece(np.array(truth), np.zeros((2, 3)), 2, logits=True, dy=dy)
        expected = [[7 / 60, -7 / 30, 7 / 60], [-7 / 30, 7 / 60, 7 / 60]]
        np.testing.assert_allclose(dy, expected, rtol=1e-14)


@pytest.mark.parametrize("truth", [LABELS, ONE_HOT, softmax(VALUES)], ids=["labels", "rows", "distributions"])
@pytest.mark.parametrize("logits", [True, False])
def test_label_smoothing_is_the_gradient_of_smoothed_targets_and_not_in_the_loss(truth, logits):
    plain, smoothed, y = CrossEntropy(), CrossEntropy(label_smoothing=0.2), SCORES if logits else softmax(SCORES)
    rows = 0.8 * (ONE_HOT if truth.ndim == 1 else truth) + 0.05
    expected, found = np.empty_like(y), np.empty_like(y)
    plain.piece(rows, y, 6, logits=logits, dy=expected)
    sums = smoothed.piece(truth, y, 6, logits=logits, dy=found)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(sums, plain.piece(truth, y, 6, logits=logits, dy=np.empty_like(y)))
    assert smoothed.piece(truth, y, 6, logits=logits, dy=None)[0] == sums[0]
    assert smoothed(truth, softmax(SCORES)) == plain(truth, softmax(SCORES))


EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.0, 1e-300, 2.2e-16, EPS, 2.3e-16])
def test_cross_entropy_clips_probabilities_at_the_epsilon_of_float64(p, dtype):
    y = np.array([[p, 1]], dtype)
    clipped = max(float(y[0, 0]), EPS)
    for truth in ([0], [[1, 0]]):
        assert CrossEntropy()(truth, y) == pytest.approx(-math.log(clipped), rel=float(np.finfo(dtype).eps))
        assert CrossEntropy().gradient(truth, y)[0, 0] == pytest.approx(-1 / clipped, rel=float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_from_logits_does_not_clip_or_overflow(dtype):
    z = np.array([[1e4, -1e4, 0], [0, 0, 0]], dtype)
    for truth in (np.array([1, 2]), np.array([[0, 1, 0], [0, 0, 1]])):
        dy = np.empty_like(z)
        sums = CrossEntropy().piece(truth, z, 2, logits=True, dy=dy)
        assert sums[0] == pytest.approx(20_000 + math.log(3), rel=1e-6)
        np.testing.assert_allclose(dy, [[0.5, -0.5, 0], [1 / 6, 1 / 6, -1 / 3]], rtol=1e-6)


def test_mean_squared_error_literals():
    """Differences (1, −2) and (0, 3): squares 14/4, gradient 2/4 of each."""
    y, truth = [[1.0, 0.0], [2.0, 5.0]], [[0.0, 2.0], [2.0, 2.0]]
    assert MeanSquaredError()(truth, y) == 3.5
    assert MeanSquaredError().gradient(truth, y).tolist() == [[0.5, -1], [0, 1.5]]


def test_binary_cross_entropy_literals():
    """−(ln ¾ + ln ½)/2; gradients −1/(¾·2) and 1/(½·2)."""
    y, truth = [[0.75], [0.5]], [[1], [0]]
    assert BinaryCrossEntropy()(truth, y) == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    np.testing.assert_allclose(BinaryCrossEntropy().gradient(truth, y), [[-2 / 3], [1]], rtol=1e-14)


def test_binary_cross_entropy_clips_probabilities_at_the_epsilon_of_float64():
    y, truth = np.array([[0.0, 1.0]]), [[1, 0]]
    assert BinaryCrossEntropy()(truth, y) == pytest.approx(-math.log(EPS), rel=1e-15)
    np.testing.assert_allclose(BinaryCrossEntropy().gradient(truth, y), [[-0.5 / EPS, 0.5 / EPS]], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binary_cross_entropy_from_logits_does_not_clip_or_overflow(dtype):
    z = np.array([[1e4], [-1e4], [-1e4], [0]], dtype)
    dy = np.empty_like(z)
    sums = BinaryCrossEntropy().piece(np.array([[0], [0], [1], [1]]), z, 4, logits=True, dy=dy)
    assert sums[0] == pytest.approx(20_000 + math.log(2), rel=1e-6)
    assert dy.ravel().tolist() == [0.25, 0, -0.25, -0.125]


@every_case
def test_gradient_equals_differences(loss, truth, y, logits):
    dy, v = np.empty_like(y), np.random.default_rng(1).normal(size=y.shape)
    loss.piece(truth, y, len(y), logits=logits, dy=dy)
    ends = [loss.piece(truth, y + sign * 1e-6 * v, len(y), logits=logits, dy=None)[0] for sign in (1, -1)]
    assert np.vdot(dy, v) == pytest.approx((ends[0] - ends[1]) / 2e-6 / len(y), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("loss", "truth", "last"),
    [
        (CrossEntropy(), LABELS, Softmax()),
        (CrossEntropy(), ONE_HOT, Softmax()),
        (BinaryCrossEntropy(), BITS, Sigmoid()),
    ],
)
def test_fused_equals_unfused(loss, truth, last):
    assert loss.fused_with is type(last)
    p, backward = last.forward({}, SCORES, Context(input_shape=SCORES.shape[1:], training=True))
    expected, _ = backward(loss.gradient(truth, p))
    dy = np.empty_like(SCORES)
    fused = loss.piece(truth, SCORES, 6, logits=True, dy=dy)
    np.testing.assert_allclose(dy, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(fused, loss.piece(truth, p, 6, logits=False, dy=np.empty_like(p)), rtol=1e-12)
    targets = ONE_HOT if loss.type == "CrossEntropy" else BITS / 4
    probabilities = p if loss.type == "CrossEntropy" else p / 4
    np.testing.assert_allclose(dy, (probabilities - targets) / 6, rtol=1e-12, atol=1e-15)


@every_way
def test_pieces_add_up_to_the_whole(loss, truth, y, logits):
    whole = np.empty_like(y)
    expected = loss.piece(truth, y, 6, logits=logits, dy=whole)
    dy, sums = np.empty_like(y), 0
    for part in (slice(0, 1), slice(1, 4), slice(4, 6)):
        sums = sums + loss.piece(truth[part], y[part], 6, logits=logits, dy=dy[part])
    assert expected.dtype == np.float64
    np.testing.assert_allclose(sums, expected, rtol=1e-13)
    np.testing.assert_allclose(dy, whole, rtol=1e-13)


@every_way
def test_the_gradient_may_go_into_the_input(loss, truth, y, logits):
    expected, memory = np.empty_like(y), y.copy()
    sums = loss.piece(truth, y, 6, logits=logits, dy=expected)
    np.testing.assert_array_equal(loss.piece(truth, memory, 6, logits=logits, dy=memory), sums)
    np.testing.assert_array_equal(memory, expected)


@every_way
def test_the_dtype_is_kept_and_the_input_untouched(loss, truth, y, logits):
    single = y.astype(np.float32)
    before, dy = single.copy(), np.empty_like(single)
    expected = np.empty_like(y)
    exact = loss.piece(truth, y, 6, logits=logits, dy=expected)
    sums = loss.piece(truth, single, 6, logits=logits, dy=dy)
    np.testing.assert_array_equal(single, before)
    np.testing.assert_allclose(sums, exact, rtol=1e-5)
    np.testing.assert_allclose(dy, expected, rtol=1e-4, atol=1e-7)
    if not logits:
        assert loss.gradient(truth, single).dtype == np.float32
        assert loss.gradient(truth, y) == pytest.approx(expected)


def test_whole_numbers_as_predictions():
    assert MeanSquaredError().gradient([[1], [0]], [[2], [0]]).tolist() == [[1], [0]]


def test_sums_are_in_float64():
    """In float32 the sum of a hundred thousand times 0.1 would be off by a percent."""
    z = np.zeros((100_000, 2), np.float32)
    sums = CrossEntropy().piece(np.zeros(100_000, np.int64), z, 100_000, logits=True, dy=None)
    assert sums[0] / 100_000 == pytest.approx(math.log(2), rel=1e-7)


def test_targets_without_an_axis_go_with_one_output():
    assert MeanSquaredError()([1.0, 2.0], [[1.0], [4.0]]) == 2
    assert MeanSquaredError().gradient([1.0, 2.0], [[1.0], [4.0]]).tolist() == [[0], [2]]
    assert BinaryCrossEntropy()([1, 0], [[0.5], [0.5]]) == pytest.approx(math.log(2))


def test_images_as_outputs():
    y, truth = np.ones((2, 3, 4, 5)), np.zeros((2, 3, 4, 5))
    assert MeanSquaredError()(truth, y) == 1
    assert MeanSquaredError().gradient(truth, y) == pytest.approx(np.full((2, 3, 4, 5), 2 / 120))


REFUSED = [
    (
        CrossEntropy(),
        np.array([0, 12, -1]),
        (10,),
        "the labels run from -1 to 12, but the network has 10 outputs: labels",
    ),
    (CrossEntropy(), np.array([0, 10]), (10,), r"labels must lie in 0…9$"),
    (CrossEntropy(), np.array([1, 10]), (10,), r"labels must lie in 0…9; subtract 1 from all$"),
    (CrossEntropy(), np.array([0.5, 1]), (10,), "integer labels or one-hot rows of 10, not an array N of float64"),
    (CrossEntropy(), np.zeros((3, 4)), (10,), "not an array N×4 of float64; for such targets use MeanSquaredError"),
    (CrossEntropy(), np.zeros((3, 4)), (4,), "one-hot rows: no number below 0, and each row's sum 1"),
    (CrossEntropy(), np.array([[2.0, -1.0]]), (2,), "one-hot rows"),
    (CrossEntropy(), np.array([[np.nan, 1.0]]), (2,), "one-hot rows"),
    (CrossEntropy(), np.array([0]), (4, 2, 2), "a vector of class scores, not 4×2×2"),
    (
        MeanSquaredError(),
        np.array([3, 1]),
        (10,),
        "N×10, like the network's output, not an array N of int64; for class",
    ),
    (
        MeanSquaredError(),
        np.zeros((2, 3)),
        (4,),
        "N×4, like the network's output, not an array N×3 of float64$",
    ),
    (MeanSquaredError(), np.array(["a", "b"]), (1,), "numbers as targets, not an array N of <U1"),
    (MeanSquaredError(), np.array([[1.0], [np.inf]]), (1,), "not finite"),
    (BinaryCrossEntropy(), np.array([0, 1, 2]), (1,), "targets in 0…1; for class labels use Softmax and CrossEntropy"),
    (BinaryCrossEntropy(), np.array([[np.nan]]), (1,), "targets in 0…1"),
    (BinaryCrossEntropy(), np.array([0, 1]), (2,), "targets of N×2"),
]


@pytest.mark.parametrize(("loss", "truth", "output_shape", "message"), REFUSED)
def test_targets_that_do_not_fit(loss, truth, output_shape, message):
    with pytest.raises(DataError, match=message):
        loss.check_targets(truth, output_shape)


@pytest.mark.parametrize("loss", [CrossEntropy(), MeanSquaredError(), BinaryCrossEntropy()])
def test_no_targets_are_no_mistake(loss):
    loss.check_targets(np.zeros((0, 3)), (3,))


def test_the_loss_that_is_reported_is_without_smoothing():
    assert SMOOTHED.reported() == CrossEntropy()
    for loss in (CrossEntropy(), MeanSquaredError(), BinaryCrossEntropy()):
        assert loss.reported() == loss


def test_calls_check_their_targets():
    with pytest.raises(DataError, match="labels must lie in 0…1"):
        CrossEntropy()([2], [[0.5, 0.5]])
    with pytest.raises(DataError, match="3 targets do not go with 2 predictions"):
        CrossEntropy().gradient([0, 1, 1], [[0.5, 0.5], [0.5, 0.5]])


def test_names():
    assert set(LOSSES) == {"CrossEntropy", "MeanSquaredError", "BinaryCrossEntropy"}
    assert all(LOSSES[name]().type == name for name in LOSSES)


def test_what_a_network_believes_is_without_the_share_of_smoothing():
    loss = CrossEntropy(label_smoothing=0.2)
    np.testing.assert_allclose(loss.beliefs(np.array([[0.85, 0.05, 0.05, 0.05]])), [[1, 0, 0, 0]])
    np.testing.assert_allclose(loss.beliefs(np.array([[0.65, 0.25, 0.06, 0.04]])), [[60 / 81, 20 / 81, 1 / 81, 0]])
    truth = softmax(3 * SCORES)
    np.testing.assert_allclose(loss.beliefs(loss.smoothed(truth, truth)), truth)
    found = loss.beliefs(softmax(SCORES))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_array_equal(found.argmax(axis=1), SCORES.argmax(axis=1))
    for plain in (CrossEntropy(), BinaryCrossEntropy(), MeanSquaredError()):
        assert plain.beliefs(VALUES) is VALUES
