"""The optimizers by the `type` that documents give them."""

from typing import Any

from graphnn.optimizers.adam import Adam, AdamW
from graphnn.optimizers.base import ElementwiseOptimizer, Optimizer
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.rmsprop import RMSprop
from graphnn.optimizers.sgd import SGD, SGDMomentum

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "ElementwiseOptimizer", "Muon", "Optimizer", "RMSprop", "SGDMomentum"]

OPTIMIZERS: dict[str, type[Any]] = {
    optimizer.__name__: optimizer for optimizer in (SGD, SGDMomentum, Adam, AdamW, RMSprop, Muon)
}
