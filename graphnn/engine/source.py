"""Stored samples from which every member of a team prepares the pieces that it computes itself."""

from typing import Protocol

from graphnn.errors import DataError, GraphError
from graphnn.types import Array


class Source(Protocol):
    """One part of the data, from which the engine picks batches by positions.

    Several threads or processes call it at the same time, each for a piece of a batch: on all cores, and right before
    the piece is computed, while it is in the cache. What comes out may depend on the arguments alone.
    """

    def inputs(self, chosen: Array, out: Array, epoch: int | None) -> None:
        """Write the inputs of the n samples at the positions `chosen` into out: n×(input shape), images channels last.

        epoch: the one of training, by which random draws are keyed; None in inference, where nothing is drawn.
        """

    def targets(self, chosen: Array) -> Array:
        """Return the targets at the positions `chosen`."""


class preparing:
    """Say that an error happened while a batch was made ready. Errors that tell their own story go through."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, GraphError):
            raise DataError(f"the samples of a batch cannot be prepared: {type(error).__name__}: {error}") from error
