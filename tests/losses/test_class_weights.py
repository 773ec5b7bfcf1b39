"""Class weights by hand, by loops, by differences and by PyTorch; numbers, names and "balanced"; what is refused."""

import math

import numpy as np
import pytest

from graphnn.errors import GraphError
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy

rng = np.random.default_rng(0)
SCORES = rng.normal(size=(7, 4))
LABELS = np.array([3, 0, 1, 1, 2, 0, 0])
ONE_HOT = np.eye(4)[LABELS]
SOFT = rng.dirichlet(np.ones(4), 7)
BITS = rng.integers(0, 2, (7, 4))
WEIGHTS = (0.5, 2.0, 0.0, 3.5)


def softmax(z):
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


def logistic(z):
    return 1 / (1 + np.exp(-z))


WEIGHTED, SMOOTHED = CrossEntropy(class_weights=WEIGHTS), CrossEntropy(0.2, WEIGHTS)
YES, ANSWERS = BinaryCrossEntropy(class_weights=WEIGHTS), BinaryCrossEntropy(class_weights=[0.5, 3])
PAIRS = BinaryCrossEntropy().with_numbers([(1, 2), (0.5, 3), (4, 0), (1, 1)])
CASES = {
    "labels": (WEIGHTED, LABELS, softmax(SCORES), False),
    "labels, fused": (WEIGHTED, LABELS, SCORES, True),
    "rows": (WEIGHTED, ONE_HOT, softmax(SCORES), False),
    "soft, fused": (WEIGHTED, SOFT, SCORES, True),
    "soft": (WEIGHTED, SOFT, softmax(SCORES), False),
    "yes": (YES, BITS, logistic(SCORES), False),
    "yes, fused": (YES, BITS, SCORES, True),
    "soft yes, fused": (YES, logistic(SOFT), SCORES, True),
    "pairs, fused": (PAIRS, BITS, SCORES, True),
    "one output": (ANSWERS, BITS[:, 0], logistic(SCORES[:, :1]), False),
    "one output, fused": (ANSWERS, BITS[:, :1], SCORES[:, :1], True),
}
SMOOTHED_CASES = {
    "smoothed labels, fused": (SMOOTHED, LABELS, SCORES, True),
    "smoothed soft": (SMOOTHED, SOFT, softmax(SCORES), False),
}
every_case = pytest.mark.parametrize(("loss", "truth", "y", "logits"), CASES.values(), ids=CASES)
every_way = pytest.mark.parametrize(
    ("loss", "truth", "y", "logits"), (CASES | SMOOTHED_CASES).values(), ids=CASES | SMOOTHED_CASES
)


def test_cross_entropy_literals():
    """(2·ln 2 + 3·ln 4)/2 = 4 ln 2: over the number of samples, not 5, the sum of their weights; gradient −w/(p·2)."""
    y = np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]])
    for weights in ([3, 2, 1], np.array([3.0, 2.0, 1.0]), {"0": 3, "1": 2}, {0: 3, 1: 2.0, 2: 1}):
        loss = CrossEntropy(class_weights=weights)
        for truth in ([1, 0], [[0, 1, 0], [1, 0, 0]]):
            assert loss(truth, y) == pytest.approx(4 * math.log(2), rel=1e-14)
            assert loss.gradient(truth, y).tolist() == [[0, -2, 0], [-6, 0, 0]]


def test_soft_rows_are_as_samples_of_each_class_in_these_shares():
    y = softmax(SCORES)
    each = [WEIGHTED.gradient([k] * 7, y) * SOFT[:, k : k + 1] for k in range(4)]
    np.testing.assert_allclose(WEIGHTED.gradient(SOFT, y), sum(each), rtol=1e-13)
    each = [SMOOTHED.gradient([k] * 7, y) * SOFT[:, k : k + 1] for k in range(4)]
    np.testing.assert_allclose(SMOOTHED.gradient(SOFT, y), sum(each), rtol=1e-13)


def test_binary_cross_entropy_literals():
    """Weights 1 of no and 3 of yes: −(3 ln ¾ + ln ½)/2, gradients −3/(¾·2) and 1/(½·2)."""
    loss, y, truth = BinaryCrossEntropy(class_weights=[1, 3]), [[0.75], [0.5]], [[1], [0]]
    assert loss(truth, y) == pytest.approx((3 * math.log(4 / 3) + math.log(2)) / 2)
    np.testing.assert_allclose(loss.gradient(truth, y), [[-2], [1]], rtol=1e-14)
    np.testing.assert_allclose(loss.gradient([1, 0], y), [[-2], [1]], rtol=1e-14)


def test_several_outputs_weigh_the_answer_yes():
    """Of outputs with the weights 2 and 5, both at ½: yes and no in the first, no and yes in the second sample."""
    loss, y = BinaryCrossEntropy(class_weights=[2, 5]), [[0.5, 0.5], [0.5, 0.5]]
    assert loss([[1, 0], [0, 1]], y) == pytest.approx((2 + 1 + 1 + 5) * math.log(2) / 4)
    np.testing.assert_allclose(loss.gradient([[1, 0], [0, 1]], y), [[-1, 0.5], [0.5, -2.5]], rtol=1e-14)


@pytest.mark.parametrize("truth", [LABELS, ONE_HOT, SOFT], ids=["labels", "rows", "soft"])
@pytest.mark.parametrize("smoothing", [0, 0.2])
@pytest.mark.parametrize("logits", [True, False])
def test_cross_entropy_equals_a_plain_loop(truth, smoothing, logits):
    loss, p, total, expected = CrossEntropy(smoothing, WEIGHTS), softmax(SCORES), 0.0, np.zeros((7, 4))
    rows = ONE_HOT if truth.ndim == 1 else truth
    for i in range(7):
        weight = sum(WEIGHTS[k] * rows[i, k] for k in range(4))
        for k in range(4):
            total -= WEIGHTS[k] * rows[i, k] * math.log(p[i, k])
            target = (1 - smoothing) * WEIGHTS[k] * rows[i, k] + smoothing * weight / 4
            expected[i, k] = (weight * p[i, k] - target if logits else -target / p[i, k]) / 7
    dy = np.empty((7, 4))
    sums = loss.piece(truth, SCORES if logits else p, 7, logits=logits, dy=dy)
    assert sums[0] == pytest.approx(total, rel=1e-13)
    np.testing.assert_allclose(dy, expected, rtol=1e-11, atol=1e-16)


@every_case
def test_gradient_equals_differences(loss, truth, y, logits):
    dy, v = np.empty_like(y), np.random.default_rng(1).normal(size=y.shape)
    loss.piece(truth, y, len(y), logits=logits, dy=dy)
    ends = [loss.piece(truth, y + sign * 1e-6 * v, len(y), logits=logits, dy=None)[0] for sign in (1, -1)]
    assert np.vdot(dy, v) == pytest.approx((ends[0] - ends[1]) / 2e-6 / len(y), rel=1e-6, abs=1e-9)


@every_way
def test_pieces_add_up_to_the_whole(loss, truth, y, logits):
    whole, dy, sums = np.empty_like(y), np.empty_like(y), 0
    expected = loss.piece(truth, y, 7, logits=logits, dy=whole)
    for part in (slice(0, 1), slice(1, 4), slice(4, 7)):
        sums = sums + loss.piece(truth[part], y[part], 7, logits=logits, dy=dy[part])
    np.testing.assert_allclose(sums, expected, rtol=1e-13)
    np.testing.assert_allclose(dy, whole, rtol=1e-13)


@every_way
def test_the_gradient_may_go_into_the_input_and_has_its_dtype(loss, truth, y, logits):
    y = y.astype(np.float32)
    expected, memory, before = np.empty_like(y), y.copy(), y.copy()
    sums = loss.piece(truth, y, 7, logits=logits, dy=expected)
    np.testing.assert_array_equal(y, before)
    np.testing.assert_array_equal(loss.piece(truth, memory, 7, logits=logits, dy=memory), sums)
    np.testing.assert_array_equal(memory, expected)
    exact = np.empty(y.shape)
    loss.piece(truth, y.astype(np.float64), 7, logits=logits, dy=exact)
    np.testing.assert_allclose(expected, exact, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("logits", [True, False])
@pytest.mark.parametrize("smoothing", [0, 0.2])
def test_equal_weights_of_1_change_nothing(smoothing, logits):
    for truth in (LABELS, ONE_HOT):
        y = SCORES if logits else softmax(SCORES)
        found, expected = np.empty_like(y), np.empty_like(y)
        CrossEntropy(smoothing, (1, 1, 1, 1)).piece(truth, y, 7, logits=logits, dy=found)
        CrossEntropy(smoothing).piece(truth, y, 7, logits=logits, dy=expected)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("scale", [1e4, -1e4])
def test_nothing_overflows_from_logits(scale):
    z = np.array([[scale, 0, 0, 0]], np.float32)
    dy = np.empty_like(z)
    expected = 0.5 * (1e4 + math.log(3)) if scale < 0 else 0
    assert WEIGHTED.piece(np.array([0]), z, 1, logits=True, dy=dy)[0] == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(dy).all()
    assert np.isfinite(YES.piece(np.array([[1, 0, 1, 0]]), z, 1, logits=True, dy=dy)[0])
    assert np.isfinite(dy).all()


def test_pytorch_is_the_same_but_for_what_it_divides_by():
    torch = pytest.importorskip("torch")
    z, weights = torch.from_numpy(SCORES), torch.tensor(WEIGHTS, dtype=torch.float64)
    cross_entropy = torch.nn.functional.cross_entropy
    found = WEIGHTED.piece(LABELS, SCORES, 7, logits=True)[0]
    assert found == pytest.approx(cross_entropy(z, torch.from_numpy(LABELS), weights, reduction="sum").item())
    mean = cross_entropy(z, torch.from_numpy(LABELS), weights).item()
    assert mean == pytest.approx(found / sum(WEIGHTS[label] for label in LABELS))
    soft = cross_entropy(z, torch.from_numpy(SOFT), weights).item()  # of rows it divides by their number
    assert WEIGHTED.piece(SOFT, SCORES, 7, logits=True)[0] / 7 == pytest.approx(soft)
    binary = torch.nn.functional.binary_cross_entropy_with_logits
    several = binary(z, torch.from_numpy(BITS).double(), pos_weight=weights).item()
    assert YES.piece(BITS, SCORES, 7, logits=True)[0] / 7 == pytest.approx(several)


def test_balanced_weights_of_labels_and_rows():
    """7 samples of 4 classes: 3, 2, 1 and 1 of them; 7/(4·3), 7/(4·2) and 7/4, whose mean over the samples is 1."""
    loss = CrossEntropy(class_weights="balanced")
    for targets in (LABELS, ONE_HOT):
        found = loss.weighted((4,), targets, None).class_weights
        assert found == pytest.approx((7 / 12, 7 / 8, 7 / 4, 7 / 4))
        assert np.mean([found[label] for label in LABELS]) == pytest.approx(1)


def test_a_class_without_samples_weighs_1_and_is_not_counted_among_the_classes():
    found = CrossEntropy(class_weights="balanced").weighted((4,), np.array([0, 0, 0, 2]), None)
    assert found.class_weights == pytest.approx((4 / 6, 1, 2, 1))


def test_balanced_weights_of_answers():
    """3 yes among 4; of two outputs 3 and 1, and never where the answer is not there."""
    loss = BinaryCrossEntropy(class_weights="balanced")
    for targets in (np.array([1, 1, 0, 1]), np.array([[1], [1], [0], [1]], np.float32)):
        assert loss.weighted((1,), targets, None).class_weights == pytest.approx((2, 2 / 3))
    pairs = loss.weighted((3,), np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 1, 0]]), None).class_weights
    np.testing.assert_allclose(pairs, [(2, 2 / 3), (2 / 3, 2), (1, 1)])


@pytest.mark.parametrize(
    ("weights", "names", "expected"),
    [
        ({"cat": 2}, ("dog", "cat", "3"), (1, 2, 1)),
        ({"0": 2, "cat": 3}, ("dog", "cat", "3"), (2, 3, 1)),
        ({"3": 5}, ("dog", "cat", "3"), (1, 1, 5)),
        ({"1": 5}, ("1", "2", "3"), (5, 1, 1)),
        ({"1": 5}, None, (1, 5, 1)),
    ],
)
def test_names_and_numbers_of_classes(weights, names, expected):
    """A class that is called by a number is meant before the one that has it."""
    assert CrossEntropy(class_weights=weights).weighted((3,), None, names).class_weights == expected


@pytest.mark.parametrize(
    ("weights", "names", "message"),
    [
        ([1, 2], None, "has 2 weights, but there are 3 classes; write 3 weights"),
        (
            {"cta": 2},
            ("dog", "cat", "eel"),
            'unknown class "cta"; did you mean "cat"? The classes: "dog", "cat", "eel"',
        ),
        ({"3": 2}, None, 'unknown class "3"; the classes: "0", "1", "2"'),
        ({"0": 2}, ("1", "2", "3"), 'unknown class "0"; the classes: "1", "2", "3"'),
        ({"-1": 2}, None, 'unknown class "-1"; did you mean "1"? The classes: "0", "1", "2"'),
        ({"cat": 2, "1": 3}, ("dog", "cat", "eel"), 'is class "cat", which "cat" is too; write one of them'),
        ({"0": 0, "1": 0, "2": 0}, None, "all weights are 0, so that nothing would be learnt"),
        ("balanced", None, "are known where there are labels to train on"),
    ],
)
def test_what_does_not_fit_the_classes(weights, names, message):
    with pytest.raises(GraphError) as raised:
        CrossEntropy(class_weights=weights).weighted((3,), None, names)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -1], "CrossEntropy.class_weights[1]: must be at least 0, found -1"),
        ([0, 0], "CrossEntropy: class_weights: all weights are 0, so that nothing would be learnt"),
        ([1, math.nan], "CrossEntropy.class_weights[1]: a document cannot hold nan"),
        ("balancd", 'found the string "balancd"; did you mean "balanced"?'),
        ({}, 'write a weight for each class, such as [1, 20], or "balanced"'),
        ([2], 'found the list [2]; write a weight for each class, such as [1, 20], or "balanced"'),
        ({"a": "b"}, 'CrossEntropy.class_weights.a: expected a number, found the string "b"'),
        (3, 'expected a list […], an object {…} or "balanced", found 3'),
        ([[1, 2], [3, 4]], "CrossEntropy.class_weights[0]: expected a number, found the list [1, 2]"),
    ],
)
def test_settings_that_are_refused(weights, message):
    with pytest.raises(GraphError) as raised:
        CrossEntropy(class_weights=weights)
    assert message in str(raised.value)


def test_weights_that_are_not_known_are_never_taken_for_none():
    with pytest.raises(GraphError, match="not known as numbers yet"):
        CrossEntropy(class_weights="balanced").piece(LABELS, SCORES, 7, logits=True)
    with pytest.raises(GraphError, match="not known as numbers yet"):
        BinaryCrossEntropy(class_weights={"1": 2}).piece(BITS, SCORES, 7, logits=True)
