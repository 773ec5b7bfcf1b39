"""inspect: shows what a document describes, layer by layer, without data, weights or memory for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphnn.commands.common import Parser, add_document_arguments, add_kernels_argument, guarded
from graphnn.describe.describe import Description, describe
from graphnn.describe.formats import csv_text, json_text, markdown_text, table_text, values
from graphnn.describe.memory import available_memory
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph, build_graph, named_parameters
from graphnn.optimizers.updater import slots_of
from graphnn.runs.reading import read_document
from graphnn.specification.schema import schema_file
from graphnn.specification.spec import Spec
from graphnn.text.terminal import complain, show, terminal_width

if TYPE_CHECKING:
    from graphnn.storage.weights import MatchReport, WeightsFile

FORMATS = ("table", "json", "markdown", "csv")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `inspect` and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "inspect",
        "Show the layers of a document: output shapes, parameters, work and memory. Nothing is trained or allocated.",
        [
            "models/cifar10.json",
            "models/cifar10.json --weights models/cifar10.npz",
            "models/cifar10.json --plan",
            "models/cifar10.json --format json",
            "--write-schema network.schema.json",
        ],
    )
    add_document_arguments(result, required=False)
    add_kernels_argument(result)
    result.add_argument(
        "--format",
        choices=FORMATS,
        default="table",
        help="table (default), json, markdown, or csv: one line a layer (with --weights: a parameter), sizes in bytes",
    )
    instead = result.add_mutually_exclusive_group()
    instead.add_argument(
        "--plan",
        action="store_true",
        help="show how training runs the network: the stages between barriers, the pieces that a batch is cut into, "
        "the algorithm of each convolution and why, and the memory for it; not as csv",
    )
    instead.add_argument(
        "--weights",
        type=Path,
        metavar="W.npz",
        help="also show mean, deviation, least and largest value, and count of values that are not finite, of each "
        "parameter in the file, and what does not fit the network",
    )
    result.add_argument(
        "--write-schema",
        type=Path,
        metavar="FILE",
        help="only copy the JSON Schema of documents to FILE, for documents kept elsewhere: name it in their $schema",
    )
    return result


def run(argv: Sequence[str]) -> int:
    """Show a document, or copy the schema."""
    command = parser()
    arguments = command.parse(argv)
    if arguments.write_schema is not None:
        if arguments.spec is not None:
            command.error("--write-schema takes no document")
        return write_schema(arguments.write_schema)
    if arguments.spec is None:
        command.error("name a document, for example models/digits.json")
    spec = read_document(arguments)
    graph = build_graph(spec)
    description = describe(spec, graph, arguments.kernels)
    if arguments.plan:
        if arguments.format == "csv":
            command.error("--plan is shown as table, json or markdown")
        show(plan_text(description, spec, graph, arguments.kernels, arguments.format))
        return 0
    if arguments.weights is None:
        show(network_text(description, arguments.format))
        return 0
    from graphnn.storage.weights import compare, load_weights  # needed here only, and slow to import

    file = load_weights(arguments.weights)
    shapes = {name: own.shape for name, own in named_parameters(graph.nodes).items()}
    report = compare(shapes, file.arrays)
    show(weights_text(description, file, report, arguments.format))
    if not report.complete:
        complain(f"{file.path}: does not fit the network:" + "".join(f"\n  {line}" for line in report.lines()))
        return GraphError.exit_code
    return 0


def network_text(description: Description, kind: str) -> str:
    """Return the description in the format asked for."""
    if kind == "json":
        return json_text(values(description))
    if kind == "markdown":
        return markdown_text(description)
    if kind == "csv":
        return csv_text(description)
    return table_text(description, terminal_width(), available_memory())


def plan_text(description: Description, spec: Spec, graph: Graph, kernels: str | None, kind: str) -> str:
    """Return the plan of a training step; as JSON, together with the description."""
    from graphnn.describe import plan_formats
    from graphnn.describe.plan import describe_plan
    from graphnn.engine.plan import kernels_for

    slots = len(slots_of(spec.optimizer))
    plan = describe_plan(
        graph,
        spec.name,
        spec.training["batch_size"],
        description.optimizers,
        slots,
        kernels_for(graph, kernels),
    )
    if kind == "json":
        return json_text({**values(description), "plan": plan_formats.plan_values(plan)})
    return plan_formats.plan_markdown(plan) if kind == "markdown" else plan_formats.plan_text(plan, terminal_width())


def weights_text(description: Description, file: "WeightsFile", report: "MatchReport", kind: str) -> str:
    """Return the description and the statistics of the file's arrays; as CSV, the latter only."""
    from graphnn.describe.weight_statistics import statistics, statistics_text, statistics_values

    rows = statistics(file.arrays)
    if kind == "json":
        weights = {
            "file": str(file.path),
            "parameters": statistics_values(rows),
            "missing": list(report.missing),
            "extra": list(report.extra),
            "differing": [
                {"name": name, "network": list(wanted), "file": list(found)} for name, wanted, found in report.differing
            ],
        }
        return json_text({**values(description), "weights": weights})
    own = statistics_text(rows, kind, terminal_width())
    return own if kind == "csv" else f"{network_text(description, kind)}\n{file.path}\n\n{own}"


def write_schema(target: Path) -> int:
    """Copy the schema; a file that is there already is replaced."""
    target.write_bytes(schema_file().read_bytes())
    print(f'{target} written; in a document beside it: "$schema": "{target.name}"')
    return 0
