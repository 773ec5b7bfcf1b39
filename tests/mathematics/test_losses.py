"""Losses and gradients from probabilities, not logits, are those of PyTorch; trainings have logits."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.losses.base import LOSSES

SAMPLES, OUTPUTS = 7, 4


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("name", sorted(LOSSES.built_in()))
def test_a_loss_called_by_itself(name: str, rows: bool, smoothing: float) -> None:
    torch = pytest.importorskip("torch")
    formula = runpy.run_path(str(Path(__file__).with_name("formulas.py")))["LOSSES"][name]
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(OUTPUTS), SAMPLES)
    y: Any = rng.dirichlet(np.ones(OUTPUTS), SAMPLES)
    settings = {}
    if name == "CrossEntropy":
        settings = {"label_smoothing": smoothing}
        y = y if rows else rng.integers(0, OUTPUTS, SAMPLES)
    loss = LOSSES[name](**settings)
    z, targets = torch.from_numpy(p).requires_grad_(), torch.from_numpy(y)
    formula(z, targets, False, smoothing).backward()
    reported = formula(z.detach(), targets, False, 0.0).item()
    np.testing.assert_allclose(loss(y, p), reported, 1e-13)
    np.testing.assert_allclose(loss.gradient(y, p), z.grad.numpy(), 1e-12, 1e-15)
