"""patch_whitening: filters that make the patches of the training images uncorrelated."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphnn.initializers.base import INITIALIZERS
from graphnn.specification.schema_problems import Finding
from graphnn.types import Array, Shape, shape_text

if TYPE_CHECKING:
    pass
from graphnn.initializers.base import FromImages

BLOCK = 2**20  # numbers of patches that are added up at a time: 8 MiB of float64


@INITIALIZERS.register
@dataclass(frozen=True)
class PatchWhitening(FromImages):
    """Filters whose outputs over the training images' patches are uncorrelated and, but for ε, of mean square 1.

    With M = mean of p pᵀ over all patches p of C·Kh·Kw numbers (nothing is subtracted), M v = λ v and |v| = 1, the
    filters are v/√(λ + ε), the largest λ first, and then their negatives: 2·C·Kh·Kw in all. Patches lie at every place
    inside the images, one pixel apart. The largest component of each v (the first of equal ones) is positive. All is in
    float64, on one thread of BLAS, so that the bits do not depend on the number of threads.
    Source: Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", section 3.2.
    """

    type = "patch_whitening"

    epsilon: float = 5e-4

    def findings(self, shape: Shape, input_shape: Shape) -> Iterator[Finding]:
        if len(shape) != 4:
            message = '"patch_whitening" makes the filters of a Conv2D; take another initializer here'
            yield Finding(("initializer",), message)
            return
        filters, *patch = shape
        needed = 2 * math.prod(patch)
        if filters != needed:
            factors = "·".join(map(str, patch))
            message = f'"patch_whitening" makes 2·{factors} = {needed} filters, not {filters}; write {needed}'
            yield Finding(("filters",), message)
        if any(size > whole for size, whole in zip(patch[1:], input_shape[1:], strict=True)):
            message = f'"patch_whitening" needs images at least as large as the kernel, {shape_text(tuple(patch[1:]))}'
            yield Finding(("initializer",), message)

    def values(self, shape: Shape, images: Array) -> Array:
        from threadpoolctl import threadpool_limits  # takes 10 ms to import, and is rarely needed

        with threadpool_limits(1, "blas"):
            eigenvalues, vectors = np.linalg.eigh(second_moments(images, shape[1:]))
        rows = vectors.T[::-1]
        largest = np.abs(rows).max(axis=1, keepdims=True)
        leading = np.argmax(np.abs(rows) >= (1 - 1e-6) * largest, axis=1)
        rows = rows * np.sign(rows[range(len(rows)), leading])[:, None]
        rows /= np.sqrt(np.maximum(eigenvalues[::-1], 0) + self.epsilon)[:, None]
        return np.concatenate([rows, -rows]).reshape(shape)


def second_moments(images: Array, patch: Shape) -> Array:
    """Return the mean of p pᵀ over all patches of C×Kh×Kw, in float64, a fixed number of images at a time."""
    size = math.prod(patch)
    total = np.zeros((size, size))
    places = math.prod(whole - own + 1 for whole, own in zip(images.shape[2:], patch[1:], strict=True))
    step = max(1, BLOCK // (places * size))
    for start in range(0, len(images), step):
        block = images[start : start + step].astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(block, patch[1:], axis=(2, 3))
        rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, size)
        total += rows.T @ rows
    total /= len(images) * places
    return total
