"""Training with fixed statistics is that of PyTorch with these layers in eval(): in epochs, averages and inference."""

import runpy
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
NETWORKS: dict[str, Any] = runpy.run_path(str(FOLDER / "networks.py"))


@pytest.mark.parametrize(
    "trainable",
    [False, {"statistics": False}, {"statistics": False, "gamma": {"until_epoch": 1}}],
    ids=["frozen", "statistics alone", "and gamma after an epoch"],
)
def test_training_is_that_of_pytorch(trainable: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    module = runpy.run_path(str(FOLDER / "comparison.py"))
    fixed, moving = {"type": "BatchNormalization", "trainable": trainable}, {"type": "BatchNormalization"}
    values = {
        "format_version": 1,
        "name": "fixed",
        "input": {"shape": [3, 8, 8]},
        "layers": [
            {"type": "Conv2D", "filters": 16},
            fixed,
            {"type": "SiLU"},
            {"type": "Residual", "layers": [{"type": "Conv2D", "filters": 16}, moving, {"type": "Tanh"}, fixed]},
            {"type": "AveragePooling2D"},
            {"type": "Flatten"},
            {"type": "Dense", "units": 6},
            {**fixed, "epsilon": 0.01},
            {"type": "Tanh"},
            {"type": "Dense", "units": 4},
            {"type": "Softmax"},
        ],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGDMomentum", "learning_rate": 0.02, "weight_decay": 0.01, "decay_biases": True},
        "data": {"dataset": "npz", "path": "none.npz", "normalize": "per_channel"},
        "training": {"epochs": 3, "batch_size": 6, "averaging": {"type": "lookahead", "every": 2}},
    }
    case = module["case"](tmp_path, values, NETWORKS["initial_values"], NETWORKS["samples"], (17, 11), 1)
    module["compare"](case, case.theirs(float))
