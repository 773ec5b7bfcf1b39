"""Conv2D: the same small filters at every position of an image."""

from collections.abc import Iterator
from functools import cached_property, partial
from typing import ClassVar, Literal

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.constant import zeros
from graphnn.kernels.algorithms import Algorithm, Algorithms
from graphnn.kernels.channels import channel_sums
from graphnn.kernels.convolution import NO_EPILOGUE, Epilogue, Window, input_gradient, rotated
from graphnn.kernels.im2col import Pair, determine_padding, pair
from graphnn.kernels.im2col_gemm import Allocate
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Arrays, Backward, Gradients, Preparation, register
from graphnn.layers.context import Context
from graphnn.layers.trainable import WeightedLayer
from graphnn.parameters.parameter import Parameter, Role
from graphnn.specification.schema_problems import Finding
from graphnn.types import Array, Shape, shape_text

MEMORY_ORDER = (2, 3, 1, 0)  # Kh, Kw, C, D: as the GEMM over gathered windows reads it


@frozen_dataclass
class PreparedWeights:
    """The weights as the algorithms of a step read them, computed once for all pieces.

    forward: for the output. rotated: rotated by 180°, for the gradient of the input; None where that is not needed or
    computed from W. epilogue: the element-wise operations on W ⋆ x, done while it is in the cache.
    """

    forward: Array
    rotated: Array | None
    epilogue: Epilogue


@register
@frozen_dataclass
class Conv2D(WeightedLayer):
    """Two-dimensional convolution (cross-correlation, as usual in this field): y = W ⋆ x + b.

    x: N×C×H×W; W (`weights`): D×C×Kh×Kw, from `initializer`; b (`biases`): D, from 0; y: N×D×H_out×W_out with
    H_out = ⌊(H − Kh + before + after) / Sh⌋ + 1. "same" pads ⌊(K−1)/2⌋ zeros before and ⌈(K−1)/2⌉ after.
    dW = dy ⋆ x, summed over the batch; db = Σ dy over batch and space; dx is dy convolved with W rotated by 180°.
    Raises UnfitInput unless the input is an image at least as large as the kernel.
    """

    filters: int
    kernel_size: int | Pair = 3
    strides: int | Pair = 1
    padding: Literal["same", "valid"] | int | Pair = "same"
    use_bias: bool = True

    reads_output: ClassVar[bool] = False

    @cached_property
    def window(self) -> Window:
        """The window that the settings describe."""
        kernel = pair(self.kernel_size)
        return Window(kernel, pair(self.strides), *determine_padding(kernel, self.padding))

    def output_shape(self, input_shape: Shape) -> Shape:
        _, height, width = self.check_image(input_shape)
        output = self.window.output((height, width))
        if min(output) < 1:
            need_h, need_w = (
                max(1, kernel - before - after)
                for kernel, before, after in zip(self.window.kernel, self.window.before, self.window.after, strict=True)
            )
            hint = 'use a smaller kernel_size, "padding": "same", or fewer poolings before it'
            raise self.unfit(f"an image of at least {need_h}×{need_w}", input_shape, hint)
        return (self.filters, *output)

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        yield from super().findings(input_shape)
        window, size = self.window, self.check_image(input_shape)[1:]
        if self.padding == "same" and any(k > 2 * side + 1 for k, side in zip(window.kernel, size, strict=True)):
            kernel, useful = (shape_text(each) for each in (window.kernel, tuple(2 * side - 1 for side in size)))
            message = f"a kernel of {kernel} on images of {shape_text(size)} reads little but padding"
            yield Finding(("kernel_size",), f"{message}; no pixel is further than {useful} reaches; write at most that")
        elif any(
            max(padding) >= max(kernel, side)
            for *padding, kernel, side in zip(window.before, window.after, window.kernel, size, strict=True)
        ):
            margin = shape_text(tuple(map(max, window.before, window.after)))
            message = f"a padding of {margin} around images of {shape_text(size)} gives outputs that no pixel reaches"
            yield Finding(("padding",), f'{message}; write less than kernel_size, or "same"')

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        channels, _, _ = self.check_image(input_shape)
        kernel = pair(self.kernel_size)
        shape = (self.filters, channels, *kernel)
        weights = Parameter("weights", shape, self.weight_initializer, Role.WEIGHT, memory_order=MEMORY_ORDER)
        biases = (Parameter("biases", (self.filters,), zeros, Role.BIAS),) if self.use_bias else ()
        return self.as_trained(weights, *biases)

    def multiply_adds(self, input_shape: Shape) -> int:
        weights = self.parameters(input_shape)[0]
        _, out_h, out_w = self.output_shape(input_shape)
        return weights.size * out_h * out_w

    def algorithms(self, input_shape: Shape, kernels: Kernels) -> Algorithms:
        """Return the algorithms of the convolution and its gradients for images of `input_shape`."""
        channels, height, width = self.check_image(input_shape)
        return kernels.algorithms(self.window, channels, (height, width), self.filters)

    def epilogue(self, params: Arrays) -> Epilogue:
        """Return the element-wise operations on W ⋆ x, done while it is in the cache."""
        return Epilogue(params["biases"]) if self.use_bias else NO_EPILOGUE

    def prepare(self, params: Arrays, ctx: Context) -> PreparedWeights:
        forward, *back = (algorithm.prepare(W, memory) for algorithm, W, memory in self._readings(params, ctx))
        return PreparedWeights(forward, back[0] if back else None, self.epilogue(params))

    def preparations(self, params: Arrays, ctx: Context) -> tuple[Preparation, ...]:
        return tuple(
            Preparation(W[:, part].size, partial(algorithm.prepare, W, memory, part))
            for algorithm, W, memory in self._readings(params, ctx)
            for part in algorithm.parts(W.shape[1], W.shape[0])
        )

    def _readings(self, params: Arrays, ctx: Context) -> Iterator[tuple[Algorithm, Array, Allocate]]:
        """Yield each algorithm of the step that reads prepared weights, those to prepare for it, and their memory."""
        W, algorithms = params["weights"], self.algorithms(ctx.input_shape, ctx.kernels)
        yield algorithms.forward, W, lambda size: ctx.keep("forward", (size,), W.dtype)
        if ctx.needs_dx and algorithms.input_gradient is not None:
            yield algorithms.input_gradient, rotated(W), lambda size: ctx.keep("rotated", (size,), W.dtype)

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        window, W, algorithms = self.window, params["weights"], self.algorithms(x.shape[1:], ctx.kernels)
        prepared: PreparedWeights = ctx.prepared
        y = ctx.output((len(x), self.filters, *window.output((x.shape[2], x.shape[3]))), x.dtype)
        algorithms.forward.convolve(x, prepared.forward, window, y, ctx.scratch, prepared.epilogue)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            gradients = {}
            if ctx.trains("weights"):
                dW = gradients["weights"] = ctx.gradient("weights", W)
                algorithms.weights_gradient.weights_gradient(x, dy, window, dW, ctx.scratch)
            if self.use_bias and ctx.trains("biases"):
                gradients["biases"] = channel_sums(dy).astype(dy.dtype)
            if not ctx.needs_dx:
                return None, gradients
            dx = ctx.dx(x.shape, x.dtype)
            if algorithms.input_gradient is None or window.rotated is None or prepared.rotated is None:
                input_gradient(dy, W, window, dx, ctx.scratch)
            else:
                algorithms.input_gradient.convolve(dy, prepared.rotated, window.rotated, dx, ctx.scratch)
            return dx, gradients

        return y, backward
