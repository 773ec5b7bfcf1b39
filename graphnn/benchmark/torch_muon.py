"""Muon for tensors of PyTorch, as graphnn.optimizers.muon computes it."""

import torch

from graphnn.optimizers.muon import CUBIC, LINEAR, QUINTIC, SMALLEST


class TorchMuon(torch.optim.Optimizer):  # type: ignore[misc]
    """Momentum whose steps are made orthogonal by Newton-Schulz, for weights of a fixed Frobenius norm."""

    def __init__(self, params: object, lr: float, *, momentum: float, nesterov: bool, steps: int) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "nesterov": nesterov, "steps": steps})

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self) -> None:
        """Update all parameters by their gradients."""
        for group in self.param_groups:
            for tensor in group["params"]:
                state, gradient = self.state[tensor], tensor.grad
                inertia = state.setdefault("inertia", torch.zeros_like(gradient))
                inertia.mul_(group["momentum"]).add_(gradient)
                change = gradient.add(inertia, alpha=group["momentum"]) if group["nesterov"] else inertia
                tensor.mul_(len(tensor) ** 0.5 / tensor.norm())
                matrix = orthogonalised(change.reshape(len(change), -1), group["steps"])
                tensor.add_(matrix.reshape(tensor.shape), alpha=-group["lr"])


def orthogonalised(G: torch.Tensor, steps: int) -> torch.Tensor:
    """Return G with its singular values brought near 1."""
    tall = G.shape[0] > G.shape[1]
    X = G.T if tall else G
    X = X / (X.norm() + SMALLEST)
    for _ in range(steps):
        A = X @ X.T
        X = LINEAR * X + (CUBIC * A + QUINTIC * A @ A) @ X
    return X.T if tall else X
