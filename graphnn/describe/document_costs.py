"""What a training step of a document costs on one core, from its plan: what the model of the speed-up takes."""

from collections.abc import Iterator

from graphnn.describe import step_costs
from graphnn.describe.memory import prepared_weights
from graphnn.describe.speedup import StageCosts, StepCosts
from graphnn.describe.step_costs import batchwise_costs, node_costs, prepared_seconds, update_seconds
from graphnn.engine.folding import SHARED_SIZE
from graphnn.engine.lanes import trained_size
from graphnn.engine.plan import Plan, Stage, training_plan
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import Kernels
from graphnn.optimizers.rules import rule_numbers, rules
from graphnn.optimizers.sections import groups_from, optimizer_from
from graphnn.specification.spec import Spec


def costs_of(spec: Spec, graph: Graph, kernels: Kernels) -> StepCosts:
    """Return the costs of a training step of a document on a full batch; nothing is allocated."""
    plan = training_plan(graph, spec.training["batch_size"], kernels)
    samples = spec.training["batch_size"]
    elements = sum(each.size for node in graph.nodes for each in node.parameters if each.trainable)
    vectors, matrices = update_costs(spec, graph)
    averaged = step_costs.AVERAGE if spec.training.get("averaging") else 0.0
    alone = step_costs.STEP + elements * (step_costs.FINITE + averaged)
    stages = tuple(stages_of(plan, kernels, samples))
    prepared = [seconds for node in graph.nodes for seconds in prepared_seconds(node, kernels, plan)]
    shared = sum(sum(prepared_weights(node, kernels, plan)) for node in graph.nodes) >= SHARED_SIZE
    return StepCosts(stages, prepared, vectors, matrices, elements, alone, samples, shared)


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
    lanes = [block.stop - block.start for block in plan.cut.blocks(samples)]
    for number, stage in enumerate(plan.stages):
        forward, backward = stage_seconds(plan, stage, kernels)
        pieces = [-(-size // stage.piece) for size in lanes]
        count = sum(pieces)
        before = plan.stages[number - 1].exit if number else None
        trained = before is not None and plan.trains(before)
        exit_rows = 0 if stage.exit is None else batchwise_costs(stage.exit, kernels).rows
        entry_rows = batchwise_costs(before, kernels).rows_back if before is not None and trained else 0
        yield StageCosts(
            forward=[forward.of(*each) for each in zip(pieces, lanes, strict=True)],
            backward=[backward.of(*each) for each in zip(pieces, lanes, strict=True)],
            combine=combine_seconds(exit_rows, count, step_costs.COMBINE),
            combine_back=combine_seconds(entry_rows, count, step_costs.COMBINE_BACK),
            elements=trained_size(stage.nodes),
            back=stage.exit is not None and plan.needs_dx(stage.exit),
            rows=8 * count * exit_rows,
            rows_back=8 * count * entry_rows,
        )


def combine_seconds(row: int, pieces: int, fixed: float) -> float:
    """Return the time to combine rows of so many numbers; 0 where there are none."""
    return fixed + step_costs.COMBINED_NUMBER * row * pieces if row else 0.0


@frozen_dataclass
class PassSeconds:
    """The seconds of a pass through a stage: for each piece, and for each sample besides."""

    piece: float
    sample: float

    def of(self, pieces: int, samples: int) -> float:
        """Return the seconds of so many samples in so many pieces."""
        return pieces * self.piece + samples * self.sample


def stage_seconds(plan: Plan, stage: Stage, kernels: Kernels) -> tuple[PassSeconds, PassSeconds]:
    """Return the seconds of a stage, forward and backward."""
    nodes = [node_costs(node, kernels, plan) for node in stage.nodes]
    forward, backward = sum(each.forward for each in nodes), sum(each.backward for each in nodes)
    piece, piece_back = sum(each.piece_forward for each in nodes), sum(each.piece_backward for each in nodes)
    for node, each in zip(stage.nodes, nodes, strict=True):
        if stage.is_repeated(node):
            backward, piece_back = backward + each.forward, piece_back + each.piece_forward
    if stage.entry is not None:
        entry, again = batchwise_costs(stage.entry, kernels), stage.is_repeated(stage.entry)
        forward += entry.apply
        piece += step_costs.CALL
        if plan.trains(stage.entry):
            backward += entry.sums_back + again * entry.apply
            piece_back += (1 + again) * step_costs.CALL
    if stage.exit is not None:
        leaving = batchwise_costs(stage.exit, kernels)
        forward += leaving.sums
        piece += step_costs.CALL
        if plan.needs_dx(stage.exit):
            backward += leaving.apply_back
            piece_back += step_costs.CALL
    return PassSeconds(piece, forward), PassSeconds(piece_back, backward)
