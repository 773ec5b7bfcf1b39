"""The training of a document in PyTorch, written from the document's values alone, but for its layers.

These are the twins of the benchmark; batch normalisation and Dropout are changed to what graphnn says it computes. The
order of the samples and the masks of Dropout are graphnn's, because no other library draws the same.
"""

import math
import runpy
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MethodType
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from graphnn.benchmark.torch_modules import PlainDropout
from graphnn.benchmark.torch_network import TorchNetwork, tensor
from graphnn.datasets.batches import epoch_order
from graphnn.engine.plan import loss_takes_logits
from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import unset
from graphnn.types import Array

FORMULAS: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("formulas.py")))
OPTIMIZERS, LOSSES, SCHEDULES, AVERAGINGS = (
    FORMULAS[name] for name in ("OPTIMIZERS", "LOSSES", "SCHEDULES", "AVERAGINGS")
)
Place, set_rate = FORMULAS["Place"], FORMULAS["set_rate"]
Options = Mapping[str, Any]
Masks = Callable[[int, int, int], list[Array]]  # of a step: from its epoch, number and samples to one for each Dropout


def normalise_batch(module: Any, x: Any) -> Any:
    """Forward of BatchNorm, with running statistics of the biased variance."""
    if not module.training:
        mean, variance = module.running_mean, module.running_var
        return F.batch_norm(x, mean, variance, module.weight, module.bias, False, 0.0, module.eps)
    with torch.no_grad():
        axes = [axis for axis in range(x.ndim) if axis != 1]
        for running, batch in ((module.running_mean, x.mean(axes)), (module.running_var, x.var(axes, correction=0))):
            running.mul_(1 - module.momentum).add_(module.momentum * batch)
    return F.batch_norm(x, None, None, module.weight, module.bias, True, 0.0, module.eps)


def drop(module: Any, x: Any) -> Any:
    """Forward of Dropout with the next of the given masks."""
    return x * module.masks.popleft() if module.training else x * (1 - module.rate)


@dataclass
class Rule:
    """How some of the parameters are trained."""

    section: Options
    rate: float
    schedule: Options | None
    decay_scale: float | None

    def decay(self, name: str) -> float:
        weight_decay = float(self.section.get("weight_decay", 0.0))
        if self.decay_scale is not None:
            return self.decay_scale * weight_decay
        return weight_decay if name.endswith("/weights") or self.section.get("decay_biases") else 0.0


class Training:
    """Trains the graph of a resolved document in PyTorch, in one precision.

    arrays: the initial values by 'layer/parameter'. masks: of Dropout.
    """

    def __init__(self, graph: Graph, document: Options, arrays: Mapping[str, Array], dtype: Any, masks: Masks) -> None:
        parameters = unset(graph, dtype)
        for name, array in parameters.named().items():
            array[...] = arrays[name]
        self.network = TorchNetwork(graph, parameters)
        self.document, self.masks, self.logits = document, masks, loss_takes_logits(graph)
        self.dtype = dtype
        self.dropouts: list[Any] = []
        for module in self.network.whole.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.forward = MethodType(normalise_batch, module)
            if isinstance(module, PlainDropout):
                module.masks = deque()
                module.forward = MethodType(drop, module)
                self.dropouts.append(module)
        spans = {f"{node.name}/{each.name}": each for node in graph.nodes for each in node.parameters}
        self.ends = {name: math.inf if each.until_epoch is None else each.until_epoch for name, each in spans.items()}
        self.trained = self.network.trained()
        self.rules = {name: self.rule(name) for name in self.trained}
        self.optimizers = {
            name: OPTIMIZERS[rule.section["type"]]([self.trained[name]], rule.section, rule.decay(name))
            for name, rule in self.rules.items()
        }
        self.average = {name: each.detach().clone() for name, each in self.network.named.items()}
        self.output_shape, self.weights = graph.output_shape, None
        self.losses: dict[str, list[float]] = {"training": [], "validation": []}

    def rule(self, name: str) -> Rule:
        common = self.document["optimizer"]
        group = next((each for each in common.get("groups", ()) if fnmatchcase(name, each["match"])), {})
        section = group.get("optimizer") or common
        rate = section["learning_rate"] * group.get("learning_rate_scale", 1.0)
        return Rule(section, rate, group.get("schedule") or common.get("schedule"), group.get("weight_decay_scale"))

    def loss(self, z: Any, y: Any, smoothing: float = 0.0) -> Any:
        return LOSSES[self.document["loss"]["type"]](z, y, self.logits, smoothing, self.weights)

    def run(self, x: Array, y: Array, x_valid: Array, y_valid: Array) -> dict[str, Array]:
        """Train on normalised inputs; return what is compared."""
        options = self.document["training"]
        size, count, whole = options["batch_size"], len(x), self.network.whole
        per_epoch = count // size if options.get("drop_last") else math.ceil(count / size)
        total = math.ceil(options["epochs"] * per_epoch - 1e-9)
        inputs, targets = (self.tensor(each) for each in (x, y))
        if "class_weights" in self.document["loss"]:
            (outputs,) = self.output_shape
            self.weights = FORMULAS["balanced"](targets, outputs, self.document["loss"]["type"])
        at, seen = 0, [0.0, 0]
        while at < total:
            epoch, step = divmod(at, per_epoch)
            order = torch.from_numpy(epoch_order(count, options["seed"], epoch)[step * size : (step + 1) * size])
            whole.train()
            for module, mask in zip(self.dropouts, self.masks(epoch, step, len(order)), strict=True):
                module.masks.append(torch.from_numpy(mask).to(inputs.dtype))
            z = self.network.body(inputs[order])
            loss = self.loss(z, targets[order], self.document["loss"].get("label_smoothing", 0.0))
            for each in self.trained.values():
                each.grad = None
            loss.backward()
            seen = [seen[0] + len(order) * self.loss(z.detach(), targets[order]).item(), seen[1] + len(order)]
            self.update(Place(at, per_epoch, total, self.losses["validation"]), epoch)
            at += 1
            self.averaged(at, total)
            if at % per_epoch == 0 or at == total:
                self.losses["training"].append(seen[0] / seen[1])
                seen = [0.0, 0]
                with self.kept():
                    whole.eval()
                    self.losses["validation"].append(
                        self.loss(self.network.body(self.tensor(x_valid)), self.tensor(y_valid)).item()
                    )
        with self.kept(), torch.no_grad():
            whole.eval()
            found = {name: each.detach().numpy().copy() for name, each in self.network.named.items()}
            found["outputs"] = whole(self.tensor(x_valid)).numpy()
        return found | {f"{part} loss": np.array(each) for part, each in self.losses.items()}

    def tensor(self, array: Array) -> Any:
        return tensor(np.ascontiguousarray(array if array.dtype.kind in "iu" else array.astype(self.dtype)))

    def update(self, place: Any, epoch: int) -> None:
        moving = {
            name: each for name, each in self.trained.items() if epoch < self.ends[name] and each.grad is not None
        }
        longest = self.document["optimizer"].get("clip_norm")
        length = math.sqrt(sum(float(each.grad.double().square().sum()) for each in moving.values()))
        for name, each in moving.items():
            if longest is not None and length > longest:
                each.grad *= longest / length
            rule = self.rules[name]
            scale = 1.0 if rule.schedule is None else SCHEDULES[rule.schedule["type"]](rule.schedule, place)
            set_rate(self.optimizers[name], rule.rate * scale)
            self.optimizers[name].step()

    @torch.no_grad()
    def averaged(self, done: int, total: int) -> None:
        options = self.document["training"].get("averaging")
        if options is None:
            return
        share, self.apart = AVERAGINGS[options["type"]](options, done // options["every"], done / total)
        for name, each in self.network.named.items():
            if done % options["every"] == 0:
                self.average[name] = share * self.average[name] + (1 - share) * each
            if not self.apart and (done % options["every"] == 0 or done == total):
                each.copy_(self.average[name])

    def kept(self) -> "Exchanged":
        """Return a context in which the network has the average, where that is kept apart."""
        options = self.document["training"].get("averaging")
        return Exchanged(self, options is not None and self.apart)


class Exchanged:
    def __init__(self, training: Training, really: bool) -> None:
        self.training, self.really = training, really

    @torch.no_grad()
    def __enter__(self) -> None:
        if self.really:
            self.exchange()

    @torch.no_grad()
    def __exit__(self, *_: object) -> None:
        if self.really:
            self.exchange()

    def exchange(self) -> None:
        for name, each in self.training.network.named.items():
            other = self.training.average[name]
            self.training.average[name] = each.clone()
            each.copy_(other)
