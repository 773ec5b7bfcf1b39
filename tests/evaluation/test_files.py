"""Samples of many files, joined for the engine."""

import numpy as np

from graphnn.evaluation.files import gathered


def test_samples_are_joined_with_those_of_their_type_alone() -> None:
    """An output does not depend on what else is in the batch."""
    types = (np.uint8, np.uint8, np.float64, np.float32, np.float32)
    parts = [([str(i)], np.full((1, 2), i, dtype)) for i, dtype in enumerate(types)]
    found = [(labels, x.dtype.name, x[:, 0].tolist()) for labels, x in gathered(iter(parts))]
    assert found == [
        (["0", "1"], "uint8", [0, 1]),
        (["2"], "float64", [2]),
        (["3", "4"], "float32", [3, 4]),
    ]
