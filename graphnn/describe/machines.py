"""The model of the speed-up, extended by what machines exchange over a network when a training runs on several."""

import math

from graphnn.describe.speedup import StepCosts, StepTime, slowest, step_time
from graphnn.engine.lanes import additions
from graphnn.engine.workers import shares
from graphnn.frozen_dataclass import frozen_dataclass

# Seconds until a small message has come, with TCP over Ethernet and MPI on top: 20 to 50 µs is usual in one rack.
LATENCY = 30e-6
USED = 0.9  # of a link's nominal rate: the rest are headers of packets

GIGABIT = 1e9 / 8  # bytes a second
NUMBER = 4  # bytes of a gradient's number
POSITION = 8  # bytes that name a sample


@frozen_dataclass
class Cluster:
    """Machines with the same number of workers each, and the rate of each one's link in Gbit/s, in both directions."""

    machines: int
    workers: int
    network: float


@frozen_dataclass
class ClusterEstimate:
    """The estimate for a cluster. sent: bytes that a machine sends and receives in a step."""

    cluster: Cluster
    lanes: tuple[int, int]
    time: StepTime
    sent: float
    speedup: float
    efficiency: float


def cluster_estimate(costs: StepCosts, cluster: Cluster) -> ClusterEstimate:
    """Return the estimate for a cluster: time of one worker / time of all, and that by the number of workers."""
    one, time = step_time(costs, 1), cluster_time(costs, cluster)
    faster, workers = one.total / time.total, cluster.machines * cluster.workers
    sizes = [len(own) for each in shares(range(costs.lanes), cluster.machines) for own in shares(each, cluster.workers)]
    return ClusterEstimate(
        cluster, (max(sizes), min(sizes)), time, sent_bytes(costs, cluster), faster, faster / workers
    )


def cluster_time(costs: StepCosts, cluster: Cluster) -> StepTime:
    """Return the time of a step on a cluster, where nothing is sent while anything is computed.

    The machines share out the lanes, and the workers of each its lanes. Every machine updates all parameters. Messages
    go to all others at once: an exchange of sums takes one latency, the gradients take two.
    """
    local = step_time(costs, cluster.workers)
    if cluster.machines == 1:
        return local
    parts = shares(range(costs.lanes), cluster.machines)
    members = [own for part in parts for own in shares(part, cluster.workers)]
    pieces = sum(slowest(members, each.forward) + slowest(members, each.backward) for each in costs.stages)
    adding = local.additions * max(map(len, parts)) / costs.lanes
    exchanges = 4 + sum((each.rows > 0) + (each.rows_back > 0) for each in costs.stages)
    network = exchanges * LATENCY + sent_bytes(costs, cluster) / (USED * GIGABIT * cluster.network)
    return StepTime(pieces, local.barriers, adding, local.update, local.repeated, local.alone, network)


def sent_bytes(costs: StepCosts, cluster: Cluster) -> float:
    """Return the bytes that the busiest machine sends, and about as many it receives, in a step.

    Rows of sums go to all others; each machine adds up an equal part of the gradients, (R − 1)/R of which it receives
    and then sends to all. Machines whose lanes the tree does not add up among themselves send several sums.
    """
    others = cluster.machines - 1
    if not others:
        return 0.0
    parts = shares(range(costs.lanes), cluster.machines)
    rows = sum(each.rows + each.rows_back for each in costs.stages) * others * max(map(len, parts)) / costs.lanes
    sums = max(len(part) - len(list(additions(part, costs.lanes))) for part in parts)
    gradients = (sums + 1) * NUMBER * costs.elements * others / cluster.machines
    return rows + gradients + POSITION * costs.samples * math.ceil(math.log2(cluster.machines))
