"""Splits and orders that depend on their keys alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnn.datasets.batches import draw_test_part, epoch_order, split
from graphnn.errors import DataError


@given(count=st.integers(2, 500), fraction=st.floats(0, 0.99), seed=st.integers(0, 2**70))
def test_split_is_a_partition_of_the_rounded_size(count, fraction, seed):
    held_out = round(count * fraction)
    if held_out == count or (fraction and not held_out):
        with pytest.raises(DataError, match="leaves none for the"):
            split(count, fraction, seed)
        return
    train, validation = split(count, fraction, seed)
    assert len(validation) == held_out
    assert sorted([*train, *validation]) == list(range(count))


def test_split_depends_on_the_seed_alone():
    first, again, other = split(100, 0.2, 1), split(np.zeros(100), 0.2, 1), split(100, 0.2, 2)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert sorted(first[1]) != sorted(other[1])


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**40),
    which=st.sampled_from(["validation", "test"]),
)
def test_a_stratified_part_has_each_class_in_its_proportion(counts, fraction, seed, which):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    held_out = round(len(labels) * fraction)
    if held_out in (0, len(labels)):
        with pytest.raises(DataError, match="leaves none for the"):
            draw_test_part(labels, fraction, seed) if which == "test" else split(
                labels, fraction, seed, stratified=True
            )
        return
    if which == "test":
        rest, part = draw_test_part(labels, fraction, seed)
        assert list(rest) == sorted(rest)
        assert list(part) == sorted(part)
    else:
        rest, part = split(labels, fraction, seed, stratified=True)
    assert len(part) == held_out
    assert sorted([*rest, *part]) == list(range(len(labels)))
    taken = np.bincount(labels[part], minlength=len(counts))
    assert (abs(taken - np.array(counts) * held_out / len(labels)) <= 1).all()
    if len(rest) >= len(counts) and (np.array(counts) * held_out / len(labels) <= np.array(counts) - 1).all():
        assert (taken < counts).all()


def test_a_class_keeps_a_sample_where_another_can_give_one():
    labels = np.array([0] * 8 + [1] * 2 + [2])  # 3.6, 0.9 and 0.45 of 5
    for seed in range(20):
        _, part = split(labels, 5 / 11, seed, stratified=True)
        assert np.bincount(labels[part], minlength=3).tolist() == [4, 1, 0]


def test_targets_are_not_stratified():
    targets = np.zeros(50, np.float32)
    np.testing.assert_array_equal(split(targets, 0.2, 1, stratified=True)[1], split(50, 0.2, 1)[1])
    rest, part = draw_test_part(targets, 0.2, 1)
    assert (len(rest), len(part)) == (40, 10)


def test_the_test_part_is_another_draw_than_the_validation_part():
    labels = np.zeros(100, int)
    assert sorted(split(labels, 0.2, 3, stratified=True)[1]) != list(draw_test_part(labels, 0.2, 3)[1])


def test_split_is_shuffled():
    assert split(1000, 0.1, 0)[1].max() > 200


@pytest.mark.parametrize(
    ("count", "fraction", "message"),
    [
        (4, 0.1, "validation_split = 0.1 of 4 samples leaves none for the validation part; take another fraction"),
        (4, 0.9, "validation_split = 0.9 of 4 samples leaves none for the training part"),
        (0, 0, "leaves none for the training part"),
    ],
)
def test_empty_part_is_an_error(count, fraction, message):
    with pytest.raises(DataError) as caught:
        split(count, fraction, 0)
    assert message in str(caught.value)


@given(count=st.integers(1, 300), seed=st.integers(0, 2**40), epoch=st.integers(0, 10_000))
def test_order_of_an_epoch_is_a_permutation(count, seed, epoch):
    assert sorted(epoch_order(count, seed, epoch)) == list(range(count))


def test_order_depends_on_seed_and_epoch():
    orders = [epoch_order(50, seed, epoch).tolist() for seed in (0, 1) for epoch in (0, 1, 2)]
    assert len({tuple(order) for order in orders}) == 6
    assert epoch_order(50, 1, 2).tolist() == orders[-1]
    assert split(50, 0.5, 0)[1].tolist() != epoch_order(50, 0, 0)[:25].tolist()
