"""Refuses what needs more memory than there is, before any of it is allocated."""

import math

from graphnn.describe.convolution_memory import FLOAT, convolution_scratch
from graphnn.describe.memory import start_bytes
from graphnn.engine.cut import inference_piece
from graphnn.engine.inference import CHUNK, at_once
from graphnn.engine.plan import training_plan
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import Kernels
from graphnn.machine.cores import available_cores
from graphnn.machine.memory import shortage
from graphnn.text.numbers import bytes_text


def refuse_too_large(needed: int, what: str, advice: str, *, data: int = 0) -> None:
    """Raise GraphError where less than `needed` bytes of memory are left, and say whose limit it is.

    what: takes it, for messages: "net.json: training this network takes". advice: what to try. data: the bytes that
    the data set takes besides.
    """
    there = shortage(needed + data)
    if there is not None:
        besides = f" and its data {bytes_text(data)}" if data else ""
        raise GraphError(f"{what} {bytes_text(needed)}{besides}, but {there}; {advice}")


def refuse_inference(graph: Graph, batch_size: int, kernels: Kernels, where: str, samples: int = CHUNK) -> None:
    """Raise GraphError where inference on so many samples needs more memory than is left. where: for the message."""
    count = at_once(batch_size, samples)
    advice = "try a smaller batch size" if count > CHUNK else "the network is too large for it"
    needed = inference_bytes(graph, batch_size, kernels, samples)
    refuse_too_large(needed, f"{where}: running this network on {count:,} samples takes", advice)


def inference_bytes(graph: Graph, batch_size: int, kernels: Kernels, samples: int = CHUNK) -> int:
    """Return about how many bytes inference takes at its peak, without the data set; nothing is allocated.

    Parameters, inputs and outputs of the samples computed at once, and the scratch of each process; or what the first
    values take, if that is more.
    """
    count = at_once(batch_size, samples)
    plan = training_plan(graph, min(batch_size, count), kernels)
    parameters = sum(parameter.size for node in graph.nodes for parameter in node.parameters)
    handed = count * (math.prod(graph.input_shape) + 2 * math.prod(graph.output_shape))
    piece = min(count, inference_piece(graph.nodes, batch_size)) * max(
        math.prod(node.output_shape) for node in graph.nodes
    )
    windows = convolution_scratch(plan, kernels)
    return max(start_bytes(graph), FLOAT * (2 * parameters + handed + available_cores() * (2 * piece + windows)))
