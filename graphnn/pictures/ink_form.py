"""How a data set of handwriting holds its ink: the size that it is scaled to, where it lies, how thin it is."""

from graphnn.frozen_dataclass import frozen_dataclass


@frozen_dataclass
class InkForm:
    """The form of square images with bright ink on black.

    height, width: of the box that the ink is scaled to, in pixels of a bitmap; the ratio of its sides is kept.
    finer: pixels of the bitmap along each side of a pixel of the image, whose value is the share of ink in them.
    by_mass: whether the centre of mass lies in the middle of the image, in the pixel to the lower right of it, rather
    than the middle of the box. fills_height: whether ink that is wider than the box is narrowed, so that it is as high.
    thinnest: width of strokes, in pixels of the bitmap; thinner ones are drawn thicker.
    """

    height: int
    width: int
    finer: int = 1
    by_mass: bool = True
    fills_height: bool = False
    thinnest: float = 0.0
