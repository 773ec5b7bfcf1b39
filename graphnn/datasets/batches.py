"""The split into training and validation samples, the order of the samples in an epoch, and taking some of them."""

import numpy as np

from graphnn.datasets.mapped import MappedInputs
from graphnn.errors import DataError
from graphnn.randomness import Purpose, generator
from graphnn.types import Array


def split(
    samples: int | Array, fraction: float, seed: int, *, stratified: bool = False, own: int = 0
) -> tuple[Array, Array]:
    """Return the indices of the training and of the validation part, shuffled by a generator keyed by the seed.

    samples: their number, or their labels. fraction: of the validation part, rounded to whole samples; 0 for none.
    stratified: whether labels are drawn class by class: see `stratified_order`; targets are not. own: how many samples
    at the end are the validation part, so that none are drawn; 0: none are.
    Raises DataError where a part would be empty.
    """
    count = samples if isinstance(samples, int) else len(samples)
    if own:
        return generator(seed, Purpose.SPLIT).permutation(count - own), np.arange(count - own, count)
    held_out = round(count * fraction)
    if held_out >= count or (fraction and not held_out):
        part = "validation" if held_out < count else "training"
        raise DataError(
            f"validation_split = {fraction:g} of {count:,} samples leaves none for the {part} part; "
            "take another fraction, or 0 for no validation"
        )
    order = generator(seed, Purpose.SPLIT).permutation(count)
    if stratified and not isinstance(samples, int):
        order = stratified_order(samples, order, held_out)
    return order[held_out:], order[:held_out]


def draw_test_part(y: Array, fraction: float, seed: int) -> tuple[Array, Array]:
    """Return the indices of the training and of the test part of samples that have no test part, each ascending.

    y: labels, which are drawn class by class, or targets. fraction: of the test part, rounded to whole samples.
    Raises DataError where a part would be empty.
    """
    held_out = round(len(y) * fraction)
    if not 0 < held_out < len(y):
        part = "test" if held_out < len(y) else "training"
        raise DataError(
            f"test_split = {fraction:g} of {len(y):,} samples leaves none for the {part} part; take another fraction"
        )
    order = stratified_order(y, generator(seed, Purpose.TEST_SPLIT).permutation(len(y)), held_out)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def stratified_order(y: Array, order: Array, held_out: int) -> Array:
    """Return an order whose first `held_out` samples have each class in its proportion, and which is mixed as `order`.

    y: labels; for targets the order stays. A class has as many of the first as its proportion says, rounded down or
    up so that the sum is right: up where the remainder is largest, of equal ones those that come first in `order`, and
    only where there are no others those of which no sample would be left.
    """
    if y.ndim != 1 or y.dtype.kind == "f":
        return order
    _, codes, counts = np.unique(y[order], return_inverse=True, return_counts=True)
    exact = counts * held_out / len(y)
    quota = np.floor(exact).astype(np.int64)
    first = np.full(len(counts), len(y))
    np.minimum.at(first, codes, np.arange(len(y)))
    ranked = np.lexsort((first, quota - exact, quota + 1 >= counts))
    quota[ranked[: held_out - int(quota.sum())]] += 1
    by_class = np.argsort(codes, kind="stable")
    rank = np.empty(len(y), np.int64)  # of a sample within its class, in the given order
    rank[by_class] = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = rank < quota[codes]
    return np.concatenate([order[chosen], order[~chosen]])


def epoch_order(count: int, seed: int, epoch: int) -> Array:
    """Return the order of `count` samples in an epoch (from 0): a permutation keyed by seed and epoch."""
    return np.asarray(generator(seed, Purpose.SHUFFLE, epoch).permutation(count))


def rows(x: Array, indices: Array) -> Array:
    """Return x[indices], images in channels-last memory where x has it, so that they are copied once, not twice."""
    if x.ndim != 4 or isinstance(x, MappedInputs):
        return np.asarray(x[indices])
    return np.asarray(x.transpose(0, 2, 3, 1)[indices].transpose(0, 3, 1, 2))
