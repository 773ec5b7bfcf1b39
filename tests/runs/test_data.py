"""The data of a run: the digest by which a resumed run knows them."""

from pathlib import Path
from typing import Any

import numpy as np

from graphnn.graph.build import build_graph
from graphnn.runs.data import TrainingData
from graphnn.specification.spec import spec_from_values

X, Y = np.arange(24, dtype=np.float32).reshape(6, 4), np.arange(6) % 2


def digest_of(folder: Path, arrays: dict[str, Any], limit: int | None = None) -> str:
    """Return the digest of data that are these, or else X and Y."""
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
    return TrainingData.load(spec, graph, data_dir=None, limit=limit, test=True, show_progress=False).digest


def test_the_digest_is_of_inputs_and_labels_of_the_whole_training_part(tmp_path: Path) -> None:
    """Before the split; the test part, which training does not look at, is left out."""
    same = digest_of(tmp_path, {})
    assert digest_of(tmp_path, {"x_test": X + 1, "y_test": 1 - Y}) == same
    others = [{"x_train": X + np.eye(6, 4, -number, np.float32)} for number in (0, 5)] + [{"y_train": 1 - Y}]
    assert len({same, *(digest_of(tmp_path, arrays) for arrays in others), digest_of(tmp_path, {}, 4)}) == 5
