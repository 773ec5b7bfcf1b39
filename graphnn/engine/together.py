"""Rank 0 leads the other ranks through a training: it sends its requests, and sees to it that all have its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from graphnn.engine.joint_requests import (
    AGREE,
    END,
    SIZE,
    SYNCHRONISE,
    UPDATE,
    message,
    to_message,
    with_positions,
)
from graphnn.engine.ranks import Ranks, as_bytes
from graphnn.engine.requests import Request, Update
from graphnn.errors import GraphError
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array

if TYPE_CHECKING:
    from graphnn.engine.engine import Engine


class Together:
    """What the engine of each rank does besides computing: rank 0 calls the other methods, the others `follow`.

    updater: returns that of the engine, or None. Every rank updates its own parameters, by the sum of all gradients.
    """

    def __init__(self, ranks: Ranks, parameters: Parameters, updater: Callable[[], Updater | None]) -> None:
        self.ranks, self._parameters, self._updater = ranks, parameters, updater
        self._sent: int | None = None  # the version of the parameters that the others have
        self._waiting = True  # whether the others wait for a message, and are not within a request

    @property
    def leads(self) -> bool:
        """Whether this is rank 0."""
        return self.ranks.rank == 0

    # Rank 0

    def tell(self, request: Request, positions: Array | None = None) -> None:
        """Let the other ranks carry out a request, with the values that this rank has. positions: of its samples."""
        if self._sent != self._parameters.version:
            self._synchronise()
        self.ranks.broadcast(to_message(request))
        if isinstance(request, Update):
            self.ranks.broadcast(np.array(request.rates, "f8"))
        elif positions is not None:
            self.ranks.broadcast(np.ascontiguousarray(positions, np.int64))
        self._waiting = False

    def done(self) -> None:
        """Say that all ranks have carried out the request."""
        self._waiting = True

    def compare(self, epoch: int) -> None:
        """Raise GraphError where a rank has other values than this one, naming it. epoch: counted from 0."""
        if self._sent != self._parameters.version:
            self._synchronise()
        self.ranks.broadcast(message(AGREE))
        different = self._different()
        if different is not None:
            rank, name = different
            raise GraphError(
                f"rank {rank} has other values of {name} than rank 0 after epoch {epoch + 1}, so its processor or its "
                "libraries compute otherwise, or its memory is faulty; train without it"
            )

    def end(self) -> None:
        """Let the other ranks end, unless they are in the middle of a request, in which this one has failed."""
        if self._waiting:
            self._waiting = False
            self.ranks.broadcast(message(END))
            self.ranks.ended = True

    def _synchronise(self) -> None:
        updater, first = self._updater(), self._sent is None
        self.ranks.broadcast(message(SYNCHRONISE, 0 if updater is None else updater.steps, first))
        self._give(with_state=first)
        self._sent = self._parameters.version

    # All ranks

    def _give(self, *, with_state: bool) -> None:
        """Give all ranks the values of rank 0. with_state: also those of the optimizers."""
        updater = self._updater()
        state = updater.state if updater is not None and with_state else dict[str, Array]()
        for array in (self._parameters.vector, *self._parameters.running.values(), *state.values()):
            values = np.array(array, order="C")
            self.ranks.broadcast(values)
            if not self.leads:
                array[...] = values

    def _different(self) -> tuple[int, str] | None:
        """Return the first rank whose values differ from those of rank 0, and the name of a parameter; None: none."""
        named = self._parameters.named()
        rows = self.ranks.gathered(np.fromiter(digests(named), np.uint64, len(named)))
        wrong = np.argwhere(rows != rows[0])
        return (int(wrong[0][0]), list(named)[wrong[0][1]]) if len(wrong) else None

    # The other ranks

    def follow(self, engine: Engine) -> None:
        """Carry out the requests of rank 0 until it ends."""
        while True:
            received = np.zeros(SIZE, np.int64)
            self.ranks.broadcast(received)
            kind, first, second = (int(number) for number in received[:3])
            request = with_positions(received)
            if kind == END:
                return
            if kind == AGREE:
                self._different()  # rank 0 says so
            elif kind == SYNCHRONISE:
                updater = self._updater()
                if updater is not None:
                    updater.steps = first
                self._give(with_state=bool(second))
            elif kind == UPDATE:
                rates = np.zeros(first)
                self.ranks.broadcast(rates)
                engine.update_here(rates.tolist(), epoch=second)
            elif request is not None:
                positions = np.zeros(first, np.int64)
                self.ranks.broadcast(positions)
                engine.carry_out_here(request, positions)


def digests(named: Mapping[str, Array]) -> Iterator[int]:
    """Yield a number for each array, which differs where a bit of it does."""
    for array in named.values():
        data = as_bytes(np.ascontiguousarray(array)).data
        yield int.from_bytes(blake2b(data, digest_size=8).digest(), "little")
