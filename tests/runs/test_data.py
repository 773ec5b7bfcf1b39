"""The data of a run: the digests by which a resumed run knows them, and the seed that splits them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.batches import split
from graphnn.datasets.digest import TEST, TRAINING, differing
from graphnn.errors import DataError
from graphnn.graph.build import build_graph
from graphnn.runs.data import TrainingData
from graphnn.specification.spec import spec_from_values
from graphnn.types import Array

X, Y = np.arange(24, dtype=np.float32).reshape(6, 4), np.arange(6) % 2


def loaded(
    folder: Path, arrays: dict[str, Any], limit: int | None = None, overrides: Sequence[str] = ()
) -> TrainingData:
    """Return data that are these, or else X and Y, for a document with these overrides."""
    np.savez(folder / "a.npz", **{"x_train": X, "y_train": Y, "x_test": X, "y_test": Y, **arrays})
    values = {
        "input": {"shape": [4]},
        "layers": [{"type": "Dense", "units": 2}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": str(folder / "a.npz"), "validation_split": 0.5},
        "training": {"epochs": 1},
    }
    spec = spec_from_values(values, overrides=overrides)
    graph = build_graph(spec)
    return TrainingData.load(spec, graph, data_dir=None, limit=limit, test=True)


def digests_of(folder: Path, arrays: dict[str, Any], limit: int | None = None) -> Mapping[str, str]:
    """Return the digests of the data."""
    return loaded(folder, arrays, limit).provenance.digests


def test_a_column_that_float32_would_lose_is_refused_with_its_place(tmp_path: Path) -> None:
    x = X.astype(np.float64)
    x[:, 2] += 1.7e9
    with pytest.raises(DataError, match=r'data\.normalize: a: column 2 of the inputs .*"per_feature"'):
        loaded(tmp_path, {"x_train": x, "x_test": x}, overrides=["data.normalize=per_channel"])


def test_the_digests_are_of_both_parts_before_the_limit_and_the_split(tmp_path: Path) -> None:
    same = digests_of(tmp_path, {})
    assert digests_of(tmp_path, {}, 4) == same
    for number in (0, 5):
        other = digests_of(tmp_path, {"x_train": X + np.eye(6, 4, -number, np.float32)})
        assert differing(same, other) == [TRAINING]
    assert differing(same, digests_of(tmp_path, {"y_train": 1 - Y})) == [TRAINING]
    assert differing(same, digests_of(tmp_path, {"y_test": 1 - Y})) == [TEST]


MANY = {"x_train": np.arange(400, dtype=np.float32).reshape(100, 4), "y_train": np.arange(100) % 2}
MANY |= {"x_test": MANY["x_train"], "y_test": MANY["y_train"]}


def samples_of(folder: Path, limit: int | None, *overrides: str) -> list[list[float]]:
    """Return the first values, which tell them apart, of the samples to train on, to validate on and to test on."""
    data = loaded(folder, MANY, limit, overrides)
    assert data.validation is not None
    assert data.test is not None
    parts = (data.training, data.validation, data.test)
    return [sorted(part.x[slice(None) if part.indices is None else part.indices, 0].tolist()) for part in parts]


@pytest.mark.parametrize("limit", [None, 30])
def test_the_seed_of_the_data_alone_chooses_the_samples(tmp_path: Path, limit: int | None) -> None:
    training, validation, test = samples_of(tmp_path, limit)
    assert len(training) == len(validation) == (limit or 100) // 2
    for seed in (1, 2):
        assert samples_of(tmp_path, limit, f"training.seed={seed}") == [training, validation, test]
        others = samples_of(tmp_path, limit, f"data.seed={seed}")
        assert others[:2] != [training, validation]
        assert (others[2] == test) == (limit is None)
        assert samples_of(tmp_path, limit, f"data.seed={seed}", "training.seed=5") == others


def test_weights_say_the_seed_of_the_data(tmp_path: Path) -> None:
    found = loaded(tmp_path, MANY, overrides=["data.seed=3", "training.seed=5"]).provenance
    assert (found.seed, found.validation_split) == (3, 0.5)


def test_without_a_validation_part_the_order_is_that_of_the_training(tmp_path: Path) -> None:
    def order(*overrides: str) -> Array:
        found = loaded(tmp_path, MANY, overrides=["data.validation_split=0", *overrides]).training.indices
        assert found is not None
        return found

    np.testing.assert_array_equal(order("training.seed=1"), split(100, 0, 1)[0])
    np.testing.assert_array_equal(order("training.seed=1", "data.seed=2"), split(100, 0, 1)[0])
