"""The base class of the pooling layers: their settings and their window."""

from functools import cached_property

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.convolution import Window
from graphnn.kernels.im2col import Pair, pair
from graphnn.layers.base import Layer
from graphnn.types import Shape


@frozen_dataclass
class Pooling(Layer):
    """A layer that reduces each window of a channel to one value; strides default to pool_size."""

    pool_size: int | Pair = 2
    strides: int | Pair | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strides == self.pool_size:  # layers that do the same are equal, and what is a default is not written
            object.__setattr__(self, "strides", None)

    @cached_property
    def window(self) -> Window:
        """The window that the settings describe."""
        kernel = pair(self.pool_size)
        return Window(kernel, kernel if self.strides is None else pair(self.strides))

    def output_shape(self, input_shape: Shape) -> Shape:
        channels, height, width = self.check_image(input_shape)
        output = self.window.output((height, width))
        if min(output) < 1:
            kernel_h, kernel_w = self.window.kernel
            needs = f"an image of at least {kernel_h}×{kernel_w}"
            raise self.unfit(needs, input_shape, "use a smaller pool_size, or fewer poolings before it")
        return (channels, *output)
