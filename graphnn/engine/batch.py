"""What the engine computes on: samples given as arrays, or the samples of a source at given positions."""

from collections.abc import Callable
from dataclasses import dataclass

from graphnn.engine.source import Source, preparing
from graphnn.types import Array

Take = Callable[[slice], Array]  # from a piece of the batch to its samples


@dataclass(frozen=True, eq=False)
class ArrayBatch:
    """n samples as arrays. x: n×(input shape), images best channels last in memory; y: n targets, as the loss wants."""

    x: Array
    y: Array

    def __len__(self) -> int:
        return len(self.x)

    def part(self, part: slice) -> "ArrayBatch":
        """Return some of the samples, without a copy."""
        return ArrayBatch(self.x[part], self.y[part])


@dataclass(frozen=True, eq=False)
class SourceBatch:
    """The n samples of a source at `positions`; each member of the team prepares the pieces that it computes."""

    source: Source
    positions: Array

    def __len__(self) -> int:
        return len(self.positions)

    def part(self, part: slice) -> "SourceBatch":
        """Return some of the samples, without a copy."""
        return SourceBatch(self.source, self.positions[part])


Batch = ArrayBatch | SourceBatch


@dataclass(frozen=True)
class Feed:
    """Gives a piece of a batch: its inputs, (samples in the piece)×(input shape), and its targets."""

    inputs: Take
    targets: Take


def feed(batch: Batch, memory: Take, epoch: int | None) -> Feed:
    """Return what gives the pieces of a batch, right before they are computed.

    memory: where the inputs of a piece are prepared that come from a source. epoch: of the training step; None in
    inference. Raises DataError, when a piece is asked for, where it cannot be prepared.
    """
    if isinstance(batch, ArrayBatch):
        return Feed(batch.x.__getitem__, batch.y.__getitem__)
    source, positions = batch.source, batch.positions

    def inputs(piece: slice) -> Array:
        out = memory(piece)
        with preparing():
            source.inputs(positions[piece], out, epoch)
        return out

    def targets(piece: slice) -> Array:
        with preparing():
            return source.targets(positions[piece])

    return Feed(inputs, targets)
