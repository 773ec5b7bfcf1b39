"""benchmark: measures how fast documents are trained and run, also in comparison with PyTorch."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from graphnn.benchmark.job import Job, job_values
from graphnn.benchmark.layer_twins import check_twins
from graphnn.benchmark.machine import machine, machine_text
from graphnn.benchmark.measure import Say, require_torch
from graphnn.benchmark.task import OURS, Task
from graphnn.benchmark.timing import QUICK, Effort
from graphnn.commands.arguments import (
    Parser,
    add_document_arguments,
    add_kernels_argument,
    positive_integer,
    show_report,
)
from graphnn.commands.guarding import guarded
from graphnn.describe.describe import training_bytes
from graphnn.describe.limits import refuse_too_large
from graphnn.graph.build import build_graph
from graphnn.machine.cores import available_cores
from graphnn.reports.report import Report
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.text import working as progress
from graphnn.text.terminal import note, show
from graphnn.text.working import working

EXAMPLES = (
    "models/cifar10.json",
    "models/digits.json models/mnist_cnn.json --against torch",
    "models/cifar10.json --threads 1,2 --nodes",
    "models/cifar10.json --batch-sizes 32,128,512,1024 --json",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return guarded(benchmark, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "benchmark",
        "Measure training steps (forward, backward, update) and prediction on random samples of each document's shape:"
        " speed, memory, start. No data set is needed, and nothing is written.",
        EXAMPLES,
    )
    add_document_arguments(result, several=True)
    result.add_argument(
        "--against", choices=["torch"], help="also build the same networks in PyTorch, and run both in turn"
    )
    result.add_argument(
        "--threads",
        type=positive_integers,
        metavar="N,…",
        default=[available_cores()],
        help="how many threads compute; all cores by default. With several numbers, training is measured with each, "
        "and in as many processes of one thread; the rest with the most",
    )
    result.add_argument(
        "--batch-sizes",
        type=positive_integers,
        metavar="N,…",
        help="measure with these batch sizes, rather than with the document's",
    )
    add_kernels_argument(result)
    result.add_argument("--nodes", action="store_true", help="show each layer's time in a training step on one thread")
    effort = Effort()
    result.add_argument(
        "--rounds", type=positive_integer, metavar="N", default=effort.rounds, help="how many turns each side has"
    )
    result.add_argument(
        "--seconds", type=float, metavar="S", default=effort.seconds, help="how long a turn takes (%(default)s)"
    )
    result.add_argument("--quick", action="store_true", help="hardly measure at all, only to see that everything runs")
    result.add_argument("--json", action="store_true", help="print all results as JSON")
    return result


def positive_integers(text: str) -> list[int]:
    """Return integers ≥ 1 separated by commas, without repetitions, for `type=` of an argument."""
    return list(dict.fromkeys(positive_integer(part) for part in text.split(",")))


def benchmark(argv: Sequence[str]) -> int:
    """Measure each document. All documents and arguments are checked before the first measurement."""
    command = parser()
    arguments = command.parse(argv)
    if not arguments.seconds > 0:
        command.error("--seconds must be more than 0")
    if arguments.quick and (arguments.rounds, arguments.seconds) != (Effort().rounds, Effort().seconds):
        command.error("--quick has one short round; leave it out, or --rounds and --seconds")
    effort = QUICK if arguments.quick else Effort(arguments.rounds, arguments.seconds)
    jobs = [job(arguments, file, effort) for file in arguments.spec]
    facts = machine()
    if not arguments.json:
        show(machine_text(facts) + "\n")
    if arguments.quick:
        note("--quick shows that everything runs; its figures mean nothing.")
    documents = []
    for each in jobs:
        found = []
        with working(each.name) as task:
            for measurement in each.measurements(saying(each.name, task)):
                found.append(measurement)
                if not arguments.json:
                    show("\n")
                    show_report(measurement[1])
        documents.append(job_values(each, found))
    if arguments.json:
        show_report(Report(data={"machine": facts, "documents": documents}), "json")
    return 0


def job(arguments: argparse.Namespace, file: Path, effort: Effort) -> Job:
    """Return the measurements of a document. Raises SpecError, and GraphError where it cannot be built in PyTorch."""
    spec = read_document(DocumentSource.of(file, arguments.overrides, arguments.plugins))
    graph = build_graph(spec)
    if arguments.against:
        require_torch()
        check_twins(graph)
    sizes = arguments.batch_sizes or [spec.training["batch_size"]]
    for size in sizes:
        what = f"{file}: measuring this network at a batch size of {size:,} takes"
        refuse_too_large(training_bytes(spec, graph, size, arguments.kernels), what, "try smaller --batch-sizes")
    plugins = [str(plugin.resolve()) for plugin in arguments.plugins]
    task = Task(spec.resolved(), plugins, OURS, max(arguments.threads), sizes[0], arguments.kernels)
    against_torch = bool(arguments.against)
    return Job(spec.name, task, sizes, arguments.threads, arguments.nodes, against_torch, effort)


def saying(name: str, task: progress.Work) -> Say:
    """Return a function that shows what is going on."""
    return lambda text: task.turn_to(f"{name}: {text}")
