"""The description of a network as a report: the tables of layers and of parameter groups, and the totals."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphnn.describe.describe import Description, Row
from graphnn.document.document import Path
from graphnn.document.values import plain
from graphnn.machine.memory import Memory
from graphnn.reports.kinds import BYTES, CODE, COUNT, SHAPE, Kind
from graphnn.reports.report import Alternatives, Column, Fact, Facts, Part, Remark, Report, Table
from graphnn.text.numbers import bytes_text
from graphnn.text.visible import single_line


def index_text(path: Path) -> str:
    """Return a layer's path in short: 3; in block 3, 3.0 for the first layer and 3+0 for the first of the shortcut."""
    return "".join({"layers": ".", "shortcut": "+"}.get(str(step), str(step)) for step in path[1:])


def plain_index(path: Path) -> str:
    """Return a layer's path for programs: 3, 3.layers.0, 3.shortcut.0."""
    return ".".join(str(step) for step in path[1:])


def indented(named: tuple[int, str]) -> str:
    """Return a name indented by the number of blocks around it."""
    depth, name = named
    return "  " * depth + name


MOST_WEIGHTS = 5  # of classes that are written out

INDEX = Kind(index_text, plain=plain_index, right=True)
NAME = Kind(indented, plain=lambda named: named[1])  # (number of blocks around it, name)
# Zeros are left out, so that the eye finds the layers that cost something.
COLUMNS = (
    Column("#", INDEX, key="index"),
    Column("name", NAME, key="name", least=8, middle=True),
    Column("type", key="type"),
    Column("settings", key="settings", wraps=True),
    Column("output\nshape", SHAPE, key="output_shape"),
    Column("parameters", COUNT, key="parameters", short="params", zero=""),
    Column("multiply-\nadds", COUNT, key="multiply_adds", short="mult-\nadds", zero=""),
    Column("activation\nmemory", BYTES, key="activation_bytes", short="activ.\nmemory", optional=True),
)
GROUP_COLUMNS = (
    Column("group", CODE, absent="the rest"),
    Column("optimizer"),
    Column("learning\nrate", least=8),
    Column("weight\ndecay", least=8),
    Column("numbers", COUNT),
    Column("parameters", wraps=True),
)


def description_report(description: Description, memory: Memory | None = None) -> Report:
    """Return the report of a network. memory: what is left of it; a remark is added if training needs more."""
    foot: list[Facts | Remark] = [Facts(totals(description)), *remarks(description, memory)]
    layers = Table(COLUMNS, [cells(row) for row in description.rows], foot=foot)
    parts: list[Part] = [layers]
    if any(row.use for row in description.rows):
        parts = [Alternatives([layers, under_headings(description, foot)])]
    if description.groups:
        parts.append(Table(GROUP_COLUMNS, list(group_cells(description))))
    return Report(parts, description_values(description), rows=layers)


def cells(row: Row) -> tuple[Any, ...]:
    """Return the cells of one layer, one for each of COLUMNS."""
    return (
        row.path,
        (row.depth, row.name),
        row.type,
        row.settings_text,
        row.output_shape,
        row.parameters,
        row.multiply_adds,
        row.activation_bytes,
    )


def under_headings(description: Description, foot: list[Facts | Remark]) -> Table:
    """Return the table for narrow terminals: the layers of each use of a block under a heading, which has its name."""
    columns = [column._replace(least=18) if column.key == "type" else column for column in COLUMNS]
    rows, headings = [], dict[int, str]()
    before = None
    for number, row in enumerate(description.rows):
        if row.use is not None and row.use != before:
            of_use = ", ".join(filter(None, (row.use.type, row.use.settings)))
            headings[number] = f"{row.use.name}: {of_use}"
        named = (row.depth, row.name) if row.use is None else (0, row.name.removeprefix(row.use.name))
        rows.append((row.path, named, *cells(row)[2:]))
        before = row.use
    return Table(columns, rows, foot=foot, headings=headings)


def group_cells(description: Description) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the table of parameter groups."""
    for group in description.groups:
        yield (
            group.match,
            group.optimizer,
            group.rate_text,
            group.decay_text,
            group.count,
            group.parameters_text,
        )


def totals(description: Description) -> list[Fact]:
    """Return the totals of the network."""
    weights = description.class_weights
    return [
        *([] if weights is None else [Fact("class weights", weights_text(weights))]),
        Fact("trainable parameters", description.trainable, COUNT),
        Fact("not trainable", description.not_trainable, COUNT),
        Fact("multiply-adds of forward, one sample", description.multiply_adds, COUNT),
        Fact("activation memory, one sample", description.activation_bytes, BYTES),
        Fact("weight file", description.weight_file_bytes, BYTES),
        Fact(f"optimizer state, {description.optimizers}", description.optimizer_bytes, BYTES),
        Fact(f"training memory, batch of {description.batch_size:,}", description.training_bytes, BYTES),
    ]


def weights_text(weights: Any) -> str:
    """Return class weights in a few words."""
    if isinstance(weights, str):
        return weights
    if isinstance(weights, Mapping):
        text = ", ".join(f"{single_line(name)} {weight:g}" for name, weight in weights.items())
        return text if len(weights) <= MOST_WEIGHTS else f"{min(weights.values()):g} to {max(weights.values()):g}"
    return (
        ", ".join(f"{weight:g}" for weight in weights)
        if len(weights) <= MOST_WEIGHTS
        else (f"{min(weights):g} to {max(weights):g}")
    )


def remarks(description: Description, memory: Memory | None) -> list[Remark]:
    """Return a remark where training needs more memory than is left."""
    if memory is None or description.training_bytes <= memory.bytes:
        return []
    needed = bytes_text(description.training_bytes)
    return [Remark(f"note: training needs {needed}, {memory.text}")]


def description_values(description: Description) -> dict[str, Any]:
    """Return the description as JSON values, sizes in bytes."""
    return {
        "name": description.name,
        "loss": description.loss,
        **({} if description.class_weights is None else {"class_weights": plain(description.class_weights)}),
        "optimizer": description.optimizer,
        "groups": [vars(group) for group in description.groups],
        "batch_size": description.batch_size,
        "layers": [
            {
                "index": row.index,
                "path": row.location or None,
                "name": row.name,
                "type": row.type or "Input",
                "settings": dict(row.settings),
                "output_shape": list(row.output_shape),
                "parameters": row.parameters,
                "trainable": row.trainable,
                "multiply_adds": row.multiply_adds,
                "activation_bytes": row.activation_bytes,
            }
            for row in description.rows
        ],
        "totals": {
            "parameters": description.trainable + description.not_trainable,
            "trainable": description.trainable,
            "not_trainable": description.not_trainable,
            "multiply_adds": description.multiply_adds,
            "activation_bytes": description.activation_bytes,
            "weight_file_bytes": description.weight_file_bytes,
            "optimizer_bytes": description.optimizer_bytes,
            "training_bytes": description.training_bytes,
        },
    }
