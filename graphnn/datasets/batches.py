"""The split into training and validation samples, the order of the samples in an epoch, and taking some of them."""

import numpy as np

from graphnn.errors import DataError
from graphnn.randomness import Purpose, generator
from graphnn.types import Array


def split(samples: int | Array, fraction: float, seed: int) -> tuple[Array, Array]:
    """Return the indices of the training and of the validation part, shuffled by a generator keyed by the seed.

    samples: their number, or their labels. fraction: of the validation part, rounded to whole samples; 0 for none.
    Raises DataError where a part would be empty.
    """
    count = samples if isinstance(samples, int) else len(samples)
    held_out = round(count * fraction)
    if held_out >= count or (fraction and not held_out):
        part = "validation" if held_out < count else "training"
        raise DataError(
            f"validation_split = {fraction:g} of {count:,} samples leaves none for the {part} part; "
            "take another fraction, or 0 for no validation"
        )
    order = generator(seed, Purpose.SPLIT).permutation(count)
    return order[held_out:], order[:held_out]


def epoch_order(count: int, seed: int, epoch: int) -> Array:
    """Return the order of `count` samples in an epoch (from 0): a permutation keyed by seed and epoch."""
    return np.asarray(generator(seed, Purpose.SHUFFLE, epoch).permutation(count))


def rows(x: Array, indices: Array) -> Array:
    """Return x[indices], images in channels-last memory where x has it, so that they are copied once, not twice."""
    if x.ndim != 4:
        return np.asarray(x[indices])
    return np.asarray(x.transpose(0, 2, 3, 1)[indices].transpose(0, 3, 1, 2))
