"""All members that compute together: the team of this process, and the ranks on other machines."""

from collections.abc import Callable, Sequence

from graphnn.engine.folding import shares
from graphnn.engine.ranks import Ranks, Rows
from graphnn.engine.waiting import Lost
from graphnn.engine.workers import Team
from graphnn.types import Array


class Crew:
    """Shares out tasks among ranks, and within this rank among the members of its team."""

    def __init__(self, team: Team, ranks: Ranks | None = None) -> None:
        self.team, self._ranks = team, ranks

    def own(self, count: int, most: int | None = None) -> range:
        """Return this rank's tasks: those that it has of `most`, by default all, which ranks share evenly."""
        return range(count) if self._ranks is None else self._ranks.own(count, most)

    def members(self, count: int, most: int | None = None) -> list[range]:
        """Return the tasks of each member of this rank's team."""
        return shares(self.own(count, most), self.team.size)

    def run(
        self, task: Callable[[int], object], count: int, *, most: int | None = None, tables: Sequence[Rows] = ()
    ) -> None:
        """Run task(0), task(1), … of all ranks, as `Team.run` does of one, and wait for all.

        most: as in `own`. tables: what tasks write to, for every rank to have all rows of.
        """
        ranks = self._ranks
        if ranks is None:
            self.team.run(task, count)
            return
        own, error = ranks.own(count, most), None
        try:
            self.team.run(lambda number: task(own.start + number), len(own))
        except Lost:
            raise  # what is left of the team cannot exchange anything
        except Exception as failure:
            error = failure
        self.team.once(lambda: ranks.exchange(tables, count, most, error))

    def add(self, gradient: Array, lanes: int, most: int) -> None:
        """Add up the gradients of all ranks that have some of the first `lanes` of `most` lanes, for all ranks."""
        ranks = self._ranks
        if ranks is not None:
            active = sum(start < lanes for start in ranks.bounds(lanes, most)[:-1])
            self.team.once(lambda: ranks.add(gradient, active))
