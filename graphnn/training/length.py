"""The length of a run in epochs, steps and samples, the last epoch maybe a part of one; what depends on the length."""

import math
from fractions import Fraction
from functools import cached_property

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.batch_sizes import check_batch_sizes
from graphnn.graph.graph import Graph
from graphnn.optimizers.rates import Rates
from graphnn.optimizers.sections import groups_from, optimizer_from, schedule_from
from graphnn.specification.sections import Section


@frozen_dataclass
class Length:
    """The length of a run.

    samples: of the training part. epochs: need not be whole. drop_last: whether an epoch leaves out a smaller last
    batch. Raises DataError where an epoch would have no batch.
    """

    samples: int
    batch_size: int
    epochs: float
    drop_last: bool = False

    def __post_init__(self) -> None:
        if self.samples == 0:
            raise DataError("there is no sample to train on")
        if self.steps_per_epoch == 0:
            raise DataError(
                f"drop_last leaves nothing to train on: the training part has {self.samples:,} samples, less than one "
                f"batch of {self.batch_size:,}; take a smaller training.batch_size"
            )

    @cached_property
    def steps_per_epoch(self) -> int:
        """The number of steps in a whole epoch, one for each batch."""
        return self.samples // self.batch_size if self.drop_last else -(-self.samples // self.batch_size)

    @cached_property
    def total_steps(self) -> int:
        """The number of steps in the whole run."""
        return total_steps(self.epochs, self.steps_per_epoch)

    @cached_property
    def records(self) -> int:
        """The number of epochs, the last of which may be a part of one."""
        return -(-self.total_steps // self.steps_per_epoch)

    def steps(self, epoch: int) -> int:
        """Return the number of steps in an epoch, counted from 0."""
        return max(0, min(self.steps_per_epoch, self.total_steps - epoch * self.steps_per_epoch))

    def samples_after(self, steps: int) -> int:
        """Return the number of samples in the first `steps` steps of an epoch."""
        return min(steps * self.batch_size, self.samples)

    @property
    def smallest_batch(self) -> int:
        """The number of samples of the smallest batch of the run, which need not get to the last one of an epoch."""
        reached = self.total_steps >= self.steps_per_epoch
        rest = self.samples_after(self.steps_per_epoch) - (self.steps_per_epoch - 1) * self.batch_size
        return rest if reached else self.batch_size

    @property
    def total_samples(self) -> int:
        """The number of samples in all steps; one that is trained on in several epochs counts each time."""
        whole, rest = divmod(self.total_steps, self.steps_per_epoch)
        return whole * self.samples_after(self.steps_per_epoch) + self.samples_after(rest)


def check_batches(graph: Graph, length: Length) -> None:
    """Raise DataError where a layer cannot be trained on the smallest batch of the run."""
    check_batch_sizes(graph, length.samples, length.batch_size, length.smallest_batch)


def total_steps(epochs: float, steps_per_epoch: int) -> int:
    """Return ⌈epochs × steps_per_epoch⌉, with `epochs` as the decimal number written: 1.1 epochs of 10 steps are 11."""
    return math.ceil(Fraction(str(epochs)) * steps_per_epoch)


def same_rates(section: Section, epochs: float, other_epochs: float, steps_per_epoch: int, updates: int) -> bool:
    """Return whether the first `updates` learning rates are the same in runs of either length.

    The response of a schedule to losses does not depend on the length, so new schedules can be compared.
    """
    rates = Rates(optimizer_from(section), schedule_from(section.options["schedule"]), groups_from(section))
    lengths = (total_steps(epochs, steps_per_epoch), total_steps(other_epochs, steps_per_epoch))
    return updates <= min(lengths) and all(
        len({rates.at(update, steps_per_epoch, length) for length in lengths}) == 1 for update in range(updates)
    )
