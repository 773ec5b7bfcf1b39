"""The windows of convolutions and poolings: their sizes, strides and paddings, as ONNX has them and as documents do."""

from typing import Any

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.translation import Refused
from graphnn.types import Shape

Pair = tuple[int, int]


@frozen_dataclass
class Windows:
    """kernel, strides: down and to the right. before, after: the padding above and left, below and right."""

    kernel: Pair
    strides: Pair
    before: Pair
    after: Pair

    @property
    def padding(self) -> Any:
        """The padding as a Conv2D says it. Raises Refused where it cannot."""
        same = tuple((size - 1) // 2 for size in self.kernel), tuple(size // 2 for size in self.kernel)
        if (self.before, self.after) == same:
            return "same"
        if not any(self.before + self.after):
            return "valid"
        if self.before != self.after:
            pads = [*self.before, *self.after]
            raise Refused(
                f"is padded unevenly, by {pads} (top, left, bottom, right); a Conv2D pads by as much on both sides, or "
                'by "same", ⌊(K−1)/2⌋ and ⌈(K−1)/2⌉; train it with such a padding'
            )
        return self.before[0] if self.before[0] == self.before[1] else list(self.before)


def windows(operation: Operation, kernel: Pair, shape: Shape) -> Windows:
    """Return the windows of an operation on images of `shape`, C×H×W. Raises Refused for dilated ones."""
    settings = operation.attributes
    strides = two(operation, settings.get("strides", (1, 1)), "strides")
    dilations = two(operation, settings.get("dilations", (1, 1)), "dilations")
    if any(step != 1 and size > 1 for step, size in zip(dilations, kernel, strict=True)):
        raise Refused(f"has dilations {list(dilations)}; windows here have no gaps: train it with dilations of 1")
    automatic = settings.get("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        sizes = zip(shape[1:], kernel, strides, strict=True)
        totals = [max((-(-size // stride) - 1) * stride + k - size, 0) for size, k, stride in sizes]
        less, more = tuple(total // 2 for total in totals), tuple(total - total // 2 for total in totals)
        before, after = (less, more) if automatic == "SAME_UPPER" else (more, less)
        return Windows(kernel, strides, (before[0], before[1]), (after[0], after[1]))
    pads = tuple(int(pad) for pad in settings.get("pads", (0, 0, 0, 0))) if automatic == "NOTSET" else (0, 0, 0, 0)
    if len(pads) != 4:
        raise Refused(f"has pads {list(pads)}; windows here are on images, of two axes")
    if min(pads) < 0:
        raise Refused(f"has pads {list(pads)}, which cut the image; no layer here does")
    return Windows(kernel, strides, pads[:2], pads[2:])


def two(operation: Operation, values: Any, what: str) -> Pair:
    """Return a setting for both axes of an image. Raises Refused for another number of axes."""
    if len(values) != 2:
        raise Refused(f"has {what} {list(values)}, for {len(values)} axes; the windows of a document have 2")
    return int(values[0]), int(values[1])


def compact(pair: Pair) -> int | list[int]:
    """Return a pair as documents write it: one number for two that are the same."""
    return pair[0] if pair[0] == pair[1] else list(pair)
