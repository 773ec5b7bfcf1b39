"""Hands samples over to the members of a team, and outputs back: directly, or through shared memory."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.engine.batch import ArrayBatch, Batch, SourceBatch
from graphnn.engine.requests import Handed, HandedArrays, HandedPositions
from graphnn.engine.source import Source
from graphnn.graph.graph import Graph
from graphnn.kernels.channels import in_memory_order
from graphnn.layers.context import channels_last, empty_channels_last
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array, Shape


class Handover(ABC):
    """Takes samples from the engine, and gives them to every member of the team.

    sources: those that all members have; a batch names one by its index. outputs: memory for the outputs of as many
    samples as are computed at once. common: how many of the sources, from the first on, other ranks have too.
    """

    def __init__(self, sources: Sequence[Source], outputs: Array) -> None:
        self._sources, self._outputs = sources, outputs
        self.common = 0
        self._x = self._y = self._positions = np.empty(0)

    def put(self, batch: Batch) -> Handed:
        """Take a batch, and return the message by which members get it from `batch`."""
        if isinstance(batch, ArrayBatch):
            self._put_targets(batch.y)
            return HandedArrays(self.put_inputs(batch.x))
        self._put_positions(batch.positions)
        number = next(number for number, source in enumerate(self._sources) if source is batch.source)
        return HandedPositions(len(batch), number, alone=number >= self.common)

    @abstractmethod
    def fits(self, y: Array) -> bool:
        """Whether targets of this shape and dtype can be handed over."""

    @abstractmethod
    def put_inputs(self, x: Array) -> int:
        """Take inputs, n×(input shape), and return n."""

    @abstractmethod
    def _put_targets(self, y: Array) -> None: ...

    @abstractmethod
    def _put_positions(self, positions: Array) -> None: ...

    def inputs(self, count: int) -> Array:
        """Return the first `count` inputs that were handed over, count×(input shape)."""
        return self._x[:count]

    def batch(self, handed: Handed) -> Batch:
        """Return the batch that was handed over."""
        if isinstance(handed, HandedArrays):
            return ArrayBatch(self._x[: handed.count], self._y[: handed.count])
        return SourceBatch(self._sources[handed.source], self._positions[: handed.count])

    def outputs(self, count: int) -> Array:
        """Return the array in which outputs are handed back, count×(output shape)."""
        return self._outputs[:count]


class DirectHandover(Handover):
    """The handover within one process: the arrays themselves, or copies where they lie in another order in memory.

    The order in memory decides the order of sums, and so their last bits.
    """

    def __init__(self, samples: int, graph: Graph, dtype: Any, sources: Sequence[Source]) -> None:
        super().__init__(sources, empty_channels_last((samples, *graph.output_shape), dtype))
        self._dtype = dtype

    def fits(self, y: Array) -> bool:
        return True

    def put_inputs(self, x: Array) -> int:
        self._x = in_engine_order(x, self._dtype)
        return len(x)

    def _put_targets(self, y: Array) -> None:
        self._y = in_engine_order(y, y.dtype)

    def _put_positions(self, positions: Array) -> None:
        self._positions = positions


class SharedHandover(Handover):
    """The handover between processes: copies in shared memory, for targets of one shape and dtype."""

    def __init__(
        self,
        samples: int,
        graph: Graph,
        dtype: Any,
        sources: Sequence[Source],
        targets: Shape = (),
        targets_dtype: Any = np.int64,
    ) -> None:
        def make(tail: Shape, dtype: Any) -> Array:
            shape = (samples, *tail)
            return channels_last(shared_zeros(shape, dtype), shape)

        super().__init__(sources, make(graph.output_shape, dtype))
        self._x, self._y, self._positions = (
            make(graph.input_shape, dtype),
            make(targets, targets_dtype),
            make((), np.int64),
        )

    def fits(self, y: Array) -> bool:
        return self._y.shape[1:] == y.shape[1:] and self._y.dtype == y.dtype

    def put_inputs(self, x: Array) -> int:
        self._x[: len(x)] = x
        return len(x)

    def _put_targets(self, y: Array) -> None:
        self._y[: len(y)] = y

    def _put_positions(self, positions: Array) -> None:
        self._positions[: len(positions)] = positions


def in_engine_order(x: Array, dtype: Any) -> Array:
    """Return x in contiguous memory, images channels last, others in C order: x itself, a view of it, or a copy."""
    ordered = in_memory_order(x)
    if x.dtype == dtype and ordered.flags.c_contiguous and x.flags.aligned:
        return channels_last(ordered.reshape(-1), x.shape)
    copy = empty_channels_last(x.shape, dtype)
    copy[...] = x
    return copy
