"""A network as a Keras model: its input as stored, channels last, its normalisation, its layers, and its beliefs."""

from collections.abc import Iterable, Mapping

import numpy as np

from graphnn.datasets.preparation import Normalisation
from graphnn.exporting.branches import Branches, Step, steps_of
from graphnn.exporting.keras.layers import CONVERSIONS, LAST, KerasPlace, channels_last, moved, reorders
from graphnn.exporting.keras.model import KerasModel, batch_shape
from graphnn.exporting.keras.training import KerasTraining
from graphnn.exporting.single_precision import check_single
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.types import Array, Shape

NUMPY = "keras.src.ops.numpy"


def keras_model(network: TrainedNetwork, training: KerasTraining) -> KerasModel:
    """Return a network as a Keras model.

    Its input are samples as they are stored, in the values of the data set: N×H×W×C, or N×F.
    """
    model = KerasModel(network.name)
    shape = channels_last(network.data_shape)
    source = model.add("input", "InputLayer", {"batch_shape": batch_shape(shape)}, [], shape)
    source = normalised(model, source, network.normalisation)
    if len(network.graph.input_shape) < len(network.data_shape):
        source = flattened(model, source, network.data_shape, network.graph.input_shape)
    last = follow(model, steps_of(network.graph), source, network.arrays(), training)
    loss = network.graph.loss
    if isinstance(loss, CrossEntropy) and loss.label_smoothing:
        believed(model, last, network.graph.output_shape, loss.label_smoothing)
    return model


def normalised(model: KerasModel, source: str, normalisation: Normalisation) -> str:
    """Add y = (x − offset) / divisor, and return its name.

    The offset is subtracted in two parts, of which float32 holds the first exactly, so that nothing is lost where
    offsets are large against divisors. Raises ExportError where float32 cannot hold the samples.
    """
    check_single(normalisation)
    shape = channels_last(normalisation.shape)
    offset, divisor = (values(each, normalisation.shape) for each in (normalisation.offset, normalisation.divisor))
    high = offset.astype(np.float32).astype(np.float64)
    low = (offset - high) / divisor
    low[np.abs(low) < 1e-9] = 0
    if high.any():
        config = {"scale": 1.0, "offset": numbers(-high)}
        source = model.add("subtract_mean", "Rescaling", config, [source], shape)
    if (divisor != 1).any() or low.any():
        config = {"scale": numbers(1 / divisor), "offset": numbers(-low)}
        source = model.add("divide_by_deviation", "Rescaling", config, [source], shape)
    return source


def values(constants: tuple[float, ...], shape: Shape) -> Array:
    """Return one number, one per channel 1×1×C, or one per feature in the shape of a sample, channels last."""
    array = np.array(constants, np.float64)
    if len(array) == 1:
        return array
    if len(shape) == 3 and len(array) == shape[0]:
        return array.reshape(1, 1, -1)
    return moved(array.reshape(shape))


def numbers(array: Array) -> float | list[object]:
    """Return an array as JSON values; one that is all alike as one number."""
    array = array + 0.0  # −0 as 0
    result: float | list[object] = array.flat[0].item() if (array == array.flat[0]).all() else array.tolist()
    return result


def flattened(model: KerasModel, source: str, shape: Shape, flat: Shape) -> str:
    """Add what makes vectors of the images, in the order channel, row, column."""
    if reorders(shape):
        source = model.add("order", "Permute", {"dims": [3, 1, 2]}, [source], shape)
    return model.add("vector", "Flatten", {"data_format": LAST}, [source], flat)


def follow(
    model: KerasModel, steps: Iterable[Step], source: str, arrays: Mapping[str, Array], training: KerasTraining
) -> str:
    """Add steps in order after the layer `source`, and return the name of the last."""
    for step in steps:
        if isinstance(step, Branches):
            body = follow(model, step.body, source, arrays, training)
            shortcut = follow(model, step.shortcut, source, arrays, training)
            shape = channels_last(step.output_shape)
            source = model.add(step.name, "Add", {}, [body, shortcut], shape, joined=True)
        else:
            own = {each.name: arrays[f"{step.name}/{each.name}"] for each in step.parameters}
            source = CONVERSIONS[step.layer.type](KerasPlace(model, step, source, own, training.decay))
    return source


def believed(model: KerasModel, source: str, shape: Shape, smoothing: float) -> str:
    """Add q = max(p − ε/K, 0) / Σ max(p − ε/K, 0): see `CrossEntropy.beliefs`."""
    share = {"scale": 1.0, "offset": -smoothing / shape[0]}
    less = model.add("less_smoothing", "Rescaling", share, [source], shape)
    kept = model.add("not_below_zero", "ReLU", {}, [less], shape)
    total = model.add("total", "Sum", {"axis": -1, "keepdims": True}, [kept], (1,), module=NUMPY)
    return model.add("beliefs", "Divide", {}, [kept, total], shape, module=NUMPY)
