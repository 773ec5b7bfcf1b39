"""GlobalAveragePooling: the mean of each channel."""

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.channels import block_sums, pixels, pixels_per_row
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, register
from graphnn.layers.context import Context
from graphnn.types import Array, Shape


@register
@frozen_dataclass
class GlobalAveragePooling(Layer):
    """Global average pooling: y = Σ x / (H·W) over all positions of a channel; x: N×C×H×W, y: N×C.

    dx is dy / (H·W) at every position. Raises UnfitInput unless the input is an image.
    Source: Lin et al. 2014, "Network in network", section 3.2.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        channels, _, _ = self.check_image(input_shape)
        return (channels,)

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        n, channels, height, width = x.shape
        per_row = pixels_per_row(height * width, channels)
        sums = block_sums(pixels(x).reshape(n, -1, per_row * channels))
        y = block_sums(sums.reshape(n, per_row, channels), out=ctx.output((n, channels), x.dtype))
        y /= height * width

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            dy /= height * width
            dx = ctx.dx(x.shape, x.dtype)
            dx[...] = dy[:, :, None, None]
            return dx, {}

        return y, backward
