"""Keyed draws: equal keys give equal numbers, every other key gives others, and the numbers never change."""

import itertools

import numpy as np
import pytest

from graphnn.randomness import Purpose, generator, renew


def draw(*key):
    return generator(*key).integers(0, 2**63, 4).tolist()


def test_equal_keys_give_equal_draws():
    assert draw(3, Purpose.LAYER, 1, 2, 3, 4) == draw(3, Purpose.LAYER, 1, 2, 3, 4)


def test_every_part_of_the_key_counts():
    """No two keys of small seeds, purposes and indices give the same first values."""
    seen = set()
    index_tuples = list(itertools.product((0, 1, 2), repeat=4))
    keys = [(seed, purpose, *indices) for seed in (0, 1) for purpose in Purpose for indices in index_tuples]
    for key in keys:
        seen.update(draw(*key)[:1])
    assert len(seen) == len(keys)


def test_places_left_out_are_zero():
    assert draw(3, Purpose.SHUFFLE, 5) == draw(3, Purpose.SHUFFLE, 5, 0, 0, 0)
    assert draw(3, Purpose.SPLIT) == draw(3, Purpose.SPLIT, 0)


def test_streams_do_not_run_into_each_other():
    """A long draw with one key never reaches the first values of the next key."""
    long = set(generator(0, Purpose.LAYER, 0, 0, 0, 0).integers(0, 2**63, 20_000).tolist())
    for indices in ((0, 0, 0, 1), (0, 0, 1, 0), (0, 1, 0, 0), (1, 0, 0, 0)):
        assert long.isdisjoint(draw(0, Purpose.LAYER, *indices))


def test_large_numbers():
    """Seeds are taken modulo 2⁶⁴; indices may be large, such as the steps of a long run."""
    assert draw(2**64 + 5, Purpose.SPLIT) == draw(5, Purpose.SPLIT)
    assert draw(2**63, Purpose.SPLIT) != draw(0, Purpose.SPLIT)
    assert draw(0, Purpose.LAYER, 0, 2**40) != draw(0, Purpose.LAYER, 0, 0)


def test_five_places_are_too_many():
    with pytest.raises(ValueError, match="at most four indices"):
        generator(0, Purpose.LAYER, 1, 2, 3, 4, 5)


def test_the_purposes_keep_their_numbers():
    """All results depend on the numbers and on these draws."""
    expected = {"INITIALISE": 1, "SPLIT": 2, "SHUFFLE": 3, "LAYER": 4, "AUGMENT": 5, "LIMIT": 6, "TEST_SPLIT": 7}
    assert {purpose.name: int(purpose) for purpose in Purpose} == expected
    words = generator(7, Purpose.LAYER, 1, 2, 3, 4).integers(0, 2**32, 3, dtype=np.uint64).tolist()
    assert words == [617418575, 523568048, 718313049]


def test_a_renewed_generator_draws_what_a_new_one_does():
    used = generator(3, Purpose.LAYER, 0, 1)
    used.random(7, np.float32)
    used.integers(0, 5, 3, np.uint32)
    renew(used, -1, Purpose.SHUFFLE, 2, 3, 4, 5)
    new = generator(-1, Purpose.SHUFFLE, 2, 3, 4, 5)
    np.testing.assert_array_equal(used.random(9, np.float32), new.random(9, np.float32))
    np.testing.assert_array_equal(used.permutation(20), new.permutation(20))
