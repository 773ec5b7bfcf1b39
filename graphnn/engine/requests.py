"""What the engine asks every member of its team to carry out: small messages, without the samples themselves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HandedArrays:
    """The first `count` samples of the arrays that were handed over."""

    count: int


@dataclass(frozen=True)
class HandedPositions:
    """The samples of a source at the first `count` positions that were handed over. source: its number."""

    count: int
    source: int


Handed = HandedArrays | HandedPositions


@dataclass(frozen=True)
class TrainStep:
    """Fill the gradients of one training step; the result is the loss's partial sums."""

    batch: Handed
    epoch: int
    step: int


@dataclass(frozen=True)
class Evaluate:
    """Compute the loss in inference; the result is its partial sums."""

    batch: Handed


@dataclass(frozen=True)
class Predict:
    """Write the outputs for the first `count` inputs that were handed over where the outputs are handed back."""

    count: int


@dataclass(frozen=True)
class ComputeLossInputs:
    """Write what the loss is computed from, in inference, where the outputs are handed back."""

    batch: Handed


@dataclass(frozen=True)
class Update:
    """Change the parameters by their gradients, cut into parts for so many members.

    rates: a learning rate for each rule of the updater. step: how many updates there have been, this one included.
    """

    rates: tuple[float, ...]
    epoch: int
    step: int
    members: int


Request = TrainStep | Evaluate | Predict | ComputeLossInputs | Update
