"""The layers of a network that take weights, and whether a module of a foreign file can be such a layer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from graphnn.document.document import Path as DocumentPath
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.importing.weights.modules import BIAS, PARTS, WEIGHT, Module, ModuleKind
from graphnn.types import Array, Shape

BRANCHES = ("layers", "shortcut")
SETTINGS = {  # that give a layer a part, by whether it is a batch normalisation: the part in words, the key
    (False, BIAS): ("biases", "use_bias"),
    (True, WEIGHT): ("gamma", "scale"),
    (True, BIAS): ("beta", "center"),
}
NEUTRAL = {WEIGHT: 1, BIAS: 0}  # a part with these values changes nothing; the weight of a normalisation only


@frozen_dataclass
class Slot:
    """A layer with parameters. shapes, keys: of its parameters, by part, the keys as layer/parameter.

    image: the shape of the image whose values, in a row, are the vector that it takes; None where it takes no such one.
    unnamed: whether the document gives it no name, so that it is called by its type and a number.
    """

    name: str
    path: DocumentPath
    kind: ModuleKind
    shapes: Mapping[str, Shape]
    keys: Mapping[str, str]
    image: Shape | None = None
    epsilon: float | None = None
    unnamed: bool = False

    @property
    def in_shortcut(self) -> bool:
        """Whether it lies in the shortcut of a residual block."""
        return "shortcut" in self.path

    def comes_before(self, other: "Slot") -> bool:
        """Whether the input of another slot, further down in the graph, comes from it: not of the branch beside it."""
        for mine, theirs in zip(self.path, other.path, strict=False):
            if mine != theirs:
                return not (mine in BRANCHES and theirs in BRANCHES)
        return True


@frozen_dataclass
class Slots:
    """The slots of a network, in its order, and the keys of parameters of layers that are of no known kind."""

    slots: tuple[Slot, ...]
    others: tuple[str, ...]


def slots_of(graph: Graph, data_shape: Shape | None = None) -> Slots:
    """Return the layers of a graph that take weights. data_shape: of the samples, where the network takes them flat."""
    slots, others = [], []
    images = flattened_images(graph, data_shape)
    for node in graph.nodes:
        if not node.parameters:
            continue
        parts = {PARTS.get(parameter.name): parameter for parameter in node.parameters}
        keys = {part: f"{node.name}/{parameter.name}" for part, parameter in parts.items() if part is not None}
        shapes = {part: parameter.shape for part, parameter in parts.items() if part is not None}
        kind = kind_of(shapes)
        if len(keys) < len(node.parameters) or kind is ModuleKind.OTHER:
            others += [f"{node.name}/{parameter.name}" for parameter in node.parameters]
            continue
        epsilon = getattr(node.layer, "epsilon", None)
        slots.append(Slot(node.name, node.path, kind, shapes, keys, images.get(node.index), epsilon, is_unnamed(node)))
    return Slots(tuple(slots), tuple(others))


def is_unnamed(node: Node) -> bool:
    """Whether the name of a node is that of a layer without one: conv2d_1."""
    kind, _, number = node.name.rpartition("_")
    return kind == node.layer.type.lower() and number.isdecimal()


def kind_of(shapes: Mapping[str, Shape]) -> ModuleKind:
    """Return the kind of a layer with parameters of these shapes, as a module of such arrays would have it."""
    return Module("", {part: np.broadcast_to(np.float32(0), shape) for part, shape in shapes.items()}, {}).kind


def flattened_images(graph: Graph, data_shape: Shape | None) -> dict[int, Shape]:
    """Return the shapes of the images whose values are the vector that a node takes, by the index of the node."""
    found: dict[int, Shape] = {}
    image: Shape | None = (
        data_shape if data_shape is not None and len(data_shape) == 3 and len(graph.input_shape) == 1 else None
    )
    for node in graph.nodes:
        if image is not None:
            found[node.index] = image
        image = image_after(node, image)
    return found


def image_after(node: Node, image: Shape | None) -> Shape | None:
    """Return the image whose values are the vector that a node gives. image: that of its input."""
    if node.layer.type == "Flatten" and len(node.input_shape) == 3:
        return node.input_shape
    kept = node.input_shape == node.output_shape and node.layer.type != "Dense"
    return image if kept else None


def fitting(slots: Iterable[Slot], modules: Mapping[str, Sequence[Module]], *, exact: bool) -> dict[str, list[Module]]:
    """Return, by the name of each slot, those of its modules that can be it.

    exact: those that have just its parts alone, where there are any.
    """
    result = {}
    for slot in slots:
        able = [module for module in modules[slot.name] if taken(slot, module) is not None]
        alone = [module for module in able if set(module.arrays) == set(slot.shapes)]
        result[slot.name] = alone if exact and alone else able
    return result


def taken(slot: Slot, module: Module) -> dict[str, Array] | None:
    """Return what a slot takes from a module, by layer/parameter; None where the module computes something else.

    A part that is in one of them only is no difference where it changes nothing: biases of 0, scales of 1.
    """
    if slot.kind is not module.kind:
        return None
    result = {}
    for part, shape in slot.shapes.items():
        if part in module.arrays:
            array = module.arrays[part]
            if slot.kind is ModuleKind.VECTOR and array.shape == (1,):  # PyTorch's PReLU has one slope for all channels
                array = np.broadcast_to(array, shape)
            if array.shape != shape:
                return None
            result[slot.keys[part]] = array
        elif part == BIAS or (part == WEIGHT and slot.kind is ModuleKind.BATCH_NORM):
            result[slot.keys[part]] = np.full(shape, NEUTRAL[part], np.float32)
        else:
            return None
    if any(not changes_nothing(slot, part, module) for part in module.arrays if part not in slot.shapes):
        return None
    return result


def changes_nothing(slot: Slot, part: str, module: Module) -> bool:
    """Whether a part of a module, that its slot has not, may be left out."""
    if part == BIAS or (part == WEIGHT and slot.kind is ModuleKind.BATCH_NORM):
        return bool((module.arrays[part] == NEUTRAL[part]).all())
    return False


def in_our_order(slot: Slot, module: Module) -> dict[str, Array]:
    """Return what a slot takes from its module, what belongs to the values of an image in their order here."""
    found = taken(slot, module)
    assert found is not None
    if not module.channels_last or slot.image is None:
        return found
    channels, height, width = slot.image
    return {
        key: np.moveaxis(array.reshape(*array.shape[:-1], height, width, channels), -1, -3).reshape(array.shape)
        if array.shape[-1:] == (channels * height * width,) and (array.ndim == 2 or slot.kind is not ModuleKind.LINEAR)
        else array
        for key, array in found.items()
    }


def near_misses(slots: Iterable[Slot], modules: Iterable[Module]) -> Iterator[str]:
    """Yield sentences on slots and modules whose weights have one shape, but that compute something else."""
    rest = list(modules)
    for slot in slots:
        module = next((each for each in rest if alike(slot, each)), None)
        if module is not None:
            rest.remove(module)
            for part in module.arrays:
                if part not in slot.shapes:
                    what, setting = SETTINGS[slot.kind is ModuleKind.BATCH_NORM, part]
                    yield (
                        f'"{slot.name}" has no {what}, but {module.sources[part]} in the file is not {NEUTRAL[part]}: '
                        f'write "{setting}": true'
                    )


def alike(slot: Slot, module: Module) -> bool:
    """Whether a module would be a slot but for a part that it has besides."""
    return (
        slot.kind is module.kind
        and slot.kind in (ModuleKind.CONVOLUTION, ModuleKind.LINEAR, ModuleKind.BATCH_NORM)
        and slot.shapes.keys() < module.arrays.keys()
        and all(module.arrays[part].shape == shape for part, shape in slot.shapes.items())
    )
