"""Save, Swap and Add: the values that they keep for each other, worked out by hand."""

import numpy as np

from graphnn.layers.bypass import Add, Save, Swap
from graphnn.layers.context import Context

X, BODY, OTHER = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0, 30.0]]), np.array([[0.5, 0.25, 0.125]])


def contexts(needs_dx=True):
    """Return a function that makes contexts of nodes that run one after the other."""
    shared = {}
    return lambda: Context(input_shape=(3,), training=True, needs_dx=needs_dx, bypasses=shared)


def test_a_block_without_shortcut():
    ctx = contexts()
    y, back_save = Save(block="b").forward({}, X, ctx())
    np.testing.assert_array_equal(y, [[1, 2]])
    y, back_add = Add(block="b", swapped=False).forward({}, np.array([[10.0, 20.0]]), ctx())
    np.testing.assert_array_equal(y, [[11, 22]])
    dy = np.array([[5.0, 6.0]])
    dx, gradients = back_add(dy)
    np.testing.assert_array_equal(dx, [[5, 6]])
    assert gradients == {}
    dx *= 100  # as layers in place do
    dx, _ = back_save(dx)
    np.testing.assert_array_equal(dx, [[505, 606]])


def test_a_block_with_a_shortcut():
    ctx = contexts()
    swap = Swap(block="b", restored=(2,))
    assert swap.output_shape((3,)) == (2,)
    _, back_save = Save(block="b").forward({}, X, ctx())
    restored, back_swap = swap.forward({}, BODY, ctx())
    np.testing.assert_array_equal(restored, [[1, 2]])
    y, back_add = Add(block="b", swapped=True).forward({}, OTHER, ctx())
    np.testing.assert_array_equal(y, [[10.5, 20.25, 30.125]])
    of_shortcut, _ = back_add(np.array([[1.0, 2.0, 3.0]]))
    np.testing.assert_array_equal(of_shortcut, [[1, 2, 3]])
    of_shortcut *= 0
    of_body, _ = back_swap(np.array([[7.0, 8.0]]))  # what the shortcut made of it
    np.testing.assert_array_equal(of_body, [[1, 2, 3]])
    of_body *= 0
    dx, _ = back_save(np.array([[0.5, 0.5]]))
    np.testing.assert_array_equal(dx, [[7.5, 8.5]])


def test_blocks_in_blocks_keep_their_values_apart():
    ctx = contexts()
    Save(block="outer").forward({}, X, ctx())
    Save(block="inner").forward({}, 10 * X, ctx())
    inner, _ = Add(block="inner", swapped=False).forward({}, 0 * X, ctx())
    outer, _ = Add(block="outer", swapped=False).forward({}, inner, ctx())
    np.testing.assert_array_equal(outer, [[11, 22]])


def test_nothing_is_passed_back_where_nothing_needs_it():
    ctx = contexts(needs_dx=False)
    _, back_save = Save(block="b").forward({}, X, ctx())
    _, back_add = Add(block="b", swapped=False).forward({}, X, ctx())
    assert back_add(X.copy()) == (None, {})
    assert back_save(X.copy()) == (None, {})
