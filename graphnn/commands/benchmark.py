"""benchmark: how fast documents are trained and run here, and how that compares with PyTorch on the same cores."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphnn.benchmark import report, values
from graphnn.benchmark.measure import Say, compare_sides, require_torch, scaling
from graphnn.benchmark.nodes import node_times
from graphnn.benchmark.task import OURS, Task
from graphnn.benchmark.timing import QUICK, Effort
from graphnn.benchmark.twin import check_twins
from graphnn.commands.common import Parser, add_document_arguments, add_kernels_argument, guarded, positive_integer
from graphnn.describe.formats import json_text
from graphnn.engine.workers import available_cores
from graphnn.graph.graph import build_graph
from graphnn.runs.progress import in_terminal
from graphnn.runs.reading import read_document
from graphnn.text.terminal import complain, show, terminal_width

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
    """Return the command's arguments."""
    own = Parser(
        "benchmark",
        "Measure training steps (forward, backward, update) and prediction on random samples of each document's shape:"
        " speed, memory, start. No data set is needed, and nothing is written.",
        EXAMPLES,
    )
    add_document_arguments(own, several=True)
    own.add_argument(
        "--against", choices=["torch"], help="also build the same networks in PyTorch, and run both in turn"
    )
    own.add_argument(
        "--threads",
        type=positive_integers,
        metavar="N,…",
        default=[available_cores()],
        help="how many threads compute; all cores by default. With several numbers, training is measured with each, "
        "and in as many processes of one thread; the rest with the most",
    )
    own.add_argument(
        "--batch-sizes",
        type=positive_integers,
        metavar="N,…",
        help="measure with these batch sizes, rather than with the document's own",
    )
    add_kernels_argument(own)
    own.add_argument("--nodes", action="store_true", help="show each layer's time in a training step on one thread")
    effort = Effort()
    own.add_argument(
        "--rounds", type=positive_integer, metavar="N", default=effort.rounds, help="how often each side has its turn"
    )
    own.add_argument(
        "--seconds", type=float, metavar="S", default=effort.seconds, help="how long a turn takes (%(default)s)"
    )
    own.add_argument("--quick", action="store_true", help="hardly measure at all, only to see that everything runs")
    own.add_argument("--json", action="store_true", help="print all results as JSON")
    return own


def positive_integers(text: str) -> list[int]:
    """Return integers ≥ 1 separated by commas, without repetitions, for `type=` of an argument."""
    return list(dict.fromkeys(positive_integer(part) for part in text.split(",")))


def benchmark(argv: Sequence[str]) -> int:
    """Measure each document. Everything that can be found wrong is found before anything is measured."""
    own = parser()
    arguments = own.parse(argv)
    if not arguments.seconds > 0:
        own.error("--seconds must be more than 0")
    effort = QUICK if arguments.quick else Effort(arguments.rounds, arguments.seconds)
    tasks = [prepared(arguments, file) for file in arguments.spec]
    facts = report.machine()
    if not arguments.json:
        show(report.machine_text(facts) + "\n")
    if arguments.quick:
        complain("note: --quick shows that everything runs; its figures mean nothing.")
    results = [measured(name, sizes, task, arguments, effort) for name, sizes, task in tasks]
    if arguments.json:
        show(json_text({"machine": facts, "documents": results}))
    return 0


def prepared(arguments: argparse.Namespace, file: Path) -> tuple[str, list[int], Task]:
    """Return a document's name, the batch sizes to measure, and the task."""
    spec = read_document(argparse.Namespace(**{**vars(arguments), "spec": file}))
    graph = build_graph(spec)
    if arguments.against:
        require_torch()
        check_twins(graph)
    sizes = arguments.batch_sizes or [spec.training["batch_size"]]
    plugins = [str(plugin.resolve()) for plugin in arguments.plugins]
    return spec.name, sizes, Task(spec.resolved(), plugins, OURS, max(arguments.threads), sizes[0], arguments.kernels)


def measured(name: str, sizes: list[int], task: Task, arguments: argparse.Namespace, effort: Effort) -> dict[str, Any]:
    """Measure one document, show what was found unless JSON is wanted, and return it as JSON values."""
    say = announcer(name)
    result: dict[str, Any] = {"name": name}

    def tell(text: str) -> None:
        if not arguments.json:
            show(f"\n{text}")

    comparisons = []
    for size in sizes:
        found = compare_sides(task.at(batch_size=size), effort, against_torch=bool(arguments.against), say=say)
        comparisons.append(found)
        tell(report.comparison_text(name, found, terminal_width()))
    result["comparisons"] = [values.comparison_values(found) for found in comparisons]
    if len(comparisons) > 1:
        tell(report.growth_text(name, comparisons))
    if len(arguments.threads) > 1:
        scaled = scaling(task, sorted(arguments.threads), effort, say)
        result["scaling"] = values.scaling_values(scaled)
        tell(report.scaling_text(name, scaled))
    if arguments.nodes:
        say("timing each layer")
        nodes = node_times(task, effort)
        result["nodes"] = values.node_values(nodes)
        tell(report.nodes_text(name, task.batch_size, nodes, terminal_width()))
    return result


def announcer(name: str) -> Say:
    """Return what says on stderr what is going on, in a terminal only."""
    return (lambda story: complain(f"{name}: {story} …")) if in_terminal() else lambda story: None
