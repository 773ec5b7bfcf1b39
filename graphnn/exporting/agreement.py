"""How far what an exported file says is from what graphnn says of the same samples."""

import numpy as np

from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.outputs import Classes
from graphnn.types import Array

ALLOWED = 1e-3  # difference, relative to the largest output if that is above 1


@frozen_dataclass
class Agreement:
    """The result of a comparison.

    samples: how many were compared. difference: the largest of all outputs. same: of how many samples the class is the
    same; None for outputs that are no classes. largest: the size of the largest output.
    """

    samples: int
    difference: float
    same: int | None
    largest: float = 1.0

    @property
    def warning(self) -> str | None:
        """A sentence where outputs differ by more than rounding can explain, or are not finite."""
        if self.difference <= ALLOWED * max(1.0, self.largest):
            return None
        return (
            f"the file does not give what graphnn gives: outputs of up to {self.largest:.3g} differ by "
            f"{self.difference:.2g}; do not use it, and please report it with the document"
        )


def agreement(network: TrainedNetwork, x: Array, y: Array) -> Agreement:
    """Return how far outputs y are from those of a network for samples x, n×data_shape, not normalised."""
    ours = network.outputs(x).reshape(len(x), -1).astype(np.float64)
    theirs = np.asarray(y, np.float64).reshape(len(x), -1)
    if theirs.shape != ours.shape:
        raise AssertionError(f"the export gives {theirs.shape}, the network {ours.shape}")
    same = None
    if network.graph.loss.outputs is Classes:
        same = int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    return Agreement(len(x), float(np.abs(ours - theirs).max()), same, float(np.abs(ours).max()))
