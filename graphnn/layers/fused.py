"""Fused layers, which the engine runs instead of two: a normalisation together with the activation after it."""

from typing import Any, ClassVar

from graphnn.kernels.activations import Activation
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import LAYERS, Layer
from graphnn.layers.batch_normalization import BatchNormalization


class NormalizationReLU(BatchNormalization):
    """Batch normalisation and the ReLU after it, in one pass over memory: y = max(γ·x̂ + β, 0)."""

    activation: ClassVar[Activation | None] = "relu"


class NormalizationGELU(BatchNormalization):
    """Batch normalisation and the GELU after it, approximated by tanh, in one pass over memory: y = GELU(γ·x̂ + β)."""

    activation: ClassVar[Activation | None] = "gelu"


class NormalizationSiLU(BatchNormalization):
    """Batch normalisation and the SiLU after it, in one pass over memory: y = SiLU(γ·x̂ + β)."""

    activation: ClassVar[Activation | None] = "silu"


ACTIVATED: dict[Activation, type[BatchNormalization]] = {
    "relu": NormalizationReLU,
    "gelu": NormalizationGELU,
    "silu": NormalizationSiLU,
}


def activated(following: Layer) -> type[BatchNormalization] | None:
    """Return the normalisation that is fused with an activation of the library after it; None for other layers."""
    activation = following.as_activation if LAYERS.holds(type(following)) else None
    return None if activation is None else ACTIVATED[activation]


def fused(layer: Layer, following: Layer, kernels: Kernels, *, training: bool) -> Layer | None:
    """Return a layer that computes both, or None; layers derived from the library's are never fused."""
    with_activation = activated(following)
    if type(layer) is BatchNormalization and with_activation is not None:
        return with_settings(with_activation, layer) if kernels.fuses_activations or not training else None
    if training:
        return None
    from graphnn.layers.folded import folded_with  # for inference only

    return folded_with(layer, following)


def alone(layer: Layer) -> Layer:
    """Return the layer that computes the same in inference, and may be fused with those after it."""
    from graphnn.layers.folded import foldable  # for inference only

    return foldable(layer)


def with_settings(kind: type[Any], layer: Layer) -> Layer:
    """Return a layer of type `kind` with the settings of `layer`."""
    made: Layer = kind(name=layer.name, description=layer.description, **layer.settings())
    return made
