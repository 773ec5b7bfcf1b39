"""inspect: shows what a document describes, layer by layer, without data, weights or memory for them."""

import argparse
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
from graphnn.describe.describe import Description, describe
from graphnn.describe.report import description_report
from graphnn.errors import GraphError
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.machine.memory import available_memory
from graphnn.reports.formats import FORMATS, TABLE
from graphnn.reports.report import Report
from graphnn.runs.reading import DocumentSource, all_notes, checked_document, read_document
from graphnn.specification.schema import schema_file
from graphnn.specification.spec import Spec
from graphnn.text.terminal import complain, note, show, showable
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
            "models/cifar10.json --plan --workers 4,8,16 --machines 1,2 --network 10,25",
            "models/cifar10.json --watch",
            "models/cifar10_record.json --expand",
            "models/cifar10.json --format json",
            "--write-schema network.schema.json",
            "--plugin my_layers.py --write-schema network.schema.json",
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
        "--workers",
        metavar="N,…",
        help="with --plan, also estimate how much faster a step gets with so many workers, each on a core of its own, "
        "and what keeps it from being faster still; 2,4,8,16 gives a row for each",
    )
    result.add_argument(
        "--machines",
        metavar="N,…",
        help="with --workers, also estimate it for so many machines under mpirun, each with so many workers",
    )
    result.add_argument(
        "--network",
        metavar="GBIT,…",
        help="with --machines, the rate of each one's network in Gbit/s; 10 by default, and 10,25 gives a row for each",
    )
    result.add_argument(
        "--watch",
        action="store_true",
        help="show the network again whenever the document, a plugin or the weights are saved, until Ctrl-C: for a "
        "terminal beside an editor",
    )
    result.add_argument(
        "--write-schema",
        type=Path,
        metavar="FILE",
        help="only write the JSON Schema of documents to FILE, with the layers of each --plugin, for documents kept "
        "elsewhere: name it in their $schema",
    )
    return result


def run(argv: Sequence[str]) -> int:
    """Show a document, or write the schema."""
    command = parser()
    arguments = command.parse(argv)
    if arguments.write_schema is not None:
        if arguments.spec is not None:
            command.error("--write-schema takes no document")
        refuse_others(command, arguments)
        return write_schema(arguments.write_schema, arguments.plugins)
    if (arguments.workers, arguments.machines, arguments.network) != (None, None, None):
        from graphnn.commands.speedup_arguments import check_speedup_arguments  # here and below: rarely needed

        check_speedup_arguments(command, arguments)
    if arguments.spec is None:
        command.error("name a document, for example models/digits.json")
    if arguments.plan and arguments.format == "csv":
        others = [name for name in FORMATS if name != "csv"]
        command.error(f"--plan is shown as {', '.join(others[:-1])} or {others[-1]}")
    if arguments.expand and (arguments.format != TABLE or arguments.kernels is not None):
        command.error("--expand prints the document, with neither --format nor --kernels")
    if arguments.expand and arguments.watch:
        command.error("--expand prints the document once; --watch shows a table")
    source = document_source(arguments)
    if arguments.watch:
        return watched(command, arguments, source)
    spec = read_document(source)
    graph = build_graph(spec)
    for problem in all_notes(spec, graph):
        note(problem)
    if arguments.expand:
        from graphnn.document.values import document_text
        from graphnn.specification.expanded import expanded_values

        show(document_text(expanded_values(spec.document)), exact=True)
        return 0
    _, report, misfits = inspected(spec, graph, arguments)
    show_report(report, arguments.format)
    if misfits:
        complain(misfits)
        return GraphError.exit_code
    return 0


def inspected(spec: Spec, graph: Graph, arguments: argparse.Namespace) -> tuple[Description, Report, str]:
    """Return the description and the report of a network, and how the weights do not fit it; "" where they do."""
    description = describe(spec, graph, arguments.kernels)
    report = description_report(description, available_memory())
    if arguments.plan:
        from graphnn.describe.plan import plan_of
        from graphnn.describe.plan_report import plan_report

        report = plan_report(plan_of(spec, graph, description.optimizers, arguments.kernels), report)
    if arguments.workers:
        from graphnn.describe.document_costs import costs_of
        from graphnn.describe.kernels import document_kernels
        from graphnn.describe.speedup_report import uneven_note, with_speedup

        costs = costs_of(spec, graph, document_kernels(spec, graph, arguments.kernels))
        uneven = uneven_note(costs, arguments.machines)
        if uneven is not None:
            note(uneven)
        report = with_speedup(report, costs, arguments.workers, arguments.machines, arguments.network)
    if arguments.weights is None:
        return description, report, ""
    from graphnn.describe.weight_statistics import weights_report

    with working(f"reading {arguments.weights}"):
        report, match = weights_report(report, graph, arguments.weights)
    lines = [f"{arguments.weights}: does not fit the network:", *match.lines()]
    return description, report, "\n  ".join(lines) if lines[1:] else ""


def watched(command: Parser, arguments: argparse.Namespace, source: DocumentSource) -> int:
    """Show a document, and again whenever a file is saved, until Ctrl-C."""
    if arguments.format != TABLE:
        command.error(f"--watch shows a table; leave --format {arguments.format} out")
    if source.text is not None:
        command.error(f"--watch needs a file that can be saved again; {arguments.spec} is a pipe or a device")
    if not arguments.spec.exists():
        read_document(source)  # raises the error about a file that is not there, most likely a wrong name
    from graphnn.commands.watching import Shown, plugins_run_again, watch  # here, because other calls do without

    def look() -> Shown:
        with plugins_run_again(source.plugins):
            spec = checked_document(source)
            graph = build_graph(spec)
        notes = [*spec.notices, *(f"note: {problem}" for problem in all_notes(spec, graph))]
        description, report, misfits = inspected(spec, graph, arguments)
        return Shown(spec.resolved(), description, report, notes, misfits)

    files = [arguments.spec, *source.plugins, *([] if arguments.weights is None else [arguments.weights])]
    return watch(arguments.spec.name, files, look)


def refuse_others(command: Parser, arguments: argparse.Namespace) -> None:
    """Raise UsageError for an option that says how a document is shown, beside --write-schema."""
    others = {
        "--set": arguments.overrides,
        "--weights": arguments.weights,
        "--plan": arguments.plan,
        "--workers": arguments.workers,
        "--machines": arguments.machines,
        "--network": arguments.network,
        "--expand": arguments.expand,
        "--watch": arguments.watch,
        "--kernels": arguments.kernels,
        "--format": arguments.format != TABLE,
    }
    for option, given in others.items():
        if given:
            command.error(f"{option} is for a document, and changes nothing with --write-schema; leave one of them out")


def write_schema(target: Path, plugins: Sequence[Path]) -> int:
    """Write the schema, with the layers of plugins, to a file, which is replaced. Raises GraphError where it cannot."""
    content = schema_file().read_bytes()
    if plugins:
        from graphnn.layers.plugins import described_fragments, load_plugins  # rarely needed, as what follows
        from graphnn.specification.schema_with_plugins import text_with_plugins

        content = text_with_plugins(described_fragments(load_plugins(plugins))).encode()
    try:
        target.write_bytes(content)
    except OSError as error:  # which has no name where the disk is full
        raise GraphError(f"{target}: {error.strerror}") from error
    print(showable(f'{target} written; in a document beside it: "$schema": "{target.name}"'))
    return 0
