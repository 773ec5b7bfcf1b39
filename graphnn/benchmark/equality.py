"""Whether the twin in PyTorch is the same network: the same loss, gradients and outputs from the same weights."""

from dataclasses import asdict
from typing import Any

import numpy as np

from graphnn.benchmark.task import samples, without_dropout
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import initialise
from graphnn.types import Array

MOST_SAMPLES = 32
# In float64 only another formula exceeds the limit. In float32 a ReLU or a maximum may cross its kink.
LIMITS = {"float64": 1e-7, "float32": 5e-2}
NEGLIGIBLE = 1e-4  # of the norm of all gradients: that of a bias before a batch normalisation is only rounding


@frozen_dataclass
class Differences:
    """The largest relative differences, in one precision."""

    loss: float
    gradients: float
    outputs: float

    @property
    def largest(self) -> float:
        """The largest of all."""
        return max(self.loss, self.gradients, self.outputs)


def compare(graph: Graph, batch_size: int, seed: int = 0) -> dict[str, Differences]:
    """Return the differences between the engine and PyTorch by precision. Raises GraphError where they are too large.

    Loss and gradients are those of training without the Dropout layers; outputs, with them, those of inference.
    """
    n = min(batch_size, MOST_SAMPLES)
    found = {dtype: differences(graph, n, seed, dtype) for dtype in LIMITS}
    for dtype, in_dtype in found.items():
        for name, value in asdict(in_dtype).items():
            if not value <= LIMITS[dtype]:
                raise GraphError(f"PyTorch computes another network: {name} differ by {value:.1e} in {dtype}")
    return found


def differences(graph: Graph, n: int, seed: int, dtype: str) -> Differences:
    """Return the differences in one precision, for a batch of n samples."""
    loss, gradients = training_differences(without_dropout(graph), n, seed, dtype)
    return Differences(loss, gradients, inference_difference(graph, n, seed, dtype))


def training_differences(graph: Graph, n: int, seed: int, dtype: str) -> tuple[float, float]:
    """Return the relative differences of the loss and of the parameter whose gradient differs most."""
    import torch

    from graphnn.benchmark.torch_network import TorchNetwork, tensor  # needs PyTorch

    x, y = samples(graph, n, dtype)
    parameters = initialise(graph, seed, dtype, images=x)
    network = TorchNetwork(graph, parameters)
    with Engine(graph, parameters, batch_size=n, threads=1) as engine:
        loss = graph.summarise(engine.train_step(ArrayBatch(x, y), epoch=0, step=0), n, training=True)["loss"]
    network.loss(tensor(x), tensor(y)).backward()
    with torch.no_grad():
        reported = network.reported(tensor(x), tensor(y)).item()
    gradients = {name: each.grad.numpy() for name, each in network.trained().items()}
    whole = norm(*gradients.values())
    ours = {f"{node}/{name}": array for node, arrays in parameters.gradients.items() for name, array in arrays.items()}
    gradient = max(
        norm(ours[name] - theirs) / max(norm(theirs), NEGLIGIBLE * whole, 1e-30) for name, theirs in gradients.items()
    )
    return abs(loss - reported) / max(abs(loss), 1e-30), gradient


def inference_difference(graph: Graph, n: int, seed: int, dtype: str) -> float:
    """Return the difference of the outputs in inference, relative to the largest output."""
    import torch

    from graphnn.benchmark.torch_network import TorchNetwork, tensor

    x, _ = samples(graph, n, dtype)
    parameters = initialise(graph, seed, dtype, images=x)
    network = TorchNetwork(graph, parameters)
    with Engine(graph, parameters, batch_size=n, threads=1) as engine:
        outputs = engine.predict(x)
    with torch.inference_mode():
        theirs: Any = network.whole.eval()(tensor(x)).numpy()
    return float(np.abs(outputs - theirs).max() / max(float(np.abs(theirs).max()), 1e-30))


def norm(*arrays: Array) -> float:
    """Return the Euclidean norm of all arrays together."""
    return float(np.sqrt(sum(np.sum(np.square(array, dtype=np.float64)) for array in arrays)))
