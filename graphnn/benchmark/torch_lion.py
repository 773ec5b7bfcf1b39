"""Lion for tensors of PyTorch, which has none, as graphnn.optimizers.lion computes it."""

import torch


class TorchLion(torch.optim.Optimizer):  # type: ignore[misc]
    """Steps of one length, in the direction of the sign of a running mean of the gradient."""

    def __init__(self, params: object, lr: float, *, beta_1: float, beta_2: float) -> None:
        super().__init__(params, {"lr": lr, "beta_1": beta_1, "beta_2": beta_2})

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self) -> None:
        """Update all parameters by their gradients."""
        for group in self.param_groups:
            for tensor in group["params"]:
                mean = self.state[tensor].setdefault("mean", torch.zeros_like(tensor))
                direction = torch.lerp(tensor.grad, mean, group["beta_1"]).sign_()
                tensor.mul_(1 - group["lr"] * group["weight_decay"]).add_(direction, alpha=-group["lr"])
                mean.lerp_(tensor.grad, 1 - group["beta_2"])
