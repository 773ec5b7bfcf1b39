"""The layers of a graph that cannot be trained on a batch of few samples, and what to do about it."""

from graphnn.errors import DataError, GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.layers.base import needs_samples


@frozen_dataclass
class Need:
    """A node, and the fewest samples of a batch that it can be trained on."""

    node: Node
    least: int

    def __str__(self) -> str:
        node = self.node
        return f'{node.location} "{node.name}": {node.layer.type} {needs_samples(self.least)}'


def greatest_need(graph: Graph) -> Need | None:
    """Return the first node that needs the most samples in a batch of training, or None where one sample will do."""
    needs = [Need(node, node.layer.least_samples(node.input_shape)) for node in graph.nodes]
    most = max(needs, key=lambda need: need.least)
    return most if most.least > 1 else None


def check_step(need: Need | None, samples: int) -> None:
    """Raise GraphError where so many samples are too few for the node that needs most."""
    if need is not None and samples < need.least:
        raise GraphError(f"{need}, but this step has {counted(samples)}")


def check_batch_sizes(graph: Graph, samples: int, batch_size: int, smallest: int) -> None:
    """Raise DataError where a node cannot be trained on the smallest batch of a run.

    samples: of the training part. batch_size: of a full batch. smallest: samples of the smallest batch of an epoch.
    """
    need = greatest_need(graph)
    if need is None or smallest >= need.least:
        return
    if batch_size < need.least:
        raise DataError(f"{need}, but training.batch_size is {batch_size}; take {need.least} or more")
    if samples == smallest:
        raise DataError(f"{need}, but there {'is' if samples == 1 else 'are'} only {counted(samples)} to train on")
    raise DataError(
        f"{need}, but the last batch of an epoch has {counted(smallest)}, because {samples:,} are cut into batches of "
        f'{batch_size:,}; leave that batch out by "drop_last": true in "training", or take another batch_size, such as '
        f"{fitting_size(samples, batch_size, need.least):,}"
    )


def fitting_size(samples: int, batch_size: int, least: int) -> int:
    """Return the batch size nearest to `batch_size` that cuts the samples into batches of at least `least`."""
    sizes = range(least, samples + 1)
    fitting = [size for size in sizes if not 0 < samples % size < least]
    return min(fitting, key=lambda size: abs(size - batch_size))


def batch_size_note(graph: Graph, batch_size: int) -> str | None:
    """Return a note where no batch of this size can train the graph, whatever the data; else None."""
    need = greatest_need(graph)
    if need is None or batch_size >= need.least:
        return None
    return f"{need}, but training.batch_size is {batch_size}, so no training can start; take {need.least} or more"


def counted(samples: int) -> str:
    """Return a number of samples in words."""
    return "1 sample" if samples == 1 else f"{samples:,} samples"
