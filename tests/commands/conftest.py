"""What tests of several commands share."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def regression(tmp_path: Path, small: dict[str, Any], document: Path) -> Path:
    """Make the document that of a small regression, and return its data set, data.npz beside it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)).astype(np.float32)
    y = x[:, :2] * 2
    np.savez(tmp_path / "data.npz", x_train=x[:200], y_train=y[:200], x_test=x[200:], y_test=y[200:])
    small.update(
        input={"shape": [4]},
        layers=[{"type": "Dense", "units": 2}],
        loss={"type": "MeanSquaredError"},
        data={"dataset": "npz", "path": "data.npz"},
        training={"epochs": 4, "batch_size": 32},
    )
    document.write_text(json.dumps(small))
    return tmp_path / "data.npz"
