"""A model of how much faster a training step gets with more workers, from the plan alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from graphnn.describe import step_costs
from graphnn.describe.step_costs import batchwise_costs, node_costs, prepared_seconds, update_seconds
from graphnn.engine.lanes import SHARED_SIZE, folding, trained_size
from graphnn.engine.plan import Plan, Stage, training_plan
from graphnn.engine.workers import shares
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import Kernels
from graphnn.optimizers.rules import rule_numbers, rules
from graphnn.optimizers.sections import groups_from, optimizer_from
from graphnn.specification.spec import Spec


@frozen_dataclass
class StageCosts:
    """The seconds of a stage on one core.

    forward, backward: by lane. combine, combine_back: of the sums at the exit and at the entry, in every worker.
    elements: of the gradients. back: whether backward gets to the stage. rows, rows_back: the bytes that all pieces
    hand over at the exit, and at the entry in backward.
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

    stages: in order. prepared: the weights laid as the algorithms read them, in every worker. vectors: the update of
    all parameters that are updated element by element; matrices: that of each of the others. elements: of the gradient.
    alone: what the first process does, whatever the number of workers. samples: of a batch.
    """

    stages: Sequence[StageCosts]
    prepared: float
    vectors: float
    matrices: Sequence[float]
    elements: int
    alone: float
    samples: int = 0

    @property
    def lanes(self) -> int:
        """The lanes of a batch: more workers have nothing to do."""
        return len(self.stages[0].forward)


@frozen_dataclass
class StepTime:
    """The seconds of a step, by what they are for.

    pieces: of the worker that needs longest, stage by stage. additions: of the lanes' gradients. repeated: what every
    worker computes for itself. alone: what all others wait for the first process. network: between machines.
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
    "repeated": "work in every worker",
    "alone": "work of the first process",
    "network": "network",
}


def speedup(costs: StepCosts, workers: Iterable[int]) -> tuple[Estimate, ...]:
    """Return the estimate for each number of workers: time(1) / time(W), and that by W."""
    one = step_time(costs, 1)
    return tuple(estimate(one, step_time(costs, each), each, costs.lanes) for each in workers)


def estimate(one: StepTime, time: StepTime, workers: int, lanes: int) -> Estimate:
    """Return the estimate for so many workers from the times of one and of all."""
    sizes = [len(each) for each in shares(range(lanes), workers)]
    faster = one.total / time.total
    limit = "uneven lanes" if min(sizes) == 0 else limit_of(one, time, workers)
    return Estimate(workers, (max(sizes), min(sizes)), time, faster, faster / workers, limit)


def limit_of(one: StepTime, time: StepTime, workers: int) -> str:
    """Return what keeps a step from being `workers` times as fast, in words; "" where nothing takes much."""
    beyond = {name: getattr(time, name) - getattr(one, name) / workers for name in NAMES}
    name = max(beyond, key=lambda each: beyond[each])
    return NAMES[name] if beyond[name] > LITTLE * time.total else ""


def step_time(costs: StepCosts, workers: int) -> StepTime:
    """Return the time of a step with so many workers: for each stage that of the slowest, and a barrier after it."""
    members = shares(range(costs.lanes), workers)
    barrier = step_costs.BARRIER + step_costs.BARRIER_EACH * workers if workers > 1 else 0.0
    folded = folding(members, costs.lanes)
    across = len(folded.across)
    waits = 3 + bool(costs.matrices or costs.elements > SHARED_SIZE)  # the requests of a step and an update
    pieces = additions = repeated = 0.0
    for stage in costs.stages:
        pieces += slowest(members, stage.forward) + slowest(members, stage.backward)
        repeated += stage.combine + stage.combine_back
        inside = max(sum(len(folded.after.get(lane, ())) for lane in lanes) for lanes in members)
        additions += inside * stage.elements * step_costs.ADD
        adding = workers if across * stage.elements > SHARED_SIZE else 1
        additions += across * stage.elements * step_costs.ADD_ACROSS / adding
        waits += 1 + stage.back + bool(stage.back and across)
    update = updated(costs, workers if costs.elements > SHARED_SIZE else 1)
    return StepTime(pieces, (waits - 1) * barrier, additions, update, repeated + costs.prepared, costs.alone)


def slowest(members: Iterable[range], lanes: Sequence[float]) -> float:
    """Return the time of the member whose lanes take longest."""
    return max(sum(lanes[lane] for lane in own) for own in members)


def updated(costs: StepCosts, workers: int) -> float:
    """Return the time of an update by so many workers: each takes parts until all are done, the longest first."""
    loads = [costs.vectors / workers] * workers
    for seconds in sorted(costs.matrices, reverse=True):
        loads[loads.index(min(loads))] += seconds
    return max(loads)


def costs_of(spec: Spec, graph: Graph, kernels: Kernels) -> StepCosts:
    """Return the costs of a training step of a document on a full batch; nothing is allocated."""
    plan = training_plan(graph, spec.training["batch_size"], kernels)
    samples = spec.training["batch_size"]
    elements = sum(each.size for node in graph.nodes for each in node.parameters if each.trainable)
    vectors, matrices = update_costs(spec, graph)
    averaged = step_costs.AVERAGE if spec.training.get("averaging") else 0.0
    alone = step_costs.STEP + elements * (step_costs.FINITE + averaged)
    stages = tuple(stages_of(plan, kernels, samples))
    prepared = sum(prepared_seconds(node, kernels, plan) for node in graph.nodes)
    return StepCosts(stages, prepared, vectors, matrices, elements, alone, samples)


def update_costs(spec: Spec, graph: Graph) -> tuple[float, list[float]]:
    """Return the seconds to update all vectors, and those for each matrix."""
    named = {f"{node.name}/{each.name}": each for node in graph.nodes for each in node.parameters if each.trainable}
    groups = groups_from(spec.optimizer)
    made = rules(optimizer_from(spec.optimizer), groups)
    vectors, matrices = 0.0, []
    for parameter, number in zip(named.values(), rule_numbers(groups, named), strict=True):
        optimizer = made[number].optimizer
        if optimizer.by_matrix:
            rows = parameter.shape[0]
            matrices.append(update_seconds(optimizer, (rows, parameter.size // rows), parameter.size))
        else:
            vectors += update_seconds(optimizer, None, parameter.size)
    return vectors, matrices


def stages_of(plan: Plan, kernels: Kernels, samples: int) -> Iterator[StageCosts]:
    """Yield the costs of each stage."""
    for number, stage in enumerate(plan.stages):
        forward, backward = stage_seconds(plan, stage, kernels)
        pieces = plan.pieces(stage, samples)
        count = sum(map(len, pieces))
        before = plan.stages[number - 1].exit if number else None
        trained = before is not None and plan.trains(before)
        exit_rows = 0 if stage.exit is None else batchwise_costs(stage.exit, kernels).rows
        entry_rows = batchwise_costs(before, kernels).rows_back if before is not None and trained else 0
        combined = partial(combine_seconds, pieces=count)
        yield StageCosts(
            forward=by_lane(pieces, forward),
            backward=by_lane(pieces, backward),
            combine=combined(exit_rows, step_costs.COMBINE),
            combine_back=combined(entry_rows, step_costs.COMBINE_BACK),
            elements=trained_size(stage.nodes),
            back=stage.exit is not None and plan.needs_dx(stage.exit),
            rows=8 * count * exit_rows,
            rows_back=8 * count * entry_rows,
        )


def combine_seconds(row: int, fixed: float, pieces: int) -> float:
    """Return the time to combine rows of so many numbers; 0 where there are none."""
    return fixed + step_costs.COMBINED_NUMBER * row * pieces if row else 0.0


def stage_seconds(plan: Plan, stage: Stage, kernels: Kernels) -> tuple[Callable[[int], float], Callable[[int], float]]:
    """Return two functions that give the seconds of a piece of so many samples, forward and backward."""
    nodes = [node_costs(node, kernels, plan) for node in stage.nodes]
    forward, backward = sum(each.forward for each in nodes), sum(each.backward for each in nodes)
    piece, piece_back = sum(each.piece_forward for each in nodes), sum(each.piece_backward for each in nodes)
    if stage.entry is not None:
        entry = batchwise_costs(stage.entry, kernels)
        again = 1 + stage.recomputes(plan.cut.block)
        forward += entry.apply
        piece += step_costs.CALL
        if plan.trains(stage.entry):
            backward += entry.sums_back + (again - 1) * entry.apply
            piece_back += again * step_costs.CALL
    if stage.exit is not None:
        leaving = batchwise_costs(stage.exit, kernels)
        forward += leaving.sums
        piece += step_costs.CALL
        if plan.needs_dx(stage.exit):
            backward += leaving.apply_back
            piece_back += step_costs.CALL
    return (lambda n: piece + n * forward), (lambda n: piece_back + n * backward)


def by_lane(pieces: Sequence[Sequence[slice]], seconds: Callable[[int], float]) -> tuple[float, ...]:
    """Return the seconds of each lane."""
    return tuple(sum(seconds(each.stop - each.start) for each in lane) for lane in pieces)
