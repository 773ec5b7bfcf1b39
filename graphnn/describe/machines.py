"""The model of the speed-up, extended by what machines exchange over a network when a training runs on several."""

from graphnn.describe.speedup import StepCosts, StepTime, slowest, step_time
from graphnn.engine.folding import shares
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
    sizes = [len(own) for own in members(costs, cluster)]
    sent = sent_bytes(costs, cluster)
    return ClusterEstimate(cluster, (max(sizes), min(sizes)), time, sent, faster, faster / workers)


def share_evenly(costs: StepCosts, machines: int) -> bool:
    """Whether so many machines can share the lanes of a batch evenly; training by others is refused."""
    return costs.lanes % machines == 0


def members(costs: StepCosts, cluster: Cluster) -> list[range]:
    """Return the lanes of each worker: machines have equal numbers of neighbouring lanes."""
    return [
        own
        for of_machine in shares(range(costs.lanes), cluster.machines)
        for own in shares(of_machine, cluster.workers)
    ]


def cluster_time(costs: StepCosts, cluster: Cluster) -> StepTime:
    """Return the time of a step on a cluster, where nothing is sent while anything is computed.

    The workers of a machine share out its lanes, and every machine updates all parameters.
    """
    local = step_time(costs, min(cluster.workers, max(1, costs.lanes // cluster.machines)))
    if cluster.machines == 1:
        return local
    own = members(costs, cluster)
    pieces = sum(slowest(own, each.forward) + slowest(own, each.backward) for each in costs.stages)
    adding = local.additions / cluster.machines
    network = exchanges(costs) * LATENCY + sent_bytes(costs, cluster) / (USED * GIGABIT * cluster.network)
    return StepTime(pieces, local.barriers, adding, local.update, local.repeated, local.alone, network)


def exchanges(costs: StepCosts) -> int:
    """Return how many times in a step each machine waits for messages of all others, which come at once.

    After each stage all say whether they have failed, and give one another the rows of their sums; the loss has such
    rows, too. Gradients come in two exchanges. The first machine sends its request, and the positions of the samples;
    its request to update, and the learning rates.
    """
    stages = sum(1 + each.back + (each.rows > 0) + (each.rows_back > 0) for each in costs.stages)
    return stages + 1 + 2 + 2 + 2


def sent_bytes(costs: StepCosts, cluster: Cluster) -> float:
    """Return the bytes that the busiest machine sends, and about as many it receives, in a step.

    Rows of sums go to all others. Each machine adds up an equal part of the gradients for all: of R machines, each
    sends (R − 1)/R of its gradients to the others, and then its part of the sums to each.
    """
    others = cluster.machines - 1
    rows = sum(each.rows + each.rows_back for each in costs.stages) / cluster.machines
    gradients = 2 * NUMBER * costs.elements / cluster.machines
    return others * (rows + gradients + POSITION * costs.samples)
