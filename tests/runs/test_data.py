"""The data of a run: the digests by which a resumed run knows them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.digest import TEST, TRAINING, differing
from graphnn.errors import DataError
from graphnn.graph.build import build_graph
from graphnn.runs.data import TrainingData
from graphnn.specification.spec import spec_from_values

X, Y = np.arange(24, dtype=np.float32).reshape(6, 4), np.arange(6) % 2


def loaded(folder: Path, arrays: dict[str, Any], limit: int | None = None) -> TrainingData:
    """Return data that are these, or else X and Y."""
    np.savez(folder / "a.npz", **{"x_train": X, "y_train": Y, "x_test": X, "y_test": Y, **arrays})
    values = {
        "input": {"shape": [4]},
        "layers": [{"type": "Dense", "units": 2}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": str(folder / "a.npz"), "validation_split": 0.5},
        "training": {"epochs": 1},
    }
    spec = spec_from_values(values)
    graph = build_graph(spec)
    return TrainingData.load(spec, graph, data_dir=None, limit=limit, test=True, show_progress=False)


def digests_of(folder: Path, arrays: dict[str, Any], limit: int | None = None) -> Mapping[str, str]:
    """Return the digests of the data."""
    return loaded(folder, arrays, limit).provenance.digests


def test_a_column_that_float32_would_lose_is_refused_with_its_place(tmp_path: Path) -> None:
    x = X.astype(np.float64)
    x[:, 2] += 1.7e9
    with pytest.raises(DataError, match=r'^<document>: data\.normalize: a: column 2 of the inputs .*"per_feature"'):
        loaded(tmp_path, {"x_train": x, "x_test": x})


def test_the_digests_are_of_both_parts_before_the_limit_and_the_split(tmp_path: Path) -> None:
    same = digests_of(tmp_path, {})
    assert digests_of(tmp_path, {}, 4) == same
    for number in (0, 5):
        other = digests_of(tmp_path, {"x_train": X + np.eye(6, 4, -number, np.float32)})
        assert differing(same, other) == [TRAINING]
    assert differing(same, digests_of(tmp_path, {"y_train": 1 - Y})) == [TRAINING]
    assert differing(same, digests_of(tmp_path, {"y_test": 1 - Y})) == [TEST]
