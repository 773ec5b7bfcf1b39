"""A graph as a network of PyTorch, with the same parameters. Importing this needs PyTorch."""

import os
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import torch

from graphnn.benchmark.layer_twins import check_twins, flat, tensor_name, twins
from graphnn.benchmark.task import LEARNING_RATE_SCALE, samples
from graphnn.benchmark.training_twins import loss_twin, optimizer_twin, reported_twin
from graphnn.engine.plan import loss_takes_logits
from graphnn.graph.graph import Graph
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array


class TorchNetwork:
    """The twin of a graph.

    whole: the network. body: the network, without its last layer where the loss is fused with that. named: all tensors
    by 'node/parameter', trained or not.
    """

    def __init__(self, graph: Graph, parameters: Parameters) -> None:
        check_twins(graph)
        owners: dict[str, Any] = {}
        layers, _ = twins(torch, iter(graph.nodes), owners)
        last = len(flat(layers[:-1]))
        self.whole: Any = torch.nn.Sequential(*flat(layers)).to(torch.from_numpy(parameters.vector[:0]).dtype)
        self.body: Any = self.whole[:last] if loss_takes_logits(graph) else self.whole
        self.named = {
            f"{node.name}/{parameter.name}": getattr(owners[node.name], tensor_name(parameter))
            for node in graph.nodes
            for parameter in node.parameters
        }
        self._loss, self._reported = loss_twin(torch, graph.loss), reported_twin(torch, graph.loss)
        with torch.no_grad():
            for name, array in parameters.named().items():
                self.named[name].copy_(torch.from_numpy(array))
                if name in parameters.running and self.named[name].requires_grad:
                    self.named[name].requires_grad_(False)

    def trained(self) -> dict[str, Any]:
        """Return the parameters that are trained."""
        return {name: tensor for name, tensor in self.named.items() if tensor.requires_grad}

    def loss(self, x: Any, y: Any) -> Any:
        """Return the mean loss that training minimises."""
        return self._loss(self.body(x), y)

    def reported(self, x: Any, y: Any) -> Any:
        """Return the mean loss that is reported."""
        return self._reported(self.body(x), y)


class TorchSide:
    """Trains and runs a graph in PyTorch, as one of `ways`."""

    def __init__(
        self,
        graph: Graph,
        parameters: Parameters,
        optimizer: Optimizer,
        groups: Sequence[ParameterGroup] = (),
        *,
        way: str,
        threads: int,
        batch_size: int,
    ) -> None:
        torch.set_num_threads(threads)
        self._network = TorchNetwork(graph, parameters)
        x, y = samples(graph, batch_size)
        self._x, self._y = tensor(x), tensor(y)
        if way != DEFAULT and self._x.ndim == 4:
            self._network.whole.to(memory_format=torch.channels_last)
            self._x = self._x.contiguous(memory_format=torch.channels_last)
        self._loss: Callable[[Any, Any], Any] = self._network.loss
        self._whole: Callable[[Any], Any] = self._network.whole
        if way == COMPILED:
            self._loss, self._whole = torch.compile(self._loss), torch.compile(self._whole)
        tensors = self._network.trained()
        self._tensors = list(tensors.values())
        self._optimizer = optimizer_twin(
            torch, optimizer, tensors, parameters.trained, groups, scale=LEARNING_RATE_SCALE
        )
        self._clip_norm = optimizer.clip_norm

    def train(self) -> None:
        """Run one training step."""
        self._optimizer.zero_grad()
        self._loss(self._x, self._y).backward()
        if self._clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self._tensors, self._clip_norm)
        self._optimizer.step()

    def predict(self) -> None:
        """Run one batch in inference."""
        with torch.inference_mode():
            self._whole(self._x)

    def mode(self, *, training: bool) -> None:
        """Switch to training, or to inference."""
        self._network.whole.train(training)

    def close(self) -> None:
        """Do nothing: there are no processes to end."""


def tensor(array: Array) -> Any:
    """Return an array as a tensor in the default layout."""
    return torch.from_numpy(array).contiguous()


DEFAULT, CHANNELS_LAST, COMPILED = "PyTorch", "PyTorch, channels last", "PyTorch, compiled"


def has_compiler() -> bool:
    """Whether torch.compile finds a C++ compiler."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "g++", "clang++"))


def ways(graph: Graph) -> list[str]:
    """Return the ways of running a graph here: plain; channels last, for images; compiled, in the faster layout."""
    images = [CHANNELS_LAST] if len(graph.input_shape) == 3 else []
    return [DEFAULT, *images, *([COMPILED] if has_compiler() else [])]


def version() -> str:
    """Return PyTorch's version."""
    return str(torch.__version__)
