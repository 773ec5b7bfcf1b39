"""inspect: shows what a document describes, layer by layer, without data, weights or memory for them."""

from collections.abc import Sequence
from pathlib import Path

from graphnn.commands.arguments import (
    Parser,
    add_document_arguments,
    add_format_argument,
    add_kernels_argument,
    document_source,
    show_report,
)
from graphnn.commands.guarding import guarded
from graphnn.describe.describe import describe
from graphnn.describe.report import description_report
from graphnn.errors import GraphError
from graphnn.graph.build import build_graph
from graphnn.machine.memory import available_memory
from graphnn.reports.formats import FORMATS, TABLE
from graphnn.runs.reading import print_batch_note, print_edge_note, print_notes, read_document
from graphnn.specification.schema import schema_file
from graphnn.text.terminal import complain, show, showable
from graphnn.text.working import working


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
            "models/cifar10_record.json --expand",
            "models/cifar10.json --format json",
            "--write-schema network.schema.json",
        ],
    )
    add_document_arguments(result, required=False)
    add_kernels_argument(result)
    add_format_argument(result, csv="one line a layer (with --weights: a parameter), sizes in bytes")
    instead = result.add_mutually_exclusive_group()
    instead.add_argument(
        "--plan",
        action="store_true",
        help="show how training runs the network: the stages between barriers, the pieces that a batch is cut into, "
        "the algorithm of each convolution and why, and the memory for it; not as csv",
    )
    instead.add_argument(
        "--expand",
        action="store_true",
        help="print the document with its layers written out: repetitions and blocks replaced by the layers they stand "
        "for, the defaults of types filled in; the same network, with the same names",
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
    if arguments.plan and arguments.format == "csv":
        others = [name for name in FORMATS if name != "csv"]
        command.error(f"--plan is shown as {', '.join(others[:-1])} or {others[-1]}")
    if arguments.expand and (arguments.format != TABLE or arguments.kernels is not None):
        command.error("--expand prints the document, with neither --format nor --kernels")
    spec = read_document(document_source(arguments))
    graph = build_graph(spec)
    print_notes(spec, graph)
    print_batch_note(spec, graph)
    print_edge_note(spec, graph)
    if arguments.expand:
        from graphnn.document.values import document_text  # here and below: rarely needed, and slow to import
        from graphnn.specification.expanded import expanded_values

        show(document_text(expanded_values(spec.document)), exact=True)
        return 0
    description = describe(spec, graph, arguments.kernels)
    report = description_report(description, available_memory())
    misfits: list[str] = []
    if arguments.plan:
        from graphnn.describe.plan import plan_of
        from graphnn.describe.plan_report import plan_report

        report = plan_report(plan_of(spec, graph, description.optimizers, arguments.kernels), report)
    if arguments.weights is not None:
        from graphnn.describe.weight_statistics import weights_report

        with working(f"reading {arguments.weights}"):
            report, match = weights_report(report, graph, arguments.weights)
        misfits = match.lines()
    show_report(report, arguments.format)
    if misfits:
        complain(f"{arguments.weights}: does not fit the network:" + "".join(f"\n  {line}" for line in misfits))
        return GraphError.exit_code
    return 0


def write_schema(target: Path) -> int:
    """Copy the schema to a file, which is replaced if it exists. Raises GraphError where it cannot be written."""
    try:
        target.write_bytes(schema_file().read_bytes())
    except OSError as error:  # which has no name where the disk is full
        raise GraphError(f"{target}: {error.strerror}") from error
    print(showable(f'{target} written; in a document beside it: "$schema": "{target.name}"'))
    return 0
