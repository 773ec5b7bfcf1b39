"""The plan of a training step as a report: stages, the algorithm of each convolution, and memory."""

from collections.abc import Iterator
from typing import Any

from graphnn.describe.plan import Choice, StageRow, TrainingPlan
from graphnn.reports.kinds import BYTES, Kind
from graphnn.reports.report import Column, Fact, Facts, Part, Remark, Report, Table
from graphnn.text.numbers import count_text


def microseconds_text(microseconds: float) -> str:
    """Return microseconds: 1,204 or 6.8."""
    return f"{microseconds:,.0f}" if microseconds >= 9.95 else f"{microseconds:.1f}"


KERNELS = {
    "numpy": "It is computed by numpy.",
    "numba": "It is computed by numpy and by functions that numba compiles.",
}
NUMBER = Kind(right=True)
MICROSECONDS = Kind(microseconds_text, right=True)
STAGES = (
    Column("stage", NUMBER),
    Column("pieces", NUMBER),
    Column("what a piece passes without waiting", wraps=True),
)
CHOICES = (
    Column("convolution", least=9, middle=True),
    Column("computes"),
    Column("by"),
    Column("µs an\nimage", MICROSECONDS),
    Column("because", wraps=True),
)


def plan_report(plan: TrainingPlan, network: Report) -> Report:
    """Return the report of a plan. network: the report of its network, whose data are repeated in this one's."""
    stages = [(number, pieces_text(stage), steps_text(stage)) for number, stage in enumerate(plan.stages, 1)]
    parts: list[Part] = [Remark(introduction(plan)), Table(STAGES, stages)]
    if plan.choices:
        parts.append(Table(CHOICES, list(choice_cells(plan))))
    return Report([*parts, Facts(memory_facts(plan))], {**network.data, "plan": plan_values(plan)})


def introduction(plan: TrainingPlan) -> str:
    """Return the explanation of the tables."""
    batch, lanes = count_text(plan.batch_size), plan.lanes
    text = (
        f"{plan.name}: a training step on a batch of {batch}. A stage ends where a layer needs sums over the whole "
        "batch; backward passes the same stages from the last to the first."
    )
    if lanes > 1:
        text += f" Gradients are summed in {lanes} lanes, which the cores share out."
    if plan.choices:
        text += f" {KERNELS[plan.kernels]}"
    if any(choice.estimates for choice in plan.choices):
        text += " An algorithm is chosen by its estimated time on one thread, from shapes alone."
    return text


def pieces_text(stage: StageRow) -> str:
    """Return the number of pieces and their size in samples: 8 × 16."""
    return f"{stage.pieces} × {count_text(stage.piece)}"


def steps_text(stage: StageRow) -> str:
    """Return what a piece passes in one stage: "bn1 + relu_1 → conv2 → sums of bn2"."""
    steps = [stage.entry, *stage.nodes] if stage.entry is not None else [*stage.nodes]
    if stage.exit is not None:
        steps.append(f"sums of {stage.exit}")
    if stage.loss is not None:
        steps.append(f"{stage.loss} → back")
    return " → ".join(steps)


def choice_cells(plan: TrainingPlan) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the table of algorithms, each convolution's name in its first row only."""
    before = ""
    for choice in plan.choices:
        name = choice.node if choice.node != before else ""
        yield name, choice.computes, choice.algorithm, choice.estimates.get(choice.algorithm), because(choice)
        before = choice.node


def because(choice: Choice) -> str:
    """Return why an algorithm was chosen: its reason, or the estimates of the others."""
    if choice.reason:
        return choice.reason
    others = [(name, time) for name, time in choice.estimates.items() if name != choice.algorithm]
    (first, time), *more = [(name.replace("Winograd ", "").replace(", 3×3)", ")"), time) for name, time in others]
    rest = (f"{name} {microseconds_text(time)}" for name, time in more)
    return ", ".join([f"{first} takes {microseconds_text(time)}", *rest])


def memory_facts(plan: TrainingPlan) -> list[Fact]:
    """Return the bytes of memory by their use, without uses of 0 bytes."""
    memory = plan.memory
    scratch = f"scratch of each of {memory.processes} processes" if memory.processes > 1 else "scratch"
    facts = [
        Fact(f"parameters, gradients, state of {plan.optimizer}", memory.parameters, BYTES),
        Fact("the batch, and outputs kept for backward", memory.outputs, BYTES),
        Fact("gradients at barriers", memory.barriers, BYTES),
        Fact("gradients of lanes that are not added up yet", memory.lanes, BYTES),
        Fact("weights as convolutions read them", memory.prepared, BYTES),
        Fact(scratch, memory.scratch, BYTES),
        Fact("more at the start, when the first values are drawn", max(0, memory.start - memory.of_steps), BYTES),
        Fact(f"together, batch of {count_text(plan.batch_size)}", memory.total, BYTES),
    ]
    return [fact for fact in facts if fact.value]


def plan_values(plan: TrainingPlan) -> dict[str, Any]:
    """Return the plan as JSON values: sizes in bytes, estimates in microseconds an image."""
    memory = plan.memory
    return {
        "batch_size": plan.batch_size,
        "lanes": plan.lanes,
        "stages": [
            {
                "entry": stage.entry,
                "nodes": list(stage.nodes),
                "exit": stage.exit,
                "loss": stage.loss,
                "piece": stage.piece,
                "pieces": stage.pieces,
            }
            for stage in plan.stages
        ],
        "convolutions": [
            {
                "name": choice.node,
                "computes": choice.computes,
                "algorithm": choice.algorithm,
                "estimates_us": {name: round(time, 3) for name, time in choice.estimates.items()},
                "reason": choice.reason or None,
            }
            for choice in plan.choices
        ],
        "memory": {
            "parameters_bytes": memory.parameters,
            "outputs_bytes": memory.outputs,
            "barriers_bytes": memory.barriers,
            "lanes_bytes": memory.lanes,
            "prepared_bytes": memory.prepared,
            "scratch_bytes": memory.scratch,
            "processes": memory.processes,
            "start_bytes": memory.start,
            "total_bytes": memory.total,
        },
    }
