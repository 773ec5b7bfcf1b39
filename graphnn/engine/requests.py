"""The requests that the engine sends to every member of its team: small messages, without the samples."""

from graphnn.frozen_dataclass import frozen_dataclass


@frozen_dataclass
class HandedArrays:
    """The first `count` samples of the arrays that were handed over. alone: other ranks do not have them."""

    count: int
    alone: bool = True


@frozen_dataclass
class HandedPositions:
    """The samples of a source at the first `count` positions that were handed over.

    source: its index. alone: whether other ranks do not have it, and compute nothing of it.
    """

    count: int
    source: int
    alone: bool = True


Handed = HandedArrays | HandedPositions


@frozen_dataclass
class TrainStep:
    """Fill the gradients of one training step; the result is the loss's partial sums."""

    batch: Handed
    epoch: int
    step: int


@frozen_dataclass
class Evaluate:
    """Compute the loss in inference; the result is its partial sums.

    inputs: whether to write the inputs of the loss into Handover.outputs, too.
    """

    batch: Handed
    inputs: bool = False


@frozen_dataclass
class Predict:
    """Write the outputs for the first `count` inputs that were handed over into Handover.outputs."""

    count: int


@frozen_dataclass
class ComputeLossInputs:
    """Write the inputs of the loss, in inference, into Handover.outputs."""

    batch: Handed


@frozen_dataclass
class Update:
    """Update the parameters by their gradients, cut into parts for `members` members.

    rates: the learning rate of each rule of the updater. step: the number of this update, from 1. epoch: from 0.
    """

    rates: tuple[float, ...]
    epoch: int
    step: int
    members: int


Request = TrainStep | Evaluate | Predict | ComputeLossInputs | Update
