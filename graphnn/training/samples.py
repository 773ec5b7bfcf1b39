"""Inputs and targets of one part of the data, prepared a piece of a batch at a time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from graphnn.augmentation.augmenter import Augmenter
from graphnn.augmentation.base import Augmentation, misfits
from graphnn.augmentation.views import View
from graphnn.datasets.preparation import Normalisation, spread
from graphnn.errors import DataError
from graphnn.layers.context import empty_channels_last
from graphnn.types import Array, Shape

BLOCK = 2**17  # bytes as stored that are picked at a time: they are still in the cache when they are normalised


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples as stored, and how a network takes them; the whole never stands as float32. An engine's source.

    x: N×C×H×W or N×F as stored; y: N labels or N×K targets; indices: which samples are meant, all of them by default.
    normalisation: none by default. augmenter: what is done to images in training, before they are normalised.
    view: how images are looked at in inference; as they are by default.
    """

    x: Array
    y: Array
    indices: Array | None = None
    normalisation: Normalisation | None = None
    augmenter: Augmenter | None = None
    view: View | None = None

    def augmented(self, augmentations: Sequence[Augmentation], seed: int) -> Self:
        """Return the same samples, augmented in training. Raises DataError where they are no images, or too small.

        The engine asks every core for the pieces that it computes itself, right before, so all cores share the work,
        and an augmented piece is still in the cache: no other process prepares batches ahead.
        """
        if not augmentations:
            return self
        for _, problem in misfits(augmentations, self.x.shape[1:]):
            raise DataError(problem)
        return replace(self, augmenter=Augmenter(augmentations, seed=seed, count=len(self), mean=self._mean()))

    def __len__(self) -> int:
        return len(self.x) if self.indices is None else len(self.indices)

    def inputs(self, chosen: Array, out: Array, epoch: int | None) -> None:
        """Write the network's inputs at the positions `chosen` into out, n×(input shape) of float32."""
        numbers = self._numbers(chosen)
        step = max(1, BLOCK // max(1, math.prod(self.x.shape[1:]) * self.x.itemsize))
        for start in range(0, len(numbers), step):
            block = slice(start, start + step)
            x = rows(self.x, numbers[block])
            if self.augmenter is not None and epoch is not None:
                x = self.augmenter.apply(x, chosen[block], epoch)
            elif self.view is not None and epoch is None:
                x = self.view.apply(x)
            self._constants.apply(x, out.shape[1:], out[block])

    def targets(self, chosen: Array) -> Array:
        """Return the targets at the positions `chosen`."""
        return np.asarray(self.y[self._numbers(chosen)])

    def take(self, chosen: Array, input_shape: Shape, epoch: int | None = None) -> tuple[Array, Array]:
        """Return inputs of the network's shape and targets at the positions `chosen`, in memory of their own."""
        x = empty_channels_last((len(chosen), *input_shape), np.float32)
        self.inputs(chosen, x, epoch)
        return x, self.targets(chosen)

    def _numbers(self, chosen: Array) -> Array:
        """Return the places in x and y of the samples at the positions `chosen`."""
        return chosen if self.indices is None else np.asarray(self.indices[chosen])

    def _mean(self) -> Array:
        """Return the mean image as stored, H×W×C: of each pixel where these are normalised, else of each channel."""
        known = self.normalisation
        if known is None or not known.mode.startswith("per_"):
            known = Normalisation.fit(self.x, "per_channel", self.indices)
        mean = np.broadcast_to(spread(known.offset, known.shape), math.prod(known.shape)).reshape(known.shape)
        mean = np.rint(mean) if self.x.dtype.kind in "iub" else mean
        return np.ascontiguousarray(mean.transpose(1, 2, 0)).astype(self.x.dtype)

    @cached_property
    def _constants(self) -> Normalisation:
        return self.normalisation or Normalisation.none(self.x.shape[1:])


def rows(x: Array, chosen: Array) -> Array:
    """Return x[chosen], images in channels-last memory where x has it: picking images costs one copy, not two."""
    if x.ndim != 4:
        return np.asarray(x[chosen])
    return np.asarray(x.transpose(0, 2, 3, 1)[chosen].transpose(0, 3, 1, 2))
