"""The protocol of stored samples from which the members of a team prepare the pieces that they compute."""

from typing import Protocol

from graphnn.errors import DataError, GraphError
from graphnn.types import Array


class Source(Protocol):
    """One part of the data, of which the engine takes batches by the positions of their samples.

    Several threads or processes call it at the same time, each for a piece of a batch, right before it computes that
    piece, so that the inputs are still in the cache. Results must depend on the arguments alone.
    """

    def inputs(self, positions: Array, out: Array, epoch: int | None) -> None:
        """Write the inputs of the n samples at `positions` into out: n×(input shape), images channels last.

        epoch: that of training, from 0, by which random draws are keyed; None in inference, where nothing is drawn.
        """

    def targets(self, positions: Array, epoch: int | None) -> Array:
        """Return the targets of the samples at `positions`. epoch: as of `inputs`, for those made of the inputs."""


class preparing:
    """Raise errors as DataError that says samples were being prepared; DataError and GraphError pass unchanged."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, GraphError):
            raise DataError(f"the samples of a batch cannot be prepared: {type(error).__name__}: {error}") from error
