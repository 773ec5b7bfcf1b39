"""The limit on samples: drawn over the whole part, class by class, and in the order of the file."""

import numpy as np
import pytest

from graphnn.datasets.base import Dataset
from graphnn.datasets.limit import chosen, classes_text, limited
from graphnn.types import Array

SORTED = np.arange(10).repeat(30)  # 300 labels, class after class


def dataset(y: Array, y_test: Array) -> Dataset:
    """Return samples that are their own index."""
    x, x_test = (np.arange(len(each), dtype=np.float32)[:, None] for each in (y, y_test))
    return Dataset("a", x, y, x_test, y_test, None)


@pytest.mark.parametrize("limit", [10, 11, 100, 299])
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_classes_keep_their_shares(limit: int, order: str) -> None:
    y = SORTED if order == "sorted" else np.random.default_rng(0).permutation(SORTED)
    counts = np.bincount(y[chosen(y, limit, 0, "train")], minlength=10)
    assert counts.sum() == limit
    assert counts.min() >= limit // 10
    assert counts.max() <= -(-limit // 10)


@pytest.mark.parametrize("limit", [3, 4, 50, 999])
def test_no_class_is_left_out_however_rare(limit: int) -> None:
    y = np.repeat([0, 1, 7], [990, 9, 1])
    found = y[chosen(y, limit, 3, "train")]
    assert len(found) == limit
    assert set(found.tolist()) == {0, 1, 7}
    assert abs(int((found == 0).sum()) - 0.99 * limit) <= 2


def test_fewer_samples_than_classes_are_of_classes_drawn_by_the_seed() -> None:
    drawn = {tuple(SORTED[chosen(SORTED, 4, seed, "train")].tolist()) for seed in range(20)}
    assert all(len(set(labels)) == 4 for labels in drawn)
    assert len(drawn) > 10


def test_samples_keep_their_order_and_are_drawn_by_seed_and_part() -> None:
    data = dataset(SORTED, SORTED)
    few = limited(data, 100, 5)
    for x, y in ((few.x_train, few.y_train), (few.x_test, few.y_test)):
        assert (np.diff(x[:, 0]) > 0).all()
        assert SORTED[x[:, 0].astype(int)].tolist() == y.tolist()
    assert few.x_train.tolist() == limited(data, 100, 5).x_train.tolist()
    assert few.x_train.tolist() != limited(data, 100, 6).x_train.tolist()
    assert few.x_train.tolist() != few.x_test.tolist()


def test_targets_are_drawn_over_the_whole_part() -> None:
    y = np.arange(1000, dtype=np.float32)[:, None]
    found = limited(dataset(y, y), 100, 0).y_train[:, 0]
    assert len(found) == 100
    assert (np.diff(found) > 0).all()
    assert 300 < found.mean() < 700


def test_a_limit_beyond_a_part_takes_all_of_it() -> None:
    data = dataset(SORTED, SORTED[:20])
    assert limited(data, None, 0) is data
    assert limited(data, 300, 0) is data
    few = limited(data, 299, 0)
    assert (len(few.x_train), len(few.x_test)) == (299, 20)


def test_images_keep_their_memory_order() -> None:
    x = np.zeros((300, 4, 4, 3), np.uint8).transpose(0, 3, 1, 2)
    few = limited(Dataset("a", x, SORTED, x, SORTED, None), 100, 0)
    assert few.x_train.shape == (100, 3, 4, 4)
    assert few.x_train.transpose(0, 2, 3, 1).flags.c_contiguous


def test_missing_classes_are_counted() -> None:
    data = dataset(SORTED, SORTED)
    assert classes_text(data, limited(data, 5, 0), 5) == "--limit 5: 5 of 10 classes"
    assert classes_text(data, limited(data, 10, 0), 10) is None
    targets = dataset(SORTED.astype(np.float32), SORTED)
    assert classes_text(targets, limited(targets, 5, 0), 5) is None
