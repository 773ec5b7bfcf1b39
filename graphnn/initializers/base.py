"""The base classes of initializers, and their registry."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.registry import Registry
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import Section
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from numpy.random import Generator


IMAGES = 5000  # the number of training images that an initializer is given, if it needs any


@frozen_dataclass
class WeightInitializer(ABC):
    """An initializer that a document can name; its fields are the properties of its definition in the schema.

    Weights have the shape outputs×inputs, or filters×channels×Kh×Kw. Their fan-in, the number of weights of one output,
    is inputs or channels·Kh·Kw; their fan-out is outputs or filters·Kh·Kw.
    """

    type: ClassVar[str]

    def findings(self, shape: Shape, input_shape: Shape) -> Iterator[Finding]:
        """Yield the reasons why it cannot initialise weights of `shape`; their paths begin at the layer."""
        yield from ()


class Drawn(WeightInitializer):
    """An initializer that needs random draws only."""

    @abstractmethod
    def __call__(self, shape: Shape, rng: Generator) -> Array:
        """Return weights of `shape`."""


class FromImages(WeightInitializer):
    """An initializer that computes weights from training images."""

    @abstractmethod
    def values(self, shape: Shape, images: Array) -> Array:
        """Return weights of `shape`. images: N×C×H×W, normalised as for the network."""


# The initializer of a declared parameter: any function of shape and generator, or one that needs training images.
Initializer: TypeAlias = "Callable[[Shape, Generator], Array] | FromImages"


INITIALIZERS: Registry[type[WeightInitializer]] = Registry(
    "initializer", "graphnn.initializers", name_of=attrgetter("type")
)


def initial_values(initializer: Initializer, shape: Shape, rng: Generator, images: Array | None) -> Array:
    """Return the initial values of a parameter. images: for a `FromImages`; others ignore them.

    Raises GraphError where a `FromImages` is given none.
    """
    if not isinstance(initializer, FromImages):
        return initializer(shape, rng)
    if images is None or not len(images):
        raise GraphError(f'the initializer "{initializer.type}" needs training images, but there are none here')
    return initializer.values(shape, images[:IMAGES])


def fans(shape: Shape) -> tuple[int, int]:
    """Return the fan-in and fan-out of weights of `shape`."""
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


def uniform(bound: float, shape: Shape, rng: Generator) -> Array:
    """Return values drawn from U(−bound, bound)."""
    return rng.uniform(-bound, bound, shape)


def initializer_values(given: str | Mapping[str, Any] | Section) -> str | Mapping[str, Any]:
    """Return the value in a document for an initializer in any form: only its name where it has no other settings."""
    values = given.values() if isinstance(given, Section) else given
    return values["type"] if isinstance(values, Mapping) and set(values) == {"type"} else values


def initializer_from(values: str | Mapping[str, Any]) -> Drawn | FromImages:
    """Return the initializer that a document describes. Raises SpecError for an unknown type."""
    settings = {"type": values} if isinstance(values, str) else dict(values)
    name = str(settings.pop("type", None))
    settings.pop("description", None)
    initializer = INITIALIZERS.find(name)(**settings)
    assert isinstance(initializer, Drawn | FromImages)
    return initializer
