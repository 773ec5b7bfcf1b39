"""Job: the measurements of one document, in order."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphnn.benchmark.measure import Say, compare_sides, scaling
from graphnn.benchmark.nodes import node_times
from graphnn.benchmark.report import comparison_report, growth_report, nodes_report, scaling_report
from graphnn.benchmark.task import Task
from graphnn.benchmark.timing import Effort
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.reports.report import Report

COMPARISON, GROWTH, SCALING, NODES = "comparison", "growth", "scaling", "nodes"
Measurement = tuple[str, Report]  # one of these names, and the result


@frozen_dataclass
class Job:
    """What to measure of one document.

    sizes: the batch sizes. threads: the numbers of threads to measure training with. nodes: whether to time each layer.
    """

    name: str
    task: Task
    sizes: Sequence[int]
    threads: Sequence[int]
    nodes: bool
    against_torch: bool
    effort: Effort

    def measurements(self, say: Say) -> Iterator[Measurement]:
        """Yield each measurement as soon as it is made; say: called with what is going on."""
        comparisons = []
        for size in self.sizes:
            task = self.task.at(batch_size=size)
            comparisons.append(compare_sides(task, self.effort, against_torch=self.against_torch, say=say))
            yield COMPARISON, comparison_report(self.name, comparisons[-1])
        if len(comparisons) > 1:
            yield GROWTH, growth_report(self.name, comparisons)
        if len(self.threads) > 1:
            yield SCALING, scaling_report(self.name, scaling(self.task, sorted(self.threads), self.effort, say))
        if self.nodes:
            say("timing each layer")
            yield NODES, nodes_report(self.name, self.task.batch_size, node_times(self.task, self.effort))


def job_values(job: Job, found: Sequence[Measurement]) -> Mapping[str, Any]:
    """Return all measurements of a document as JSON values."""
    comparisons = [report.data for kind, report in found if kind == COMPARISON]
    others = {kind: report.data for kind, report in found if kind in (SCALING, NODES)}
    return {"name": job.name, "comparisons": comparisons, **others}
