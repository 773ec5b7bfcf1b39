"""AveragePooling2D: the mean of each window."""

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.pooling import average_pool, average_pool_gradient
from graphnn.layers.base import Arrays, Backward, Gradients, register
from graphnn.layers.context import Context
from graphnn.layers.pooling import Pooling
from graphnn.types import Array


@register
@frozen_dataclass
class AveragePooling2D(Pooling):
    """Average pooling: y = mean of x over each window of `pool_size` pixels in a channel; windows are `strides` apart.

    x: N×C×H×W; y: N×C×H_out×W_out with H_out = ⌊(H − Kh)/Sh⌋ + 1, and W_out accordingly; strides default to pool_size.
    dx is, for each pixel, the sum of dy / (Kh·Kw) over the windows that contain it. Raises UnfitInput where no window
    fits.
    """

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        window = self.window
        y = ctx.output((len(x), *self.output_shape(x.shape[1:])), x.dtype)
        average_pool(x, window, y)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            dx = ctx.dx(x.shape, x.dtype)
            average_pool_gradient(dy, window, dx)
            return dx, {}

        return y, backward
