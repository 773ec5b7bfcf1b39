"""The model of the speed-up as parts of a report: a table of workers, and one of machines."""

from collections.abc import Iterator, Sequence
from typing import Any

from graphnn.describe.machines import Cluster, ClusterEstimate, cluster_estimate, share_evenly
from graphnn.describe.speedup import Estimate, StepCosts, speedup
from graphnn.document.document import listed
from graphnn.reports.kinds import BYTES, COUNT, MILLISECONDS, Kind
from graphnn.reports.report import Column, Part, Remark, Report, Table

FACTOR = Kind(lambda value: f"{value:.2f}", right=True)
PERCENT = Kind(lambda share: f"{100 * share:.0f}%", right=True)
LANES = Kind(lambda value: f"{value[0]}" if value[0] == value[1] else f"{value[1]}–{value[0]}", right=True)
GIGABITS = Kind(lambda value: f"{value:g} Gbit/s", right=True)
WORKERS = (
    Column("workers", COUNT),
    Column("lanes\nof each", LANES),
    Column("step, ms", MILLISECONDS),
    Column("speed-up", FACTOR),
    Column("efficiency", PERCENT),
    Column("costs most", wraps=True),
)
MACHINES = (
    Column("machines", COUNT),
    Column("workers\nof each", COUNT),
    Column("network", GIGABITS),
    Column("sent by\neach", BYTES, zero=""),
    Column("step, ms", MILLISECONDS),
    Column("speed-up", FACTOR),
    Column("efficiency", PERCENT),
)


def with_speedup(
    report: Report, costs: StepCosts, workers: Sequence[int], machines: Sequence[int], networks: Sequence[float]
) -> Report:
    """Return the report of a plan with the estimates for workers, and for machines with so many workers each.

    Machines that cannot share the lanes evenly are left out; see `uneven_note`.
    """
    estimates = speedup(costs, workers)
    clusters = [
        cluster_estimate(costs, Cluster(number, each, network))
        for each in workers
        for number in machines
        if share_evenly(costs, number)
        for network in (networks if number > 1 else networks[:1])  # one machine sends nothing
    ]
    parts = [*report.parts, *speedup_parts(estimates, costs.lanes)]
    if clusters:
        parts += machine_parts(clusters, costs.lanes)
    values = {"speedup": [estimate_values(each) for each in estimates]}
    if clusters:
        values["machines"] = [cluster_values(each) for each in clusters]
    return Report(parts, {**report.data, **values})


def uneven_note(costs: StepCosts, machines: Sequence[int]) -> str | None:
    """Return what is to be said of machines that cannot share the lanes evenly; None where all can."""
    uneven = [str(number) for number in machines if not share_evenly(costs, number)]
    if not uneven:
        return None
    even = [str(number) for number in range(2, costs.lanes + 1) if share_evenly(costs, number)]
    can = f"; {' or '.join(filter(None, (listed(even[:-1]), even[-1])))} can" if even else ""
    lanes = f"{costs.lanes} lane{'s' * (costs.lanes > 1)}"
    return f"{listed(uneven)} machines cannot share {lanes} evenly, so they cannot train together{can}"


def speedup_parts(estimates: Sequence[Estimate], lanes: int) -> Iterator[Part]:
    """Yield the table of workers, and what it means."""
    yield Remark(
        "A model of how much faster a step gets with more workers (--threads), each on a core of its own. It leaves "
        "out that cores share memory and that many of them run slower than one, so it is an upper bound."
    )
    rows = [
        (each.workers, each.lanes, each.time.total, each.speedup, each.efficiency, each.limit) for each in estimates
    ]
    yield Table(WORKERS, rows)
    if any(each.workers > lanes for each in estimates):
        many = f"{lanes} workers do" if lanes > 1 else "one worker does"
        yield Remark(f"The batch has {lanes} lane{'s' * (lanes > 1)}: more than {many} not help.")


def machine_parts(clusters: Sequence[ClusterEstimate], lanes: int) -> Iterator[Part]:
    """Yield the table of machines, and what it means."""
    yield Remark("The same with several machines (MPI), which wait for one another whenever sums are exchanged:")
    rows = [
        (
            each.cluster.machines,
            each.cluster.workers,
            each.cluster.network if each.sent else None,
            round(each.sent),
            each.time.total,
            each.speedup,
            each.efficiency,
        )
        for each in clusters
    ]
    yield Table(MACHINES, rows)
    if any(each.cluster.machines > 1 and each.cluster.machines * each.cluster.workers > lanes for each in clusters):
        yield Remark(f"The machines together have a use for {lanes} workers, one for each lane of the batch, no more.")


def estimate_values(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON values; times in seconds."""
    time = estimate.time
    return {
        "workers": estimate.workers,
        "lanes": list(estimate.lanes),
        "seconds": time.total,
        "pieces_seconds": time.pieces,
        "barriers_seconds": time.barriers,
        "additions_seconds": time.additions,
        "update_seconds": time.update,
        "repeated_seconds": time.repeated,
        "alone_seconds": time.alone,
        "speedup": estimate.speedup,
        "efficiency": estimate.efficiency,
        "limit": estimate.limit or None,
    }


def cluster_values(estimate: ClusterEstimate) -> dict[str, Any]:
    """Return the estimate for a cluster as JSON values; times in seconds, sizes in bytes."""
    cluster = estimate.cluster
    return {
        "machines": cluster.machines,
        "workers": cluster.workers,
        "gigabits": cluster.network if estimate.sent else None,
        "lanes": list(estimate.lanes),
        "sent_bytes": round(estimate.sent),
        "seconds": estimate.time.total,
        "network_seconds": estimate.time.network,
        "speedup": estimate.speedup,
        "efficiency": estimate.efficiency,
    }
