"""identity: weights with which the first outputs equal the inputs."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.base import INITIALIZERS, Drawn, fans, uniform
from graphnn.specification.schema_problems import Finding
from graphnn.types import Array, Shape, shape_text

if TYPE_CHECKING:
    from numpy.random import Generator


@INITIALIZERS.register
@frozen_dataclass
class Identity(Drawn):
    """Output i equals input i, for i < min(outputs, inputs).

    In a convolution, filter i is 1 at the centre of channel i and 0 elsewhere, so that "same" padding leaves the
    channel unchanged; the kernel sizes must be odd. The weights of the other outputs are drawn from U(−b, b) with
    b = 1/√fan_in.
    Source: Zagoruyko and Komodakis 2017, "DiracNets", section 3; for a part of the filters, Jordan 2024, "94% on
    CIFAR-10 in 3.29 seconds on a single GPU", section 3.3.
    """

    type = "identity"

    def findings(self, shape: Shape, input_shape: Shape) -> Iterator[Finding]:
        if any(size % 2 == 0 for size in shape[2:]):
            kernel = shape_text(shape[2:])
            message = f'"identity" needs a kernel with a centre, but {kernel} has none; write odd sizes, such as 3'
            yield Finding(("kernel_size",), message)

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        weights = uniform(1 / math.sqrt(fans(shape)[0]), shape, rng)
        count = min(shape[:2])
        weights[:count] = 0
        for i in range(count):
            weights[(i, i, *(size // 2 for size in shape[2:]))] = 1
        return weights
