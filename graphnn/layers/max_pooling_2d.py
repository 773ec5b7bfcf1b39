"""MaxPooling2D: the largest value of each window."""

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import Arrays, Backward, Gradients, Step, register
from graphnn.layers.context import Context
from graphnn.layers.pooling import Pooling
from graphnn.types import Array


@register
@frozen_dataclass
class MaxPooling2D(Pooling):
    """Max pooling: y = max of x over each window of `pool_size` pixels in a channel; windows are `strides` apart.

    x: N×C×H×W; y: N×C×H_out×W_out with H_out = ⌊(H − Kh)/Sh⌋ + 1, and W_out accordingly; strides default to pool_size.
    The gradient of a window goes to its first maximum in row-major order. Raises UnfitInput where no window fits.
    """

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        window = self.window
        y = ctx.output((len(x), *self.output_shape(x.shape[1:])), x.dtype)
        ctx.kernels.max_pool(x, window, y)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            dx = ctx.dx(x.shape, x.dtype)
            ctx.kernels.max_pool_gradient(x, y, dy, window, dx, ctx.scratch)
            return dx, {}

        return y, backward

    def bind(self, params: Arrays, x: Array, ctx: Context) -> Step:
        y = ctx.output((len(x), *self.output_shape(x.shape[1:])), x.dtype)
        return self.bound(params, x, ctx, y, ctx.kernels.bind_max_pool(x, self.window, y, ctx.scratch))
