"""PyTorch modules of layers for which PyTorch has none, or one that differs. Importing this needs PyTorch."""

import torch


class PlainDropout(torch.nn.Module):  # type: ignore[misc,unused-ignore]
    """y = x·m in training, m 0 with probability `rate` and else 1; y = (1 − rate)·x in inference.

    It takes one pass less than torch.nn.Dropout, which divides m by 1 − rate.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return y."""
        if self.training:
            return x * torch.empty_like(x).bernoulli_(1 - self.rate)
        return x * (1 - self.rate)


class ConstantFactor(torch.nn.Module):  # type: ignore[misc,unused-ignore]
    """y = factor·x."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return y."""
        return x * self.factor


class FixedBatchNorm1d(torch.nn.BatchNorm1d):  # type: ignore[misc,unused-ignore]
    """A BatchNorm1d that normalises by its running statistics, and keeps them, in training too."""

    def train(self, mode: bool = True) -> "FixedBatchNorm1d":
        """Stay in inference."""
        super().train(False)
        return self


class FixedBatchNorm2d(torch.nn.BatchNorm2d):  # type: ignore[misc,unused-ignore]
    """A BatchNorm2d that normalises by its running statistics, and keeps them, in training too."""

    def train(self, mode: bool = True) -> "FixedBatchNorm2d":
        """Stay in inference."""
        super().train(False)
        return self
