"""The same layers in PyTorch, as a table of functions that make modules. Importing this does not need PyTorch."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphnn.errors import GraphError
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.im2col import pair
from graphnn.layers.bypass import Add, Save, Swap
from graphnn.parameters.parameter import Parameter, Role

NAMES = {Role.WEIGHT: "weight", Role.BIAS: "bias", Role.SCALE: "weight", Role.SHIFT: "bias"}  # of parameters in PyTorch
STATISTICS = {"running_mean": "running_mean", "running_variance": "running_var"}

# (torch, node) -> one module, or a list of modules, the last of which has the node's parameters
MakeModule = Callable[[Any, Node], Any]


def dense(torch: Any, node: Node) -> Any:
    """Return a Linear."""
    layer = node.layer.settings()
    return torch.nn.Linear(node.input_shape[0], layer["units"], bias=layer["use_bias"])


def conv2d(torch: Any, node: Node) -> Any:
    """Return a Conv2d, after a ZeroPad2d where the padding differs between the sides, as with an even kernel size."""
    layer: Any = node.layer
    window = layer.window
    symmetric = window.before == window.after
    conv = torch.nn.Conv2d(
        node.input_shape[0],
        layer.filters,
        window.kernel,
        window.strides,
        padding=window.before if symmetric else 0,
        bias=layer.use_bias,
    )
    (top, left), (bottom, right) = window.before, window.after
    return conv if symmetric else [torch.nn.ZeroPad2d((left, right, top, bottom)), conv]


def pooling(name: str) -> MakeModule:
    """Return a function that makes a pooling module: of the class `name` in torch.nn."""

    def make(torch: Any, node: Node) -> Any:
        layer = node.layer.settings()
        size, strides = pair(layer["pool_size"]), layer["strides"]
        return getattr(torch.nn, name)(size, size if strides is None else pair(strides))

    return make


def global_average_pooling(torch: Any, node: Node) -> Any:
    """Return an AdaptiveAvgPool2d to one pixel, and a Flatten."""
    return [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]


def batch_normalization(torch: Any, node: Node) -> Any:
    """Return a BatchNorm, whose momentum is 1 − that of the layer.

    Outputs and gradients are the same. The running variance is not: PyTorch uses the unbiased variance of a batch,
    n/(n − 1) times the biased one. One with fixed statistics stays in inference.
    """
    layer, images = node.layer.settings(), len(node.input_shape) == 3
    if node.layer.batchwise:
        kind = torch.nn.BatchNorm2d if images else torch.nn.BatchNorm1d
    else:
        from graphnn.benchmark import torch_modules

        kind = torch_modules.FixedBatchNorm2d if images else torch_modules.FixedBatchNorm1d
    module = kind(node.input_shape[0], layer["epsilon"], 1 - layer["momentum"])
    return scaled_and_shifted(module.train(), layer)  # by which one with fixed statistics is in inference


def layer_normalization(torch: Any, node: Node) -> Any:
    """Return a LayerNorm over all features of a sample."""
    layer = node.layer.settings()
    return scaled_and_shifted(torch.nn.LayerNorm(node.input_shape, layer["epsilon"]), layer)


def scaled_and_shifted(module: Any, layer: Mapping[str, Any]) -> Any:
    """Return the module, without its scale or its shift where the layer has none."""
    for name, present in (("weight", layer["scale"]), ("bias", layer["center"])):
        if not present:
            module.register_parameter(name, None)
    return module


def dropout(torch: Any, node: Node) -> Any:
    """Return a Dropout that scales in inference, as graphnn's does, rather than in training."""
    from graphnn.benchmark.torch_modules import PlainDropout

    return PlainDropout(node.layer.settings()["rate"])


def scale(torch: Any, node: Node) -> Any:
    """Return a module that multiplies by the factor."""
    from graphnn.benchmark.torch_modules import ConstantFactor

    return ConstantFactor(node.layer.settings()["factor"])


def module(name: str, **settings: str) -> MakeModule:
    """Return a function that makes a module: of the class `name` in torch.nn.

    settings: the layer's setting for each of the module's arguments.
    """

    def make(torch: Any, node: Node) -> Any:
        layer = node.layer.settings()
        return getattr(torch.nn, name)(**{argument: layer[setting] for argument, setting in settings.items()})

    return make


LAYER_TWINS: dict[str, MakeModule] = {
    "Dense": dense,
    "Conv2D": conv2d,
    "MaxPooling2D": pooling("MaxPool2d"),
    "AveragePooling2D": pooling("AvgPool2d"),
    "GlobalAveragePooling": global_average_pooling,
    "Flatten": module("Flatten"),
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "Dropout": dropout,
    "Scale": scale,
    "ReLU": module("ReLU"),
    "LeakyReLU": module("LeakyReLU", negative_slope="negative_slope"),
    "PReLU": lambda torch, node: torch.nn.PReLU(node.input_shape[0]),
    "ELU": module("ELU", alpha="alpha"),
    "GELU": module("GELU", approximate="approximate"),
    "SiLU": module("SiLU"),
    "Sigmoid": module("Sigmoid"),
    "Tanh": module("Tanh"),
    "Softmax": lambda torch, node: torch.nn.Softmax(dim=-1),
}


def residual(torch: Any, body: list[Any], shortcut: list[Any]) -> Any:
    """Return the module of a block, from those of its branches; a shortcut without modules is the identity."""
    from graphnn.benchmark.torch_residual import Sum

    return Sum(torch.nn.Sequential(*body), torch.nn.Sequential(*shortcut))


BLOCK_TWINS = {"Residual": residual}
BLOCK_NODES = (Save, Swap, Add)  # the nodes of a block that are part of its module


def check_twins(graph: Graph) -> None:
    """Raise GraphError where the graph has a layer without a twin: one from a plugin."""
    for node in graph.nodes:
        if node.layer.type not in LAYER_TWINS and not isinstance(node.layer, BLOCK_NODES):
            raise GraphError(
                f'{node.location} "{node.name}": {node.layer.type} is not known in PyTorch, so that a comparison '
                "with it is not possible; leave out --against"
            )


def layer_twin(torch: Any, node: Node) -> tuple[list[Any], Any]:
    """Return the modules that do the work of a node in PyTorch, and the one that has its parameters."""
    made = LAYER_TWINS[node.layer.type](torch, node)
    modules = made if isinstance(made, list) else [made]
    return modules, modules[-1]


def twins(torch: Any, nodes: Iterator[Node], owners: dict[str, Any]) -> tuple[list[list[Any]], Node | None]:
    """Return the modules of each layer, and None; inside a block, only up to the end of the branch, and the node there.

    owners: receives the module with the parameters of each node, by the node's name.
    """
    layers: list[list[Any]] = []
    for node in nodes:
        if isinstance(node.layer, Swap | Add):
            return layers, node
        if isinstance(node.layer, Save):
            body, end = twins(torch, nodes, owners)
            swapped = end is not None and isinstance(end.layer, Swap)
            shortcut = twins(torch, nodes, owners)[0] if swapped else []
            layers.append([BLOCK_TWINS["Residual"](torch, flat(body), flat(shortcut))])
        else:
            modules, owners[node.name] = layer_twin(torch, node)
            layers.append(modules)
    return layers, None


def flat(layers: list[list[Any]]) -> list[Any]:
    """Return the modules of all layers in one list."""
    return [module for layer in layers for module in layer]


def tensor_name(parameter: Parameter) -> str:
    """Return the name of a parameter in its PyTorch module."""
    return STATISTICS[parameter.name] if parameter.role is Role.STATISTIC else NAMES[parameter.role]
