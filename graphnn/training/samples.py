"""The samples of one part of the data, prepared for the network a piece of a batch at a time."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from graphnn.augmentation.augmenter import Augmenter
from graphnn.augmentation.base import Augmentation, misfits
from graphnn.augmentation.views import View
from graphnn.datasets.batches import rows
from graphnn.datasets.mapped_pages import let_go
from graphnn.datasets.preparation import Normalisation, spread
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.context import empty_channels_last
from graphnn.types import Array, Shape

BLOCK = 2**17  # bytes of stored samples copied at a time: they are still in the cache when they are normalised


@frozen_dataclass(eq=False)
class Samples:
    """Samples as stored, and how they are prepared for a network: a source of an engine, for any positions in them.

    They are never converted to floats all at once. x: N×C×H×W or N×F as stored; y: N labels or N×K targets. indices:
    of the samples in x and y, by default all. normalisation: none by default. augmenter: of images in training, before
    they are normalised. view: of images in inference, by default none. learns_inputs: whether the targets are not y but
    the inputs, of the shape of x, augmented but for what hides a part. revealing: the augmenter of such targets.
    """

    x: Array
    y: Array
    indices: Array | None = None
    normalisation: Normalisation | None = None
    augmenter: Augmenter | None = None
    view: View | None = None
    learns_inputs: bool = False
    revealing: Augmenter | None = None

    def augmented(self, augmentations: Sequence[Augmentation], seed: int) -> Self:
        """Return the same samples, augmented in training. Raises DataError where they are not images, or too small.

        No other process prepares batches ahead: each core augments the pieces that it computes, right before it does,
        so that all cores share the work and a piece is still in the cache.
        """
        if not augmentations:
            return self
        for _, problem in misfits(augmentations, self.x.shape[1:]):
            raise DataError(problem)
        mean = self._mean()
        augmenters = [
            Augmenter(augmentations, seed=seed, count=len(self), mean=mean, hiding=hiding) for hiding in (True, False)
        ]
        return replace(self, augmenter=augmenters[0], revealing=augmenters[1] if self.learns_inputs else None)

    def __len__(self) -> int:
        return len(self.x) if self.indices is None else len(self.indices)

    def inputs(self, positions: Array, out: Array, epoch: int | None) -> None:
        """Write the network's inputs of the n samples at `positions` into out: n×(input shape), floats."""
        self._prepare(positions, out, epoch, self.augmenter)

    def _prepare(self, positions: Array, out: Array, epoch: int | None, augmenter: Augmenter | None) -> None:
        """Write the samples at `positions` to out, normalised, augmented in an epoch or as the view shows them."""
        indices = self._indices(positions)
        step = max(1, BLOCK // max(1, math.prod(self.x.shape[1:]) * self.x.itemsize))
        for start in range(0, len(indices), step):
            block = slice(start, start + step)
            x = rows(self.x, indices[block])
            let_go(self.x, x.nbytes)
            if augmenter is not None and epoch is not None:
                x = augmenter.apply(x, positions[block], epoch)
            elif self.view is not None and epoch is None:
                x = self.view.apply(x)
            self._constants.apply(x, out.shape[1:], out[block])

    def targets(self, positions: Array, epoch: int | None = None) -> Array:
        """Return the targets of the samples at `positions`. epoch: of training, where the targets are the inputs."""
        if self.learns_inputs:
            return self._inputs_as_targets(positions, epoch)
        return np.asarray(self.y[self._indices(positions)])

    @property
    def all_targets(self) -> Array:
        """The targets of all samples, as stored."""
        return self.y if self.indices is None else np.asarray(self.y[self.indices])

    def take(
        self, positions: Array, input_shape: Shape, epoch: int | None = None, *, dtype: Any = np.float32
    ) -> tuple[Array, Array]:
        """Return new arrays of the inputs, n×input_shape, and the targets of the n samples at `positions`."""
        x = empty_channels_last((len(positions), *input_shape), dtype)
        self.inputs(positions, x, epoch)
        return x, self.targets(positions, epoch)

    def _inputs_as_targets(self, positions: Array, epoch: int | None) -> Array:
        """Return new arrays of the samples at `positions`, normalised, n×(shape of x), in float64 where x is in it."""
        dtype = np.float64 if self.x.dtype == np.float64 else np.float32
        y = empty_channels_last((len(positions), *self.x.shape[1:]), dtype)
        self._prepare(positions, y, epoch, self.revealing)
        return y

    def _indices(self, positions: Array) -> Array:
        """Return the indices into x and y of the samples at `positions`."""
        return positions if self.indices is None else np.asarray(self.indices[positions])

    def _mean(self) -> Array:
        """Return the mean image as stored, H×W×C: of each pixel with "per_feature", else of each channel."""
        known = self.normalisation
        if known is None or not known.mode.startswith("per_"):
            known = Normalisation.fit(self.x, "per_channel", self.indices)
        mean = np.broadcast_to(spread(known.offset, known.shape), math.prod(known.shape)).reshape(known.shape)
        mean = np.rint(mean) if self.x.dtype.kind in "iub" else mean
        return np.ascontiguousarray(mean.transpose(1, 2, 0)).astype(self.x.dtype)

    @cached_property
    def _constants(self) -> Normalisation:
        return self.normalisation or Normalisation.none(self.x.shape[1:])
