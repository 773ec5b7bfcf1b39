"""The same layers, losses and optimizers in PyTorch: a table for each kind; torch is imported by those who use them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphnn.errors import GraphError
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.im2col import pair
from graphnn.layers.bypass import Add, Save, Swap
from graphnn.losses.base import Loss
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.rules import rule_numbers, rules
from graphnn.parameters.parameter import Parameter, Role

NAMES = {Role.WEIGHT: "weight", Role.BIAS: "bias", Role.SCALE: "weight", Role.SHIFT: "bias"}  # of parameters in PyTorch
STATISTICS = {"running_mean": "running_mean", "running_variance": "running_var"}

Make = Callable[
    [Any, Node], Any
]  # (torch, node) -> one module, or a list of them with the node's parameters in the last


def dense(torch: Any, node: Node) -> Any:
    """Return a Linear."""
    layer = node.layer.settings()
    return torch.nn.Linear(node.input_shape[0], layer["units"], bias=layer["use_bias"])


def conv2d(torch: Any, node: Node) -> Any:
    """Return a Conv2d; zeros that are not the same on both sides, as for an even kernel, come from a ZeroPad2d."""
    layer: Any = node.layer
    window = layer.window
    even = window.before == window.after
    conv = torch.nn.Conv2d(
        node.input_shape[0],
        layer.filters,
        window.kernel,
        window.strides,
        padding=window.before if even else 0,
        bias=layer.use_bias,
    )
    (top, left), (bottom, right) = window.before, window.after
    return conv if even else [torch.nn.ZeroPad2d((left, right, top, bottom)), conv]


def pooling(name: str) -> Make:
    """Return what makes a pooling module of that class of torch.nn."""

    def make(torch: Any, node: Node) -> Any:
        layer = node.layer.settings()
        size, strides = pair(layer["pool_size"]), layer["strides"]
        return getattr(torch.nn, name)(size, size if strides is None else pair(strides))

    return make


def global_average_pooling(torch: Any, node: Node) -> Any:
    """Return an AdaptiveAvgPool2d to one pixel, then flattened."""
    return [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]


def batch_normalization(torch: Any, node: Node) -> Any:
    """Return a BatchNorm, whose momentum is 1 − ours.

    Outputs and gradients are the same. The running variance is not: torch's is the unbiased one, n/(n − 1) of ours.
    """
    layer = node.layer.settings()
    kind = torch.nn.BatchNorm2d if len(node.input_shape) == 3 else torch.nn.BatchNorm1d
    return scaled_and_shifted(kind(node.input_shape[0], layer["epsilon"], 1 - layer["momentum"]), layer)


def layer_normalization(torch: Any, node: Node) -> Any:
    """Return a LayerNorm over all features of a sample."""
    layer = node.layer.settings()
    return scaled_and_shifted(torch.nn.LayerNorm(node.input_shape, layer["epsilon"]), layer)


def scaled_and_shifted(module: Any, layer: Mapping[str, Any]) -> Any:
    """Return the module without the scale or the shift that the layer does without."""
    for name, wanted in (("weight", layer["scale"]), ("bias", layer["center"])):
        if not wanted:
            module.register_parameter(name, None)
    return module


def dropout(torch: Any, node: Node) -> Any:
    """Return Dropout as it is here: numbers are zeroed in training and scaled in inference."""
    from graphnn.benchmark.torch_modules import PlainDropout

    return PlainDropout(node.layer.settings()["rate"])


def scale(torch: Any, node: Node) -> Any:
    """Return a module that multiplies by the factor."""
    from graphnn.benchmark.torch_modules import ConstantFactor

    return ConstantFactor(node.layer.settings()["factor"])


def module(name: str, **settings: str) -> Make:
    """Return what makes a module of that class of torch.nn; settings: its argument from the layer's."""

    def make(torch: Any, node: Node) -> Any:
        own = node.layer.settings()
        return getattr(torch.nn, name)(**{argument: own[setting] for argument, setting in settings.items()})

    return make


LAYER_TWINS: dict[str, Make] = {
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


def cross_entropy(torch: Any, loss: Any) -> Any:
    """Return a CrossEntropyLoss of the smoothed targets."""
    return torch.nn.CrossEntropyLoss(label_smoothing=loss.label_smoothing)


def residual(torch: Any, body: list[Any], shortcut: list[Any]) -> Any:
    """Return the module of a block; a shortcut without modules is the identity."""
    from graphnn.benchmark.torch_residual import Sum

    return Sum(torch.nn.Sequential(*body), torch.nn.Sequential(*shortcut))


BLOCK_TWINS = {"Residual": residual}  # of the modules of each of its branches
BLOCK_NODES = (Save, Swap, Add)  # what is a part of such a module

# Of the output, or of the input of the layer that the loss is fused with, as here.
LOSS_TWINS: dict[str, Callable[[Any, Any], Any]] = {
    "CrossEntropy": cross_entropy,
    "MeanSquaredError": lambda torch, loss: torch.nn.functional.mse_loss,
    "BinaryCrossEntropy": lambda torch, loss: torch.nn.functional.binary_cross_entropy_with_logits,
}


def sgd(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return an SGD; `fused` is the fastest that torch has."""
    return torch.optim.SGD(groups, optimizer.learning_rate, fused=True)


def sgd_momentum(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return an SGD with momentum, which is the same while the learning rate stays."""
    own = optimizer
    return torch.optim.SGD(groups, own.learning_rate, momentum=own.momentum, nesterov=own.nesterov, fused=True)


def adam(name: str) -> Callable[[Any, Any, Any], Any]:
    """Return what makes an optimizer of the Adam family."""

    def make(torch: Any, groups: Any, optimizer: Any) -> Any:
        betas = (optimizer.beta_1, optimizer.beta_2)
        return getattr(torch.optim, name)(groups, optimizer.learning_rate, betas, optimizer.epsilon, fused=True)

    return make


def lion(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return a Lion, which torch itself does not have."""
    from graphnn.benchmark.torch_lion import TorchLion

    return TorchLion(groups, optimizer.learning_rate, beta_1=optimizer.beta_1, beta_2=optimizer.beta_2)


def rmsprop(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return an RMSprop, which has no `fused`."""
    return torch.optim.RMSprop(groups, optimizer.learning_rate, optimizer.rho, optimizer.epsilon)


def muon(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return a Muon as here; torch's own leaves the scale of the weights alone."""
    from graphnn.benchmark.torch_muon import TorchMuon

    own = optimizer
    return TorchMuon(groups, own.learning_rate, momentum=own.momentum, nesterov=own.nesterov, steps=own.steps)


OPTIMIZER_TWINS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "SGD": sgd,
    "SGDMomentum": sgd_momentum,
    "Adam": adam("Adam"),
    "AdamW": adam("AdamW"),
    "Lion": lion,
    "RMSprop": rmsprop,
    "Muon": muon,
}


def check_twins(graph: Graph) -> None:
    """Raise GraphError where a layer of the graph is not known in PyTorch: one from a plugin."""
    for node in graph.nodes:
        if node.layer.type not in LAYER_TWINS and not isinstance(node.layer, BLOCK_NODES):
            raise GraphError(
                f'{node.place} "{node.name}": {node.layer.type} is not known in PyTorch, so that a comparison '
                "with it is not possible; leave out --against"
            )


def layer_twin(torch: Any, node: Node) -> tuple[list[Any], Any]:
    """Return the modules that a node is in PyTorch, and the one with its parameters."""
    made = LAYER_TWINS[node.layer.type](torch, node)
    modules = made if isinstance(made, list) else [made]
    return modules, modules[-1]


def twins(torch: Any, nodes: Iterator[Node], owners: dict[str, Any]) -> tuple[list[list[Any]], Node | None]:
    """Return the modules of each layer up to the end of a branch of a block, and the node there; None after the last.

    owners: takes, by the name of each node, the module with its parameters.
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
            own, owners[node.name] = layer_twin(torch, node)
            layers.append(own)
    return layers, None


def flat(layers: list[list[Any]]) -> list[Any]:
    """Return the modules of all layers."""
    return [module for layer in layers for module in layer]


def tensor_name(parameter: Parameter) -> str:
    """Return the name that a parameter has in its module."""
    return STATISTICS[parameter.name] if parameter.role is Role.STATISTIC else NAMES[parameter.role]


def loss_twin(torch: Any, loss: Loss) -> Any:
    """Return what training makes small, as a function of (output or logits, targets)."""
    return LOSS_TWINS[loss.type](torch, loss)


def reported_twin(torch: Any, loss: Loss) -> Any:
    """Return the loss that is reported, which is that of the targets as they are."""
    return loss_twin(torch, loss.reported())


def optimizer_twin(
    torch: Any,
    optimizer: Optimizer,
    tensors: Mapping[str, Any],
    declared: Mapping[str, Parameter],
    groups: Sequence[ParameterGroup] = (),
    *,
    scale: float = 1.0,
) -> Any:
    """Return the optimizer of tensors, with its groups.

    tensors, declared: the tensors and the parameters that they are, by 'node/parameter'. scale: a factor on all
    learning rates.
    """
    numbers = rule_numbers(groups, tensors)
    twins = []
    for number, rule in enumerate(rules(optimizer, groups)):
        by_decay: dict[float, list[Any]] = {}
        for name in (name for name, found in zip(tensors, numbers, strict=True) if found == number):
            by_decay.setdefault(rule.weight_decay(declared[name].role), []).append(tensors[name])
        if by_decay:
            given = [{"params": alike, "weight_decay": decay} for decay, alike in by_decay.items()]
            own = replace(rule.optimizer, learning_rate=scale * rule.learning_rate)
            twins.append(OPTIMIZER_TWINS[own.type](torch, given, own))
    return twins[0] if len(twins) == 1 else Several(twins)


class Several:
    """Optimizers that take their steps together."""

    def __init__(self, optimizers: Sequence[Any]) -> None:
        self._optimizers = optimizers

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for each in self._optimizers:
            each.zero_grad()

    def step(self) -> None:
        """Take a step."""
        for each in self._optimizers:
            each.step()
