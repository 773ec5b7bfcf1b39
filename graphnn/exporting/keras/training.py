"""How a network is trained, as Keras compiles a model: its optimizer, its loss, and what of both cannot be said."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graphnn.exporting.branches import layer_nodes, steps_of
from graphnn.exporting.keras.model import KerasModel
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Node
from graphnn.losses.base import Loss
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.class_weights import ClassWeighted
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.metrics.outputs import Classes, Numbers, YesOrNo
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.rmsprop import RMSprop
from graphnn.optimizers.sections import optimizer_from
from graphnn.parameters.parameter import Role
from graphnn.types import Array

SMALL = 1e-6  # an epsilon up to which it does not matter where it is added
DECOUPLED = ("AdamW", "Lion")  # whose decay is none of the gradient
OPTIMIZERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Adam": ("Adam", ("beta_1", "beta_2", "epsilon")),
    "AdamW": ("AdamW", ("beta_1", "beta_2", "epsilon", "weight_decay")),
    "Lion": ("Lion", ("beta_1", "beta_2", "weight_decay")),
    "RMSprop": ("RMSprop", ("rho",)),
    "SGD": ("SGD", ()),
    "SGDMomentum": ("SGD", ("momentum", "nesterov")),
}  # Keras' name, and the settings that are called the same there
METRICS = {Classes: "accuracy", YesOrNo: "accuracy", Numbers: "mean_absolute_error"}


@frozen_dataclass
class KerasTraining:
    """What a model is compiled with. optimizer: None where it is not. notes: what is another than in the document."""

    optimizer: Optimizer | None
    loss: Loss
    notes: tuple[str, ...]

    @classmethod
    def of(cls, network: TrainedNetwork) -> "KerasTraining":
        """Return how a network is trained, as far as Keras can do so."""
        loss = network.graph.loss
        optimizer = optimizer_from(network.spec.optimizer)
        reasons = tuple(reasons_not_to(network, optimizer))
        if reasons:
            return cls(None, loss, (f"the Keras model is not compiled: {'; '.join(reasons)}",))
        return cls(optimizer, loss, tuple(what_is_left_out(network, optimizer)))

    def decay(self, role: Role) -> float:
        """Return λ of parameters with this role, where it is added to the gradient as λP."""
        if self.optimizer is None or self.optimizer.type in DECOUPLED:
            return 0.0
        return self.optimizer.decay(role)

    def config(self) -> dict[str, Any] | None:
        """Return what a Keras model is compiled with; None where it is not."""
        if self.optimizer is None:
            return None
        metric = METRICS.get(self.loss.outputs)
        return {
            "optimizer": optimizer_config(self.optimizer),
            "loss": loss_config(self.loss),
            "metrics": [] if metric is None else [metric],
        }

    def state(self, model: KerasModel) -> list[Array]:
        """Return the variables of the optimizer before its first step: steps, learning rate, then zeros."""
        if self.optimizer is None:
            return []
        slots = len(self.optimizer.slots)
        if getattr(self.optimizer, "momentum", None) == 0:  # Keras keeps none then
            slots = 0
        trained = [weight for layer in model.in_order() for weight in layer.weights[: layer.trained]]
        zeros = [np.broadcast_to(np.float32(0), weight.shape) for weight in trained for _ in range(slots)]
        return [np.array(0, np.int32), np.array(self.optimizer.learning_rate, np.float32), *zeros]


def optimizer_config(optimizer: Optimizer) -> dict[str, Any]:
    """Return the configuration of an optimizer in Keras."""
    kind, same = OPTIMIZERS[optimizer.type]
    config = {"learning_rate": optimizer.learning_rate, **{key: getattr(optimizer, key) for key in same}}
    if isinstance(optimizer, RMSprop):
        config["epsilon"] = optimizer.epsilon**2  # Keras adds it under the root
    if optimizer.clip_norm is not None:
        config["global_clipnorm"] = optimizer.clip_norm
    return {"module": "keras.optimizers", "class_name": kind, "config": config, "registered_name": None}


def loss_config(loss: Loss) -> dict[str, Any]:
    """Return the configuration of a loss in Keras."""
    if isinstance(loss, CrossEntropy):
        kind, config = "SparseCategoricalCrossentropy", {"from_logits": False}
    elif isinstance(loss, BinaryCrossEntropy):
        kind, config = "BinaryCrossentropy", {"from_logits": False}
    else:
        kind, config = "MeanSquaredError", {}
    return {"module": "keras.losses", "class_name": kind, "config": config, "registered_name": None}


def reasons_not_to(network: TrainedNetwork, optimizer: Optimizer) -> Iterator[str]:
    """Yield why a Keras model cannot be compiled to train as the document does."""
    loss = network.graph.loss
    if network.spec.optimizer.options.get("groups"):
        yield "its optimizer trains groups of parameters by rules of their own, which Keras has not"
    elif optimizer.type not in OPTIMIZERS:
        yield f"Keras has no {optimizer.type} that takes the same steps"
    if isinstance(loss, CrossEntropy) and loss.label_smoothing:
        yield (
            "its outputs are without what label smoothing has added, so train the layers before "
            f'"less_smoothing", with CategoricalCrossentropy(label_smoothing={loss.label_smoothing:g})'
        )


def what_is_left_out(network: TrainedNetwork, optimizer: Optimizer) -> Iterator[str]:
    """Yield a note for everything in the training of a compiled model that differs from that of the document."""
    graph = network.graph
    decay = optimizer.decay(Role.WEIGHT)
    if network.spec.optimizer.options.get("schedule") is not None:
        yield f"Keras keeps the learning rate at {optimizer.learning_rate:g}; the schedule is left out"
    if isinstance(graph.loss, ClassWeighted) and graph.loss.class_weights is not None:
        yield "a Keras model has no class weights: give them to its fit as class_weight"
    if decay and optimizer.type in DECOUPLED and not optimizer.decay(Role.BIAS):
        yield f"the weight decay of Keras' {optimizer.type} reaches biases and normalisations, too"
    if decay and optimizer.type not in DECOUPLED and optimizer.clip_norm is not None:
        yield "Keras clips the gradient with the weight decay in it, graphnn without"
    epsilon = getattr(optimizer, "epsilon", 0.0)
    if epsilon > SMALL:
        yield f"Keras adds epsilon, {epsilon:g}, at another place: steps differ where gradients are not much larger"
    parts = [node for node in layer_nodes(steps_of(graph)) if trains_in_part(node)]
    if parts:
        yield f"Keras trains all of a layer or nothing; trained whole: {', '.join(node.name for node in parts)}"


def trains_in_part(node: Node) -> bool:
    """Whether some of a layer's parameters are trained, and others are not, or not to the end."""
    of_training = [each for each in node.parameters if each.role is not Role.STATISTIC]
    to_the_end = [each for each in of_training if each.trainable and each.until_epoch is None]
    frozen = not any(each.trainable for each in of_training)
    fixed = getattr(node.layer, "fixed_statistics", False)
    return not frozen and (len(to_the_end) < len(of_training) or fixed)
