"""Test-time augmentation: the views of an image over which predictions are averaged."""

from collections.abc import Mapping

import numpy as np

from graphnn.augmentation.pixels import reflected, remapped
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array, Shape, shape_text


@frozen_dataclass
class View:
    """A view of an image: shifted by `shift` pixels down and to the right, with its edge reflected, then mirrored."""

    shift: int = 0
    mirrored: bool = False

    @property
    def text(self) -> str:
        """The view in words: mirrored, shifted by -1 pixels; as they are."""
        words = ["mirrored"] * self.mirrored + [f"shifted by {self.shift} pixels"] * bool(self.shift)
        return " and ".join(words) or "as they are"

    def apply(self, images: Array) -> Array:
        """Return this view of the images: n×C×H×W in channels-last memory."""
        height, width = images.shape[2:]
        rows, columns = (reflected(np.arange(size) - self.shift, size)[None] for size in (height, width))
        pixels = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        return remapped(pixels, rows, columns[:, ::-1] if self.mirrored else columns).transpose(0, 3, 1, 2)


# The views by name, each with its weight in the average; the weights add up to 1. "flip_translate" is the multi-crop
# evaluation of Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", section 3.5.
VIEWS: Mapping[str, tuple[tuple[float, View], ...]] = {
    "flip": ((1 / 2, View()), (1 / 2, View(mirrored=True))),
    "flip_translate": tuple(
        (weight, View(shift, mirrored))
        for weight, shift in ((1 / 4, 0), (1 / 8, -1), (1 / 8, 1))
        for mirrored in (False, True)
    ),
}


def unfit_for_views(name: str, shape: Shape) -> str | None:
    """Return the message that samples of this shape cannot have these views; None where they can."""
    if len(shape) != 3:
        return f'"{name}" needs images, but the samples are vectors of {shape_text(shape)}; write "none"'
    if min(shape[1:]) <= max(abs(view.shift) for _, view in VIEWS[name]):
        return f'"{name}" shifts images by 1 pixel, for which those of {shape_text(shape)} are too small; write "flip"'
    return None
