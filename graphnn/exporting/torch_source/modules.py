"""What stands for a layer in PyTorch: one module or two, the last of which has the parameters."""

import math
from collections.abc import Callable
from typing import Any

from graphnn.exporting.torch_source.expressions import Argument, Call, call, may_differ, rounded
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.im2col import pair
from graphnn.layers.batch_normalization import BatchNormalization

EXACT_FROM = 10_000  # values of a channel in a batch, from which PyTorch's running variance is right to 1e-4
Modules = list[tuple[str, Call]]  # each with what is added to the layer's name
Convert = Callable[[Any, Node, bool], Modules]  # (layer, node, whether running variances are kept as here)


def size(value: Any) -> Any:
    """Return one number for two equal ones, as people write it."""
    first, second = pair(value)
    return first if first == second else (first, second)


def flag(value: bool) -> Argument:
    """Return an argument that is written where it is false."""
    return Argument(value, default=True)


def dense(layer: Any, node: Node, biased: bool) -> Modules:
    """Return a Linear."""
    inputs, outputs = may_differ(node.input_shape[0], "inputs"), may_differ(layer.units, "outputs")
    return [("", call("nn.Linear", inputs, outputs, bias=flag(layer.use_bias)))]


def conv2d(layer: Any, node: Node, biased: bool) -> Modules:
    """Return a Conv2d, after a ZeroPad2d where the padding differs between the sides."""
    window = layer.window
    symmetric = window.before == window.after
    convolution = call(
        "nn.Conv2d",
        may_differ(node.input_shape[0], "inputs"),
        may_differ(layer.filters, "outputs"),
        may_differ(size(window.kernel), "kernel_size"),
        stride=may_differ(size(window.strides), "stride", 1),
        padding=may_differ(size(window.before) if symmetric else 0, "padding", 0),
        bias=flag(layer.use_bias),
    )
    if symmetric:
        return [("", convolution)]
    (top, left), (bottom, right) = window.before, window.after
    return [("_pad", call("nn.ZeroPad2d", (left, right, top, bottom))), ("", convolution)]


def pooling(module: str) -> Convert:
    """Return a function that gives a pooling module of this class."""

    def convert(layer: Any, node: Node, biased: bool) -> Modules:
        kernel, strides = size(layer.window.kernel), size(layer.window.strides)
        stride = Argument(strides, default=kernel)
        return [("", call(module, may_differ(kernel, "size"), stride=stride))]

    return convert


def global_average_pooling(layer: Any, node: Node, biased: bool) -> Modules:
    """Return an AdaptiveAvgPool2d to one pixel, and a Flatten."""
    return [("", call("nn.AdaptiveAvgPool2d", 1)), ("_flat", call("nn.Flatten"))]


def few_values(graph: Graph, batch: int) -> bool:
    """Whether a batch has so few values of some channel that PyTorch's running variance is not right to 1e-4.

    All normalisations are written alike then, so that blocks which differ in nothing else can share a class.
    """
    return any(
        isinstance(node.layer, BatchNormalization)
        and not node.layer.fixed_statistics
        and batch * math.prod(node.input_shape[1:]) < EXACT_FROM
        for node in graph.nodes
    )


def batch_normalization(layer: BatchNormalization, node: Node, biased: bool) -> Modules:
    """Return a BatchNorm, whose momentum is 1 − that of the layer; one of our own where its statistics differ."""
    images = len(node.input_shape) == 3
    kind = "BatchNorm2d" if images else "BatchNorm1d"
    if layer.fixed_statistics:
        kind = f"Fixed{kind}"
    elif biased:
        kind = f"Biased{kind}"
    else:
        kind = f"nn.{kind}"
    neither = not (layer.scale or layer.center)
    module = call(
        kind,
        may_differ(node.input_shape[0], "channels"),
        eps=Argument(layer.epsilon, default=1e-5),
        momentum=Argument(rounded(1 - layer.momentum), default=0.1),
        affine=flag(not neither),
    )
    return [("", module if neither else without(module, layer))]


def layer_normalization(layer: Any, node: Node, biased: bool) -> Modules:
    """Return a LayerNorm over all values of a sample."""
    shape: Any = node.input_shape[0] if len(node.input_shape) == 1 else node.input_shape
    neither = not (layer.scale or layer.center)
    module = call(
        "nn.LayerNorm",
        may_differ(shape, "shape"),
        eps=Argument(layer.epsilon, default=1e-5),
        elementwise_affine=flag(not neither),
    )
    return [("", module if neither else without(module, layer))]


def without(module: Call, layer: Any) -> Call:
    """Return a module without the scale or the shift that the layer does not have."""
    if layer.scale and layer.center:
        return module
    return call("without", module, "bias" if layer.scale else "weight")


def dropout(layer: Any, node: Node, biased: bool) -> Modules:
    """Return a Dropout that scales in inference, as graphnn's does, rather than in training."""
    return [("", call("Dropout", layer.rate))]


def module(name: str, **settings: str) -> Convert:
    """Return a function that gives a module of torch.nn. settings: the layer's setting for each argument."""

    def convert(layer: Any, node: Node, biased: bool) -> Modules:
        arguments = {argument: getattr(layer, setting) for argument, setting in settings.items()}
        return [("", call(name, **arguments))]

    return convert


def prelu(layer: Any, node: Node, biased: bool) -> Modules:
    """Return a PReLU with a slope for each channel."""
    initial = Argument(layer.initial_slope, default=0.25)
    return [("", call("nn.PReLU", may_differ(node.input_shape[0], "channels"), init=initial))]


CONVERSIONS: dict[str, Convert] = {
    "Dense": dense,
    "Conv2D": conv2d,
    "MaxPooling2D": pooling("nn.MaxPool2d"),
    "AveragePooling2D": pooling("nn.AvgPool2d"),
    "GlobalAveragePooling": global_average_pooling,
    "Flatten": module("nn.Flatten"),
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "Dropout": dropout,
    "Scale": lambda layer, node, batch: [("", call("Scale", may_differ(layer.factor, "factor")))],
    "ReLU": module("nn.ReLU"),
    "LeakyReLU": module("nn.LeakyReLU", negative_slope="negative_slope"),
    "PReLU": prelu,
    "ELU": module("nn.ELU", alpha="alpha"),
    "GELU": module("nn.GELU", approximate="approximate"),
    "SiLU": module("nn.SiLU"),
    "Sigmoid": module("nn.Sigmoid"),
    "Tanh": module("nn.Tanh"),
    "Softmax": lambda layer, node, batch: [("", call("nn.Softmax", dim=-1))],
}


def converted(node: Node, biased: bool) -> Modules:
    """Return the modules of a node, in the order in which they are computed. batch: samples in a training batch."""
    return CONVERSIONS[node.layer.type](node.layer, node, biased)


# Classes that are written into the file where the network needs them, by name.
SCALE = """class Scale(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x"""
RESIDUAL = """class Residual(nn.Module):
    def __init__(self, *body: nn.Module, shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.body, self.shortcut = nn.Sequential(*body), shortcut or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.shortcut(x)"""
DROPOUT = '''class Dropout(nn.Dropout):
    """Scales in inference, rather than in training."""

    def forward(self, x: Tensor) -> Tensor:
        return (1 - self.p) * super().forward(x)'''
WITHOUT = '''def without(module: nn.Module, name: str) -> nn.Module:
    """The module without one of its parameters."""
    module.register_parameter(name, None)
    return module'''
BIASED = '''class Biased{kind}(nn.{kind}):
    """Keeps the biased variance of batches; PyTorch's is n/(n − 1) times that."""

    def forward(self, x: Tensor) -> Tensor:
        known = (1 - self.momentum) * self.running_var
        y = super().forward(x)
        if self.training:
            self.running_var = self.running_var.lerp(known, x.shape[1] / x.numel())
        return y'''
FIXED = '''class Fixed{kind}(nn.{kind}):
    """Normalises by its running statistics in training too, and keeps them."""

    def train(self, mode: bool = True) -> nn.Module:
        return super().train(False)'''
HELPERS = {
    "Scale": SCALE,
    "Residual": RESIDUAL,
    "Dropout": DROPOUT,
    "without": WITHOUT,
    **{f"Biased{kind}": BIASED.replace("{kind}", kind) for kind in ("BatchNorm1d", "BatchNorm2d")},
    **{f"Fixed{kind}": FIXED.replace("{kind}", kind) for kind in ("BatchNorm1d", "BatchNorm2d")},
}
