"""The layers of a network as layers of Keras, channels last, with their weights in Keras' memory order."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphnn.exporting.keras.model import KerasModel
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Node
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.pooling import Pooling
from graphnn.parameters.parameter import Role
from graphnn.types import Array, Shape

LAST = "channels_last"
NN = "keras.src.ops.nn"


@frozen_dataclass
class KerasPlace:
    """Where a layer goes: into `model`, after the layer `source`, as the node says, with arrays by parameter name.

    decay: λ of the gradient's weight decay by the role of parameters, which Keras says as a regulariser.
    """

    model: KerasModel
    node: Node
    source: str
    arrays: Mapping[str, Array]
    decay: Callable[[Role], float]

    @property
    def layer(self) -> Any:
        """The layer, of the type that the conversion is for."""
        return self.node.layer

    @property
    def is_image(self) -> bool:
        """Whether it takes images."""
        return len(self.node.input_shape) == 3

    def add(self, kind: str, config: Mapping[str, Any], **options: Any) -> str:
        """Add the layer under the node's name, and return the name that it got."""
        return self.extra("", kind, config, channels_last(self.node.output_shape), self.source, **options)

    def extra(
        self, suffix: str, kind: str, config: Mapping[str, Any], shape: Shape, source: str, **options: Any
    ) -> str:
        """Add a layer under the node's name and a suffix, for an output of `shape`, after the layer `source`."""
        return self.model.add(f"{self.node.name}{suffix}", kind, config, [source], shape, **options)

    def weighted(self, kind: str, config: Mapping[str, Any], *keys: tuple[str, str, Array]) -> str:
        """Add the layer with its weights. keys: for each its name in graphnn and in Keras, and its array there.

        Keras trains a layer as a whole, so that it is frozen where nothing in it is trained; a normalisation that has
        statistics alone, where these are fixed.
        """
        declared = {each.name: each for each in self.node.parameters}
        learned = [each for each in declared.values() if each.role is not Role.STATISTIC]
        trains = any(each.trainable for each in learned) if learned else not self.layer.fixed_statistics
        kept = [(name, key, array) for name, key, array in keys if name in declared]
        regularizers = {
            f"{key}_regularizer": l2(self.decay(declared[name].role))
            for name, key, _ in kept
            if declared[name].role is not Role.STATISTIC and self.decay(declared[name].role)
        }
        count = sum(declared[name].role is not Role.STATISTIC for name, _, _ in kept)
        return self.add(
            kind,
            {**config, "trainable": trains, **regularizers},
            weights=[array for _, _, array in kept],
            trained=count if trains else 0,
        )


Conversion = Callable[[KerasPlace], str]


def channels_last(shape: Shape) -> Shape:
    """Return the shape of a sample as Keras has it: H×W×C for an image."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def moved(array: Array) -> Array:
    """Return an array of the shape of a sample, C×H×W or F, channels last."""
    return array.transpose(1, 2, 0) if array.ndim == 3 else array


def l2(decay: float) -> dict[str, Any]:
    """Return the regulariser whose gradient is λP: λ/2·Σ P²."""
    return {"module": "keras.regularizers", "class_name": "L2", "config": {"l2": decay / 2}, "registered_name": None}


def plain(kind: str, **config: Any) -> Conversion:
    """Return the conversion of a layer without settings. config: Keras' settings of it."""
    return lambda place: place.add(kind, config)


def setting(kind: str, key: str, name: str) -> Conversion:
    """Return the conversion of a layer with one number. key: its name in Keras. name: in graphnn."""
    return lambda place: place.add(kind, {key: getattr(place.layer, name)})


def dense(place: KerasPlace) -> str:
    """x Wᵀ + b, the kernel inputs×units."""
    arrays = place.arrays
    config = {"units": place.layer.units, "use_bias": place.layer.use_bias}
    keys = [("weights", "kernel", arrays["weights"].T), ("biases", "bias", arrays.get("biases", NOTHING))]
    return place.weighted("Dense", config, *keys)


def conv2d(place: KerasPlace) -> str:
    """Convolution, the kernel Kh×Kw×C×D; padded by a layer of its own where Keras' "same" would be another."""
    layer: Conv2D = place.layer
    window, arrays = layer.window, place.arrays
    pads = list(zip(window.before, window.after, strict=True))
    same = tuple(window.strides) == (1, 1) and all(
        (before, after) == ((kernel - 1) // 2, kernel // 2)
        for (before, after), kernel in zip(pads, window.kernel, strict=True)
    )
    if not same and any(map(any, pads)):
        place = padded(place, pads)
    config = {
        "filters": layer.filters,
        "kernel_size": list(window.kernel),
        "strides": list(window.strides),
        "padding": "same" if same else "valid",
        "data_format": LAST,
        "use_bias": layer.use_bias,
    }
    kernel = arrays["weights"].transpose(2, 3, 1, 0)
    return place.weighted(
        "Conv2D", config, ("weights", "kernel", kernel), ("biases", "bias", arrays.get("biases", NOTHING))
    )


def padded(place: KerasPlace, pads: list[tuple[int, int]]) -> KerasPlace:
    """Return the place after zeros around the image. pads: (before, after) of rows, then of columns."""
    height, width, channels = channels_last(place.node.input_shape)
    (top, bottom), (left, right) = pads
    shape = (height + top + bottom, width + left + right, channels)
    config = {"padding": [list(each) for each in pads], "data_format": LAST}
    name = place.extra("_padding", "ZeroPadding2D", config, shape, place.source)
    return KerasPlace(place.model, place.node, name, place.arrays, place.decay)


def pooling(kind: str) -> Conversion:
    """Return the conversion of a pooling layer, which drops the rows and columns that fill no window."""

    def convert(place: KerasPlace) -> str:
        layer: Pooling = place.layer
        window = layer.window
        sizes = {"pool_size": list(window.kernel), "strides": list(window.strides)}
        return place.add(kind, {**sizes, "padding": "valid", "data_format": LAST})

    return convert


def flatten(place: KerasPlace) -> str:
    """A vector in the order channel, row, column, as here."""
    return place.add("Flatten", {"data_format": LAST}) if not reorders(place.node.input_shape) else permuted(place)


def permuted(place: KerasPlace) -> str:
    """Flatten an image after its channels are first again."""
    name = place.extra("_order", "Permute", {"dims": [3, 1, 2]}, place.node.input_shape, place.source)
    return place.extra("", "Flatten", {"data_format": LAST}, place.node.output_shape, name)


def reorders(shape: Shape) -> bool:
    """Whether a sample has another order of values channels last."""
    return len(shape) == 3 and shape[0] > 1 and shape[1] * shape[2] > 1


def batch_normalization(place: KerasPlace) -> str:
    """Normalisation by the statistics of the batch, per channel."""
    layer, arrays = place.layer, place.arrays
    config = {key: getattr(layer, key) for key in ("momentum", "epsilon", "center", "scale")}
    keys = [
        ("gamma", "gamma", arrays.get("gamma", NOTHING)),
        ("beta", "beta", arrays.get("beta", NOTHING)),
        ("running_mean", "moving_mean", arrays["running_mean"]),
        ("running_variance", "moving_variance", arrays["running_variance"]),
    ]
    return place.weighted("BatchNormalization", {"axis": -1, **config}, *keys)


def layer_normalization(place: KerasPlace) -> str:
    """Normalisation of each sample over all its values."""
    layer, arrays = place.layer, place.arrays
    config = {key: getattr(layer, key) for key in ("epsilon", "center", "scale")}
    axis = [1, 2, 3] if place.is_image else [1]
    keys = [(name, name, moved(arrays.get(name, NOTHING))) for name in ("gamma", "beta")]
    return place.weighted("LayerNormalization", {"axis": axis, **config}, *keys)


def prelu(place: KerasPlace) -> str:
    """A slope for each channel."""
    slopes = place.arrays["slopes"]
    alpha = slopes.reshape(1, 1, -1) if place.is_image else slopes
    return place.weighted("PReLU", {"shared_axes": [1, 2] if place.is_image else None}, ("slopes", "alpha", alpha))


def gelu(place: KerasPlace) -> str:
    """GELU by tanh, an operation of `keras.ops`, or the exact one."""
    if place.layer.approximate == "tanh":
        return place.add("Gelu", {"approximate": True}, module=NN)
    return place.add("Activation", {"activation": "gelu"})


def softmax(place: KerasPlace) -> str:
    """Softmax over the last axis, which of images are the columns."""
    return place.add("Softmax", {"axis": 2 if place.is_image else -1})


def dropout(place: KerasPlace) -> str:
    """Dropout that does not divide by 1 − rate in training, but multiplies by it in inference."""
    rate, shape = place.layer.rate, channels_last(place.node.output_shape)
    name = place.extra("", "Dropout", {"rate": rate}, shape, place.source)
    return place.extra("_scale", "Rescaling", {"scale": 1 - rate, "offset": 0.0}, shape, name) if rate else name


NOTHING: Array = np.empty(0, np.float32)  # of a parameter that the layer does not have

CONVERSIONS: Mapping[str, Conversion] = {
    "AveragePooling2D": pooling("AveragePooling2D"),
    "BatchNormalization": batch_normalization,
    "Conv2D": conv2d,
    "Dense": dense,
    "Dropout": dropout,
    "ELU": setting("ELU", "alpha", "alpha"),
    "Flatten": flatten,
    "GELU": gelu,
    "GlobalAveragePooling": plain("GlobalAveragePooling2D", data_format=LAST),
    "LayerNormalization": layer_normalization,
    "LeakyReLU": setting("LeakyReLU", "negative_slope", "negative_slope"),
    "MaxPooling2D": pooling("MaxPooling2D"),
    "PReLU": prelu,
    "ReLU": plain("ReLU"),
    "Scale": lambda place: place.add("Rescaling", {"scale": place.layer.factor, "offset": 0.0}),
    "Sigmoid": plain("Activation", activation="sigmoid"),
    "SiLU": plain("Activation", activation="silu"),
    "Softmax": softmax,
    "Tanh": plain("Activation", activation="tanh"),
}
