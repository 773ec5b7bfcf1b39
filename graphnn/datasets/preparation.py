"""Prepares stored samples for a network: normalised, of the network's input shape and dtype."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np

from graphnn.datasets.base import AUTO, check_input_shape, concrete_mode
from graphnn.datasets.constants import MODES, constants_problem
from graphnn.datasets.precision import (
    SINGLE,
    TINY,
    check_kept,
    chunk_length,
    is_wide,
    pieces,
    rounding_errors,
    single_suffices,
)
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.channels import in_memory_order
from graphnn.layers.context import empty_channels_last
from graphnn.text.suggestions import unknown_name
from graphnn.types import PRECISIONS, Array, Shape, shape_text


@frozen_dataclass
class Normalisation:
    """Normalisation of samples: y = (x − offset) / divisor, in the precision of the network, or in float64 if it must.

    mode: one of MODES. shape: of one sample, C×H×W or F. offset, divisor: float64; one number for all features, one per
    channel, or one per feature in C order of `shape`.
    """

    mode: str
    shape: Shape
    offset: tuple[float, ...]
    divisor: tuple[float, ...]

    @classmethod
    def fit(
        cls, x: Array, mode: str, indices: Array | None = None, names: Sequence[str] | None = None
    ) -> "Normalisation":
        """Return the normalisation by the constants of the training samples: of x, or of those that `indices` selects.

        x: N×C×H×W or N×F, as stored. mode: "auto" is "per_channel" for images, "per_feature" for vectors, and what is
        returned says which. "per_channel" takes mean and standard deviation of each channel (of all features together
        where there are no channels), "per_feature" those of each feature; a deviation of zero is replaced by 1, and so
        is one that is only rounding errors of the stored type. "unit" scales to 0…1, from 0…255 for uint8, else from
        the range of the training samples. "none" changes nothing. Computed in float64, a few samples at a time, in two
        passes. names: of the features, for messages. Raises DataError for an unknown mode, where there are no samples,
        and where a column, which it names, would lose its variation.
        """
        shape = x.shape[1:]
        mode = concrete_mode(mode, shape)
        if mode not in MODES:
            raise DataError(unknown_name("normalisation", mode, (AUTO, *MODES)))
        chosen = np.arange(len(x)) if indices is None else np.sort(indices)
        if not len(chosen):
            raise DataError("there are no training samples to take the normalisation's constants from")
        if mode == "none":
            check_kept(x, chosen, mode, np.zeros(()), names=names)
            return cls.none(shape)
        if mode == "unit" and x.dtype == np.uint8:
            return cls(mode, shape, (0.0,), (255.0,))
        if mode == "unit":
            ranges = [(float(chunk.min()), float(chunk.max())) for chunk in chunks(x, chosen)]
            low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
            check_kept(x, chosen, mode, np.array(low), names=names)
            rounding = rounding_errors(x.dtype) * max(abs(low), abs(high)) if is_wide(x.dtype) else 0.0
            least = max(rounding, TINY)
            return cls(mode, shape, (low,), (high - low if high - low >= least else 1.0,))
        groups = group_axes(mode, shape)
        mean = sum(chunk.sum(axis=0) for chunk in chunks(x, chosen)) / len(chosen)
        mean = mean.mean(axis=groups, keepdims=True)
        squares: Array = np.zeros(shape)
        rest: Array = np.zeros(shape)  # what the rounding of a sum of many large numbers has left out of the mean
        wide = is_wide(x.dtype)
        for chunk in chunks(x, chosen):
            chunk -= mean
            squares += np.einsum("n...,n...->...", chunk, chunk)
            if wide:
                rest += chunk.sum(axis=0)
        variance = (squares / len(chosen)).mean(axis=groups, keepdims=True)
        if wide:
            with np.errstate(over="ignore", invalid="ignore"):  # check_kept refuses what overflows
                correction = rest.mean(axis=groups, keepdims=True) / len(chosen)
                mean, variance = mean + correction, np.maximum(variance - correction**2, 0)
        deviation = np.sqrt(variance)
        check_kept(x, chosen, mode, mean, deviation if mode == "per_feature" else None, names=names)
        # smaller deviations are only rounding errors of the stored type
        rounding = rounding_errors(x.dtype) if wide else float(SINGLE.eps)
        deviation[deviation <= np.maximum(rounding * np.abs(mean), TINY)] = 1.0
        return cls(mode, shape, tuple(mean.ravel().tolist()), tuple(deviation.ravel().tolist()))

    @classmethod
    def none(cls, shape: Shape) -> "Normalisation":
        """Return the normalisation that changes nothing, for samples of `shape`."""
        return cls("none", shape, (0.0,), (1.0,))

    def apply(self, x: Array, input_shape: Shape, out: Array | None = None, *, dtype: Any = np.float32) -> Array:
        """Return x normalised for a network of `input_shape`: N×input_shape, images in channels-last memory.

        x: N×shape as stored, uint8 or float. input_shape: equal to shape, or (C·H·W,) to flatten images in C order.
        out: memory for the result, of that shape and memory order, in float32 or float64. dtype: of the result, where
        `out` is not given. Raises DataError where the shapes do not fit, ValueError where `out` does not. It is
        computed in float64 where float32 would be wrong by more than 1e-6: where offsets are large against divisors.
        512 images of 3×32×32 take 1 ms; the plain expression, with its inner loops over 3 channels, takes 9.
        """
        if x.shape[1:] != self.shape:
            raise DataError(
                f"the samples are {shape_text(x.shape[1:])}, but the normalisation is for {shape_text(self.shape)}"
            )
        check_input_shape("the data", self.shape, input_shape)
        shape = (len(x), *input_shape)
        y = empty_channels_last(shape, dtype) if out is None else out
        rows = in_memory_order(y)
        if y.shape != shape or y.dtype not in PRECISIONS or not rows.flags.c_contiguous:
            raise ValueError(f"out must be {shape_text(shape)} of float32 or float64, images over channels-last memory")
        rows = rows.reshape(len(x), math.prod(self.shape))
        flatten = len(input_shape) < len(self.shape)
        exact = y.dtype == np.float64 or not (self._suits_wide if is_wide(x.dtype) else self._suits_narrow)
        offset, divisor = self._constants(np.float64 if exact else np.float32, flatten=flatten)
        step = chunk_length(self.shape)
        for start in range(0, len(x), step):
            source, target = x[start : start + step], rows[start : start + step]
            source = (source if flatten else in_memory_order(source)).reshape(target.shape)
            work = np.empty(target.shape) if exact and y.dtype == np.float32 else target
            work[...] = source
            if offset is not None:
                np.subtract(work, offset, out=work)
            if divisor is not None:
                np.divide(work, divisor, out=work)
            if work is not target:
                target[...] = work
        return y

    def restored(self, y: Array) -> Array:
        """Return normalised samples, n×shape or n vectors, in the values of the stored ones: y · divisor + offset.

        float64, in the form of y.
        """
        flat = y.reshape(len(y), math.prod(self.shape)).astype(np.float64)
        values = flat * spread(self.divisor, self.shape) + spread(self.offset, self.shape)
        return np.asarray(values.reshape(y.shape))

    @cached_property
    def _suits_narrow(self) -> bool:
        """Whether float32 is exact enough for stored bytes and float32."""
        return single_suffices(np.array(self.offset), np.array(self.divisor), wide=False)

    @cached_property
    def _suits_wide(self) -> bool:
        """Whether float32 is exact enough for stored float64 and wide integers."""
        return single_suffices(np.array(self.offset), np.array(self.divisor), wide=True)

    def _constants(self, dtype: type, *, flatten: bool) -> tuple[Array | None, Array | None]:
        """Return offset and divisor as `dtype`, one number or one per feature; None where it changes nothing.

        flatten: whether for flattened samples, in C order, else in the order of channels-last memory. Subtracting one
        number from 64×784 takes 5 µs, subtracting a row of 784 takes 10.
        """
        key = (dtype, flatten)
        if key not in self._cache:
            both = (self.offset, self.divisor)
            constants: list[Array] = [spread(values, self.shape).astype(dtype) for values in both]
            offset, divisor = constants if flatten else map(self._reordered, constants)
            self._cache[key] = offset if offset.any() else None, divisor if (divisor != 1).any() else None
        return self._cache[key]

    @cached_property
    def _cache(self) -> dict[tuple[type, bool], tuple[Array | None, Array | None]]:
        return {}

    def _reordered(self, values: Array) -> Array:
        """Return values in C order, one per feature, in the order of channels-last memory; a single value as it is."""
        return values if values.size == 1 else in_memory_order(values.reshape(1, *self.shape)).reshape(-1)

    def to_json(self) -> dict[str, Any]:
        """Return the constants as JSON values, from which `from_json` restores them to the last bit."""
        return {
            "mode": self.mode,
            "shape": list(self.shape),
            "offset": list(self.offset),
            "divisor": list(self.divisor),
        }

    @classmethod
    def from_json(cls, values: Any) -> "Normalisation":
        """Return the normalisation from the values of `to_json`. Raises DataError for any other values."""
        problem = constants_problem(values)
        if problem is not None:
            raise DataError(f"the normalisation's constants are damaged: {problem}")
        offset, divisor = (tuple(map(float, values[key])) for key in ("offset", "divisor"))
        return cls(values["mode"], tuple(values["shape"]), offset, divisor)


def group_axes(mode: str, shape: Shape) -> tuple[int, ...]:
    """Return the axes of a sample that share one mean and deviation."""
    if mode == "per_feature":
        return ()
    return (1, 2) if len(shape) == 3 else (0,)


def chunks(x: Array, chosen: Array) -> Iterator[Array]:
    """Yield copies of the samples at the indices `chosen` as float64, a few at a time.

    Vectors come in C order, whatever the order of x, so that their sums have the same bits.
    """
    order: Literal["C", "K"] = "C" if x.ndim == 2 else "K"
    return (piece.astype(np.float64, order=order) for piece in pieces(x, chosen, laid_out=True))


def spread(values: tuple[float, ...], shape: Shape) -> Array:
    """Return one value per feature, in C order, from one per channel or feature; a single value stays single."""
    return np.array(values) if len(values) == 1 else np.repeat(np.array(values), math.prod(shape) // len(values))
