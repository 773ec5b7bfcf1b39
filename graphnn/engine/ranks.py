"""The ranks of an MPI job: processes on one or several machines that compute one training together.

All exchanges are of plain arrays whose sizes both sides know, in a fixed order; sums are added here and never by MPI,
which may add in any order. While it waits, a rank looks, then yields its core, then sleeps ever longer.
"""

from __future__ import annotations  # mpi4py is an extra, and importing it starts MPI

import json
import os
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn import errors
from graphnn.engine.folding import additions
from graphnn.errors import GraphError
from graphnn.types import Array

if TYPE_CHECKING:
    from mpi4py import MPI

LOOKS = 300  # at an exchange without a pause
YIELDS = 20_000  # looks after that, each after yielding the core; then with sleeps
SHORT, LONG = 5e-5, 2e-3  # seconds of the first sleep, and of the longest

Rows = tuple[Array, Sequence[int]]  # an array, and where the rows of each task begin, with the end of the last


class Ranks:
    """This process among the `size` ranks of a job; rank 0 leads the others.

    comm: of all ranks, each of which makes this call. on_this_machine: how many of the ranks are.
    """

    def __init__(self, comm: MPI.Intracomm) -> None:
        from mpi4py import MPI

        self._comm = comm
        self.rank, self.size = comm.rank, comm.size
        self.on_this_machine = comm.Split_type(MPI.COMM_TYPE_SHARED).size
        self.ended = False  # whether rank 0 has let the others end
        self._parts: dict[tuple[int, Any], list[Array]] = {}
        self._statuses = np.zeros(comm.size, np.int64)

    def own(self, count: int, most: int | None = None) -> range:
        """Return this rank's tasks of `count`: those that it has of `most`, which are shared out evenly."""
        bounds = self.bounds(count, most)
        return range(bounds[self.rank], bounds[self.rank + 1])

    def bounds(self, count: int, most: int | None = None) -> list[int]:
        """Return the first task of each rank, of `count` and `most` as in `own`, with the end of the last."""
        each = -(-(most or count) // self.size)
        return [min(rank * each, count) for rank in range(self.size + 1)]

    # Waiting

    def _wait(self, *requests: MPI.Request) -> None:
        """Wait until all requests are done."""
        from mpi4py import MPI

        looks, pause, pending = 0, SHORT, list(requests)
        while not MPI.Request.Testall(pending):
            looks += 1
            if looks > LOOKS + YIELDS:
                time.sleep(pause)
                pause = min(LONG, 1.1 * pause)
            elif looks > LOOKS:
                os.sched_yield()

    # Exchanges of all ranks; each makes the same calls in the same order

    def exchange(self, tables: Sequence[Rows], count: int, most: int | None, error: Exception | None) -> None:
        """Give all ranks the rows of all tasks, or raise the error of the lowest rank that failed in every rank."""
        self._statuses[self.rank] = error is not None
        bounds = self.bounds(count, most)
        requests = self._gathering(self._statuses, range(self.size + 1))
        for array, starts in tables:
            requests += self._gathering(array, [starts[bound] for bound in bounds])
        self._wait(*requests)
        if self._statuses.any():
            raise self._first_error(error)

    def _gather(self, array: Array, bounds: Sequence[int]) -> None:
        """Fill an array of which each rank has the rows between its bounds with those of all others."""
        self._wait(*self._gathering(array, bounds))

    def _gathering(self, array: Array, bounds: Sequence[int]) -> list[MPI.Request]:
        """Begin what `_gather` does; return the requests to wait for."""
        from mpi4py import MPI

        if bounds[-1] == bounds[0]:
            return []
        rows = array[bounds[0] : bounds[-1]]
        if not rows.flags.c_contiguous:
            rows = rows.transpose(0, *range(2, rows.ndim), 1)  # images are channels last in memory
        size = rows.nbytes // len(rows)
        counts = [size * (stop - start) for start, stop in pairwise(bounds)]
        starts = [size * (bound - bounds[0]) for bound in bounds[:-1]]
        return [self._comm.Iallgatherv(MPI.IN_PLACE, [as_bytes(rows), counts, starts, MPI.BYTE])]

    def _first_error(self, error: Exception | None) -> Exception:
        """Return the error of the lowest rank that has one, in every rank; in that one, the error itself."""
        first = int(np.flatnonzero(self._statuses)[0])
        found = self.facts({} if error is None else {"type": type(error).__name__, "text": str(error)})[first]
        if error is not None and first == self.rank:
            return error
        kind = vars(errors).get(found["type"])
        if isinstance(kind, type) and issubclass(kind, GraphError):
            return kind(found["text"])
        return GraphError(f"rank {first}: {found['type']}: {found['text']}")

    def add(self, vector: Array, active: int) -> None:
        """Give all ranks the sum of the vectors of the first `active` ranks, added in the tree of `folding`.

        Each rank adds one part of the vector for all.
        """
        ends = [number * len(vector) // self.size for number in range(self.size + 1)]
        own = vector[ends[self.rank] : ends[self.rank + 1]]
        key = (len(own), vector.dtype)
        if key not in self._parts:
            self._parts[key] = [np.empty_like(own) for _ in range(self.size)]
        parts = [own if rank == self.rank else part for rank, part in enumerate(self._parts[key])]
        requests = [
            self._comm.Irecv(as_bytes(parts[rank]), rank) for rank in range(active) if rank != self.rank and own.size
        ]
        if self.rank < active:
            for rank in range(self.size):
                part = vector[ends[rank] : ends[rank + 1]]
                if rank != self.rank and part.size:
                    requests.append(self._comm.Isend(as_bytes(part), rank))
        self._wait(*requests)
        for _, to, source in additions(range(active), active):
            np.add(parts[to], parts[source], out=parts[to])
        if self.rank:
            own[...] = parts[0]
        self._gather(vector, ends)

    def broadcast(self, array: Array) -> None:
        """Give all ranks the values that rank 0 has of a contiguous array."""
        if array.size:
            self._wait(self._comm.Ibcast(as_bytes(array), 0))

    def gathered(self, values: Array) -> Array:
        """Return the values of all ranks, ranks×(shape of values)."""
        rows = np.zeros((self.size, *values.shape), values.dtype)
        rows[self.rank] = values
        self._gather(rows, range(self.size + 1))
        return rows

    def facts(self, own: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what each rank says of itself."""
        text = json.dumps(own).encode()
        longest = int(self.gathered(np.array([len(text)])).max())
        rows = self.gathered(np.frombuffer(text.ljust(longest), np.uint8))
        return [json.loads(row.tobytes()) for row in rows]

    def abort(self, code: int) -> None:
        """End all ranks at once."""
        self._comm.Abort(code)


def as_bytes(array: Array) -> Array:
    """Return a contiguous array as bytes, which no buffer type can be wrong for."""
    assert array.flags.c_contiguous
    return array.reshape(-1).view(np.uint8)
