"""What a layer is handed besides its parameters and its input: the mode, the random generator, and memory."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from graphnn.errors import GraphError
from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.types import Array, Shape


def channels_last(memory: Array, shape: Shape) -> Array:
    """Return contiguous memory seen as `shape`: four axes as N×C×H×W over N×H×W×C, others in C order."""
    if len(shape) != 4:
        return memory.reshape(shape)
    n, channels, height, width = shape
    return memory.reshape(n, height, width, channels).transpose(0, 3, 1, 2)


def empty_channels_last(shape: Shape, dtype: Any) -> Array:
    """Return an uninitialised N×C×H×W array over N×H×W×C memory; other numbers of axes in C order."""
    return channels_last(np.empty(math.prod(shape), dtype), shape)


class Context:
    """Memory and mode for one call of one layer. This class allocates anew; the engine's contexts reuse memory.

    input_shape: that of one sample. training: whether batch statistics and random draws are in force.
    rng: what the layer draws from; needed wherever it draws, so in training.
    needs_dx: whether backward must return the gradient of the input (the first layer with parameters need not).
    kernels: the operations on images, by numpy or compiled.
    trained: the names of the parameters whose gradients backward must give; None: of all.
    bypasses: what `bypass` hands out, shared by the contexts of nodes that run one after the other.
    prepared: what the layer's `prepare` returned for this step; None where it prepares nothing.
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
        """Whether the gradient of a parameter is wanted. One that backward gives all the same is left aside."""
        return self._trained is None or name in self._trained

    @property
    def rng(self) -> np.random.Generator:
        """The generator for this step, node and piece. Raises GraphError where the context was made without one."""
        if self._rng is None:
            raise GraphError("the layer draws random numbers, but its context has no generator: Context(rng=…)")
        return self._rng

    def output(self, shape: Shape, dtype: Any) -> Array:
        """Return memory for y, uninitialised, channels last; it lives until the backward of this piece is done."""
        return empty_channels_last(shape, dtype)

    def dx(self, shape: Shape, dtype: Any) -> Array:
        """Return memory for the gradient of the input, uninitialised, channels last; call it once, in backward."""
        return empty_channels_last(shape, dtype)

    def gradient(self, name: str, parameter: Array) -> Array:
        """Return memory for the gradient of a parameter, uninitialised, in its shape and memory order; in backward."""
        return np.empty_like(parameter)

    def keep(self, name: str, shape: Shape, dtype: Any) -> Array:
        """Return memory that lives until the backward of this piece is done, batch axis first, channels last."""
        return empty_channels_last(shape, dtype)

    def bypass(self, name: str, shape: Shape, dtype: Any) -> Array:
        """Return memory in which values of this piece go past other nodes, channels last: by name, of all nodes.

        In training it holds what was last written until the backward of this piece is done, in inference until the end
        of the pass.
        """
        memory = self._bypasses.get(name)
        if memory is None or memory.shape != shape or memory.dtype != dtype:
            memory = self._bypasses[name] = empty_channels_last(shape, dtype)
        return memory

    def scratch(self, name: str, shape: Shape, dtype: Any, *, zeroed: bool = False) -> Array:
        """Return memory in C order that is this call's own and lost after it.

        With `zeroed` the array was all zeros when it was first made, and holds what the caller last left in it since:
        a frame that no call writes to stays zero. Names are per layer; equal name, shape and dtype give equal memory.
        """
        return np.zeros(shape, dtype) if zeroed else np.empty(shape, dtype)

    def like(self, x: Array, name: str, dtype: Any = None) -> Array:
        """Return scratch of x's shape, channels last in memory, of x's dtype unless another is given."""
        return channels_last(self.scratch(name, x.shape, x.dtype if dtype is None else dtype), x.shape)
