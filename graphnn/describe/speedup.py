"""A model of how much faster a training step gets with more workers, from what its parts cost."""

from collections.abc import Iterable, Sequence

from graphnn.describe import step_costs
from graphnn.engine.folding import SHARED_SIZE, folding, shares
from graphnn.frozen_dataclass import frozen_dataclass


@frozen_dataclass
class StageCosts:
    """The seconds of a stage on one core.

    forward, backward: by lane. combine, combine_back: of the sums at the exit and at the entry, in every worker.
    elements: of the gradients. back: whether backward is a pass of its own here, as it is in all stages but the last.
    rows, rows_back: the bytes that all pieces hand over at the exit, and at the entry in backward.
    """

    forward: Sequence[float]
    backward: Sequence[float]
    combine: float
    combine_back: float
    elements: int
    back: bool = True
    rows: int = 0
    rows_back: int = 0


@frozen_dataclass
class StepCosts:
    """The seconds of a training step on one core.

    stages: in order. prepared: of each part in which weights are prepared for convolutions; shared: whether the workers
    share the parts out, rather than each doing all. vectors: the update of all parameters that are updated element by
    element; matrices: that of each of the others. elements: of the gradient. alone: what the first process does,
    whatever the number of workers. samples: of a batch.
    """

    stages: Sequence[StageCosts]
    prepared: Sequence[float]
    vectors: float
    matrices: Sequence[float]
    elements: int
    alone: float
    samples: int = 0
    shared: bool = False

    @property
    def lanes(self) -> int:
        """The lanes of a batch: more workers have nothing to do."""
        return len(self.stages[0].forward)


@frozen_dataclass
class StepTime:
    """The seconds of a step, by what they are for.

    pieces: of the worker that needs longest, stage by stage. additions: of the lanes' gradients. repeated: statistics,
    and prepared weights, as far as every worker computes them. alone: what all others wait for the first process.
    network: between machines.
    """

    pieces: float
    barriers: float
    additions: float
    update: float
    repeated: float
    alone: float
    network: float = 0.0

    @property
    def total(self) -> float:
        """The seconds of the whole step."""
        parts = self.pieces + self.barriers + self.additions + self.update + self.repeated
        return parts + self.alone + self.network


@frozen_dataclass
class Estimate:
    """The estimate for a number of workers.

    lanes: the most and the fewest of a worker. speedup: to one worker. efficiency: the speed-up for each worker, 0…1.
    limit: what costs most of the rest, in words; "" where all of it is little.
    """

    workers: int
    lanes: tuple[int, int]
    time: StepTime
    speedup: float
    efficiency: float
    limit: str


LITTLE = 0.02  # of a step; what costs less is no limit
NAMES = {
    "pieces": "uneven lanes",
    "barriers": "barriers",
    "additions": "adding up lanes",
    "update": "update of the parameters",
    "repeated": "statistics, prepared weights",
    "alone": "work of the first process",
    "network": "network",
}


def speedup(costs: StepCosts, workers: Iterable[int]) -> tuple[Estimate, ...]:
    """Return the estimate for each number of workers: time(1) / time(W), and that by W."""
    one = step_time(costs, 1)
    return tuple(estimate(one, step_time(costs, each), each, costs.lanes) for each in workers)


def estimate(one: StepTime, time: StepTime, workers: int, lanes: int) -> Estimate:
    """Return the estimate for a number of workers. one, time: of a step by one worker, and by all."""
    sizes = [len(each) for each in shares(range(lanes), workers)]
    faster = one.total / time.total
    limit = "too few lanes" if workers > lanes else limit_of(one, time, workers)
    return Estimate(workers, (max(sizes), min(sizes)), time, faster, faster / workers, limit)


def limit_of(one: StepTime, time: StepTime, workers: int) -> str:
    """Return what keeps a step from being `workers` times as fast, in words; "" where nothing takes much."""
    beyond = {name: getattr(time, name) - getattr(one, name) / workers for name in NAMES}
    name = max(beyond, key=lambda each: beyond[each])
    return NAMES[name] if beyond[name] > LITTLE * time.total else ""


def step_time(costs: StepCosts, workers: int) -> StepTime:
    """Return the time of a step with so many workers: for each stage that of the slowest, and a barrier after it.

    Of more workers than a batch has lanes, only as many are started.
    """
    workers = min(workers, costs.lanes)
    members = shares(range(costs.lanes), workers)
    barrier = step_costs.BARRIER + step_costs.BARRIER_EACH * workers if workers > 1 else 0.0
    folded = folding(members, costs.lanes)
    across = len(folded.across)
    shares_update = costs.elements > SHARED_SIZE
    waits = 1 + 2 * shares_update + costs.shared  # the requests, and the end of what is shared out
    pieces = additions = repeated = 0.0
    for stage in costs.stages:
        pieces += slowest(members, stage.forward) + slowest(members, stage.backward)
        repeated += stage.combine + stage.combine_back
        inside = max(sum(len(folded.after.get(lane, ())) for lane in lanes) for lanes in members)
        additions += inside * stage.elements * step_costs.ADD
        adding = workers if across * stage.elements > SHARED_SIZE else 1
        additions += across * stage.elements * step_costs.ADD_ACROSS / adding
        waits += 1 + stage.back + bool(stage.back and across)
    update = shared_out(costs.matrices, costs.vectors, workers if shares_update else 1)
    repeated += shared_out(costs.prepared, 0, workers if costs.shared else 1)
    return StepTime(pieces, waits * barrier, additions, update, repeated, costs.alone)


def slowest(members: Iterable[range], lanes: Sequence[float]) -> float:
    """Return the time of the member whose lanes take longest."""
    return max(sum(lanes[lane] for lane in own) for own in members)


def shared_out(parts: Iterable[float], even: float, workers: int) -> float:
    """Return the time of the worker that needs longest: of what is shared evenly, and of parts that are not cut.

    Each part, from the longest, goes to the worker that has least so far.
    """
    loads = [0.0] * workers
    for seconds in sorted(parts, reverse=True):
        loads[loads.index(min(loads))] += seconds
    return max(loads) + even / workers
