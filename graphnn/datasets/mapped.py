"""Inputs that stay in their file: each sample is read, and brought to the form of the data set, when it is taken."""

from typing import Any, cast

import numpy as np

from graphnn.datasets.base import channels_last
from graphnn.types import Array, Shape


class MappedInputs:
    """Stands in for an array of inputs, of which `[…]` takes samples by a slice or by their indices.

    What it returns is a copy with the values, the type and the memory order that the loaded array would give: vectors
    N×F in C order, images N×C×H×W in channels-last memory.
    stored: N×F, N×C×H×W or N×H×W in a file. dtype: of the result. indices: of the samples in the file; None: all.
    """

    def __init__(self, stored: Array, dtype: Any = None, indices: Array | None = None) -> None:
        self._stored, self._indices = stored, indices
        self.dtype: np.dtype[Any] = stored.dtype if dtype is None else np.dtype(dtype)
        sample = (1, *stored.shape[1:]) if stored.ndim == 3 else stored.shape[1:]  # the only channel of grey images
        self.shape: Shape = (len(self), *sample)

    def __len__(self) -> int:
        return len(self._stored) if self._indices is None else len(self._indices)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def itemsize(self) -> int:
        """The bytes of one number."""
        return self.dtype.itemsize

    @property
    def size(self) -> int:
        """The number of numbers."""
        return int(np.prod(self.shape, dtype=object))

    @property
    def nbytes(self) -> int:
        """The bytes that the loaded array would take."""
        return self.size * self.itemsize

    def __getitem__(self, chosen: Any) -> Array:
        """Return the samples of a slice, or at an array of indices."""
        if self.ndim != 4:
            return np.array(self._block(chosen), self.dtype, order="C")
        planes = self._block(chosen)
        count, channels, height, width = planes.shape
        images = np.empty((count, height, width, channels), self.dtype)
        for channel in range(channels):  # one transposed copy, with its inner loop over 3 channels, takes twice as long
            images[..., channel] = planes[:, channel]
        return channels_last(images)

    def in_any_order(self, chosen: Any) -> Array:
        """Return the same values in C order, for those to whom it is all one, in less time.

        They may lie in the file, and are not to be changed.
        """
        return np.asarray(self._block(chosen), self.dtype)

    def _block(self, chosen: Any) -> Array:
        """Return the samples as they are stored, in their shape."""
        block: Array = self._stored[chosen if self._indices is None else self._indices[chosen]]
        return block.reshape(len(block), *self.shape[1:])

    @property
    def stored(self) -> Array:
        """The array in the file."""
        return self._stored

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return all samples, loaded."""
        return np.asarray(self[:], dtype)

    def astype(self, dtype: Any) -> "MappedInputs":
        """Return the same samples, of which those that are taken become `dtype`."""
        return MappedInputs(self._stored, dtype, self._indices)

    def select(self, indices: Array) -> "MappedInputs":
        """Return the samples at these indices, which stay in the file."""
        return MappedInputs(self._stored, self.dtype, indices if self._indices is None else self._indices[indices])

    def as_array(self) -> Array:
        """Return itself for those who take samples of an array; they need no more of it than there is here."""
        return cast(Array, self)
