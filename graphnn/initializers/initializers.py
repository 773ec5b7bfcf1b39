"""The values that parameters have before the first step."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from graphnn.errors import GraphError, SpecError
from graphnn.specification.schema_problems import Finding
from graphnn.specification.spec import Section
from graphnn.text.suggestions import closest, quoted
from graphnn.types import Array, Shape, shape_text

if TYPE_CHECKING:
    from numpy.random import Generator

IMAGES = 5000  # training images that values are taken from, where an initializer needs any
BLOCK = 2**20  # numbers of patches that are added up at a time: 8 MiB of float64


def zeros(shape: Shape, rng: Generator) -> Array:
    """Return zeros."""
    return np.zeros(shape)


def ones(shape: Shape, rng: Generator) -> Array:
    """Return ones."""
    return np.ones(shape)


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


@dataclass(frozen=True)
class HeNormal(Drawn):
    """N(0, 2/fan_in): standard deviation √(2/fan_in).

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2.
    """

    type = "he_normal"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return rng.normal(0.0, math.sqrt(2 / fans(shape)[0]), shape)


@dataclass(frozen=True)
class HeUniform(Drawn):
    """U(±√(6/fan_in)), whose variance is that of `HeNormal`.

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2.
    """

    type = "he_uniform"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return uniform(math.sqrt(6 / fans(shape)[0]), shape, rng)


@dataclass(frozen=True)
class GlorotNormal(Drawn):
    """N(0, 2/(fan_in + fan_out)).

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    section 4.2.1.
    """

    type = "glorot_normal"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return rng.normal(0.0, math.sqrt(2 / sum(fans(shape))), shape)


@dataclass(frozen=True)
class GlorotUniform(Drawn):
    """U(±√(6/(fan_in + fan_out))), whose variance is that of `GlorotNormal`. Source: as there, equation 16."""

    type = "glorot_uniform"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return uniform(math.sqrt(6 / sum(fans(shape))), shape, rng)


@dataclass(frozen=True)
class Normal(Drawn):
    """N(0, deviation²), whatever the shape."""

    type = "normal"

    deviation: float = 0.05

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return rng.normal(0.0, self.deviation, shape)


@dataclass(frozen=True)
class Identity(Drawn):
    """The first outputs are the inputs: output i passes input i on, for i < min(outputs, inputs).

    In a convolution filter i is 1 at the centre of channel i and 0 elsewhere, so that "same" padding gives the channel
    unchanged; kernels have a centre where their sizes are odd. The other outputs are U(±1/√fan_in). Source: Zagoruyko
    and Komodakis 2017, "DiracNets", section 3; for part of the filters, Jordan 2024, "94% on CIFAR-10 in 3.29 seconds
    on a single GPU", section 3.3.
    """

    type = "identity"

    def findings(self, shape: Shape, input_shape: Shape) -> Iterator[Finding]:
        if any(size % 2 == 0 for size in shape[2:]):
            kernel = shape_text(shape[2:])
            message = f'"identity" needs a kernel with a centre, but {kernel} has none; write odd sizes, such as 3'
            yield Finding(("kernel_size",), message)

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        weights = uniform(1 / math.sqrt(fans(shape)[0]), shape, rng)
        passed = min(shape[:2])
        weights[:passed] = 0
        for i in range(passed):
            weights[(i, i, *(size // 2 for size in shape[2:]))] = 1
        return weights


@dataclass(frozen=True)
class PatchWhitening(FromImages):
    """Filters whose outputs over the training images' patches are uncorrelated and, but for ε, of mean square 1.

    With M = mean of p pᵀ over all patches p of C·Kh·Kw numbers (nothing is subtracted), M v = λ v and |v| = 1, the
    filters are v/√(λ + ε), the largest λ first, and then their negatives: 2·C·Kh·Kw in all. Patches lie at every place
    inside the images, one pixel apart. The largest component of each v (the first of equal ones) is positive. All is in
    float64, on one thread of BLAS, so that the bits do not depend on the number of threads.
    Source: Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", section 3.2.
    """

    type = "patch_whitening"

    epsilon: float = 5e-4

    def findings(self, shape: Shape, input_shape: Shape) -> Iterator[Finding]:
        if len(shape) != 4:
            message = '"patch_whitening" makes the filters of a Conv2D; take another initializer here'
            yield Finding(("initializer",), message)
            return
        filters, *patch = shape
        needed = 2 * math.prod(patch)
        if filters != needed:
            factors = "·".join(map(str, patch))
            message = f'"patch_whitening" makes 2·{factors} = {needed} filters, not {filters}; write {needed}'
            yield Finding(("filters",), message)
        if any(size > whole for size, whole in zip(patch[1:], input_shape[1:], strict=True)):
            message = f'"patch_whitening" needs images at least as large as the kernel, {shape_text(tuple(patch[1:]))}'
            yield Finding(("initializer",), message)

    def values(self, shape: Shape, images: Array) -> Array:
        from threadpoolctl import threadpool_limits  # takes 10 ms to import, and is rarely needed

        with threadpool_limits(1, "blas"):
            eigenvalues, vectors = np.linalg.eigh(second_moments(images, shape[1:]))
        rows = vectors.T[::-1]
        largest = np.abs(rows).max(axis=1, keepdims=True)
        leading = np.argmax(np.abs(rows) >= (1 - 1e-6) * largest, axis=1)
        rows = rows * np.sign(rows[range(len(rows)), leading])[:, None]
        rows /= np.sqrt(np.maximum(eigenvalues[::-1], 0) + self.epsilon)[:, None]
        return np.concatenate([rows, -rows]).reshape(shape)


def second_moments(images: Array, patch: Shape) -> Array:
    """Return the mean of p pᵀ over all patches of C×Kh×Kw, in float64, a fixed number of images at a time."""
    size = math.prod(patch)
    total = np.zeros((size, size))
    places = math.prod(whole - own + 1 for whole, own in zip(images.shape[2:], patch[1:], strict=True))
    step = max(1, BLOCK // (places * size))
    for start in range(0, len(images), step):
        block = images[start : start + step].astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(block, patch[1:], axis=(2, 3))
        rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, size)
        total += rows.T @ rows
    total /= len(images) * places
    return total


def uniform(bound: float, shape: Shape, rng: Generator) -> Array:
    """Return draws from U(±bound)."""
    return rng.uniform(-bound, bound, shape)


INITIALIZERS: dict[str, type[Any]] = {
    one.type: one for one in (HeNormal, HeUniform, GlorotNormal, GlorotUniform, Normal, Identity, PatchWhitening)
}


def initializer_values(given: str | Mapping[str, Any] | Section) -> str | Mapping[str, Any]:
    """Return what a document holds for an initializer, however it was given: its name alone where that says all."""
    values = given.values() if isinstance(given, Section) else given
    return values["type"] if isinstance(values, Mapping) and set(values) == {"type"} else values


def initializer_from(values: str | Mapping[str, Any]) -> Drawn | FromImages:
    """Return the initializer that a document describes. Raises SpecError for an unknown type."""
    own = {"type": values} if isinstance(values, str) else dict(values)
    name = str(own.pop("type", None))
    own.pop("description", None)
    if name not in INITIALIZERS:
        close = closest(name, INITIALIZERS)
        suggestion = f"; did you mean {quoted(close)}?" if close else "."
        raise SpecError(f"unknown initializer {quoted(name)}{suggestion} Known: {', '.join(INITIALIZERS)}")
    made: Drawn | FromImages = INITIALIZERS[name](**own)
    return made
