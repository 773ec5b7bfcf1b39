"""Whether float32, in which files of other libraries take samples, can hold those of a training."""

import numpy as np

from graphnn.datasets.precision import SINGLE
from graphnn.datasets.preparation import Normalisation
from graphnn.exporting.base import ExportError


def check_single(normalisation: Normalisation) -> None:
    """Raise ExportError where an offset or a divisor of a normalisation is beyond the range of float32."""
    offset, divisor = np.abs(normalisation.offset), np.array(normalisation.divisor)
    if (offset > SINGLE.max).any() or (divisor < SINGLE.tiny).any() or (divisor > SINGLE.max).any():
        raise ExportError(
            f"the file's input is float32, which cannot hold samples around {offset.max():.3g} with deviations "
            f"from {divisor.min():.3g} to {divisor.max():.3g}; train with the data in another unit"
        )
