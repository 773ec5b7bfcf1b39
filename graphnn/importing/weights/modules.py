"""The modules of a foreign file: its arrays by the layer that they belong to, whatever the library calls them."""

import re
from collections.abc import Iterable, Mapping
from enum import Enum

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array, Shape

WEIGHT, BIAS, MEAN, VARIANCE = "weight", "bias", "mean", "variance"
PARTS = {  # of a module, by the names of their arrays in PyTorch, Keras, Flax, ONNX and here
    **dict.fromkeys(("weight", "weights", "kernel", "W", "w", "gamma", "scale", "alpha", "slope", "slopes"), WEIGHT),
    **dict.fromkeys(("bias", "biases", "b", "beta", "shift"), BIAS),
    **dict.fromkeys(("running_mean", "moving_mean", "mean"), MEAN),
    **dict.fromkeys(("running_var", "running_variance", "moving_variance", "variance", "var"), VARIANCE),
}
COUNTERS = ("num_batches_tracked", "n_averaged")  # numbers that say nothing of what a network computes
KERAS_NAMES = ("kernel", "moving_mean", "moving_variance")
LAST = re.compile(r"(.*)[./](.+)", re.DOTALL)
JOINED = re.compile(
    r"(.+)_(weights?|kernel|bias(?:es)?|gamma|beta|running_mean|running_var|moving_mean|moving_variance)"
)


class ModuleKind(Enum):
    """What a module is, as its arrays tell. VECTORS: a scale and a shift, as of a LayerNormalization."""

    CONVOLUTION = "convolution"
    LINEAR = "linear"
    BATCH_NORM = "batch normalisation"
    VECTORS = "layer normalisation"
    VECTOR = "vector"
    OTHER = "other"


@frozen_dataclass
class Module:
    """The arrays of one layer in a foreign file.

    arrays: by WEIGHT, BIAS, MEAN and VARIANCE, in the layout of PyTorch, which is that here. sources: their names in
    the file. channels_last: whether a vector that it takes of an image is in the order row, column, channel. epsilon:
    where the file says it. alias: another name of the module.
    """

    name: str
    arrays: Mapping[str, Array]
    sources: Mapping[str, str]
    channels_last: bool = False
    epsilon: float | None = None
    alias: str = ""

    @property
    def kind(self) -> ModuleKind:
        """What it is."""
        if MEAN in self.arrays and VARIANCE in self.arrays:
            return ModuleKind.BATCH_NORM
        weight, bias = self.arrays.get(WEIGHT), self.arrays.get(BIAS)
        if weight is None:
            return ModuleKind.OTHER
        if bias is not None and bias.shape == weight.shape and weight.ndim in (1, 2, 3):
            return ModuleKind.VECTORS
        ranks = {1: ModuleKind.VECTOR, 2: ModuleKind.LINEAR, 3: ModuleKind.VECTORS, 4: ModuleKind.CONVOLUTION}
        return ranks.get(weight.ndim, ModuleKind.OTHER) if bias is None or bias.ndim == 1 else ModuleKind.OTHER

    @property
    def shape(self) -> Shape:
        """The shape of its weights, or of what it has instead."""
        return next(iter(self.arrays.values())).shape


@frozen_dataclass
class Grouped:
    """The modules of a file, in its order, and the arrays that belong to none."""

    modules: tuple[Module, ...]
    others: tuple[str, ...]


def grouped(arrays: Mapping[str, Array], *, keras: bool | None = None) -> Grouped:
    """Return the arrays of a file grouped by module: all that is before the last dot or slash of their names.

    keras: whether weights are in the layout of Keras; None: as their names tell. An array that is no known part of a
    module, such as `weight_g`, is among the others, and so is one of a part that its module has already.
    """
    if keras is None:
        keras = any(split(name)[1] in KERAS_NAMES for name in arrays)
    found: dict[str, dict[str, str]] = {}
    others = []
    for name in arrays:
        module, last = split(name)
        part = PARTS.get(last)
        if last in COUNTERS:
            continue
        if part is None or part in found.setdefault(module, {}):
            others.append(name)
        else:
            found[module][part] = name
    modules = []
    for module, sources in found.items():
        ordered = {part: sources[part] for part in (WEIGHT, BIAS, MEAN, VARIANCE) if part in sources}
        if ordered:
            parts = {part: arrays[name] for part, name in ordered.items()}
            modules.append(Module(module, in_our_layout(parts) if keras else parts, ordered, channels_last=keras))
    return Grouped(tuple(modules), tuple(others))


def split(name: str) -> tuple[str, str]:
    """Return the module that an array belongs to, and its name in that."""
    name = re.sub(r":\d+$", "", name)  # TensorFlow's number of an output
    found = LAST.fullmatch(name)
    if found and (found[2] in PARTS or found[2] in COUNTERS):
        return found[1], found[2]
    joined = JOINED.fullmatch(name)
    if joined:
        return joined[1], joined[2]
    return (found[1], found[2]) if found else ("", name)


def uncounted(names: Iterable[str]) -> list[str]:
    """Return the names of arrays without those of counters."""
    return [name for name in names if split(name)[1] not in COUNTERS]


def in_our_layout(parts: Mapping[str, Array]) -> dict[str, Array]:
    """Return arrays in the layout here of those in Keras': kernels Kh×Kw×C×D as D×C×Kh×Kw, C×units as units×C."""
    result = dict(parts)
    weight = parts.get(WEIGHT)
    if weight is not None and weight.ndim == 4:
        result[WEIGHT] = np.transpose(weight, (3, 2, 0, 1))
    elif weight is not None and weight.ndim == 2:
        result[WEIGHT] = weight.T
    elif (
        weight is not None and weight.ndim == 3 and weight.shape[:2] == (1, 1) and len(parts) == 1
    ):  # a slope a channel
        result[WEIGHT] = weight.reshape(-1)
    elif weight is not None and weight.ndim == 3:  # of a normalisation of images
        result |= {part: np.transpose(array, (2, 0, 1)) for part, array in parts.items() if array.ndim == 3}
    return result


def without_prefix(names: Iterable[str]) -> dict[str, str]:
    """Return each name without the first components that all of them share, as in model.conv1 and model.fc."""
    listed = [(name, re.split(r"[./]", name)) for name in names]
    shared = 0
    while listed and all(len(parts) > shared + 1 and parts[shared] == listed[0][1][shared] for _, parts in listed):
        shared += 1
    return {name: ".".join(parts[shared:]) for name, parts in listed}
