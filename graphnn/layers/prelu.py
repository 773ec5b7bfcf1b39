"""PReLU: the identity for x ≥ 0, and below it a slope that is trained for each channel."""

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.constant import ConstantInitializer
from graphnn.kernels.channels import channel_products, with_channels
from graphnn.layers.base import Arrays, Backward, Gradients, register
from graphnn.layers.context import Context
from graphnn.layers.trainable import TrainableLayer
from graphnn.parameters.parameter import Parameter, Role
from graphnn.types import Array, Shape


@register
@frozen_dataclass
class PReLU(TrainableLayer):
    """Parametric rectified linear unit: y = max(0, x) + a·min(0, x), with one slope a for each channel.

    x: N×C×H×W, or N×F with a slope for each feature; a (`slopes`): C or F, from `initial_slope`. dx = dy where x ≥ 0,
    zero included, and a·dy elsewhere; da = Σ dy·min(0, x) over batch and space. Slopes have the role of scales, so that
    weight decay leaves them alone. Source: He et al. 2015, "Delving deep into rectifiers", section 2.1.
    """

    initial_slope: float = 0.25

    backward_in_place = True
    keeps_positive = True

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        initializer = ConstantInitializer(self.initial_slope)
        return self.as_trained(Parameter("slopes", input_shape[:1], initializer, Role.SCALE))

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        slopes = params["slopes"]
        y = np.minimum(x, 0, out=ctx.output(x.shape, x.dtype))
        with_channels(np.multiply, y, slopes, y)
        y += np.maximum(x, 0, out=ctx.like(x, "part"))

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            part = np.multiply(dy, np.less(x, 0, out=ctx.like(x, "negative", np.bool_)), out=ctx.like(x, "part"))
            gradients = {"slopes": channel_products(part, x).astype(x.dtype)} if ctx.trains("slopes") else {}
            if not ctx.needs_dx:
                return None, gradients
            dy -= part  # arithmetic with a mask, as in multiply_where_negative
            dy += with_channels(np.multiply, part, slopes, part)
            return dy, gradients

        return y, backward
