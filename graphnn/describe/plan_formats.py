"""The plan of a training step as text: tables for the terminal, Markdown, JSON values."""

import textwrap
from collections.abc import Sequence
from typing import Any

from graphnn.describe.plan import Choice, StageRow, TrainingPlan
from graphnn.text.numbers import bytes_text, count_text
from graphnn.text.tables import Column, bare_table, markdown_table, table

STAGES = (Column("stage", right=True), Column("pieces", right=True), Column("what a piece passes without waiting"))
CHOICES = (
    Column("convolution", least=9, middle=True),
    Column("computes"),
    Column("by"),
    Column("µs an\nimage", right=True),
    Column("because", least=20),
)
MEMORY = (Column("workspace"), Column("", right=True))
WIDTH = 100  # columns, where no terminal says otherwise


def plan_text(plan: TrainingPlan, width: int | None = None) -> str:
    """Return the plan for a terminal of `width` columns."""
    width = width or WIDTH
    lines = [*paragraphs(plan, width), "", *stage_lines(plan, width), ""]
    if plan.choices:
        lines += [*table(CHOICES, choice_cells(plan), width), ""]
    return "\n".join([*lines, *bare_table(MEMORY, memory_cells(plan))]) + "\n"


def paragraphs(plan: TrainingPlan, width: int) -> list[str]:
    """Return what the tables are about."""
    batch, lanes = count_text(plan.batch_size), plan.lanes
    story = (
        f"{plan.name}: a training step on a batch of {batch}. A stage ends where a layer needs sums over the whole "
        "batch; backward passes the same stages from the last to the first."
    )
    if lanes > 1:
        story += f" Gradients are summed in {lanes} lanes, which the cores share out."
    if any(choice.estimates for choice in plan.choices):
        story += " An algorithm is chosen by its estimated time on one thread, from shapes alone."
    return textwrap.wrap(story, width)


def stage_lines(plan: TrainingPlan, width: int) -> list[str]:
    """Return the table of stages; a long way goes on in the next line."""
    pieces = [pieces_text(stage) for stage in plan.stages]
    room = max(20, width - len("stage") - max(len("pieces"), *map(len, pieces)) - 4)
    rows = []
    for number, (stage, cut) in enumerate(zip(plan.stages, pieces, strict=True), 1):
        way = textwrap.wrap(way_text(stage), room, break_long_words=False, break_on_hyphens=False)
        rows += [(str(number), cut, way[0]), *(("", "", more) for more in way[1:])]
    return table(STAGES, rows, width)


def pieces_text(stage: StageRow) -> str:
    """Return how a batch is cut: 8 × 16."""
    return f"{stage.pieces} × {count_text(stage.piece)}"


def way_text(stage: StageRow) -> str:
    """Return the way of a piece through one stage."""
    steps = [stage.entry, *stage.nodes] if stage.entry is not None else [*stage.nodes]
    if stage.exit is not None:
        steps.append(f"sums of {stage.exit}")
    if stage.loss is not None:
        steps.append(f"{stage.loss} → back")
    return " → ".join(steps)


def choice_cells(plan: TrainingPlan) -> list[tuple[str, ...]]:
    """Return the rows of the table of algorithms; a name stands once."""
    rows: list[tuple[str, ...]] = []
    before = ""
    for choice in plan.choices:
        own = choice.estimates.get(choice.algorithm)
        name = choice.node if choice.node != before else ""
        rows.append((name, choice.computes, choice.algorithm, "" if own is None else time_text(own), because(choice)))
        before = choice.node
    return rows


def because(choice: Choice) -> str:
    """Return why an algorithm was chosen: what the others would take."""
    if choice.reason:
        return choice.reason
    others = [(name, time) for name, time in choice.estimates.items() if name != choice.algorithm]
    (first, time), *more = [(name.replace("Winograd ", "").replace(", 3×3)", ")"), time) for name, time in others]
    return ", ".join([f"{first} takes {time_text(time)}", *(f"{name} {time_text(time)}" for name, time in more)])


def time_text(microseconds: float) -> str:
    """Return microseconds: 1,204 or 6.8."""
    return f"{microseconds:,.0f}" if microseconds >= 9.95 else f"{microseconds:.1f}"


def memory_cells(plan: TrainingPlan) -> list[tuple[str, str]]:
    """Return the workspace as labels and sizes."""
    memory, lanes = plan.memory, plan.lanes - 1
    parts = [
        (f"parameters, gradients, state of {plan.optimizer}", memory.parameters),
        ("the batch, and outputs kept for backward", memory.outputs),
        ("gradients at barriers", memory.barriers),
        (f"gradient sums of {lanes} further lane{'s' * (lanes > 1)}", memory.lanes),
        (f"scratch of each of {memory.processes} processes", memory.scratch),
        (f"together, batch of {count_text(plan.batch_size)}", memory.total),
    ]
    return [(label, bytes_text(size)) for label, size in parts if size]


def plan_markdown(plan: TrainingPlan) -> str:
    """Return the plan as Markdown tables."""
    stages = [(str(n), pieces_text(stage), way_text(stage)) for n, stage in enumerate(plan.stages, 1)]
    parts: list[Sequence[str]] = [markdown_table(STAGES, stages)]
    if plan.choices:
        parts.append(markdown_table(CHOICES, choice_cells(plan)))
    parts.append([f"- {label}: {size}" for label, size in memory_cells(plan)])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


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
            "scratch_bytes": memory.scratch,
            "processes": memory.processes,
            "total_bytes": memory.total,
        },
    }
