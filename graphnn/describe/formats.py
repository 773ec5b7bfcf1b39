"""The description of a network as text: a table for the terminal, JSON, Markdown, CSV."""

import json
from typing import Any

from graphnn.describe.describe import Description, Row
from graphnn.document.document import path_text
from graphnn.text.numbers import bytes_text, count_text, short_bytes_text, short_count_text
from graphnn.text.tables import Column, bare_table, csv_lines, markdown_table, natural_width, table
from graphnn.types import shape_text

TEXT_COLUMNS = (
    Column("#", right=True),
    Column("name", least=9, middle=True),
    Column("type", least=11),
    Column("settings", least=11),
    Column("output\nshape", right=True),
)
COLUMNS = (
    *TEXT_COLUMNS,
    Column("parameters", right=True),
    Column("multiply-\nadds", right=True),
    Column("activation\nmemory", right=True),
)
NARROW_COLUMNS = (
    *TEXT_COLUMNS,
    Column("params", right=True),
    Column("mult-\nadds", right=True),
    Column("activ.\nmemory", right=True),
)
GROUP_COLUMNS = (
    Column("group"),
    Column("optimizer"),
    Column("learning\nrate", least=8),
    Column("weight\ndecay", least=8),
    Column("numbers", right=True),
    Column("parameters", least=8),
)


def table_text(description: Description, width: int | None = None, memory: int | None = None) -> str:
    """Return the table and the totals for a terminal of `width` columns (None: as wide as needed).

    memory: the machine's bytes, for a note where training would not fit.
    """
    columns, rows = COLUMNS, [cells(row) for row in description.rows]
    if width is not None and natural_width(columns, rows) > width:
        columns, rows = NARROW_COLUMNS, [cells(row, short=True) for row in description.rows]
    lines = table(columns, rows, width, ruled=True)
    lines += [*bare_table(TOTALS, totals(description)), *notes(description, memory)]
    if description.groups:
        lines += ["", *table(GROUP_COLUMNS, group_cells(description), width)]
    return "\n".join(lines) + "\n"


def cells(row: Row, *, short: bool = False) -> list[str]:
    """Return one row of the table; zeros are left out, so that the eye finds what costs."""
    count, size = (short_count_text, short_bytes_text) if short else (count_text, bytes_text)
    return [
        number_text(row),
        "  " * row.depth + row.name,
        row.type,
        row.settings_text,
        shape_text(row.output_shape),
        count(row.parameters) if row.parameters else "",
        count(row.multiply_adds) if row.multiply_adds else "",
        size(row.activation_bytes),
    ]


def number_text(row: Row) -> str:
    """Return where a layer stands: 3, as 3.0 the first inside that block, as 3+0 the first in its shortcut."""
    return "".join({"layers": ".", "shortcut": "+"}.get(str(step), str(step)) for step in row.path[1:])


def group_cells(description: Description, mark: str = "") -> list[list[str]]:
    """Return the rows of the table of how groups of parameters are trained; mark: what stands around a pattern."""
    return [
        [
            "the rest" if group.match is None else f"{mark}{group.match}{mark}",
            group.optimizer,
            group.rate_text,
            group.decay_text,
            count_text(group.count),
            group.parameters_text,
        ]
        for group in description.groups
    ]


TOTALS = (Column(""), Column("", right=True))


def totals(description: Description) -> list[tuple[str, str]]:
    """Return the totals as labels and values."""
    batch = f"batch of {description.batch_size:,}"
    return [
        ("trainable parameters", count_text(description.trainable)),
        ("not trainable", count_text(description.not_trainable)),
        ("multiply-adds of forward, one sample", count_text(description.multiply_adds)),
        ("activation memory, one sample", bytes_text(description.activation_bytes)),
        ("weight file", bytes_text(description.weight_file_bytes)),
        (f"optimizer state, {description.optimizers}", bytes_text(description.optimizer_bytes)),
        (f"training memory, {batch}", bytes_text(description.training_bytes)),
    ]


def notes(description: Description, memory: int | None) -> list[str]:
    """Return what the reader must know besides: that this machine cannot train the network."""
    if memory is None or description.training_bytes <= memory:
        return []
    return [f"note: training needs {bytes_text(description.training_bytes)}, this machine has {bytes_text(memory)}"]


def values(description: Description) -> dict[str, Any]:
    """Return the description as JSON values, sizes in bytes."""
    return {
        "name": description.name,
        "loss": description.loss,
        "optimizer": description.optimizer,
        "groups": [vars(group) for group in description.groups],
        "batch_size": description.batch_size,
        "layers": [
            {
                "index": row.index,
                "path": path_text(row.path) or None,
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


def json_text(content: Any) -> str:
    """Return JSON values as indented text; a list without objects or lists in it takes one line."""
    return json_value(content, "\n") + "\n"


def json_value(value: Any, line_break: str) -> str:
    """Return one value; line_break: a line break and the indentation of what the value stands in."""
    inner = line_break + "  "
    if isinstance(value, dict) and value:
        own = (f"{json.dumps(str(key), ensure_ascii=False)}: {json_value(item, inner)}" for key, item in value.items())
        return f"{{{inner}{f',{inner}'.join(own)}{line_break}}}"
    if isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple) for item in value):
        return f"[{inner}{f',{inner}'.join(json_value(item, inner) for item in value)}{line_break}]"
    return json.dumps(value, ensure_ascii=False)


def markdown_text(description: Description) -> str:
    """Return a Markdown table and the totals as a list."""
    lines = markdown_table(COLUMNS, [cells(row) for row in description.rows])
    lines += ["", *(f"- {label}: {value}" for label, value in totals(description))]
    if description.groups:
        lines += ["", *markdown_table(GROUP_COLUMNS, group_cells(description, mark="`"))]
    return "\n".join(lines) + "\n"


def csv_text(description: Description) -> str:
    """Return one line for each row, plain numbers, sizes in bytes."""
    titles = ["index", "name", "type", "settings", "output_shape", "parameters", "multiply_adds", "activation_bytes"]
    rows = (
        [
            ".".join(str(step) for step in row.path[1:]),
            row.name,
            row.type,
            row.settings_text,
            "x".join(str(size) for size in row.output_shape),
            *(row.parameters, row.multiply_adds, row.activation_bytes),
        ]
        for row in description.rows
    )
    return csv_lines(titles, rows)
