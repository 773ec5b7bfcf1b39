"""Context: what a layer gets besides its parameters and its input: the mode, the random generator, and memory."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from graphnn.errors import GraphError
from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.types import Array, Shape


def channels_last(memory: Array, shape: Shape) -> Array:
    """Return a view of contiguous memory in `shape`: four axes as N×C×H×W over N×H×W×C, others in C order."""
    if len(shape) != 4:
        return memory.reshape(shape)
    n, channels, height, width = shape
    return memory.reshape(n, height, width, channels).transpose(0, 3, 1, 2)


def empty_channels_last(shape: Shape, dtype: Any) -> Array:
    """Return an uninitialised N×C×H×W array over N×H×W×C memory; other numbers of axes in C order."""
    return channels_last(np.empty(math.prod(shape), dtype), shape)


class Context:
    """Mode, random generator and memory for one call of a layer. This class allocates memory; the engine's reuse it.

    input_shape: of one sample. training: whether the layer is in training rather than inference.
    rng: the random generator, needed in training by layers that draw.
    needs_dx: whether backward must return the gradient of the input; the first layer with parameters need not.
    kernels: the operations on images, by numpy or compiled.
    trained: the names of the parameters whose gradients backward must return; None: all.
    bypasses: the memory that `bypass` returns, by name, shared by the contexts of nodes that run one after the other.
    prepared: the result of the layer's `prepare` for this step.
    """

    def __init__(
        self,
        *,
        input_shape: Shape,
        training: bool = False,
        rng: np.random.Generator | None = None,
        needs_dx: bool = True,
        kernels: Kernels = NUMPY,
        trained: Collection[str] | None = None,
        bypasses: dict[str, Array] | None = None,
    ) -> None:
        self.input_shape = input_shape
        self.training = training
        self.needs_dx = needs_dx
        self.kernels = kernels
        self.prepared: Any = None
        self._rng = rng
        self._trained = trained
        self._bypasses: dict[str, Array] = {} if bypasses is None else bypasses

    def trains(self, name: str) -> bool:
        """Whether backward must return the gradient of a parameter; one that it need not return is ignored."""
        return self._trained is None or name in self._trained

    @property
    def rng(self) -> np.random.Generator:
        """The generator for this step, node and piece. Raises GraphError where the context was made without one."""
        if self._rng is None:
            raise GraphError("the layer draws random numbers, but its context has no generator: Context(rng=…)")
        return self._rng

    def output(self, shape: Shape, dtype: Any) -> Array:
        """Return uninitialised memory for y, channels last; it lasts until the backward of this piece is done."""
        return empty_channels_last(shape, dtype)

    def dx(self, shape: Shape, dtype: Any) -> Array:
        """Return uninitialised memory for the input's gradient, channels last; to be called once, in backward."""
        return empty_channels_last(shape, dtype)

    def gradient(self, name: str, parameter: Array) -> Array:
        """Return uninitialised memory for a parameter's gradient, in its shape and memory order, for backward."""
        return np.empty_like(parameter)

    def keep(self, name: str, shape: Shape, dtype: Any) -> Array:
        """Return memory, channels last, that lasts until the backward of this piece is done; the batch is axis 0."""
        return empty_channels_last(shape, dtype)

    def bypass(self, name: str, shape: Shape, dtype: Any) -> Array:
        """Return memory, channels last, in which one node keeps values of this piece for others, under the same name.

        In training it keeps what was last written until the backward of this piece is done, in inference until the end
        of the pass.
        """
        memory = self._bypasses.get(name)
        if memory is None or memory.shape != shape or memory.dtype != dtype:
            memory = self._bypasses[name] = empty_channels_last(shape, dtype)
        return memory

    def scratch(self, name: str, shape: Shape, dtype: Any, *, zeroed: bool = False) -> Array:
        """Return memory in C order for use within this call only.

        With `zeroed` it is zero at first, and later as the layer left it, so that a margin that no call writes to stays
        zero. Names are per layer; the same name, shape and dtype give the same memory.
        """
        return np.zeros(shape, dtype) if zeroed else np.empty(shape, dtype)

    def like(self, x: Array, name: str, dtype: Any = None) -> Array:
        """Return scratch of x's shape, channels last, of x's dtype unless another is given."""
        return channels_last(self.scratch(name, x.shape, x.dtype if dtype is None else dtype), x.shape)
