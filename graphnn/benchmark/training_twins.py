"""The same losses and optimizers in PyTorch: a table for each. Importing this does not need PyTorch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphnn.losses.base import Loss
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.rules import rule_numbers, rules
from graphnn.parameters.parameter import Parameter


def cross_entropy(torch: Any, loss: Any) -> Any:
    """Return a CrossEntropyLoss with label smoothing; with class weights, a function that weighs its samples."""
    if loss.class_weights is None:
        return torch.nn.CrossEntropyLoss(label_smoothing=loss.label_smoothing)
    weights = torch.tensor(loss.class_weights)
    each = torch.nn.CrossEntropyLoss(label_smoothing=loss.label_smoothing, reduction="none")

    def weighted(z: Any, y: Any) -> Any:
        return (weights.to(z.dtype)[y] * each(z, y)).mean()  # its own `weight` divides by the sum, not by the number

    return weighted


def binary_cross_entropy(torch: Any, loss: Any) -> Any:
    """Return the loss from logits; with class weights, one that weighs the answers."""
    function = torch.nn.functional.binary_cross_entropy_with_logits
    if loss.class_weights is None:
        return function
    weights = torch.tensor(loss.class_weights)

    def weighted(z: Any, y: Any) -> Any:
        if z.shape[1] > 1:
            return function(z, y, pos_weight=weights.to(z.dtype))
        no, yes = weights.to(z.dtype)
        return function(z, y, weight=yes * y + no * (1 - y))

    return weighted


# (torch, loss) -> a function of output and targets; where the loss is fused with the last layer, of that layer's input
LOSS_TWINS: dict[str, Callable[[Any, Any], Any]] = {
    "CrossEntropy": cross_entropy,
    "MeanSquaredError": lambda torch, loss: torch.nn.functional.mse_loss,
    "BinaryCrossEntropy": binary_cross_entropy,
}


def sgd(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return an SGD; `fused` is PyTorch's fastest implementation."""
    return torch.optim.SGD(groups, optimizer.learning_rate, fused=True)


def sgd_momentum(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return an SGD with momentum, which takes the same steps as long as the learning rate is constant."""
    rate, momentum, nesterov = optimizer.learning_rate, optimizer.momentum, optimizer.nesterov
    return torch.optim.SGD(groups, rate, momentum=momentum, nesterov=nesterov, fused=True)


def adam(name: str) -> Callable[[Any, Any, Any], Any]:
    """Return a function that makes an optimizer of the Adam family: of the class `name` in torch.optim."""

    def make(torch: Any, groups: Any, optimizer: Any) -> Any:
        betas = (optimizer.beta_1, optimizer.beta_2)
        return getattr(torch.optim, name)(groups, optimizer.learning_rate, betas, optimizer.epsilon, fused=True)

    return make


def lion(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return a Lion, which PyTorch does not have."""
    from graphnn.benchmark.torch_lion import TorchLion

    return TorchLion(groups, optimizer.learning_rate, beta_1=optimizer.beta_1, beta_2=optimizer.beta_2)


def rmsprop(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return an RMSprop; PyTorch has no fused one."""
    return torch.optim.RMSprop(groups, optimizer.learning_rate, optimizer.rho, optimizer.epsilon)


def muon(torch: Any, groups: Any, optimizer: Any) -> Any:
    """Return a Muon that also normalises the weights, as graphnn's does and PyTorch's does not."""
    from graphnn.benchmark.torch_muon import TorchMuon

    settings = {name: getattr(optimizer, name) for name in ("momentum", "nesterov", "steps")}
    return TorchMuon(groups, optimizer.learning_rate, **settings)


OPTIMIZER_TWINS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "SGD": sgd,
    "SGDMomentum": sgd_momentum,
    "Adam": adam("Adam"),
    "AdamW": adam("AdamW"),
    "Lion": lion,
    "RMSprop": rmsprop,
    "Muon": muon,
}


def loss_twin(torch: Any, loss: Loss) -> Any:
    """Return the loss that training minimises, as a function of (output or logits, targets)."""
    return LOSS_TWINS[loss.type](torch, loss)


def reported_twin(torch: Any, loss: Loss) -> Any:
    """Return the loss that is reported, in which targets are not smoothed, as such a function."""
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
    """Return the optimizer of the tensors, with its groups.

    tensors, declared: the tensors, and the declarations of the same parameters, by 'node/parameter'. scale: a factor on
    all learning rates.
    """
    numbers = rule_numbers(groups, tensors)
    twins = []
    for number, rule in enumerate(rules(optimizer, groups)):
        by_decay: dict[float, list[Any]] = {}
        for name in (name for name, found in zip(tensors, numbers, strict=True) if found == number):
            by_decay.setdefault(rule.weight_decay(declared[name].role), []).append(tensors[name])
        if by_decay:
            torch_groups = [{"params": alike, "weight_decay": decay} for decay, alike in by_decay.items()]
            scaled = replace(rule.optimizer, learning_rate=scale * rule.learning_rate)
            twins.append(OPTIMIZER_TWINS[scaled.type](torch, torch_groups, scaled))
    return twins[0] if len(twins) == 1 else Several(twins)


class Several:
    """Several optimizers, used as one."""

    def __init__(self, optimizers: Sequence[Any]) -> None:
        self._optimizers = optimizers

    def zero_grad(self) -> None:
        """Reset the gradients."""
        for each in self._optimizers:
            each.zero_grad()

    def step(self) -> None:
        """Take one step with each optimizer."""
        for each in self._optimizers:
            each.step()
