"""Notes about layers that do nothing where they stand, or about weights that can learn nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from graphnn.graph.graph import Graph, Node
from graphnn.layers.base import LAYERS, Layer
from graphnn.parameters.parameter import Role
from graphnn.specification.fixed_statistics import NORMALIZATION, fixes_statistics
from graphnn.specification.names import RESIDUAL
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import LayerSection, Section
from graphnn.specification.spec import Spec
from graphnn.text.numbers import short_count_text
from graphnn.text.suggestions import quoted

PASSING = ("MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling", "Flatten", "Dropout")  # to what no sign is new
LONG = 10**12  # multiply-adds of a sample: a minute of training at 10^11 floating-point operations a second


def layer_notes(spec: Spec, graph: Graph) -> Iterator[Finding]:
    """Yield the notes about the layers of a document, and about its graph."""
    yield from constant_notes(spec)
    yield from sign_notes(spec.layers, None)
    for block in (spec.layers, *(layer.inside for layer in spec.every_layer)):
        yield from bias_notes(spec, block)
    for node in graph.nodes:
        yield from window_notes(node)
        if node.layer.type == "Flatten" and len(node.input_shape) == 1:
            yield Finding(node.path, f"its input is a vector of {node.input_shape[0]:,} already; leave the layer out")
        if getattr(node.layer, "trainable", None) is False and not node.parameters:
            yield Finding((*node.path, "trainable"), "the layer has no parameters; leave this out")
    yield from frozen_notes(spec, graph)
    yield from work_notes(graph)


def work_notes(graph: Graph) -> Iterator[Finding]:
    """Yield a note where a core takes more than a minute to train on one sample. Backward is twice the work."""
    work = sum(node.multiply_adds for node in graph.nodes)
    if work > LONG:
        worst = max(graph.nodes, key=lambda node: node.multiply_adds)
        whole, here, minutes = map(short_count_text, (work, worst.multiply_adds, work // LONG))
        message = f"one sample takes {whole} multiply-adds, {here} here"
        advice = "take fewer units, filters or pixels, a smaller kernel or larger strides"
        yield Finding(worst.path, f"{message}: some {minutes} min of training at 100 GFLOP/s; {advice}")


def frozen_notes(spec: Spec, graph: Graph) -> Iterator[Finding]:
    """Yield a note where the run goes on after all parameters are frozen."""
    trained = [
        (node, parameter.until_epoch) for node in graph.nodes for parameter in node.parameters if parameter.trainable
    ]
    ends = [end for _, end in trained if end is not None]
    if ends and len(ends) == len(trained) and max(ends) < spec.training["epochs"]:
        node = next(node for node, end in trained if end == max(ends))
        message = (
            f"nothing is trained after epoch {max(ends)}, because all parameters are frozen then; end the run there"
        )
        yield Finding((*node.path, "trainable"), message)


def constant_value(layer: LayerSection) -> float | None:
    """Return the number that all weights of a layer start from; None where they differ."""
    initializer = layer.options.get("initializer")
    type_, options = (initializer.type, initializer.options) if isinstance(initializer, Section) else (initializer, {})
    if type_ == "constant":
        return float(options.get("value", 0))
    return 0.0 if type_ == "normal" and options.get("deviation") == 0 else None


def constant_notes(spec: Spec) -> Iterator[Finding]:
    """Yield a note where the units of hidden layers can never differ, and for each layer that is frozen at 0."""
    weighted = [layer for layer in spec.every_layer if "initializer" in layer.options]
    values = [constant_value(layer) for layer in weighted]
    if len(weighted) > 1 and None not in values:
        words = "one number, so that all units stay alike" if any(values) else "0, so that only the last biases learn"
        message = f"the weights of every layer start from {words}; leave the initializer out"
        yield Finding((*weighted[0].path, "initializer"), message)
        return
    for layer, value in zip(weighted, values, strict=True):
        trainable = layer.options["trainable"]
        frozen = trainable is False or (isinstance(trainable, dict) and trainable.get("weights") is False)
        if value == 0 and frozen:
            message = "the weights are 0 and are not trained, so that nothing of the input passes"
            yield Finding((*layer.path, "initializer"), f"{message}; train them, or take another initializer")


def bias_notes(spec: Spec, layers: tuple[LayerSection, ...]) -> Iterator[Finding]:
    """Yield a note for each bias that a document asks for and the next layer subtracts again with the mean."""
    for layer, following in pairwise(layers):
        if following.type != NORMALIZATION or not layer.options.get("use_bias"):
            continue
        if fixes_statistics(following.options["trainable"]):  # their mean is another
            continue
        path = (*layer.path, "use_bias")
        trainable = layer.options.get("trainable")
        if spec.document.value_at(path):
            yield Finding(path, f"{NORMALIZATION} subtracts the bias again, with the mean; write false")
        elif isinstance(trainable, dict) and trainable.get("biases") and trainable.get("weights") is False:
            message = f"only biases are trained, which {NORMALIZATION} subtracts again, with the mean"
            yield Finding((*layer.path, "trainable"), f"{message}; train the weights, or nothing")


def sign_notes(layers: Sequence[LayerSection], known: LayerSection | None) -> Iterator[Finding]:
    """Yield a note for each activation that changes negative numbers only, and meets none.

    layers: in sequence. known: the layer before them whose output is nowhere negative, if there is one.
    """
    for layer in layers:
        type_ = LAYERS.find(layer.type)
        if known is not None and type_.keeps_positive:
            message = f"{layer.type} changes nothing, because the outputs of {quoted(known.name)} are never negative"
            yield Finding(layer.path, f"{message}; leave one of them out")
        if layer.type == RESIDUAL:
            for branch in (layer.options["layers"], layer.options["shortcut"]):
                yield from sign_notes(branch, known)
        scaled = layer.type == "Scale" and layer.options["factor"] > 0
        if known is None or not (type_.keeps_positive or layer.type in PASSING or scaled):
            known = layer if type_.never_negative else None


def window_notes(node: Node) -> Iterator[Finding]:
    """Yield notes about windows that see nothing of the image, or skip parts of it."""
    layer = node.layer
    window = pair(layer, "kernel_size") or pair(layer, "pool_size")
    if window is None or len(node.input_shape) != 3:
        return
    strides = pair(layer, "strides") or window
    pooling = not any(parameter.role is Role.WEIGHT for parameter in node.parameters)
    if pooling and window == strides == (1, 1):
        yield Finding((*node.path, "pool_size"), "a window of one pixel leaves the image as it is; write 2 or more")
    alone = strides not in ((1, 1), window) and fits_once(node)
    if alone:
        message = f"one window of {window[0]}×{window[1]} is all that fits, so that nothing steps; leave this out"
        yield Finding((*node.path, "strides"), message)
    skipped = any(stride > size for stride, size in zip(strides, window, strict=True))
    if skipped and not alone and (pooling or window != (1, 1)):
        message = f"steps of {strides[0]} and {strides[1]} skip pixels between windows of {window[0]}×{window[1]}"
        yield Finding((*node.path, "strides"), f"{message}; write at most the size of the window")
    padding = getattr(layer, "padding", "valid")
    sizes = node.input_shape[1:]
    if padding == "same" and any(2 * size <= length for size, length in zip(sizes, window, strict=True)):
        message = f"some weights of {window[0]}×{window[1]} never meet a pixel of {sizes[0]}×{sizes[1]}"
        yield Finding((*node.path, "kernel_size"), f"{message}; write at most {2 * min(sizes) - 1}")
    around = pair(layer, "padding")
    if around is not None and any(pad >= size for pad, size in zip(around, window, strict=True)):
        message = f"windows of {window[0]}×{window[1]} at the edge see nothing but zeros"
        yield Finding((*node.path, "padding"), f"{message}; write less than the size of the window")


def fits_once(node: Node) -> bool:
    """Whether a window of the node's layer fits into its input in one place alone."""
    layer: Any = node.layer
    return bool(node.output_shape[1:] == (1, 1) == replace(layer, strides=1).output_shape(node.input_shape)[1:])


def pair(layer: Layer, key: str) -> tuple[int, int] | None:
    """Return a setting for both axes, (vertical, horizontal); None where the layer has none, or one in words."""
    value = getattr(layer, key, None)
    if isinstance(value, int):
        return value, value
    return (int(value[0]), int(value[1])) if isinstance(value, tuple | list) and len(value) == 2 else None
