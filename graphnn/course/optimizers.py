"""The optimizers as the assignment calls them: their learning rate is `lr`."""

from typing import Any

from graphnn.optimizers import sgd, sgd_momentum


def SGD(lr: float | None = None, **settings: Any) -> sgd.SGD:
    """Return `graphnn.SGD`; lr: its `learning_rate`, the default where left out. Raises SpecError as that does."""
    return sgd.SGD(**learning_rate(lr), **settings)


def SGDMomentum(lr: float | None = None, momentum: float = 0.9, **settings: Any) -> sgd_momentum.SGDMomentum:
    """Return `graphnn.SGDMomentum`; lr: its `learning_rate`, the default where it is left out. Raises SpecError."""
    return sgd_momentum.SGDMomentum(momentum=momentum, **learning_rate(lr), **settings)


def learning_rate(lr: float | None) -> dict[str, Any]:
    """Return `lr` under the name that optimizers have for it; nothing where it is left out."""
    return {} if lr is None else {"learning_rate": lr}
