"""A note about rows and columns of images that no window of a pooling looks at, because it would not fit any more."""

from typing import TYPE_CHECKING

from graphnn.document.document import value_at
from graphnn.document.origins import origin_of
from graphnn.errors import Problem
from graphnn.graph.graph import Graph, Node
from graphnn.specification.spec import Spec
from graphnn.text.suggestions import quoted
from graphnn.types import shape_text

if TYPE_CHECKING:
    from graphnn.kernels.convolution import Window

AXES = ("row", "column")
OTHERS = 3  # named besides the first


def edge_note(spec: Spec, graph: Graph) -> Problem | None:
    """Return one note for all poolings whose windows leave out rows or columns at the end; None where there are none.

    Convolutions leave them out alike in every library, which nobody has to be told. A pooling with a description is
    taken as meant, or with one of the block or repetition that it belongs to. Usual networks leave some out, so that a
    training says nothing of it.
    """
    left = [(node, counts) for node in graph.nodes if any(counts := left_out(node)) and not is_described(spec, node)]
    if not left:
        return None
    (node, counts), *others = left
    sizes, window = node.input_shape[1:], window_of(node)
    assert window is not None
    rounded_up = tuple(
        -(-(size - length) // stride) + 1
        for size, length, stride in zip(sizes, window.kernel, window.strides, strict=True)
    )
    named = ", ".join(quoted(each.name) for each, _ in others[:OTHERS])
    more = f" and {len(others) - OTHERS} more" if len(others) > OTHERS else ""
    also = f"; so do {named}{more}" if others else ""
    message = (
        f"windows of {shape_text(window.kernel)} in steps of {shape_text(window.strides)} do not look at the "
        f"{words(counts)} of {shape_text(sizes)}{also}. PyTorch and Keras do the same; Caffe would give "
        f"{shape_text(rounded_up)} here, not {shape_text(node.output_shape[1:])}. Where it is meant, a "
        "description of the layer says so and ends this note"
    )
    return spec.problem(node.path, message).without_source()


def is_described(spec: Spec, node: Node) -> bool:
    """Whether the document describes a layer, or what stands for it: a block where it is used, or a repetition."""
    if node.layer.description is not None:
        return True
    origin, _ = origin_of(spec.document.origins, node.path)
    steps = () if origin is None else origin.steps
    return any(value_at(spec.document.value, (*step.path, "description")) is not None for step in steps)


def words(counts: tuple[int, int]) -> str:
    """Return how many rows and columns are left out: last row and last 2 columns."""
    down, right = counts
    if down == right:
        return "last row and column" if down == 1 else f"last {down} rows and columns"
    named = ((count, axis if count == 1 else f"{count} {axis}s") for count, axis in zip(counts, AXES, strict=True))
    return " and ".join(f"last {text}" for count, text in named if count)


def left_out(node: Node) -> tuple[int, int]:
    """Return how many rows and columns of pixels at the end no window of a pooling looks at; (0, 0) of other layers.

    Windows that skip pixels between them get a note of their own.
    """
    window = window_of(node)
    if window is None or any(stride > size for stride, size in zip(window.strides, window.kernel, strict=True)):
        return 0, 0
    down, right = (
        size - ((count - 1) * stride + length)
        for size, count, stride, length in zip(
            node.input_shape[1:], node.output_shape[1:], window.strides, window.kernel, strict=True
        )
    )
    return down, right


def window_of(node: Node) -> "Window | None":
    """Return the window of a pooling; None for other layers."""
    window: Window | None = getattr(node.layer, "window", None)
    if window is None:
        return None
    from graphnn.layers.pooling import Pooling  # imported by such layers alone

    return window if isinstance(node.layer, Pooling) else None
