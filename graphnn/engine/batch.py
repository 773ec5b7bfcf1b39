"""The batches that the engine computes on: arrays of samples, or positions of samples in a source."""

from collections.abc import Callable

from graphnn.engine.source import Source, preparing
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array

Take = Callable[[slice], Array]  # from the slice of a piece to its samples


@frozen_dataclass(eq=False)
class ArrayBatch:
    """n samples as arrays. x: n×(input shape), images channels last in memory for speed; y: n targets."""

    x: Array
    y: Array

    def __len__(self) -> int:
        return len(self.x)

    def part(self, samples: slice) -> "ArrayBatch":
        """Return the samples of a slice, without copying any."""
        return ArrayBatch(self.x[samples], self.y[samples])


@frozen_dataclass(eq=False)
class SourceBatch:
    """The n samples of a source at `positions`; each member of the team prepares the pieces that it computes."""

    source: Source
    positions: Array

    def __len__(self) -> int:
        return len(self.positions)

    def part(self, samples: slice) -> "SourceBatch":
        """Return the samples of a slice, without copying any."""
        return SourceBatch(self.source, self.positions[samples])


Batch = ArrayBatch | SourceBatch


@frozen_dataclass
class Feed:
    """Functions that return the inputs of a piece, (samples in the piece)×(input shape), and its targets."""

    inputs: Take
    targets: Take


def feed(batch: Batch, memory: Take, epoch: int | None) -> Feed:
    """Return the functions that deliver the pieces of a batch, right before they are computed.

    memory: returns the array into which the inputs of a piece are prepared; used for a SourceBatch only. epoch: of the
    training step, from 0; None in inference. The functions raise DataError where a piece cannot be prepared.
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
            return source.targets(positions[piece], epoch)

    return Feed(inputs, targets)
