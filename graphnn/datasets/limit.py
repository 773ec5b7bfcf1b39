"""The limit on the samples of a data set: a few of each part, drawn over the whole of it, class by class."""

from dataclasses import replace

import numpy as np

from graphnn.datasets.base import Dataset
from graphnn.datasets.batches import rows
from graphnn.errors import DataError
from graphnn.randomness import Purpose, generator
from graphnn.types import Array

PARTS = {"train": 0, "test": 1}  # the indices of the draws


def limited(dataset: Dataset, limit: int | None, seed: int) -> Dataset:
    """Return at most `limit` samples of each part, in their order, drawn by a generator keyed by the seed.

    Labels are drawn class by class: see `drawn`. None: all.
    """
    if limit is None:
        return dataset
    train = chosen(dataset.y_train, limit, seed, "train")
    test = chosen(dataset.y_test, limit, seed, "test")
    if train is not None or test is not None:
        dataset = replace(dataset, summaries={}, origins={})
    if train is not None:
        own = own_validation_left(dataset, train)
        x, y = rows(dataset.x_train, train), dataset.y_train[train]
        dataset = replace(dataset, x_train=x, y_train=y, own_validation=own)
    if test is not None:
        dataset = replace(dataset, x_test=rows(dataset.x_test, test), y_test=dataset.y_test[test])
    return dataset


def own_validation_left(dataset: Dataset, drawn: Array | None) -> int:
    """Return how many of the drawn training samples are of the validation part that the files have; None: all drawn.

    Raises DataError where none of them is, or all are.
    """
    count, own = len(dataset.y_train), dataset.own_validation
    if drawn is None or not own:
        return own
    left = int((drawn >= count - own).sum())
    if not 0 < left < len(drawn):
        part = "training" if left else "validation"
        raise DataError(f"--limit {len(drawn)} leaves no samples of the {part} part; take a larger one")
    return left


def classes_text(dataset: Dataset, part: Dataset, limit: int) -> str | None:
    """Return how many classes are among the training samples of a limited data set; None where it is all of them."""
    if dataset.y_train.dtype.kind == "f":
        return None
    found, known = (len(np.unique(each.y_train)) for each in (part, dataset))
    return f"--limit {limit}: {found} of {known} classes" if found < known else None


def chosen(y: Array, limit: int, seed: int, part: str) -> Array | None:
    """Return the indices of the drawn samples, ascending; None where all are. y: labels, or targets."""
    if limit >= len(y):
        return None
    rng = generator(seed, Purpose.LIMIT, PARTS[part])
    if y.dtype.kind == "f" or y.ndim != 1:
        return np.sort(rng.permutation(len(y))[:limit])
    return drawn(y, limit, rng)


def drawn(labels: Array, limit: int, rng: np.random.Generator) -> Array:
    """Return `limit` indices, ascending, drawn class by class; limit < N.

    One of each class, and the rest in proportion to what is left of the classes, rounded by largest remainders; where
    there are more classes than that, one each of some of them.
    """
    order = rng.permutation(len(labels))
    _, codes, counts = np.unique(labels[order], return_inverse=True, return_counts=True)
    ties = rng.permutation(len(counts))
    quota = np.zeros(len(counts), np.int64)
    if limit < len(counts):
        quota[ties[:limit]] = 1
    else:
        left, rest = limit - len(counts), len(labels) - len(counts)
        shares = left * (counts - 1)
        quota = 1 + shares // rest
        remainders = (shares % rest)[ties]
        quota[ties[np.argsort(-remainders, kind="stable")[: limit - int(quota.sum())]]] += 1
    by_class = np.argsort(codes, kind="stable")
    rank = np.empty(len(labels), np.int64)  # of a sample within its class, in the drawn order
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[rank < quota[codes]])
