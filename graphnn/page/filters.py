"""The weights of the first layer as pictures: what each filter or unit looks for in an image."""

import math

import numpy as np

from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Node
from graphnn.page.images import Picture, is_image, weights_picture
from graphnn.page.subject import Subject
from graphnn.parameters.parameter import Role
from graphnn.runs.trained import Trained
from graphnn.types import Array, Shape, shape_text

SHOWN = 64  # filters
WIDEST = 64  # inputs and units of a layer whose weights are shown as one picture
SMALLEST = 2  # pixels of a side of a filter that shows anything


@frozen_dataclass
class Filters:
    """The pictures of the first layer's weights. count: of its filters or units. whole: whether one picture has all."""

    layer: str
    pictures: tuple[Picture, ...]
    count: int
    what: str
    signed: bool
    whole: bool = False


class NothingToShow(GraphError):
    """The weights of the first layer make no pictures."""


def filters(subject: Subject, trained: Trained) -> Filters:
    """Return pictures of the first layer that has a matrix of weights. Raises NothingToShow, which says why."""
    node = first_weights(subject)
    weights = trained.parameters.named()[f"{node.name}/weights"]
    if weights.ndim == 4:
        return convolution_filters(node, weights)
    shape = trained.normalisation.shape
    if is_image(shape) and math.prod(shape) == weights.shape[1] and shape[0] in (1, 3):
        return pictures(node.name, weights.reshape(-1, *shape), f"units, as images of {shape_text(shape)}")
    return heat_map(node, weights, shape)


def first_weights(subject: Subject) -> Node:
    """Return the first node with a matrix or filters named `weights`. Raises NothingToShow where there is none."""
    for node in subject.graph.nodes:
        for parameter in node.parameters:
            if parameter.name == "weights" and parameter.role is Role.WEIGHT and len(parameter.shape) in (2, 4):
                return node
    raise NothingToShow("No layer has a matrix of weights that could be shown.")


def convolution_filters(node: Node, weights: Array) -> Filters:
    """Return the pictures of filters D×C×Kh×Kw. Raises NothingToShow where they do not read images."""
    _, channels, height, width = weights.shape
    size = shape_text((height, width))
    if channels not in (1, 3):
        raise NothingToShow(
            f"The filters of {node.name} read {channels:,} channels; those of images with 1 or 3 channels are shown."
        )
    if max(height, width) < SMALLEST:
        raise NothingToShow(f"The filters of {node.name} are {size}, a pixel each, which makes no picture.")
    return pictures(node.name, weights, f"filters of {size}")


def pictures(layer: str, weights: Array, what: str) -> Filters:
    """Return the pictures of filters D×C×H×W, the first SHOWN of them."""
    colour = weights.shape[1] == 3
    shown = tuple(
        weights_picture(each, f"{layer}, number {number}", colour=colour) for number, each in enumerate(weights[:SHOWN])
    )
    return Filters(layer, shown, len(weights), what, not colour)


def heat_map(node: Node, weights: Array, shape: Shape) -> Filters:
    """Return one picture of the weights units×inputs. Raises NothingToShow where there are too many."""
    units, inputs = weights.shape
    if max(units, inputs) > WIDEST:
        raise NothingToShow(
            f"The {units:,}×{inputs:,} weights of {node.name} are too many to see; at most {WIDEST}×{WIDEST} are shown."
        )
    alt = f"weights of {node.name}: a row for each of {units} units, a column for each of {inputs} inputs"
    scaled = np.ascontiguousarray(weights[None])
    return Filters(
        node.name,
        (weights_picture(scaled, alt, colour=False, largest_side=WIDEST),),
        len(weights),
        "units",
        True,
        whole=True,
    )
