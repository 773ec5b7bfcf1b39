"""How many digits of stored inputs survive in float32: what may be stored so, and what normalisation would lose."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphnn.datasets.mapped import MappedInputs
from graphnn.datasets.mapped_pages import let_go
from graphnn.errors import DataError
from graphnn.text.suggestions import quoted
from graphnn.types import Array, Shape

CHUNK = 1 << 17  # features at a time: half a MiB of float32, which stays in the cache for the later passes
SINGLE, DOUBLE = np.finfo(np.float32), np.finfo(np.float64)
NEAR = 16  # deviations: the rounding of numbers up to this size is harmless
NOT_ROUNDED = 1024  # times its spread: what is larger might vary by rounding errors alone
STEPS = 1000  # least number of float32 values in the range of a column; fewer lose its variation
EXACT = 1e-6  # largest error of a normalised value from the rounding of float64
TINY, HUGE = 1e-150, 1e150  # smaller deviations of float64 are lost in their squares, larger ones are infinite
LEAST = 1e-140  # least range of a column of float64, whose deviation is larger than that then
ROUNDING = 1024  # units in the last place of float64 by which equal numbers may differ after some arithmetic


def is_wide(dtype: "np.dtype[Any]") -> bool:
    """Return whether float32 cannot hold all numbers of a type: float64, and integers of 32 bits or more."""
    return not np.can_cast(dtype, np.float32, "safe")


def loses_nothing(x: Array) -> bool:
    """Return whether training inputs may be stored as float32, whatever their normalisation.

    Each column, one feature of all samples, must be constant, or of a size of at most 16 of its deviations (an error of
    1e-6 then, unless they are so small that float32 holds fewer digits), or exact in float32 and not so nearly constant
    that it looked like rounding errors.
    """
    if not is_wide(x.dtype):
        return True
    low, high = column_ranges(x)
    exact = np.ones(low.shape, bool)
    total, squares = np.zeros(low.shape), np.zeros(low.shape)
    for chunk in pieces(x):
        exact &= (chunk.astype(np.float32) == chunk).all(axis=0)
        distance = chunk.astype(np.float64) - low
        total += distance.sum(axis=0)
        squares += np.einsum("n...,n...->...", distance, distance)
    size = np.maximum(np.abs(low.astype(np.float64)), np.abs(high.astype(np.float64)))
    spread = high.astype(np.float64) - low
    deviation = np.sqrt(np.maximum(squares / len(x) - (total / len(x)) ** 2, 0))
    close = (size <= NEAR * deviation) & (deviation >= SINGLE.tiny)
    kept = (low == high) | close | (exact & (size <= NOT_ROUNDED * spread))
    return bool(kept.all())


def pieces(x: Array, chosen: Array | None = None, *, laid_out: bool = False) -> Iterator[Array]:
    """Yield the samples of x, or those at the indices `chosen`, a few at a time, in their type.

    laid_out: whether mapped images are brought to the memory order of loaded ones, on which the rounding of sums of
    floats depends.
    """
    step = chunk_length(x.shape[1:])
    read = step * x[:1].nbytes
    count = len(x) if chosen is None else len(chosen)
    take = x.in_any_order if isinstance(x, MappedInputs) and not laid_out else x.__getitem__
    for start in range(0, count, step):
        block = slice(start, start + step)
        yield take(block if chosen is None else chosen[block])
        let_go(x, read)


def chunk_length(shape: Shape) -> int:
    """Return the number of samples to process at a time. shape: of one sample."""
    return max(1, CHUNK // max(1, math.prod(shape)))


def column_ranges(x: Array, chosen: Array | None = None) -> tuple[Array, Array]:
    """Return the least and the largest value of each column, in the type of x."""
    low: Array | None = None
    high: Array | None = None
    for chunk in pieces(x, chosen):
        least, most = chunk.min(axis=0), chunk.max(axis=0)
        low = least if low is None else np.minimum(low, least)
        high = most if high is None else np.maximum(high, most)
    assert low is not None
    assert high is not None
    return low, high


def check_kept(
    x: Array,
    chosen: Array,
    mode: str,
    offset: Array,
    deviation: Array | None = None,
    *,
    names: Sequence[str] | None = None,
) -> None:
    """Raise DataError, which names the column, where normalised float32 inputs would lose the variation of one.

    x: as stored. mode: of the normalisation; "per_feature" takes `deviation`, that of each column, where others take
    one for many. offset: what is subtracted, and broadcasts against a sample. names: of the columns. Columns are those
    of vectors, or with "per_feature" pixels, else channels: a pixel that varies far less than its channel means
    nothing. Small integers lose nothing, nor do float32 that are not changed, or have deviations of their own.
    """
    wide, each = is_wide(x.dtype), mode == "per_feature"
    single = x.dtype.kind == "f" and x.dtype.itemsize == np.dtype(np.float32).itemsize
    if not wide and (not single or mode in ("none", "per_feature") or (x.ndim == 4 and mode != "unit")):
        return
    low, high = column_ranges(x, chosen)
    if x.ndim == 4 and not each:
        low, high, offset = low.min(axis=(1, 2)), high.max(axis=(1, 2)), offset.reshape(-1)
    if x.dtype.kind == "f":
        spread = high.astype(np.float64) - low
    else:  # modulo 2^64, because neighbours may be the same as float64
        spread = (high.astype(np.uint64) - low.astype(np.uint64)).astype(np.float64)
    least = low
    low, high = low.astype(np.float64), high.astype(np.float64)
    size = np.maximum(np.abs(low), np.abs(high))
    varies = spread > rounding_errors(x.dtype) * size
    if wide:
        small = varies & (spread < (SINGLE.tiny if mode == "none" else LEAST))
        refuse(small, least, spread, "such small numbers are lost; take another unit", names, subtracting=False)
        large = size > HUGE if mode != "none" else np.zeros_like(varies)
        refuse(large, least, spread, "such large numbers overflow; take another unit", names, subtracting=False)
        few = varies & ~(DOUBLE.eps / 4 * size <= EXACT * (spread if deviation is None else deviation))
        refuse(few, least, spread, "float64 keeps too few digits of that; take another unit and zero", names)
    if not each:
        reach = np.maximum(np.abs(low - offset), np.abs(high - offset))
        lost = varies & (STEPS * SINGLE.eps * reach > spread)
        reason = f'normalised "{mode}", that is lost in float32; set data.normalize to "per_feature"'
        refuse(lost, least, spread, reason, names)


def rounding_errors(dtype: "np.dtype[Any]") -> float:
    """Return up to what share of their size equal numbers of a stored type may differ after some arithmetic."""
    if dtype.kind != "f":
        return 0.0
    return float(ROUNDING * DOUBLE.eps if is_wide(dtype) else 16 * SINGLE.eps)


def refuse(
    columns: Array,
    low: Array,
    spread: Array,
    reason: str,
    names: Sequence[str] | None = None,
    *,
    subtracting: bool = True,
) -> None:
    """Raise DataError that names the largest of these columns, if there is any.

    low: the least value of each column, in the type of the inputs. spread: the ranges of all columns. names: of the
    columns. subtracting: whether subtracting that value is a remedy where it is larger than the range.
    """
    if columns.any():
        worst = np.unravel_index(int(np.argmax(np.where(columns, np.abs(low.astype(np.float64)), -1))), columns.shape)
        far = abs(float(low[worst])) > spread[worst]
        start = f"{low[worst]:.10g}" if low.dtype.kind == "f" else str(low[worst])
        more = int(columns.sum()) - 1
        which = position(worst) if names is None else quoted(names[int(worst[0])])
        raise DataError(
            f"column {which} of the inputs varies by {spread[worst]:.6g} from {start} on"
            f"{f' (and {more:,} more are such)' if more else ''}: {reason}"
            f"{f'; or subtract {start} from it' if subtracting and far else ''}"
        )


def position(index: tuple[np.intp, ...]) -> str:
    """Return the index of a feature in a sample as people write it."""
    return str(int(index[0])) if len(index) == 1 else f"[{', '.join(str(int(i)) for i in index)}]"


def single_suffices(offset: Array, divisor: Array, *, wide: bool) -> bool:
    """Return whether y = (x − offset) / divisor is exact to 1e-6 in float32, beside the rounding of y.

    wide: whether x is of a wide type, and so rounded itself; then the offset must be at most 16 divisors. Otherwise the
    offset alone is rounded, by less than that in any case of 16 divisors.
    """
    size = np.abs(divisor)
    with np.errstate(over="ignore"):
        error = SINGLE.eps / 2 * np.abs(offset) if wide else np.abs(offset - offset.astype(np.float32))
    return bool((error <= EXACT * size).all() and (size >= SINGLE.tiny).all() and (size <= SINGLE.max).all())
