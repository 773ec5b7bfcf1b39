"""Notes about layers with weights that follow one another with nothing nonlinear between them."""

import math
from collections.abc import Iterable, Iterator

from graphnn.graph.graph import Graph, Node
from graphnn.initializers.base import FromImages
from graphnn.parameters.parameter import Role
from graphnn.specification.schema_problems import Finding
from graphnn.text.suggestions import quoted

LINEAR = ("Dense", "Conv2D")
PASSING = ("Flatten", "Scale", "AveragePooling2D", "GlobalAveragePooling", "Dropout")  # linear too, in inference


def linear_notes(graph: Graph, *, learns_inputs: bool = False) -> Iterator[Finding]:
    """Yield a note for each run of layers that together are one linear map, at the second of them.

    learns_inputs: whether the network is an autoencoder, whose code may be linear (Hinton and Salakhutdinov 2006,
    "Reducing the dimensionality of data with neural networks").

    A normalisation between two ends a run, because networks of the literature have that on purpose: the linear
    bottlenecks of MobileNetV2 (Sandler et al. 2018, section 3.2). So does a layer whose weights are not learnt, such as
    a projection or a whitening.
    """
    for run in runs(graph.nodes):
        if learns_inputs and is_code(run):
            continue
        first, last = quoted(run[0].name), quoted(run[-1].name)
        if len(run) == 2:
            what, where = f"nothing nonlinear stands between {first} and {last}", "between them"
        else:
            what = f"nothing nonlinear stands between the {len(run)} layers from {first} to {last}"
            where = "after each but the last"
        advice = f'put an activation such as {{"type": "ReLU"}} {where}, unless a factorisation is meant'
        yield Finding(run[1].path, f"{what}, so that together they are one linear map; {advice}")


def runs(nodes: Iterable[Node]) -> Iterator[list[Node]]:
    """Yield the layers that multiply by learnt weights, two or more with nothing nonlinear between them."""
    run: list[Node] = []
    for node in nodes:
        if node.layer.type in LINEAR and learns(node):
            run.append(node)
        elif node.layer.type not in PASSING:
            if len(run) > 1:
                yield run
            run = []
    if len(run) > 1:
        yield run


def is_code(run: list[Node]) -> bool:
    """Whether a run is two layers with fewer numbers between them than before and after, so that one would do more."""
    if len(run) > 2:
        return False
    encoder, decoder = run
    code = math.prod(decoder.input_shape)
    return code < min(math.prod(encoder.input_shape), math.prod(decoder.output_shape))


def learns(node: Node) -> bool:
    """Whether the weights of a node are trained, from values that are drawn."""
    return any(
        parameter.role is Role.WEIGHT and parameter.trainable and not isinstance(parameter.initializer, FromImages)
        for parameter in node.parameters
    )
