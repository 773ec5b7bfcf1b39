"""What an initializer is: the values that parameters have before the first step."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from graphnn.errors import GraphError
from graphnn.registry import Registry
from graphnn.specification.schema_problems import Finding
from graphnn.specification.spec import Section
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from numpy.random import Generator


IMAGES = 5000  # training images that values are taken from, where an initializer needs any


@dataclass(frozen=True)
class WeightInitializer(ABC):
    """What a document's `initializer` names; its fields are the properties of its definition in the schema.

    Weights have the shape outputs×inputs, or filters×channels×Kh×Kw. Their fan-in is the number of weights that one
    output reads, inputs or channels·Kh·Kw; their fan-out is outputs or filters·Kh·Kw.
    """

    type: ClassVar[str]

    def findings(self, shape: Shape, input_shape: Shape) -> Iterator[Finding]:
        """Yield what keeps it from making weights of `shape`; paths begin at the layer."""
        yield from ()


class Drawn(WeightInitializer):
    """One that makes weights from random draws alone."""

    @abstractmethod
    def __call__(self, shape: Shape, rng: Generator) -> Array:
        """Return weights of `shape`."""


class FromImages(WeightInitializer):
    """One that makes weights from training images, normalised as the network takes them, N×C×H×W."""

    @abstractmethod
    def values(self, shape: Shape, images: Array) -> Array:
        """Return weights of `shape`."""


# What a parameter may be declared with: any function of shape and generator, or an initializer that needs images.
Initializer: TypeAlias = "Callable[[Shape, Generator], Array] | FromImages"


INITIALIZERS: Registry[type[WeightInitializer]] = Registry(
    "initializer", "graphnn.initializers", name_of=attrgetter("type")
)


def initial_values(initializer: Initializer, shape: Shape, rng: Generator, images: Array | None) -> Array:
    """Return the values before the first step; `images` are looked at by initializers that need them only.

    Raises GraphError where such a one gets none.
    """
    if not isinstance(initializer, FromImages):
        return initializer(shape, rng)
    if images is None or not len(images):
        raise GraphError(f'the initializer "{initializer.type}" needs training images, but there are none here')
    return initializer.values(shape, images[:IMAGES])


def fans(shape: Shape) -> tuple[int, int]:
    """Return fan-in and fan-out of weights."""
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


def uniform(bound: float, shape: Shape, rng: Generator) -> Array:
    """Return draws from U(±bound)."""
    return rng.uniform(-bound, bound, shape)


def initializer_values(given: str | Mapping[str, Any] | Section) -> str | Mapping[str, Any]:
    """Return what a document holds for an initializer, however it was given: its name alone where that says all."""
    values = given.values() if isinstance(given, Section) else given
    return values["type"] if isinstance(values, Mapping) and set(values) == {"type"} else values


def initializer_from(values: str | Mapping[str, Any]) -> Drawn | FromImages:
    """Return the initializer that a document describes. Raises SpecError for an unknown type."""
    own = {"type": values} if isinstance(values, str) else dict(values)
    name = str(own.pop("type", None))
    own.pop("description", None)
    made = INITIALIZERS.find(name)(**own)
    assert isinstance(made, Drawn | FromImages)
    return made
